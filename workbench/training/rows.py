"""The exact rows a run trains on: read, encoded, too long ones handled, replay mixed in."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workbench.errors import InputError, WorkbenchError
from workbench.examples import Example
from workbench.projects import Project
from workbench.training.encoding import Encoded, EncodedPair, cut, encode, encode_pair
from workbench.training.settings import TrainSettings
from workbench.versions import Dataset, open_dataset

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclass
class Prepared:
    """Encoded rows with their example ids, and what happened to the others (ids by reason)."""

    ids: list[str] = field(default_factory=list)
    rows: list[Encoded] = field(default_factory=list)
    pairs: list[EncodedPair] = field(default_factory=list)
    problems: dict[str, list[str]] = field(default_factory=dict)
    seen: int = 0

    def problem(self, reason: str, example_id: str) -> None:
        """Note a problem with one row."""
        self.problems.setdefault(reason, []).append(example_id)

    @property
    def tokens(self) -> int:
        """All tokens of all rows."""
        rows = sum(len(row.input_ids) for row in self.rows)
        return rows + sum(2 * len(p.prompt_ids) + len(p.chosen_ids) + len(p.rejected_ids) for p in self.pairs)

    @property
    def supervised(self) -> int:
        """Tokens with a loss."""
        rows = sum(row.supervised for row in self.rows)
        return rows + sum(len(p.chosen_ids) + len(p.rejected_ids) for p in self.pairs)

    @property
    def longest(self) -> int:
        """Tokens of the longest sequence."""
        return max(
            [len(row.input_ids) for row in self.rows] + [pair.longest for pair in self.pairs], default=0
        )


@dataclass(frozen=True)
class TrainingRows:
    """What the trainer reads: training rows (replay within), held-out rows, retained text."""

    train: Prepared
    held_out: Prepared
    retained: Prepared
    replay_rows: int
    data_hash: str


def prepare_rows(
    project: Project, settings: TrainSettings, tokenizer: PreTrainedTokenizerBase
) -> TrainingRows:
    """Read and encode everything a run needs. Raises `InputError` when nothing is left."""
    dataset = open_dataset(project, settings.data)
    kind = "sft" if settings.method == "sft" else "preference"
    train = prepare(_rows(dataset, kind, ("train", "")), settings, tokenizer)
    held_out = prepare(_rows(dataset, kind, ("validation",)), settings, tokenizer)
    if not train.ids:
        raise InputError(
            f"no row of {dataset.ref} can be trained on by {settings.method}",
            remedy=_why_nothing(dataset, kind, train),
        )
    replay = Prepared()
    if settings.replay and settings.replay_share > 0:
        if settings.method != "sft":
            raise InputError("replay is for SFT", remedy="leave it out of the DPO settings")
        wanted = round(len(train.ids) * settings.replay_share / (1.0 - settings.replay_share))
        rows = _chosen(open_dataset(project, settings.replay), wanted, settings.seed)
        replay = prepare(rows, settings, tokenizer)
    retained = Prepared()
    if settings.retained_text and settings.method != "sft":
        raise InputError("retained_text is for SFT", remedy="leave it out of the DPO settings")
    if settings.retained_text:
        rows = _chosen(open_dataset(project, settings.retained_text), 128, settings.seed + 1, ("validation",))
        retained = prepare(rows, settings.model_copy(update={"method": "sft"}), tokenizer)
    _mix(train, replay)
    digest = hashlib.sha256("\n".join(train.ids).encode()).hexdigest()
    return TrainingRows(train, held_out, retained, len(replay.ids), digest)


def prepare(
    examples: Iterator[Example], settings: TrainSettings, tokenizer: PreTrainedTokenizerBase
) -> Prepared:
    """Encode rows and sort out those that cannot be learned from."""
    prepared = Prepared()
    for example in examples:
        prepared.seen += 1
        identity = example["id"]
        try:
            if settings.method == "dpo":
                _add_pair(prepared, encode_pair(tokenizer, example), identity, settings)
            else:
                _add_row(prepared, encode(tokenizer, example, settings.loss_on), identity, settings)
        except InputError:
            prepared.problem("template_refused", identity)
    return prepared


def _add_row(prepared: Prepared, row: Encoded, identity: str, settings: TrainSettings) -> None:
    if len(row.input_ids) > settings.max_length:
        if settings.too_long == "error":
            raise _too_long(identity, len(row.input_ids), settings.max_length)
        if settings.too_long == "drop":
            prepared.problem("too_long_dropped", identity)
            return
        row = cut(row, settings.max_length)
        prepared.problem("truncated", identity)
    if row.supervised == 0:
        prepared.problem("no_supervised_token", identity)
        return
    if not row.stops:
        prepared.problem("no_stop_token", identity)
    if not row.whole:
        prepared.problem("only_last_answer", identity)
    prepared.ids.append(identity)
    prepared.rows.append(row)


def _add_pair(prepared: Prepared, pair: EncodedPair, identity: str, settings: TrainSettings) -> None:
    if pair.longest > settings.max_length:
        if settings.too_long == "error":
            raise _too_long(identity, pair.longest, settings.max_length)
        prepared.problem("too_long_dropped", identity)
        return
    if pair.chosen_ids == pair.rejected_ids:
        prepared.problem("no_preference", identity)
        return
    if not pair.stops:
        prepared.problem("no_stop_token", identity)
    prepared.ids.append(identity)
    prepared.pairs.append(pair)


def _too_long(identity: str, tokens: int, limit: int) -> WorkbenchError:
    return WorkbenchError(
        f"an example has {tokens} tokens, more than max_length {limit}",
        where=f"example {identity}",
        remedy="raise max_length, or set too_long to drop or truncate",
    )


def _rows(dataset: Dataset, kind: str, splits: tuple[str, ...]) -> Iterator[Example]:
    for example in dataset.examples():
        if example["kind"] == kind and (example["split"] or "") in splits:
            yield example


def _chosen(dataset: Dataset, wanted: int, seed: int, splits: tuple[str, ...] = ()) -> Iterator[Example]:
    """Take ``wanted`` SFT rows in a seeded order; rows of the named splits first."""
    ids = dataset.table(["id", "kind", "split"]).to_pylist()
    usable = [row for row in ids if row["kind"] == "sft" and row["split"] != "test"]
    if splits:
        usable = [row for row in usable if row["split"] in splits] or usable
    else:
        usable = [row for row in usable if row["split"] in ("train", None, "")]
    usable.sort(key=lambda row: hashlib.sha256(f"{seed}{row['id']}".encode()).digest())
    picked = {row["id"] for row in usable[:wanted]}
    return (example for example in dataset.examples() if example["id"] in picked)


def _mix(train: Prepared, replay: Prepared) -> None:
    train.ids += replay.ids
    train.rows += replay.rows
    train.seen += replay.seen
    for reason, ids in replay.problems.items():
        train.problems.setdefault(reason, []).extend(ids)


def _why_nothing(dataset: Dataset, kind: str, prepared: Prepared) -> str:
    kinds = dataset.manifest["counts"]["kind"]
    if kind not in kinds:
        return f"it holds {kinds}, and this method needs rows of kind '{kind}'"
    reasons = {reason: len(ids) for reason, ids in prepared.problems.items()}
    return f"rows were left out for these reasons: {reasons or 'none is in the train split'}"
