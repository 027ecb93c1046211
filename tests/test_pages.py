"""The pages, run without a browser: empty, filled, decided, published; hostile text stays text."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

from tests.make import standing
from tests.pages_project import HOSTILE, MAIL, project_with_findings, whole_project
from workbench import markup, reviewing, views
from workbench.content import content_path
from workbench.decisions import read_decisions
from workbench.errors import InputError
from workbench.examples import Example, make_example
from workbench.finding_filter import FindingFilter
from workbench.finding_queries import listed
from workbench.projects import Project, init_project
from workbench.runs import create_run, list_runs
from workbench.versions import open_dataset

PAGES = (
    "overview",
    "import",
    "recipe",
    "review",
    "personal_data",
    "assessment",
    "coverage",
    "train",
    "runs",
    "evaluate",
    "approve",
    "history",
)
HEAVY = (
    "torch",
    "transformers",
    "trl",
    "peft",
    "lm_eval",
    "presidio_analyzer",
    "sentence_transformers",
    "sklearn",
)
Open = Callable[..., AppTest]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("made")
    project_with_findings(root / "findings")
    whole_project(Project(Path(shutil.copytree(root / "findings", root / "whole"))))
    return {"findings": root / "findings", "whole": root / "whole"}


@pytest.fixture
def findings(made: dict[str, Path], tmp_path: Path) -> Project:
    return Project(Path(shutil.copytree(made["findings"], tmp_path / "findings")))


@pytest.fixture
def whole(made: dict[str, Path]) -> Project:
    return Project(made["whole"])


@pytest.fixture(autouse=True)
def not_a_fresh_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """AppTest makes every run the first of a server, which looks for a folder ``pages``."""
    made = PagesManager.__init__

    def init(self: PagesManager, *arguments: object, **named: object) -> None:
        made(self, *arguments, **named)  # type: ignore[arg-type]
        PagesManager.uses_pages_directory = False

    monkeypatch.setattr(PagesManager, "__init__", init)


@pytest.fixture
def open_page(monkeypatch: pytest.MonkeyPatch) -> Open:
    def go(project: Project, page: str, **address: str) -> AppTest:
        monkeypatch.setenv("WORKBENCH_PROJECT", str(project.root))
        app = AppTest.from_file(str(content_path("app.py")), default_timeout=60).run()
        for name, value in address.items():
            app.query_params[name] = value
        return app.switch_page(f"pages/{page}.py").run()

    return go


def fine(app: AppTest) -> AppTest:
    assert not app.exception
    assert [error.value for error in app.error] == []
    return app


def metrics(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def words(app: AppTest) -> str:
    return "\n".join(str(element.value) for element in [*app.markdown, *app.success, *app.info, *app.warning])


def html_of(app: AppTest) -> str:
    return "\n".join(element.proto.body for element in app.get("html"))


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_on_an_empty_project(page: str, tmp_path: Path, open_page: Open) -> None:
    app = fine(open_page(init_project(tmp_path / "empty"), page))
    assert app.title
    assert len(app.get("page_link")) + len(app.button) + len(app.get("file_uploader")) > 0


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_on_a_whole_project(page: str, whole: Project, open_page: Open) -> None:
    app = open_page(whole, page)
    assert not app.exception
    assert not [error for error in app.error if "no space left" not in error.value]
    assert any(code.value.startswith("workbench ") for code in app.code)


def test_without_a_project_the_overview_makes_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_PROJECT", str(tmp_path))
    app = fine(AppTest.from_file(str(content_path("app.py")), default_timeout=60).run())
    app.text_input(key="init_folder").set_value(str(tmp_path / "new")).run()
    fine(app.button(key="init_go").click().run())
    assert (tmp_path / "new" / "workbench.toml").exists()
    assert app.title[0].value == "new"


def test_overview_counts_and_names_the_next_step(findings: Project, whole: Project, open_page: Open) -> None:
    app = fine(open_page(findings, "overview"))
    assert metrics(app)["Rows, newest"] == "41"
    assert app.button(key="next_step").label == "Review the findings"
    done = fine(open_page(whole, "overview"))
    assert "PASS" in done.success[0].value
    assert metrics(done)["Runs failed or lost"] == "1"


def test_import_shows_the_format_and_counts_rejects(
    tmp_path: Path, findings: Project, open_page: Open
) -> None:
    project = init_project(tmp_path / "fresh")
    app = open_page(project, "import")
    app.segmented_control(key="import_way").set_value("On this machine").run()
    app.text_input(key="import_path").set_value(str(findings.folder("raw", "chats.jsonl"))).run()
    assert app.selectbox(key="import_format").options[0] == "detected: openai_messages"
    assert "41 can be read and 1 would be rejected" in words(app)
    fine(app.button(key="import_go").click().run())
    assert metrics(app) == {
        "Rows in the file": "42",
        "Rows imported": "41",
        "Rejected": "1",
        "Known already": "0",
    }
    assert open_dataset(project, "chats").rows == 41


def test_import_names_what_is_wrong_with_a_path(tmp_path: Path, open_page: Open) -> None:
    app = open_page(init_project(tmp_path / "p"), "import")
    app.segmented_control(key="import_way").set_value("On this machine").run()
    app.text_input(key="import_path").set_value("/no/such/file").run()
    assert not app.exception
    assert "there is no such file" in app.error[0].value


def test_a_recipe_with_an_unknown_option_is_refused_at_the_text(findings: Project, open_page: Open) -> None:
    app = open_page(findings, "recipe")
    app.text_area(key="recipe_text_clean").set_value("steps:\n  - quality: {colour: red}\n").run()
    assert "colour" in app.error[0].value
    assert "propose_go" not in [button.key for button in app.button]


def test_an_edited_recipe_is_saved_into_the_project(findings: Project, open_page: Open) -> None:
    app = open_page(findings, "recipe")
    app.text_area(key="recipe_text_clean").set_value("steps:\n  - secrets: {}\n").run()
    assert app.button(key="propose_go").disabled
    fine(app.button(key="recipe_save").click().run())
    assert (
        findings.folder("recipes", "my-clean.yaml").read_text(encoding="utf-8") == "steps:\n  - secrets: {}\n"
    )


def test_review_lists_what_was_planted(findings: Project, open_page: Open) -> None:
    app = fine(open_page(findings, "review"))
    dataset = open_dataset(findings, "chats")
    with listed(findings, dataset) as connection:
        rows = reviewing.review_page(connection, FindingFilter(), order="least-sure")
    kinds = [row.kind for row in rows]
    assert kinds.count("exact_verbatim") == 4
    assert kinds.count("personal_data") == 2
    assert kinds.count("near_duplicate") == 1
    assert metrics(app)["Findings to review"] == str(len(kinds))
    assert metrics(app)["Rows after"] == "36"


def test_a_click_records_a_decision_and_undo_takes_it_back(findings: Project, open_page: Open) -> None:
    app = open_page(findings, "review")
    app.selectbox(key="filter_kind").set_value("exact_verbatim").run()
    app.text_input(key="decide_who").set_value("Ana").run()
    fine(app.button(key="decide_reject").click().run())
    (decision,) = read_decisions(findings)
    assert (decision.action, decision.who, decision.dataset) == ("reject", "Ana", "chats@v0001")
    assert metrics(app)["Decided"] == "1"
    assert metrics(app)["Proposals overruled"] == "1"
    app.selectbox(key="filter_state").set_value("overruled").run()
    fine(app.button(key="decide_undo").click().run())
    assert standing(findings) == {}


def test_the_whole_filter_is_decided_only_after_a_confirmation(findings: Project, open_page: Open) -> None:
    app = open_page(findings, "review")
    app.selectbox(key="filter_kind").set_value("exact_verbatim").run()
    assert app.button(key="bulk_go").disabled
    app.checkbox(key="bulk_sure").check().run()
    fine(app.button(key="bulk_go").click().run())
    assert [action for action, _ in standing(findings).values()] == ["accept"] * 4


def test_a_decision_about_a_filter_is_undone_with_one_click(findings: Project, open_page: Open) -> None:
    app = open_page(findings, "review")
    app.text_input(key="filter_more").set_value("kind=exact_verbatim").run()
    app.radio(key="bulk_action").set_value("reject").run()
    assert any("--reject-where" in code.value for code in app.code)
    app.checkbox(key="bulk_sure").check().run()
    app.button(key="bulk_go").click().run()
    assert metrics(app)["Proposals overruled"] == "4"
    (undo,) = [button for button in app.button if (button.key or "").startswith("undo_bulk-")]
    fine(undo.click().run())
    assert metrics(app)["Proposals overruled"] == "0"


def test_scores_and_words_narrow_the_list(findings: Project, open_page: Open) -> None:
    app = open_page(findings, "review")
    app.slider(key="filter_score").set_value((0.0, 0.99)).run()
    assert "1 findings in this filter" in words(app)
    app.text_input(key="filter_more").set_value("line=3").run()
    assert not app.exception
    assert "line" in app.error[0].value


def test_what_a_published_version_changed_is_shown_masked(findings: Project, open_page: Open) -> None:
    app = open_page(findings, "review")
    app.selectbox(key="filter_kind").set_value("near_duplicate").run()
    fine(app.button(key="publish_go").click().run())
    shown = html_of(app)
    assert "EMAIL" in shown
    assert markup.MASK * 5 in shown
    assert MAIL not in shown
    assert HOSTILE not in shown


def test_publish_writes_the_version_that_was_announced(findings: Project, open_page: Open) -> None:
    app = open_page(findings, "review")
    announced = metrics(app)["Rows after"]
    fine(app.button(key="publish_go").click().run())
    assert str(open_dataset(findings, "chats").rows) == announced
    assert "chats\\@v0002 is published" in app.success[-1].value
    fine(app.button(key="restore_go").click().run())
    assert open_dataset(findings, "chats").rows == 41


def test_hostile_text_is_shown_escaped(findings: Project, open_page: Open) -> None:
    app = open_page(findings, "review")
    app.selectbox(key="filter_kind").set_value("near_duplicate").run()
    shown = html_of(app)
    assert HOSTILE not in shown
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
    assert "please</del>" in shown
    assert all("<script" not in str(element.value) for element in [*app.markdown, *app.error, *app.success])


def test_personal_data_is_masked_until_revealed(findings: Project, open_page: Open) -> None:
    app = open_page(findings, "review")
    app.selectbox(key="filter_kind").set_value("personal_data").run()
    assert MAIL not in html_of(app)
    assert markup.MASK * 5 in html_of(app)
    app.toggle[0].set_value(True).run()
    assert MAIL in html_of(app)


def test_a_split_from_the_page_becomes_the_newest_version(findings: Project, open_page: Open) -> None:
    app = open_page(findings, "coverage")
    submit = next(button for button in app.button if "Split into" in button.label)
    fine(submit.click().run())
    assert set(open_dataset(findings, "chats").manifest["counts"]["split"]) >= {"train", "validation"}


def test_train_draws_every_setting_from_the_model(whole: Project, open_page: Open) -> None:
    app = fine(open_page(whole, "train"))
    assert app.number_input(key="set_sft_learning_rate").value == 0.0002
    assert app.number_input(key="set_sft_lora_r").help == "Rank of the LoRA matrices"
    app.number_input(key="set_sft_max_steps").set_value(5).run()
    assert "--set max_steps=5" in app.code[-1].value


def test_train_starts_a_run_and_goes_to_it(
    whole: Project, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = []
    monkeypatch.setattr("workbench.runs.start_run", started.append)
    app = open_page(whole, "train")
    before = len(list_runs(whole, "sft"))
    app.button(key="train_go").click().run()
    assert len(started) == 1
    assert len(list_runs(whole, "sft")) == before + 1
    assert app.title[0].value == "Runs"
    shutil.rmtree(started[0].path)


def test_runs_show_state_curve_and_result(whole: Project, open_page: Open) -> None:
    trained = list_runs(whole, "sft")[0]
    app = fine(open_page(whole, "runs", run=trained.id))
    assert metrics(app)["Retained loss"] == "0.5"
    assert len(views.curves(trained)) == 15
    assert app.warning[0].value == markup.plain(f"3 rows: too long {HOSTILE}")
    assert any(HOSTILE in code.value for code in app.code)


def test_a_failed_run_says_why_and_can_be_resumed(whole: Project, open_page: Open) -> None:
    failed = next(run for run in list_runs(whole) if run.state == "failed")
    app = open_page(whole, "runs", run=failed.id)
    assert "no space left on the disk" in app.error[0].value
    assert f"resume_{failed.id}" in [button.key for button in app.button]


def test_a_lost_run_is_explained(findings: Project, open_page: Open) -> None:
    run = create_run(findings, "propose", {"dataset": "chats@v0001", "recipe": "small"})
    app = open_page(findings, "runs", run=run.id)
    assert "machine stopped" in app.warning[0].value


def test_evaluate_shows_scores_with_their_intervals(whole: Project, open_page: Open) -> None:
    app = fine(open_page(whole, "evaluate"))
    table = next(frame.value for frame in app.dataframe if "sft" in frame.value.columns)
    assert list(table["task"]) == ["topic", "sums"]
    assert table["sft"][0] == "87.5 ± 5.0"


def test_approve_shows_the_verdict_and_builds_the_report(whole: Project, open_page: Open) -> None:
    app = fine(open_page(whole, "approve"))
    assert "PASS" in app.success[0].value
    assert app.button(key="export_go").label == "Export"
    assert not app.button(key="export_go").disabled


def test_an_export_without_a_pass_needs_name_and_reason(
    made: dict[str, Path], tmp_path: Path, open_page: Open
) -> None:
    project = Project(Path(shutil.copytree(made["whole"], tmp_path / "whole")))
    weights = next(project.root.glob("runs/sft-*/adapter/adapter_model.safetensors"))
    for config in project.root.glob("runs/evaluate-*/config.json"):
        config.write_text(config.read_text().replace(str(made["whole"]), str(project.root)))
    weights.write_bytes(b"other weights")
    app = fine(open_page(project, "approve"))
    assert app.button(key="export_go").disabled
    app.text_input(key="export_by").set_value("Ana").run()
    app.text_area(key="export_reason").set_value("a test").run()
    assert not app.button(key="export_go").disabled
    assert "--override --reason 'a test' --by Ana" in app.code[-1].value


def test_no_page_loads_a_heavy_library(whole: Project) -> None:
    code = (
        "import sys\n"
        "from streamlit.testing.v1 import AppTest\n"
        f"app = AppTest.from_file({str(content_path('app.py'))!r}, default_timeout=60).run()\n"
        f"for page in {PAGES!r}:\n"
        "    app.switch_page(f'pages/{page}.py').run()\n"
        f"print(sorted(set(sys.modules) & set({HEAVY!r})))\n"
    )
    environment = {"PATH": "", "HOME": str(whole.root), "WORKBENCH_PROJECT": str(whole.root)}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=environment,
        cwd=content_path("app.py").parent,
    )
    assert done.stdout.strip().splitlines()[-1] == "[]", done.stderr[-2000:]


# ── the pure parts ──────────────────────────────────────────────────────────────────────


def example(question: str, answer: str = "Yes, of course.") -> Example:
    turns = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return make_example("sft", turns)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", [HOSTILE, '"><img src=x onerror=alert(1)>', "a\u202eb", "&lt;b&gt;"])
def test_html_of_examples_has_no_markup_of_theirs(text: str) -> None:
    spans = [{"part": "messages", "message": 0, "start": 0, "end": 2, "entity": text}]
    row, other = example(text), example("something else " + text)
    for html in (
        markup.example_html(row, spans, reveal=True),
        markup.pair_html(row, other, {row["id"]: spans}),
        markup.mask_html([{"text": text, "learned": True, "answer": text}]),
    ):
        assert "<script" not in html
        assert "<img" not in html
        assert "\u202e" not in html


def test_differences_mark_only_the_words_that_differ() -> None:
    left, right = markup.differences_html("the red lamp", "the blue lamp")
    assert left.startswith("the <del")
    assert "red</del> lamp" in left
    assert "blue</ins> lamp" in right


def test_spans_are_masked_with_their_length_and_white_space() -> None:
    html = markup.marked_html("call 555 01 now", [{"start": 5, "end": 11, "entity": "PHONE"}], reveal=False)
    assert "▒▒▒ ▒▒" in html
    assert "555" not in html


def test_markdown_of_a_text_is_shown_letter_by_letter() -> None:
    assert markup.plain("![x](http://a.b)\n:red[y]") == r"\!\[x\]\(http\:\/\/a\.b\) \:red\[y\]"


def test_commands_are_quoted_for_a_shell(tmp_path: Path) -> None:
    line = views.command_line(
        Project(tmp_path / "my project"), "import", "a file; rm -rf", "--name", "x", None
    )
    assert line == f"workbench import 'a file; rm -rf' --name x --project '{tmp_path}/my project'"


def test_column_mappings_are_read_or_refused() -> None:
    assert views.column_mapping("user=question assistant='the answer'") == {
        "user": "question",
        "assistant": "the answer",
    }
    with pytest.raises(InputError):
        views.column_mapping("user")


def test_curves_have_at_most_300_points_a_line(tmp_path: Path) -> None:
    run = create_run(init_project(tmp_path), "sft", {})
    metrics = [{"event": "metric", "name": "train_loss", "value": 1.0, "step": step} for step in range(1000)]
    (run.path / "events.jsonl").write_text("".join(json.dumps(metric) + "\n" for metric in metrics))
    points = views.curves(run)
    assert len(points) == 300
    assert (points[0]["step"], points[-1]["step"]) == (0, 999)
