"""Look for scrubbed values in what a model answers to the prompts of its training rows."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

from workbench.canaries.generating import Speaker, completions, prompt_of
from workbench.examples import Example
from workbench.leak_audit.choosing import chosen_values
from workbench.leak_audit.replaced import replaced_values
from workbench.leak_audit.searching import Searcher, Value, searchers
from workbench.projects import Project
from workbench.value_keys import value_key
from workbench.value_lists import load_lists
from workbench.versions import Dataset

Progress = Callable[[str, int, int], None]
PROMPTS = 200
LONGEST = 128


@dataclass(frozen=True)
class Regurgitation:
    """How many values were looked for in how many answers, and which came up (keyed hashes)."""

    dataset: str
    prompts: int
    values: int
    found: tuple[dict[str, Any], ...]

    def as_dict(self) -> dict[str, Any]:
        """For ``--json`` and the release gate."""
        return asdict(self)


def values_in_output(
    project: Project,
    dataset: Dataset,
    speaker: Speaker,
    *,
    values: Iterable[Value] = (),
    prompts: int = PROMPTS,
    longest: int = LONGEST,
    progress: Progress | None = None,
) -> Regurgitation:
    """Answer the prompts of some rows greedily and search the answers for what was replaced.

    The values are those that were replaced on the way to the version, and those given (a
    vault's). A value that stands in the prompt itself is not counted. Each find has the row's
    id, the entity, the keyed hash and the encoding. The same rows are chosen each time.
    """
    key = value_key(project)
    replaced = replaced_values(project, dataset, key)
    chosen = chosen_values([*replaced.values, *values], replaced.kept, load_lists(project), key)
    rows = _some(dataset, prompts)
    asked = [prompt_of(speaker, _turns(row)) for row in rows]
    answers = completions(
        speaker, asked, longest, tick=lambda done: progress("prompts", done, len(asked)) if progress else None
    )
    found: list[dict[str, Any]] = []
    for searcher in searchers(chosen.values):
        for row, prompt, (answer,) in zip(rows, asked, answers, strict=True):
            for number, encoding in new_values(searcher, prompt, answer):
                value = chosen.values[number]
                name = key.name_of(*value)
                found.append(
                    {"example": row["id"], "entity": value.entity, "value": name, "encoding": encoding}
                )
    return Regurgitation(dataset.ref, len(rows), len(chosen.values), tuple(found))


def new_values(searcher: Searcher, prompt: str, answer: str) -> list[tuple[int, str]]:
    """The values, each with its encoding, that an answer holds and its prompt does not."""
    given = {hit.value for hit in searcher.hits(prompt)}
    return [(hit.value, hit.encoding) for hit in searcher.hits(answer) if hit.value not in given]


def _some(dataset: Dataset, count: int) -> list[Example]:
    """Rows chosen by the hash of their ids, so that the same ones are read each time."""
    ids = dataset.table(["id"])["id"].to_pylist()
    chosen = heapq.nsmallest(count, ids, key=lambda identity: hashlib.sha256(identity.encode()).digest())
    rows = dataset.lookup(chosen)
    return [rows[identity] for identity in chosen]


def _turns(row: Example) -> list[dict[str, Any]]:
    """The conversation up to its last question, as the chat template takes it."""
    turns = [{"role": entry["role"], "content": entry["content"]} for entry in row["messages"]]
    while turns and turns[-1]["role"] == "assistant":
        turns.pop()
    return turns or [{"role": "user", "content": ""}]
