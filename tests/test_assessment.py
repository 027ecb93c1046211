"""The assessment: planted numbers come out, what nobody looked for says so, three files agree."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

from tests.conftest import Command
from tests.make import chat, example, imported, pair, proposed, sentence, stored, write_jsonl
from workbench.assessment.counting import balance
from workbench.assessment.enough import Size, detectable, enough, held_out_needed
from workbench.assessment.measuring import assess
from workbench.assessment.results import Assessment, rate
from workbench.assessment.sampling import Sizes, sampled_examples, summarise
from workbench.assessment.writing import cell, read_assessment, write_assessment
from workbench.content import content_path
from workbench.decisions import decide
from workbench.errors import InputError, NotFoundError
from workbench.examples import Example
from workbench.findings import findings_folder, read_findings
from workbench.projects import Project, init_project
from workbench.publishing import publish
from workbench.versions import Dataset

HOSTILE = "<script>alert(1)</script>|`x`"
MAIL = "ana.berg@example.com"


def labelled(sizes: dict[str, int]) -> list[Example]:
    return [
        example(f"{name} {sentence(i)}", sentence(1000 + i), label=name)
        for name, count in sizes.items()
        for i in range(count)
    ]


# ── counts ──────────────────────────────────────────────────────────────────────────────


def test_volume_counts_rows_turns_and_what_they_carry(project: Project) -> None:
    long = example("first", "one", group="g")
    long["messages"] = long["messages"] * 3
    system = example("second", "two", group="g")
    system["messages"].insert(0, {**system["messages"][0], "role": "system", "content": "be kind"})
    silent = example("third", "three")
    silent["messages"].pop()
    tools = example("fourth", "four", tools='[{"name": "f"}]')
    found = assess(project, stored(project, "d", [long, system, silent, tools, pair("q", "a", "b")])).volume
    assert (found.rows, found.sft, found.pairs, found.conversations) == (5, 4, 1, 4)
    assert (found.with_system, found.with_tools, found.without_answer) == (1, 1, 1)
    assert found.answers == {"0": 1, "1": 3, "3": 1}
    assert (found.turns["p50"], found.turns["max"]) == (2.0, 6.0)


def test_effective_classes_are_the_exponential_of_the_entropy(project: Project) -> None:
    even = assess(project, stored(project, "even", labelled({"a": 5, "b": 5, "c": 5}))).balance[0]
    assert (even.groups, even.effective) == (3, pytest.approx(3.0))
    skewed = assess(project, stored(project, "skewed", labelled({"a": 8, "b": 1, "c": 1}))).balance[0]
    entropy = -(0.8 * math.log(0.8) + 2 * 0.1 * math.log(0.1))
    assert skewed.effective == pytest.approx(math.exp(entropy), abs=0.01)
    assert skewed.largest == rate("a", 8, 10)
    assert skewed.smallest[0] == ("b", 1)


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=30))
@settings(max_examples=50, deadline=None)
def test_there_are_never_more_effective_groups_than_groups(sizes: list[int]) -> None:
    found = balance("label", [(str(i), n) for i, n in enumerate(sorted(sizes, reverse=True))], sum(sizes))
    assert 0.99 <= found.effective <= len(sizes) + 0.01


def test_licences_come_from_the_rows_then_from_the_import(project: Project) -> None:
    rows = [
        chat("a", "b", license="MIT"),
        chat("c", "d", licence="CC-BY-4.0"),
        chat("e", "f", license="MIT"),
        chat("g", "h"),
    ]
    found = assess(project, imported(project, write_jsonl(project.root / "x.jsonl", rows), "d")).licences
    assert {entry.name: entry.count for entry in found} == {"MIT": 2, "CC-BY-4.0": 1, "not stated": 1}


def test_a_question_on_both_sides_of_the_split_is_counted(project: Project) -> None:
    rows = [
        example(q, a)
        for q, a in (("One  question", "x"), ("one question", "y"), ("other", "z"), ("new", "w"))
    ]
    for row, side in zip(rows, ("train", "test", "train", "validation"), strict=True):
        row["split"] = side
    found = assess(project, stored(project, "d", rows)).splits
    assert found.rows == {"train": 2, "test": 1, "validation": 1}
    assert found.shared_questions is not None
    assert (found.shared_questions.count, found.shared_questions.of) == (1, 2)


def test_without_held_out_rows_nothing_can_leak(project: Project) -> None:
    assert assess(project, stored(project, "d", labelled({"a": 3}))).splits.shared_questions is None


# ── findings ────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, Dataset]:
    """50 clean rows of two files, 4 copies, 2 with an address, 1 empty answer; hostile names."""
    project = init_project(tmp_path_factory.mktemp("planted") / "p")
    clean = [chat(sentence(i), sentence(500 + i), label="a" if i % 2 else HOSTILE) for i in range(50)]
    one = [*clean[:30], chat(f"write to {MAIL} {sentence(90)}", sentence(91)), *clean[:4]]
    two = [*clean[30:], chat(f"or to {MAIL} {sentence(92)}", sentence(93)), chat(sentence(94), "")]
    paths = [
        write_jsonl(project.root / name, rows) for name, rows in (("one.jsonl", one), ("two.jsonl", two))
    ]
    paths[0].write_text(paths[0].read_text() + '{"messages": [\n', encoding="utf-8")
    from workbench.importing import import_files
    from workbench.versions import open_dataset

    dataset = open_dataset(project, import_files(project, paths, "d").dataset)
    proposed(project, dataset, "[quality, {personal_data: {names: {backend: none}}}, exact_duplicates]")
    return project, dataset


@pytest.fixture(scope="module")
def found(planted: tuple[Project, Dataset]) -> Assessment:
    return assess(*planted)


def test_duplicates_are_counted_or_were_not_looked_for(found: Assessment) -> None:
    kinds = {entry.name: entry.rate.count if entry.rate else None for entry in found.duplicates}
    assert kinds["equal rows"] == 4
    assert kinds["near duplicates"] is None
    assert kinds["one template, other values"] is None
    assert kinds["same meaning in other words"] is None
    assert found.leakage.rate is None


def test_personal_data_is_counted_by_type_and_never_shown(
    planted: tuple[Project, Dataset], found: Assessment
) -> None:
    counts = {entry.name: entry.rate.count if entry.rate else None for entry in found.personal_data}
    assert counts == {"any personal data": 2, "EMAIL_ADDRESS": 2, "any secrets": None}
    written = write_assessment(*planted, planted[0].root / "out")
    for path in (written.html, written.json, written.markdown):
        assert MAIL not in path.read_text(encoding="utf-8")


def test_faults_are_counted_by_source(found: Assessment) -> None:
    sources = {entry.source: entry for entry in found.sources}
    assert (sources["one.jsonl"].faulty.of, sources["one.jsonl"].faulty.count) == (35, 0)
    assert (sources["two.jsonl"].faulty.of, sources["two.jsonl"].faulty.count) == (22, 1)
    assert sum(1 for entry in found.faults if "empty" in entry.name and entry.count == 1) == 1


def test_every_rate_has_wilsons_interval(found: Assessment) -> None:
    from scipy.stats import binomtest

    equal = next(entry.rate for entry in found.duplicates if entry.name == "equal rows")
    assert equal is not None
    expected = binomtest(4, 57).proportion_ci(method="wilson")
    assert (equal.low, equal.high) == (
        pytest.approx(expected.low, abs=1e-5),
        pytest.approx(expected.high, abs=1e-5),
    )


def test_the_history_tells_what_was_changed_by_what_and_by_whom(tmp_path: Path) -> None:
    project = init_project(tmp_path / "p")
    rows = [chat(sentence(i), sentence(50 + i)) for i in range(6)]
    path = write_jsonl(tmp_path / "x.jsonl", [*rows, rows[0], chat(sentence(90), "")])
    path.write_text(path.read_text() + "{}\n", encoding="utf-8")
    first = imported(project, path, "d")
    proposed(project, first, "[quality, exact_duplicates]")
    empty = next(finding for finding in read_findings(project, first) if finding.step == "quality")
    decide(project, [empty.example_id], "drop", target="example", dataset=first.ref, who="Ana", why="bad")
    publish(project, first)
    from workbench.versions import open_dataset

    steps = assess(project, open_dataset(project, "d")).history
    assert [(step.ref, step.verb, step.rows) for step in steps] == [
        ("d@v0001", "import", 8),
        ("d@v0002", "publish", 6),
    ]
    assert steps[0].changes == [
        {"change": "rejected", "reason": "could not be read", "by": "the import", "rows": 1}
    ]
    assert {(c["change"], c["reason"], c["by"], c["rows"]) for c in steps[1].changes} == {
        ("dropped", "exact duplicates · exact verbatim", "the proposal", 1),
        ("dropped", "a person's decision", "Ana", 1),
    }


def test_an_overruled_finding_does_not_count_against_the_data(tmp_path: Path) -> None:
    project = init_project(tmp_path / "p")
    rows = [chat(sentence(i), sentence(50 + i)) for i in range(6)]
    dataset = imported(project, write_jsonl(tmp_path / "x.jsonl", [*rows, rows[0]]), "d")
    proposed(project, dataset, "[exact_duplicates]")
    before = assess(project, dataset).proposed_to_go
    (finding,) = read_findings(project, dataset)
    decide(project, [finding.id], "reject", dataset=dataset.ref)
    after = assess(project, dataset).proposed_to_go
    assert (before and before.count, after and after.count) == (1, 0)


def test_rows_that_would_go_are_those_that_publishing_drops(tmp_path: Path) -> None:
    project = init_project(tmp_path / "p")
    rows = [chat(sentence(i), sentence(50 + i)) for i in range(6)]
    dataset = imported(project, write_jsonl(tmp_path / "x.jsonl", [*rows, rows[0]]), "d")
    proposed(project, dataset, "[exact_duplicates]")
    decide(project, [next(iter(dataset.examples()))["id"]], "drop", dataset=dataset.ref, target="example")
    told = assess(project, dataset).proposed_to_go
    done = publish(project, dataset)
    assert told is not None
    assert told.count == done.rows_in - done.rows_out == 1


def test_findings_that_are_gone_are_not_assessed_as_none(tmp_path: Path) -> None:
    project = init_project(tmp_path / "p")
    dataset = stored(project, "d", [example(f"Write to {MAIL}", "Done.")])
    proposed(project, dataset, "[personal_data]")
    (findings_folder(project, dataset) / "personal_data.parquet").unlink()
    with pytest.raises(InputError, match="personal_data"):
        assess(project, dataset)


def test_tasks_that_leakage_was_not_looked_for_in_are_named(project: Project) -> None:
    folder = project.folder("evalsuites")
    (folder / "tasks").mkdir(parents=True)
    items = [{"question": sentence(i), "answer": "1"} for i in range(3)]
    write_jsonl(folder / "tasks" / "items.jsonl", items)
    (folder / "tasks" / "own.yaml").write_text(
        "task: own\ndataset_path: json\ndataset_kwargs: {data_files: {test: items.jsonl}}\n"
        'test_split: test\noutput_type: generate_until\ndoc_to_text: "{{question}}"\n'
    )
    (folder / "own.yaml").write_text("tasks: [{task: tasks/own.yaml, role: retained}, {task: hellaswag}]\n")
    dataset = stored(project, "d", [example(sentence(70), sentence(71))])
    assert assess(project, dataset).not_compared == []
    proposed(project, dataset, "[leakage: {suites: [own], semantic: 'off'}]")
    assert assess(project, dataset).not_compared == ["hellaswag"]
    written = write_assessment(project, dataset)
    assert "hellaswag" in written.markdown.read_text()
    assert "hellaswag" in written.html.read_text()


# ── tokens and languages ────────────────────────────────────────────────────────────────


def test_tokens_of_a_named_model_are_those_it_is_trained_on(project: Project) -> None:
    from workbench.models import load_tokenizer
    from workbench.training.encoding import encode

    dataset = stored(project, "d", labelled({"a": 20}))
    tokens = assess(project, dataset, base="tiny-chat").tokens
    tokenizer = load_tokenizer("tiny-chat")
    expected = [encode(tokenizer, row, "all") for row in dataset.examples()]
    assert tokens.exact
    assert tokens.total == tokens.total_low == tokens.total_high == sum(len(e.input_ids) for e in expected)
    assert tokens.answer.mean == pytest.approx(np.mean([e.supervised for e in expected]), abs=0.1)
    assert sum(count for _, count in tokens.histogram) == 20


def test_without_a_model_tokens_are_estimated_and_said_to_be(project: Project) -> None:
    tokens = assess(project, stored(project, "d", [example("x" * 40, "ü" * 20)])).tokens
    assert not tokens.exact
    assert "estimated" in tokens.counted_with
    assert (tokens.prompt.mean, tokens.answer.mean, tokens.total) == (10.0, 10.0, 20)


def test_a_sample_is_seeded_and_its_bounds_hold_the_truth(project: Project) -> None:
    dataset = stored(project, "d", [example(sentence(i, 3 + i % 60), sentence(i, 20)) for i in range(2000)])
    truth = assess(project, dataset).tokens.total
    inside = 0
    for seed in range(8):
        tokens = assess(project, dataset, sample_rows=200, seed=seed).tokens
        assert tokens.rows_counted == 200
        inside += tokens.total_low <= truth <= tokens.total_high
    assert inside >= 6
    once, again = (assess(project, dataset, sample_rows=200, seed=3) for _ in range(2))
    assert once == again
    ids = [[row["id"] for row, _ in sampled_examples(dataset, 200, seed)] for seed in (1, 2)]
    assert ids[0] != ids[1]


@given(st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 5000)), min_size=1, max_size=200))
@settings(max_examples=60, deadline=None)
def test_every_row_is_in_one_bin_and_percentiles_rise(sizes: list[tuple[int, int]]) -> None:
    found = summarise([Sizes(a, b, a + b) for a, b in sizes], len(sizes), "x", True)
    assert sum(count for _, count in found.histogram) == len(sizes)
    values = list(found.whole.percentiles.values())
    assert values == sorted(values)
    assert found.whole.median_low <= found.whole.percentiles["p50"] <= found.whole.median_high
    for entry in found.longer_than:
        assert entry.count == sum(a + b > int(entry.name.replace(",", "")) for a, b in sizes)


def test_languages_are_shares_of_the_rows_that_were_judged(project: Project) -> None:
    english = "The weather was fine and we walked along the river for a long while, talking about the past."
    german = "Das Wetter war schön und wir gingen lange am Fluss entlang und sprachen über die Vergangenheit."
    rows = [example(f"{english} {i}", english) for i in range(6)]
    rows += [example(f"{german} {i}", german) for i in range(3)] + [example("ok", "ok")]
    result = assess(project, stored(project, "d", rows))
    assert {entry.name: entry.count for entry in result.languages} == {
        "en": 6,
        "de": 3,
        "too short or not sure": 1,
    }
    assert result.languages_rows == 10


# ── is it enough ────────────────────────────────────────────────────────────────────────

PLENTY = Size(
    rows=22_000,
    train_rows=20_000,
    held_out_rows=2_000,
    is_split=True,
    groups={"a": 5000, "b": 5000},
    grouped_by="label",
    proposed_to_go=0,
    tokens_per_row=200.0,
    answer_tokens_per_row=100.0,
    epochs=3.0,
    batch_size=8,
    steps=7500,
    lora_parameters=20_000_000,
    lora_r=16,
    bits_per_token=1.5,
)


def outcomes(size: Size) -> dict[str, str]:
    return {check.name: check.outcome for check in enough(size).checks}


def test_plenty_is_enough_and_asks_for_nothing() -> None:
    result = enough(PLENTY)
    assert result.verdict == "enough"
    assert result.collect == []
    assert set(outcomes(PLENTY).values()) == {"ok"}


@pytest.mark.parametrize(("rows", "outcome"), [(49, "short"), (50, "thin"), (999, "thin"), (1000, "ok")])
def test_rows_are_judged_by_the_published_numbers(rows: int, outcome: str) -> None:
    assert outcomes(replace(PLENTY, train_rows=rows))["training rows"] == outcome


@pytest.mark.parametrize(
    ("groups", "outcome"),
    [({"a": 30, "b": 30}, "ok"), ({"a": 500, "b": 29}, "thin"), ({"a": 5, "b": 5, "c": 90}, "short")],
)
def test_groups_need_ten_and_want_thirty(groups: dict[str, int], outcome: str) -> None:
    result = enough(replace(PLENTY, groups=groups))
    (check,) = (check for check in result.checks if check.name == "rows of each label")
    assert check.outcome == outcome
    if outcome == "thin":
        assert check.advice == "collect 1 rows so that every label has 30: b"


def test_the_held_out_size_is_the_normal_approximations() -> None:
    assert held_out_needed(0.05) == 385
    assert held_out_needed(0.03) == 1068
    assert detectable(385) == pytest.approx(0.05, abs=1e-4)
    assert outcomes(replace(PLENTY, held_out_rows=384))["held-out rows"] == "thin"


def test_an_adapter_that_cannot_hold_the_answers_is_named() -> None:
    small = replace(PLENTY, lora_parameters=1_000_000)
    (check,) = (check for check in enough(small).checks if check.name == "size of the adapter")
    assert check.outcome == "thin"
    assert (
        "2,000,000 answer tokens × 1.50 bits (measured by its perplexity) = 3,000,000 bits"
        in check.arithmetic
    )
    assert outcomes(replace(PLENTY, lora_parameters=None))["size of the adapter"] == "unknown"


def test_one_shortfall_is_enough_for_a_no() -> None:
    assert enough(replace(PLENTY, steps=10)).verdict == "not_enough"
    assert enough(replace(PLENTY, proposed_to_go=9000)).verdict == "narrow"


def test_rows_that_would_go_are_not_counted_as_training_rows(
    planted: tuple[Project, Dataset], found: Assessment
) -> None:
    (check,) = (check for check in found.enough.checks if check.name == "training rows")
    assert check.arithmetic.startswith("52 rows that publishing would keep")
    assert found.enough.verdict == "not_enough"


# ── the files ───────────────────────────────────────────────────────────────────────────


class Page(HTMLParser):
    """Tags and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "onload", "onerror")]


def test_the_html_is_one_file_that_loads_and_runs_nothing(planted: tuple[Project, Dataset]) -> None:
    text = write_assessment(*planted).html.read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    assert not {"script", "link", "img", "iframe", "object"} & set(page.tags)
    assert page.links == []
    assert "default-src 'none'" in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_markdown_shows_a_hostile_label_letter_by_letter(planted: tuple[Project, Dataset]) -> None:
    text = write_assessment(*planted).markdown.read_text(encoding="utf-8")
    assert "<script" not in text
    assert r"\|\`x\`" in text
    for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
        assert len(widths) == 1, table


@given(st.text(max_size=40))
@settings(max_examples=100, deadline=None)
def test_a_cell_stays_one_cell(text: str) -> None:
    shown = cell(text)
    assert "\n" not in shown
    assert "<" not in shown
    assert not re.search(r"(?<!\\)(?:\\\\)*\|", shown)


def test_the_three_files_have_the_same_numbers_and_bytes(
    planted: tuple[Project, Dataset], tmp_path: Path
) -> None:
    first, second = (write_assessment(*planted, tmp_path / name, base="tiny-chat") for name in "ab")
    for one, two in ((first.html, second.html), (first.json, second.json), (first.markdown, second.markdown)):
        assert one.read_bytes() == two.read_bytes()
    data = json.loads(first.json.read_text(encoding="utf-8"))
    total = f"{data['tokens']['total']:,}"
    assert total in first.html.read_text(encoding="utf-8")
    assert total in first.markdown.read_text(encoding="utf-8")
    for check in data["enough"]["checks"]:
        assert cell(check["arithmetic"]) in first.markdown.read_text(encoding="utf-8")


def test_a_new_proposal_makes_the_written_assessment_old(tmp_path: Path) -> None:
    project = init_project(tmp_path / "p")
    dataset = stored(project, "d", labelled({"a": 4}))
    assert read_assessment(project, dataset) is None
    write_assessment(project, dataset)
    kept = read_assessment(project, dataset)
    assert kept is not None
    assert kept[1]
    proposed(project, dataset, "[quality]")
    kept = read_assessment(project, dataset)
    assert kept is not None
    assert not kept[1]


def test_pairs_are_assessed_as_pairs(project: Project) -> None:
    dataset = stored(
        project, "d", [pair(sentence(i), sentence(i + 99), sentence(i + 500)) for i in range(30)]
    )
    written = write_assessment(project, dataset, base="tiny-chat")
    assert written.data["volume"]["pairs"] == 30
    assert "preference pairs" in written.html.read_text(encoding="utf-8")
    (steps,) = (c for c in written.data["enough"]["checks"] if c["name"] == "steps of training")
    assert "× 1 epochs" in steps["arithmetic"]


def test_scores_by_the_base_are_used_for_the_adapter(project: Project) -> None:
    import math as m

    from workbench.row_scores.scoring import score
    from workbench.row_scores.settings import create_scoring
    from workbench.worker import work

    dataset = stored(project, "d", labelled({"a": 6}))
    run = create_scoring(project, dataset.ref, base="tiny-chat", what=["perplexity"])
    assert work(run.path, score) == 0
    result = assess(project, dataset, base="tiny-chat")
    (kept,) = result.scores
    (check,) = (check for check in result.enough.checks if check.name == "size of the adapter")
    assert (kept["score"], kept["scored"]) == ("perplexity", 6)
    assert f"× {m.log2(kept['percentiles']['p50']):.2f} bits (measured" in check.arithmetic


def test_what_cannot_be_assessed_is_refused(project: Project) -> None:
    dataset = stored(project, "d", labelled({"a": 2}))
    with pytest.raises(NotFoundError):
        assess(project, dataset, base="/no/such/model")
    with pytest.raises(InputError, match="has no rows"):
        assess(project, stored(project, "none", []))


# ── command and page ────────────────────────────────────────────────────────────────────


def test_the_command_answers_as_its_contract_says(project: Project, here: Command, tmp_path: Path) -> None:
    stored(project, "d", labelled({"a": 12, "b": 12}))
    done = here("assess", "d", "--out", tmp_path / "out", "--json")
    assert done.returncode == 0, done.stderr
    assert done.data.keys() == {"dataset", "html", "markdown", "json", "rows", "tokens", "enough"}
    assert (done.data["dataset"], done.data["rows"]) == ("d@v0001", 24)
    assert done.data["enough"]["verdict"] == "not_enough"
    for name in ("html", "markdown", "json"):
        assert Path(done.data[name]).is_relative_to(tmp_path / "out")
        assert Path(done.data[name]).stat().st_size > 500
    assert "Not enough" in here("assess", "d").stdout


Open = Callable[..., AppTest]


@pytest.fixture
def open_page(monkeypatch: pytest.MonkeyPatch) -> Open:
    made = PagesManager.__init__

    def init(self: PagesManager, *arguments: object, **named: object) -> None:
        made(self, *arguments, **named)  # type: ignore[arg-type]
        PagesManager.uses_pages_directory = False

    monkeypatch.setattr(PagesManager, "__init__", init)

    def go(project: Project) -> AppTest:
        monkeypatch.setenv("WORKBENCH_PROJECT", str(project.root))
        app = AppTest.from_file(str(content_path("app.py")), default_timeout=120).run()
        return app.switch_page("pages/assessment.py").run()

    return go


def fine(app: AppTest) -> AppTest:
    assert not app.exception
    return app


def test_the_page_opens_on_an_empty_project(tmp_path: Path, open_page: Open) -> None:
    app = fine(open_page(init_project(tmp_path / "p")))
    assert app.title[0].value == "Assessment"
    assert len(app.get("page_link")) > 0


def test_the_page_builds_shows_and_offers_the_files(tmp_path: Path, open_page: Open) -> None:
    project = init_project(tmp_path / "p")
    stored(project, "d", labelled({"a": 12, HOSTILE: 12}))
    app = fine(open_page(project))
    assert any("workbench assess d@v0001" in code.value for code in app.code)
    assert not app.metric
    app = fine(app.button(key="assessment_go").click().run())
    assert "Not enough yet" in app.error[0].value
    assert {metric.label: metric.value for metric in app.metric}["Rows"] == "24"
    assert len(app.get("download_button")) == 3
    shown = [str(element.value) for element in [*app.markdown, *app.error, *app.info]]
    assert not [text for text in shown if re.search(r"(?<!\\)<script", text)]
    assert any(r"\<script\>" in text for text in shown)


def test_the_page_says_when_findings_are_newer(tmp_path: Path, open_page: Open) -> None:
    project = init_project(tmp_path / "p")
    dataset = stored(project, "d", labelled({"a": 6}))
    write_assessment(project, dataset)
    assert not fine(open_page(project)).info
    proposed(project, dataset, "[quality]")
    assert "Build it again" in fine(open_page(project)).info[0].value


def test_the_page_loads_no_heavy_library(tmp_path: Path) -> None:
    project = init_project(tmp_path / "p")
    write_assessment(project, stored(project, "d", labelled({"a": 6})))
    heavy = {"torch", "transformers", "trl", "peft", "presidio_analyzer", "sentence_transformers", "sklearn"}
    code = (
        "import sys\nfrom streamlit.testing.v1 import AppTest\n"
        f"app = AppTest.from_file({str(content_path('app.py'))!r}, default_timeout=60).run()\n"
        "app.switch_page('pages/assessment.py').run()\nassert app.metric\n"
        f"print(sorted(set(sys.modules) & set({sorted(heavy)!r})))\n"
    )
    environment: dict[str, Any] = {"PATH": "", "HOME": str(tmp_path), "WORKBENCH_PROJECT": str(project.root)}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=environment,
        cwd=content_path("app.py").parent,
    )
    assert done.stdout.strip().splitlines()[-1:] == ["[]"], done.stderr[-2000:]
