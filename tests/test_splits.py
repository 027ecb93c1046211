"""Splits: nothing that belongs together is ever on two sides."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.make import example, sentence, stored
from workbench.errors import InputError
from workbench.projects import Project, init_project
from workbench.splits import deal, split
from workbench.versions import open_dataset


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return init_project(tmp_path / "p")


def sides(project: Project, ref: str) -> list[tuple[str, str | None, str | None]]:
    rows = open_dataset(project, ref).examples()
    return [(row["messages"][0]["content"], row["group"], row["split"]) for row in rows]


def test_groups_prompts_and_near_duplicates_stay_on_one_side(project: Project) -> None:
    rows = []
    for i in range(120):
        question = sentence(i, 20)
        rows.append(example(question, sentence(i + 5000), group=f"g{i % 30}" if i < 60 else None))
        rows.append(example(question, sentence(i + 9000)))
        rows.append(example(question.replace(question.split()[7], "changed", 1), sentence(i + 5000)))
    result = split(project, stored(project, "d", rows), validation=0.2, test=0.2)
    found = sides(project, result.dataset)
    together: dict[str, set[str | None]] = defaultdict(set)
    for number, (_, group, side) in enumerate(found):
        together[f"unit {number // 3}"].add(side)
        if group:
            together[f"group {group}"].add(side)
    assert all(len(values) == 1 for values in together.values())
    assert set(result.rows) == {"train", "validation", "test"}
    assert all(result.rows.values())


def test_every_label_is_split_near_its_share(project: Project) -> None:
    rows = [example(sentence(i), sentence(i + 999), label="a" if i % 4 else "b") for i in range(400)]
    result = split(project, stored(project, "d", rows), validation=0.1, test=0.1)
    counts: dict[tuple[str | None, str | None], int] = defaultdict(int)
    for row in open_dataset(project, result.dataset).examples():
        counts[row["label"], row["split"]] += 1
    assert (counts["a", "validation"], counts["a", "test"]) == (30, 30)
    assert (counts["b", "validation"], counts["b", "test"]) == (10, 10)


def test_the_same_seed_gives_the_same_split(project: Project) -> None:
    dataset = stored(project, "d", [example(sentence(i), "a.") for i in range(100)])
    first, second = split(project, dataset, seed=3), split(project, dataset, seed=3)
    assert first.dataset == second.dataset
    assert split(project, dataset, seed=4).dataset != first.dataset


def test_shares_that_leave_nothing_are_refused(project: Project) -> None:
    with pytest.raises(InputError):
        split(project, stored(project, "d", [example("q", "a")]), validation=0.6, test=0.6)


@given(
    st.lists(st.tuples(st.integers(0, 15), st.sampled_from("abc")), min_size=1, max_size=80),
    st.floats(0, 0.4),
    st.floats(0, 0.4),
    st.integers(0, 5),
)
def test_a_unit_is_never_divided(
    rows: list[tuple[int, str]], validation: float, test: float, seed: int
) -> None:
    units = [unit for unit, _ in rows]
    dealt = deal(units, [label for _, label in rows], {"validation": validation, "test": test}, seed)
    where: dict[int, set[str]] = defaultdict(set)
    for unit, side in zip(units, dealt, strict=True):
        where[unit].add(side)
    assert all(len(found) == 1 for found in where.values())
    assert set(dealt) <= {"train", "validation", "test"}
