"""Splits and folds in which nothing that belongs together is ever on two sides.

Rows are first joined into units (`workbench.splitting.units`); whole units are then dealt
to the sides (`workbench.splitting.dealing`), new ones only when an earlier version's sides
are to stay (`workbench.splitting.frozen`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from workbench.errors import InputError
from workbench.examples import Example
from workbench.projects import Project
from workbench.splitting.dealing import FREE, LEFT_OUT, TRAIN, deal_folds, deal_shares, deal_times
from workbench.splitting.frozen import Frozen, kept_sides, nothing_kept, write_folds
from workbench.splitting.units import BONDS, Rows, read_rows
from workbench.versions import Dataset, open_dataset, write_version

SPLITS = ("train", "validation", "test")
LEFT_OUT_NAME = "left_out"
Numbers = npt.NDArray[np.int64]
ENOUGH = 20
MOST_STRATA = 200


class SplitSettings(BaseModel):
    """How to split. ``by``: what keeps rows together, and ``time`` for sides in order of time.

    ``threshold``: similarity from which two rows are near duplicates. ``folds`` gives each
    row of the training side one of that many folds, and ``fold`` says which is validated
    on. ``keep`` names a version whose sides (or folds) stay.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    validation: float = Field(default=0.1, ge=0.0, lt=1.0)
    test: float = Field(default=0.1, ge=0.0, lt=1.0)
    by: tuple[Literal["group", "component", "conversation", "time"], ...] = (
        "group",
        "component",
        "conversation",
    )
    stratify: tuple[Literal["label", "cluster", "language"], ...] = ("label",)
    threshold: float = Field(default=0.55, ge=0.3, le=1.0)
    seed: int = Field(default=0, ge=0, lt=2**63)
    folds: int | None = Field(default=None, ge=2, le=100)
    fold: int = Field(default=0, ge=0)
    time_column: str | None = Field(default=None, pattern=r"^meta\..+")
    keep: str | None = None

    @model_validator(mode="after")
    def _make_sense(self) -> SplitSettings:
        if self.validation + self.test >= 1:
            raise ValueError("validation and test leave nothing to train on")
        if self.fold >= (self.folds or 1):
            raise ValueError("fold is a number below folds, from 0")
        if "time" in self.by and (self.folds or self.keep):
            raise ValueError("sides in order of time have no folds and keep no earlier sides")
        if self.time_column and "time" not in self.by:
            raise ValueError("a time column is for splits by time")
        return self

    @property
    def bonds(self) -> tuple[str, ...]:
        """What keeps rows together; ``time`` alone leaves the usual bonds as they are."""
        return self.by if set(self.by) - {"time"} else (*BONDS, *self.by)


@dataclass(frozen=True)
class Stratum:
    """How the rows of one stratum were shared out: rows, and the share on each side."""

    stratum: str
    rows: int
    train: float
    validation: float
    test: float


@dataclass(frozen=True)
class SplitResult:
    """The new version and the rows of each split.

    ``units`` are what is never divided. ``left_out``: rows on no side, because they belong
    with two. ``kept``, ``joined`` and ``new``: rows known from the version that was kept,
    new rows that went where their unit is, and rows that were dealt; ``crossing``: units
    that the kept sides divide. ``deviation``: the largest difference between a stratum's
    share of a side and the side's share of all rows, over strata of 20 rows or more.
    """

    dataset: str
    parent: str
    rows: dict[str, int]
    units: int
    largest_unit: int
    left_out: int
    kept: int
    joined: int
    new: int
    crossing: int
    folds: list[int]
    fold: int | None
    shares: dict[str, float]
    deviation: float
    strata: list[Stratum]

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return asdict(self)


def split(project: Project, dataset: Dataset, **settings: Any) -> SplitResult:
    """Write the next version with the ``split`` column filled.

    ``settings`` are those of `SplitSettings`. Only hashes, labels and numbers of all rows
    are held at once. Raises `InputError`, `NotFoundError`.
    """
    wanted = checked(settings)
    kept = open_dataset(project, wanted.keep) if wanted.keep else None
    rows = read_rows(
        project,
        dataset,
        by=wanted.bonds,
        stratify=wanted.stratify,
        threshold=wanted.threshold,
        time_column=wanted.time_column,
    )
    frozen = kept_sides(project, dataset, kept, rows.units, folds=False) if kept else nothing_kept(rows.units)
    sides, folds = _dealt(project, dataset, rows, wanted, frozen, kept)
    if len(sides) and not (sides == TRAIN).any():
        raise InputError(
            "no row is left to train on",
            remedy="the rows belong together or have one time: lower the shares, or leave a --by out",
        )
    written = write_version(
        project,
        dataset.name,
        _assigned(dataset, sides),
        parent=dataset,
        origin={"verb": "split", **wanted.model_dump(mode="json", exclude_none=True)},
        sidecar=None if folds is None else lambda folder: write_folds(folder, dataset, folds),
    )
    return _result(written.ref, dataset.ref, rows, sides, folds, wanted, frozen)


def checked(settings: dict[str, Any]) -> SplitSettings:
    """Check what a person typed. Raises `InputError`."""
    try:
        return SplitSettings(**settings)
    except ValidationError as error:
        first = error.errors()[0]
        name = "".join(f"{part}: " for part in first["loc"][:1])
        raise InputError(
            name + first["msg"].removeprefix("Value error, "),
            remedy="see `workbench split --help`; shares are between 0 and 1 and add up to less than 1",
        ) from error


def _dealt(
    project: Project,
    dataset: Dataset,
    rows: Rows,
    wanted: SplitSettings,
    frozen: Frozen,
    kept: Dataset | None,
) -> tuple[Numbers, Numbers | None]:
    """The side of each row and, with folds, its fold."""
    if rows.times is not None:
        return deal_times(rows.units, rows.times, (wanted.validation, wanted.test)), None
    if not wanted.folds:
        shares = (wanted.validation, wanted.test)
        dealt = deal_shares(rows.units, rows.strata, rows.keys, shares, wanted.seed, frozen.units)
        return np.where(frozen.rows != FREE, frozen.rows, dealt), None
    before = nothing_kept(rows.units)
    if kept is not None:
        before = kept_sides(project, dataset, kept, rows.units, folds=True)
        if before.rows.max(initial=0) >= wanted.folds:
            raise InputError(f"{kept.ref} has more folds than {wanted.folds}", remedy="give as many --folds")
    tested = np.where(frozen.units == 2, 2, np.where(frozen.units >= 0, TRAIN, frozen.units))
    sides = deal_shares(rows.units, rows.strata, rows.keys, (0.0, wanted.test), wanted.seed, tested)
    sides = np.where(frozen.rows == 2, 2, sides)
    in_none = before.units.copy()
    in_none[rows.units[sides != TRAIN]] = LEFT_OUT
    folds = deal_folds(rows.units, rows.strata, rows.keys, wanted.folds, wanted.seed, in_none)
    folds = np.where(before.rows >= 0, before.rows, folds)
    sides = np.where((sides == TRAIN) & (folds == LEFT_OUT), LEFT_OUT, sides)
    return np.where((sides == TRAIN) & (folds == wanted.fold), 1, sides), folds


def _result(
    written: str,
    parent: str,
    rows: Rows,
    sides: Numbers,
    folds: Numbers | None,
    wanted: SplitSettings,
    frozen: Frozen,
) -> SplitResult:
    counts = np.bincount(sides[sides >= 0], minlength=3)
    total = max(1, len(sides))
    shares = {name: round(int(counts[side]) / total, 4) for side, name in enumerate(SPLITS)}
    strata, deviation = _strata(rows, sides, counts / total)
    sizes = np.bincount(rows.units)
    return SplitResult(
        dataset=written,
        parent=parent,
        rows={name: int(counts[side]) for side, name in enumerate(SPLITS)},
        units=len(sizes),
        largest_unit=int(sizes.max(initial=0)),
        left_out=int((sides == LEFT_OUT).sum()),
        kept=frozen.kept,
        joined=frozen.joined,
        new=len(sides) - frozen.kept - frozen.joined,
        crossing=frozen.crossing,
        folds=[] if folds is None else np.bincount(folds[folds >= 0], minlength=wanted.folds or 0).tolist(),
        fold=wanted.fold if wanted.folds else None,
        shares=shares,
        deviation=round(deviation, 4),
        strata=strata,
    )


def _strata(rows: Rows, sides: Numbers, shares: npt.NDArray[np.float64]) -> tuple[list[Stratum], float]:
    """The largest strata first, and how far the shares of one stray from those of all."""
    counts = np.zeros((len(rows.names), 3), dtype=np.int64)
    np.add.at(counts, (rows.strata[sides >= 0], sides[sides >= 0]), 1)
    sizes = np.bincount(rows.strata, minlength=len(rows.names))
    own = counts / np.maximum(sizes, 1)[:, None]
    deviation = float(np.abs(own - shares)[sizes >= ENOUGH].max(initial=0.0))
    order = np.lexsort((np.array(rows.names), -sizes)) if len(sizes) else np.zeros(0, dtype=np.int64)
    found = [
        Stratum(rows.names[number], int(sizes[number]), *np.round(own[number], 4).tolist())
        for number in order[:MOST_STRATA].tolist()
    ]
    return found, deviation


def _assigned(dataset: Dataset, sides: Numbers) -> Iterator[Example]:
    names: Sequence[str] = (*SPLITS, LEFT_OUT_NAME)
    for example, side in zip(dataset.examples(), sides.tolist(), strict=True):
        example["split"] = names[side]
        yield example
