"""Which held-out rows a task asks, and what each row asks and answers."""

from __future__ import annotations

import hashlib
import heapq
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from workbench.errors import InputError
from workbench.examples import Example, Message, prompt_text
from workbench.gaps import slice_values
from workbench.projects import Project
from workbench.task_evals.settings import HeldoutTask
from workbench.versions import Dataset, open_dataset

CLUSTER = "cluster:"
SLICES = ("label", "language", "length")
"""Those of `slice_values` that results are given by, besides source and cluster."""


@dataclass(frozen=True)
class Item:
    """One row as a question: the turns before its last answer, and that answer."""

    id: str
    turns: tuple[dict[str, str], ...]
    tools: tuple[dict[str, Any], ...]
    reference: str
    accepted: tuple[str, ...]
    question: str
    cluster: str | None
    slices: dict[str, str]


def heldout_ids(dataset: Dataset, task: HeldoutTask, limit: int | None = None) -> list[str]:
    """Ids of the rows asked, in the version's order; a draw takes those whose seeded hash is lowest.

    Raises `InputError` when the split has no row.
    """
    table = dataset.table(["id", "split"])
    ids = [
        str(row)
        for row, split in zip(table["id"].to_pylist(), table["split"].to_pylist(), strict=True)
        if (split or "") == task.split
    ]
    if not ids:
        known = ", ".join(sorted({str(name) for name in table["split"].unique().to_pylist() if name}))
        raise InputError(
            f"{dataset.ref} has no row in the split '{task.split[:40]}'",
            remedy=f"splits here: {known}" if known else f"make them with `workbench split {dataset.name}`",
        )
    wanted = min((n for n in (limit, task.limit) if n), default=len(ids))
    if wanted >= len(ids):
        return ids
    drawn = set(heapq.nsmallest(wanted, ids, key=lambda row: _rank(task.seed, row)))
    return [row for row in ids if row in drawn]


def heldout_items(dataset: Dataset, task: HeldoutTask, ids: list[str]) -> Iterator[Item]:
    """Stream the rows of these ids as items; a row without a text answer is none.

    Where some rows belong to a group, a row that belongs to none is one of its own.
    """
    wanted = set(ids)
    table = dataset.table(["id", "group"])
    pairs = zip(table["id"].to_pylist(), table["group"].to_pylist(), strict=True)
    grouped = any(group for row, group in pairs if row in wanted)
    for example in dataset.examples():
        if example["id"] in wanted:
            item = item_of(example, task)
            if item is not None:
                yield replace(item, cluster=item.cluster or item.id) if grouped else item


def item_of(example: Example, task: HeldoutTask) -> Item | None:
    """One row as an item; of a pair the chosen answer counts. None without question or text answer."""
    turns = [*example["messages"], *(example.get("chosen") or [])]
    last = next((i for i in reversed(range(len(turns))) if turns[i]["role"] == "assistant"), None)
    if not last or not turns[last]["content"].strip():
        return None
    prompt = prompt_text(example)
    meta = _object(example.get("meta"))
    accepted = meta.get(task.accepted) if task.accepted else None
    more = accepted if isinstance(accepted, list) else [] if accepted is None else [accepted]
    return Item(
        id=example["id"],
        turns=tuple(_turn(entry) for entry in turns[:last]),
        tools=_tools(example.get("tools")),
        reference=turns[last]["content"].strip(),
        accepted=tuple(str(entry) for entry in more if isinstance(entry, (str, int, float))),
        question=prompt,
        cluster=example.get("group"),
        slices=_slices(example, prompt),
    )


def fingerprint(project: Project, task: HeldoutTask) -> str:
    """SHA-256 that changes with the task's settings and with anything in the version it asks.

    Prices and what only concerns the judge's transport are part of it too: a changed line of a
    suite is a changed task.
    """
    dataset = open_dataset(project, task.data)
    said = [task.model_dump(mode="json"), dataset.ref, dataset.content_hash, dataset.manifest["files"]]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _slices(example: Example, prompt: str) -> dict[str, str]:
    found = slice_values(example, prompt)
    slices = {name: found[name] for name in SLICES}
    slices["source"] = str((example.get("source") or {}).get("file") or "")
    tags = example.get("tags") or []
    slices["cluster"] = next((tag.removeprefix(CLUSTER) for tag in tags if tag.startswith(CLUSTER)), "")
    return {name: value for name, value in slices.items() if value}


def _turn(entry: Message) -> dict[str, str]:
    content = entry["content"] or str(entry.get("tool_calls") or "")
    return {"role": entry["role"], "content": content}


def _tools(text: str | None) -> tuple[dict[str, Any], ...]:
    try:
        value = json.loads(text or "[]")
    except (ValueError, RecursionError):
        return ()
    return tuple(entry for entry in value if isinstance(entry, dict)) if isinstance(value, list) else ()


def _object(text: str | None) -> dict[str, Any]:
    try:
        value = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _rank(seed: int, row: str) -> str:
    return hashlib.sha256(f"{seed}\t{row}".encode()).hexdigest()
