"""Score: a run that goes over a version shard by shard and puts the shards together.

A shard is one batch of rows and is written whole, so a cancelled, failed or killed run goes
on with the first that lacks.
"""

from __future__ import annotations

import hashlib
import math
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa
import pyarrow.parquet as pq

from workbench.errors import InputError, RunFailedError
from workbench.examples import Example
from workbench.row_scores.judging import Judged, judge_rows
from workbench.row_scores.likelihood import encodings, likelihoods, load_scorer, perplexity
from workbench.row_scores.settings import JudgeSettings, ScoreSettings
from workbench.row_scores.storage import SCHEMAS, score_summary, scores_path, write_table
from workbench.versions import Dataset, open_dataset, reading

if TYPE_CHECKING:
    from workbench.worker import Worker

SHARD_ROWS = 512
JUDGE_ROWS = 64
LIKELIHOOD = pa.schema(
    [*SCHEMAS["perplexity"], *(f for f in SCHEMAS["ifd"] if f.name not in SCHEMAS["perplexity"].names)]
)
Rows = list[dict[str, Any]]


def score(worker: Worker) -> dict[str, Any]:
    """Compute the scores of a run; returns the machine contract's result."""
    settings = ScoreSettings.model_validate(worker.config["settings"])
    dataset = open_dataset(worker.project, settings.data)
    if dataset.content_hash != worker.config["content_hash"]:
        raise InputError(
            f"{dataset.ref} is not what it was when the run was made",
            remedy="start a new run with `workbench score`",
        )
    stages = bool(settings.what) + (settings.judge is not None)
    made: list[str] = []
    if settings.what:
        _by_base(worker, dataset, settings, stages)
        made += settings.what
    if settings.judge:
        _by_judge(worker, dataset, settings.judge, stages)
        made.append("judge")
    shutil.rmtree(worker.run.path / "shards", ignore_errors=True)
    summaries = [score_summary(worker.project, dataset, name) for name in made]
    for found in summaries:
        if found["failed"]:
            worker.warning(f"{found['failed']} of {found['rows']} rows have no {found['score']} score")
    return {"run": worker.run.id, "dataset": dataset.ref, "scores": summaries}


def _by_base(worker: Worker, dataset: Dataset, settings: ScoreSettings, stages: int) -> None:
    base = cast("str", settings.base)
    model, tokenizer, longest = load_scorer(base)
    limit = min(settings.max_length, longest or settings.max_length)
    alone = "ifd" in settings.what

    def work(examples: list[Example]) -> Rows:
        rows = encodings(tokenizer, examples, limit, alone=alone)
        found = likelihoods(model, rows, worker.stop_if_cancelled)
        made = []
        for example, row, (tokens, given, by_itself) in zip(examples, rows, found, strict=True):
            ratio = None if given is None or by_itself is None else perplexity(given - by_itself)
            made.append(
                {
                    "id": example["id"],
                    "tokens": tokens,
                    "nll": given,
                    "nll_given": given,
                    "nll_alone": by_itself,
                    "perplexity": perplexity(given),
                    "ifd": None if ratio is not None and math.isinf(ratio) else ratio,
                    "cut": row.cut,
                    "problem": row.problem,
                }
            )
        return made

    shards = _Shards(worker, dataset, "likelihood", SHARD_ROWS, LIKELIHOOD, stages, 0)
    shards.fill(work)
    made_by = {"model": base, "max_length": str(limit)}
    for name in settings.what:
        shards.join(name, made_by)


def _by_judge(worker: Worker, dataset: Dataset, settings: JudgeSettings, stages: int) -> None:
    def work(examples: list[Example]) -> Rows:
        marks = list(judge_rows(settings, examples, worker.stop_if_cancelled))
        _stop_when_gone(settings, marks)
        return [
            {
                "id": example["id"],
                "score": mark.score,
                "reason": mark.reason,
                "attempts": mark.attempts,
                "problem": mark.problem,
            }
            for example, mark in zip(examples, marks, strict=True)
        ]

    shards = _Shards(worker, dataset, "judge", JUDGE_ROWS, SCHEMAS["judge"], stages, stages - 1)
    shards.fill(work)
    digest = hashlib.sha256(settings.rubric.encode()).hexdigest()
    shards.join("judge", {"model": settings.model, "rubric_sha256": digest})


def _stop_when_gone(settings: JudgeSettings, marks: list[Judged]) -> None:
    """A row that fails is noted; a server that answers none of a shard's rows is a stop."""
    if marks and all(mark.lost for mark in marks):
        raise RunFailedError(
            f"the judge answered none of {len(marks)} rows ({marks[0].problem})",
            where=settings.endpoint,
            remedy="look after the server, then resume the run: what was judged is kept",
        )


class _Shards:
    """The shards of one pass over the rows, in the run's folder."""

    def __init__(
        self,
        worker: Worker,
        dataset: Dataset,
        name: str,
        rows: int,
        schema: pa.Schema,
        stages: int,
        stage: int,
    ) -> None:
        self.worker, self.dataset, self.name, self.rows = worker, dataset, name, rows
        self.schema, self.stages, self.stage = schema, stages, stage
        self.folder = worker.run.path / "shards"

    def fill(self, work: Callable[[list[Example]], Rows]) -> None:
        """Compute the shards that lack."""
        done = 0
        for number, batch in enumerate(self.dataset.batches(rows=self.rows)):
            path = self._path(number)
            if not path.exists():
                rows = work(cast("list[Example]", batch.to_pylist()))
                write_table(path, [pa.Table.from_pylist(rows, self.schema)], self.schema)
            done += batch.num_rows
            total = self.dataset.rows
            self.worker.progress(self.stage * total + done, self.stages * total, f"rows ({self.name})")

    def join(self, score: str, made_by: dict[str, str]) -> None:
        """Write one score's file from the shards."""
        metadata = {**made_by, "content_hash": self.dataset.content_hash}
        schema = SCHEMAS[score].with_metadata(metadata)
        write_table(scores_path(self.worker.project, self.dataset, score), self._tables(), schema)

    def _tables(self) -> Iterator[pa.Table]:
        for number, _ in enumerate(self.dataset.batches(columns=["id"], rows=self.rows)):
            with reading(self._path(number)):
                yield pq.read_table(self._path(number))

    def _path(self, number: int) -> Path:
        return self.folder / f"{self.name}-{number:05d}.parquet"
