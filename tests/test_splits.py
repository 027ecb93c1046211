"""Splits: nothing that belongs together is ever on two sides, and what was dealt once stays."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from itertools import combinations
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import Command
from tests.make import chat, example, imported, pair, proposed, sentence, stored, write_jsonl
from workbench.errors import InputError
from workbench.examples import Example, make_example, message, prompt_text
from workbench.importing import import_files
from workbench.projects import Project
from workbench.publishing import publish, restore
from workbench.splits import split
from workbench.splitting.dealing import FREE, LEFT_OUT, deal_folds, deal_shares, deal_times, unit_strata
from workbench.versions import open_dataset

TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
DATA = Path(__file__).parents[2] / "shared" / "data"


def rows_of(project: Project, ref: str) -> list[Example]:
    return list(open_dataset(project, ref).examples())


def sides_of(project: Project, ref: str) -> list[str | None]:
    return [row["split"] for row in rows_of(project, ref)]


def conversation(*turns: str) -> Example:
    roles = ("user", "assistant")
    made = make_example(
        "sft", [message({"role": roles[i % 2], "content": text}) for i, text in enumerate(turns)]
    )
    made["source"] = {"file": "test.jsonl", "line": 1}
    return made


def grouped(count: int, **extra: object) -> list[Example]:
    return [example(sentence(i, 20), sentence(i + 5000), **extra) for i in range(count)]  # type: ignore[arg-type]


def test_groups_prompts_and_near_duplicates_stay_on_one_side(project: Project) -> None:
    rows = []
    for i in range(120):
        question = sentence(i, 20)
        rows.append(example(question, sentence(i + 5000), group=f"g{i % 30}" if i < 60 else None))
        rows.append(example(question, sentence(i + 9000)))
        rows.append(example(question.replace(question.split()[7], "changed", 1), sentence(i + 5000)))
    result = split(project, stored(project, "d", rows), validation=0.2, test=0.2)
    together: dict[str, set[str | None]] = defaultdict(set)
    for number, row in enumerate(rows_of(project, result.dataset)):
        together[f"unit {number // 3}"].add(row["split"])
        if row["group"]:
            together[f"group {row['group']}"].add(row["split"])
    assert all(len(values) == 1 for values in together.values())
    assert set(result.rows) == {"train", "validation", "test"}
    assert all(result.rows.values())


def test_questions_that_are_alike_stay_on_one_side_whatever_the_answers(project: Project) -> None:
    rows = []
    for i in range(60):
        question = sentence(i, 20)
        rows.append(example(question, sentence(i + 5000, 30)))
        rows.append(example(question.replace(question.split()[7], "changed", 1), sentence(i + 7000, 30)))
    result = split(project, stored(project, "d", rows), validation=0.2, test=0.2)
    sides = sides_of(project, result.dataset)
    assert sides[::2] == sides[1::2]


def test_continuations_of_one_chat_stay_on_one_side(project: Project) -> None:
    rows = []
    for i in range(60):
        opening, answer = sentence(i, 9), sentence(i + 1000, 40)
        rows.append(conversation(opening, answer))
        rows.append(conversation(opening, answer, sentence(i + 2000, 30), sentence(i + 3000, 60)))
        rows.append(conversation(opening, sentence(i + 4000, 40), sentence(i + 6000), sentence(i + 7000, 60)))
    result = split(project, stored(project, "d", rows), validation=0.2, test=0.2)
    sides = sides_of(project, result.dataset)
    assert all(len(set(sides[i : i + 3])) == 1 for i in range(0, len(sides), 3))
    assert result.units == 60


def test_a_greeting_does_not_make_two_chats_one(project: Project) -> None:
    rows = [
        conversation("Hi there", sentence(i, 30), sentence(i + 500, 30), sentence(i + 900, 30))
        for i in range(40)
    ]
    assert split(project, stored(project, "d", rows)).units == 40


def test_a_pair_and_a_chat_with_one_question_are_one_unit(project: Project) -> None:
    rows = [
        row
        for i in range(40)
        for row in (
            example(sentence(i), sentence(i + 500, 40)),
            pair(sentence(i), sentence(i + 700, 40), sentence(i + 900, 40)),
        )
    ]
    assert split(project, stored(project, "d", rows)).units == 40


def test_only_the_named_bonds_join(project: Project) -> None:
    rows = [example(sentence(0), sentence(i + 500), group=f"g{i % 4}") for i in range(40)]
    dataset = stored(project, "d", rows)
    assert split(project, dataset, by=["group"]).units == 4
    assert split(project, dataset).units == 1


def test_every_label_is_split_near_its_share(project: Project) -> None:
    rows = [example(sentence(i), sentence(i + 999), label="a" if i % 4 else "b") for i in range(400)]
    result = split(project, stored(project, "d", rows), validation=0.1, test=0.1)
    counts: Counter[tuple[str | None, str | None]] = Counter(
        (row["label"], row["split"]) for row in rows_of(project, result.dataset)
    )
    assert (counts["a", "validation"], counts["a", "test"]) == (30, 30)
    assert (counts["b", "validation"], counts["b", "test"]) == (10, 10)
    assert result.deviation == 0.0
    assert [(one.stratum, one.rows, one.test) for one in result.strata] == [("a", 300, 0.1), ("b", 100, 0.1)]


def test_many_small_labels_still_fill_the_held_out_sides(project: Project) -> None:
    rows = [example(sentence(i), sentence(i + 999), label=f"l{i // 3}") for i in range(300)]
    result = split(project, stored(project, "d", rows), validation=0.1, test=0.1)
    assert result.rows == {"train": 240, "validation": 30, "test": 30}


def test_clusters_and_languages_can_be_what_is_shared_out(project: Project) -> None:
    german = "Wo ist meine Bestellung, und warum dauert die Lieferung in diesem Monat so lange? Nummer"
    english = "Where is the order that I made, and why does the delivery take so long this month? Number"
    rows = []
    for i in range(200):
        question = f"{german if i % 5 == 0 else english} {sentence(i, 9)}"
        rows.append(example(question, sentence(i + 999, 30), tags=["kept", f"cluster:c{i % 2}"]))
    dataset = stored(project, "d", rows)
    result = split(project, dataset, by=["group"], stratify=["cluster", "language"], validation=0.0, test=0.2)
    assert {one.stratum: (one.rows, one.test) for one in result.strata} == {
        "cluster:c0 · en": (80, 0.2),
        "cluster:c1 · en": (80, 0.2),
        "cluster:c0 · de": (20, 0.2),
        "cluster:c1 · de": (20, 0.2),
    }


def test_the_same_seed_gives_the_same_split(project: Project) -> None:
    dataset = stored(project, "d", [example(sentence(i), "a.") for i in range(100)])
    first, second = split(project, dataset, seed=3), split(project, dataset, seed=3)
    assert first.dataset == second.dataset
    assert split(project, dataset, seed=4).dataset != first.dataset


def test_the_order_of_the_rows_does_not_change_who_goes_where(project: Project) -> None:
    rows = grouped(100)
    there = split(project, stored(project, "there", rows))
    back = split(project, stored(project, "back", rows[::-1]))
    assert {row["id"]: row["split"] for row in rows_of(project, there.dataset)} == {
        row["id"]: row["split"] for row in rows_of(project, back.dataset)
    }


@pytest.mark.parametrize(
    "settings",
    [
        {"validation": 0.6, "test": 0.6},
        {"folds": 3, "fold": 3},
        {"fold": 1},
        {"by": ["time"], "folds": 2},
        {"time_column": "meta.day"},
        {"by": ["size"]},
        {"folds": 1},
        {"keep": "d@v0001"},
    ],
)
def test_settings_that_make_no_sense_are_refused(project: Project, settings: dict[str, object]) -> None:
    dataset = stored(project, "d", grouped(10))
    with pytest.raises(InputError) as error:
        split(project, dataset, **settings)
    assert error.value.remedy


def test_training_is_before_validation_is_before_test(project: Project) -> None:
    rows = grouped(100)
    for number, row in enumerate(rows):
        row["meta"] = f'{{"day": "2026-{1 + number % 10:02d}-01T00:00:00Z"}}'
    result = split(project, stored(project, "d", rows), by=["time"], time_column="meta.day")
    months: dict[str | None, set[int]] = defaultdict(set)
    for row in rows_of(project, result.dataset):
        months[row["split"]].add(int((row["meta"] or "")[14:16]))
    assert max(months["train"]) < min(months["validation"]) <= max(months["validation"]) < min(months["test"])
    assert result.rows == {"train": 80, "validation": 10, "test": 10}


def test_a_unit_over_a_boundary_of_time_is_left_out(project: Project) -> None:
    rows = grouped(50)
    rows[0]["group"] = rows[49]["group"] = "first and last"
    result = split(project, stored(project, "d", rows), by=["time"])
    sides = sides_of(project, result.dataset)
    assert (sides[0], sides[49], result.left_out) == ("left_out", "left_out", 2)
    dealt = [side for side in sides if side != "left_out"]
    assert dealt == ["train"] * 39 + ["validation"] * 5 + ["test"] * 4


@pytest.mark.parametrize("settings", [{}, {"by": ["time"]}])
def test_few_rows_and_none_can_be_split(project: Project, settings: dict[str, object]) -> None:
    only, nothing = stored(project, "one", grouped(1)), stored(project, "none", [])
    assert split(project, only, **settings).rows == {"train": 1, "validation": 0, "test": 0}
    assert sum(split(project, nothing, **settings).rows.values()) == 0


def test_a_row_without_a_time_is_refused_by_its_line(project: Project) -> None:
    rows = grouped(5)
    rows[0]["meta"] = '{"day": 1}'
    with pytest.raises(InputError, match="line 2"):
        split(project, stored(project, "d", rows), by=["time"], time_column="meta.day")


def test_each_row_is_validated_on_in_one_fold_and_tested_on_in_none(project: Project) -> None:
    dataset = stored(project, "d", grouped(100))
    held: Counter[str] = Counter()
    tested = set()
    for fold in range(4):
        result = split(project, dataset, folds=4, fold=fold, test=0.2)
        assert (result.fold, result.folds) == (fold, [20, 20, 20, 20])
        assert result.rows == {"train": 60, "validation": 20, "test": 20}
        rows = rows_of(project, result.dataset)
        held.update(row["id"] for row in rows if row["split"] == "validation")
        tested.add(tuple(row["id"] for row in rows if row["split"] == "test"))
    assert len(tested) == 1
    assert set(held.values()) == {1}
    assert not set(held) & set(tested.pop())


def test_the_folds_lie_beside_the_version(project: Project) -> None:
    result = split(project, stored(project, "d", grouped(30)), folds=3, fold=1, test=0.0)
    dataset = open_dataset(project, result.dataset)
    folds = pq.read_table(dataset.path / "folds.parquet").to_pylist()
    assert {row["id"] for row in folds if row["fold"] == 1} == {
        row["id"] for row in dataset.examples() if row["split"] == "validation"
    }


def test_rows_that_were_split_once_stay_where_they_are(project: Project) -> None:
    first = split(project, stored(project, "d", grouped(100)), seed=1)
    before = {row["id"]: row["split"] for row in rows_of(project, first.dataset)}
    more = [example(sentence(i, 20), sentence(i + 5000)) for i in range(150)]
    again = split(project, stored(project, "d", more[::-1]), seed=2, keep=first.dataset)
    after = {row["id"]: row["split"] for row in rows_of(project, again.dataset)}
    assert {identity: after[identity] for identity in before} == before
    assert (again.kept, again.joined, again.new) == (100, 0, 50)
    assert again.rows == {"train": 120, "validation": 15, "test": 15}


def test_a_new_row_joins_the_side_of_what_it_is_like(project: Project) -> None:
    first = split(project, stored(project, "d", grouped(60)), validation=0.3, test=0.3)
    before = sides_of(project, first.dataset)
    rows = grouped(60) + [example(sentence(i, 20), sentence(i + 7000)) for i in range(60)]
    again = split(project, stored(project, "d", rows), keep=first.dataset)
    assert sides_of(project, again.dataset)[60:] == before
    assert again.joined == 60


def test_a_new_row_like_rows_on_two_sides_is_left_out(project: Project) -> None:
    rows = grouped(40)
    first = split(project, stored(project, "d", rows), test=0.5)
    sides = sides_of(project, first.dataset)
    ends = (sides.index("train"), sides.index("test"))
    for number in ends:
        rows[number]["group"] = "bridge"
    added = example(sentence(900), sentence(901), group="bridge")
    again = split(project, stored(project, "d", [*rows, added]), keep=first.dataset)
    found = sides_of(project, again.dataset)
    assert (found[:40], found[40]) == (sides, "left_out")
    assert (again.crossing, again.left_out) == (1, 1)


def test_an_edited_row_keeps_its_side(project: Project, tmp_path: Path) -> None:
    rows = [chat(sentence(i), f"The key is {TOKEN[:-3]}{i + 100} for today.") for i in range(30)]
    dataset = imported(project, write_jsonl(tmp_path / "d.jsonl", rows), "d")
    first = split(project, dataset, test=0.3)
    before = open_dataset(project, first.dataset)
    proposed(project, before, "[secrets]")
    published = publish(project, before)
    edited = open_dataset(project, published.dataset)
    assert {row["id"] for row in edited.examples()}.isdisjoint(row["id"] for row in before.examples())
    bare = [{**row, "split": None} for row in edited.examples()]
    bare_dataset = stored(project, "d", bare)  # type: ignore[arg-type]
    again = split(project, bare_dataset, keep=first.dataset, seed=9)
    assert sides_of(project, again.dataset) == sides_of(project, first.dataset)
    assert again.kept == 30


def test_a_restored_row_keeps_the_side_of_its_edited_form(project: Project, tmp_path: Path) -> None:
    rows = [chat(sentence(i), f"The key is {TOKEN[:-3]}{i + 100} for today.") for i in range(30)]
    first = split(project, imported(project, write_jsonl(tmp_path / "d.jsonl", rows), "d"), test=0.3)
    proposed(project, open_dataset(project, first.dataset), "[secrets]")
    edited = publish(project, open_dataset(project, first.dataset))
    restored = restore(project, "d@v1")
    assert sides_of(project, restored.ref) == [None] * 30
    again = split(project, restored, keep=edited.dataset, seed=9)
    assert again.kept == 30
    assert sides_of(project, again.dataset) == sides_of(project, edited.dataset)


def test_appended_rows_are_dealt_and_the_others_stay(project: Project, tmp_path: Path) -> None:
    old = write_jsonl(tmp_path / "old.jsonl", [chat(sentence(i), sentence(i + 50, 30)) for i in range(40)])
    new = write_jsonl(
        tmp_path / "new.jsonl", [chat(sentence(i + 900), sentence(i + 70, 30)) for i in range(10)]
    )
    first = split(project, imported(project, old, "d"), seed=5)
    appended = import_files(project, [new], "d", append=True)
    again = split(project, open_dataset(project, appended.dataset), keep=first.dataset)
    assert sides_of(project, again.dataset)[:40] == sides_of(project, first.dataset)
    assert (again.kept, again.new) == (40, 10)


def test_kept_folds_stay_and_new_rows_are_dealt(project: Project) -> None:
    first = split(project, stored(project, "d", grouped(60)), folds=3, test=0.1)
    again = split(project, stored(project, "d", grouped(90)), folds=3, fold=1, test=0.1, keep=first.dataset)
    folds = [
        {
            row["id"]: row["fold"]
            for row in pq.read_table(open_dataset(project, ref).path / "folds.parquet").to_pylist()
        }
        for ref in (first.dataset, again.dataset)
    ]
    assert {identity: folds[1][identity] for identity in folds[0]} == folds[0]
    assert sum(again.folds) == 81
    with pytest.raises(InputError, match="more folds"):
        split(project, stored(project, "d", grouped(90)), folds=2, keep=first.dataset)


def test_the_command_tells_sides_strata_and_what_it_did(here: Command, project: Project) -> None:
    stored(project, "d", [example(sentence(i), sentence(i + 999), label="ab"[i % 2]) for i in range(100)])
    words = here("split", "d", "--by", "group", "--stratify", "label", "--seed", 7).stdout
    assert "80 train, 10 validation, 10 test" in words
    found = here("split", "d@v1", "--folds", 5, "--fold", 2, "--test", 0, "--json").data
    assert found["rows"] == {"train": 80, "validation": 20, "test": 0}
    assert [(one["stratum"], one["rows"]) for one in found["strata"]] == [("a", 50), ("b", 50)]
    kept = here("split", "d@v1", "--keep", "d@v2", "--json").data
    assert (kept["kept"], kept["new"]) == (100, 0)
    assert here("split", "d", "--time-column", "meta.day").returncode == 2


def arrays(rows: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    _, units = np.unique([unit for unit, _ in rows], return_inverse=True)
    strata = np.array([stratum for _, stratum in rows])
    return units, strata, np.arange(len(rows), dtype=np.uint64)


def free(units: np.ndarray) -> np.ndarray:
    return np.full(int(units.max()) + 1, FREE)


ROWS = st.lists(st.tuples(st.integers(0, 15), st.integers(0, 2)), min_size=1, max_size=80)


@given(ROWS, st.floats(0, 0.4), st.floats(0, 0.4), st.integers(0, 5))
def test_a_unit_is_never_divided(
    rows: list[tuple[int, int]], validation: float, test: float, seed: int
) -> None:
    units, strata, keys = arrays(rows)
    for dealt in (
        deal_shares(units, strata, keys, (validation, test), seed, free(units)),
        deal_folds(units, strata, keys, 3, seed, free(units)),
        deal_times(units, np.array(strata, dtype=float), (validation, test)),
    ):
        assert all(len(set(dealt[units == unit].tolist())) == 1 for unit in units)
        assert set(dealt.tolist()) <= {LEFT_OUT, 0, 1, 2}


@given(ROWS, st.integers(0, 5))
def test_a_side_strays_from_its_share_by_at_most_half_a_unit_and_what_was_carried(
    rows: list[tuple[int, int]], seed: int
) -> None:
    units, strata, keys = arrays(rows)
    dealt = deal_shares(units, strata, keys, (0.25, 0.25), seed, free(units))
    largest = int(np.bincount(units).max())
    mean = max(1.0, len(rows) / (units.max() + 1))
    for side in (1, 2):
        strata_used = len(set(unit_strata(units, strata).tolist()))
        bound = strata_used * (largest + mean)
        assert abs((dealt == side).sum() - 0.25 * len(rows)) <= bound


@given(ROWS, st.integers(0, 5))
def test_the_folds_of_each_stratum_differ_by_at_most_one_unit(rows: list[tuple[int, int]], seed: int) -> None:
    units, strata, keys = arrays(rows)
    folds = deal_folds(units, strata, keys, 3, seed, free(units))
    of = unit_strata(units, strata)[units]
    for stratum in set(of.tolist()):
        mine = of == stratum
        counts = np.bincount(folds[mine], minlength=3)
        assert counts.max() - counts.min() <= np.bincount(units[mine]).max()


@given(ROWS, st.lists(st.integers(-2, 2), min_size=16, max_size=16), st.integers(0, 5))
def test_a_fixed_unit_keeps_its_side(rows: list[tuple[int, int]], sides: list[int], seed: int) -> None:
    units, strata, keys = arrays(rows)
    fixed = np.array(sides)[: units.max() + 1]
    dealt = deal_shares(units, strata, keys, (0.2, 0.2), seed, fixed)
    told = fixed[units] != FREE
    assert (dealt[told] == fixed[units][told]).all()
    assert (dealt != FREE).all()


def shingles(row: Example) -> frozenset[object]:
    words = re.findall(r"\w+", prompt_text(row).lower())
    return frozenset([*words, *zip(words, words[1:], strict=False)])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "most", "alike"),
    [
        ("sft_multi/fastchat_dummy_conversation.json.gz", 500, 0.8),
        ("intents/banking77_train.csv.gz", 1500, 0.9),
        ("sft_single/alpaca_random_6000.json.gz", 1500, 0.7),
    ],
)
def test_no_pair_of_a_real_file_is_alike_across_sides(
    project: Project, name: str, most: int, alike: float
) -> None:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{name} is not in ../shared/data")
    rows = list(imported(project, path, "whole").examples())[:most]
    result = split(project, stored(project, "d", rows), validation=0.2, test=0.2)
    found = [(row["split"], shingles(row)) for row in rows_of(project, result.dataset)]
    across = [
        len(left & right) / len(left | right)
        for (one, left), (other, right) in combinations(found, 2)
        if one != other and min(len(left), len(right)) > alike * max(len(left), len(right))
    ]
    assert len(across) > 1000
    assert max(across) < alike
