"""The pages of a release, run without a browser: approve by name, verify, plan, and look back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

from tests.judged_project import evaluated, flag, judged, written_adapter
from workbench.content import content_path
from workbench.history import approvals, approve, note_judged
from workbench.judging import judge_run
from workbench.projects import Project

Open = Callable[..., AppTest]


@pytest.fixture(autouse=True)
def not_a_fresh_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """AppTest makes every run the first of a server, which looks for a folder ``pages``."""
    made = PagesManager.__init__

    def init(self: PagesManager, *arguments: object, **named: object) -> None:
        made(self, *arguments, **named)  # type: ignore[arg-type]
        PagesManager.uses_pages_directory = False

    monkeypatch.setattr(PagesManager, "__init__", init)


@pytest.fixture
def open_page(monkeypatch: pytest.MonkeyPatch, project: Project) -> Open:
    monkeypatch.setenv("WORKBENCH_PROJECT", str(project.root))

    def go(page: str) -> AppTest:
        app = AppTest.from_file(str(content_path("app.py")), default_timeout=60).run()
        return app.switch_page(f"pages/{page}.py").run()

    return go


def fine(app: AppTest) -> AppTest:
    assert not app.exception
    assert not [error for error in app.error if "Something unexpected" in error.value]
    return app


def words(app: AppTest) -> str:
    return "\n".join(
        str(element.value) for element in [*app.markdown, *app.success, *app.info, *app.warning, *app.error]
    )


def tables(app: AppTest) -> str:
    return "\n".join(frame.value.to_string() for frame in app.dataframe)


def commands(app: AppTest) -> str:
    return "\n".join(code.value for code in app.code)


def test_a_person_approves_by_name_and_it_is_kept(project: Project, open_page: Open) -> None:
    run = judged(project)
    note_judged(run)
    app = fine(open_page("approve"))
    assert app.button(key="approval_go").disabled
    app.text_input(key="approval_by").set_value("Eva Holm").run()
    app.text_input(key="approval_reason").set_value("better than the prompt").run()
    fine(app.button(key="approval_go").click().run())
    assert [(a.by, a.reason, a.run) for a in approvals(project)] == [
        ("Eva Holm", "better than the prompt", run.id)
    ]
    assert "Eva Holm" in tables(app)


def test_what_failed_cannot_be_approved(project: Project, open_page: Open) -> None:
    judged(project, lost=40)
    app = fine(open_page("approve"))
    assert "sft must not ship" in words(app)
    assert not [button for button in app.button if button.key == "approval_go"]
    assert "--waive RULE" in commands(app)


def test_rules_flags_and_flips_are_shown(project: Project, open_page: Open) -> None:
    run = evaluated(project, lost=40)
    flag(run, "drift", "warn", 0.4)
    flag(run, "canaries", "ok", None)
    judge_run(project, run)
    app = fine(open_page("approve"))
    shown = tables(app)
    assert "red flag drift" in shown
    assert "not measured" in shown
    assert "answer 299" in shown
    assert "10 worst shown" in "\n".join(str(expander.label) for expander in app.expander)


def test_what_was_not_measured_is_said(project: Project, open_page: Open) -> None:
    judged(project)
    app = fine(open_page("approve"))
    assert words(app).count("Not measured.") == 3


def test_a_built_report_is_verified_on_the_page(project: Project, open_page: Open) -> None:
    run = judged(project)
    app = fine(open_page("approve"))
    app = fine(app.button(key="report_go").click().run())
    app = fine(app.button(key="verify_go").click().run())
    assert "Unchanged: all" in words(app)
    (run.path / "arms" / "sft" / "kept.jsonl").write_text("", encoding="utf-8")
    app = fine(app.button(key="verify_go").click().run())
    assert "arms/sft/kept" in words(app).replace("\\", "")


def test_the_history_compares_with_the_candidate_approved_last(project: Project, open_page: Open) -> None:
    first = judged(project, adapter=written_adapter(project, "one"))
    note_judged(first)
    approve(project, first, by="Eva Holm")
    second = judged(project, adapter=written_adapter(project, "two"), lost=40)
    note_judged(second)
    app = fine(open_page("history"))
    assert "Worse on: kept" in words(app)
    assert "Eva Holm" in tables(app)
    assert f"history compare {first.id}:sft {second.id}:sft" in commands(app)
    app.selectbox(key="history_task").set_value("kept").run()
    assert "history trend kept" in commands(app)
    fine(app.selectbox(key="history_first").set_value(f"{second.id}:sft").run())
    assert "No task is shown to be worse" in words(app)


def test_the_history_of_nothing_leads_to_an_evaluation(open_page: Open) -> None:
    assert "No candidate is judged yet" in words(fine(open_page("history")))


def test_the_planner_counts_items_by_flips_and_by_a_pilot(project: Project, open_page: Open) -> None:
    run = judged(project, lost=10)
    app = fine(open_page("evaluate"))
    assert "1546" in tables(app)
    app = fine(app.selectbox(key="plan_pilot").set_value(run.id).run())
    assert f"plan-items --pilot {run.id} --loss 0.02" in commands(app)
    assert "to_rule_out" in tables(app)


def test_more_arms_become_words_of_the_command(project: Project, open_page: Open) -> None:
    app = fine(open_page("evaluate"))
    app.text_area(key="eval_models").set_value("small=exports/q8\n\n").run()
    app = fine(app.text_area(key="eval_prompt").set_value("Be short.\n---\nBe kind.").run())
    line = next(code.value for code in app.code if code.value.startswith("workbench evaluate"))
    assert "--model small=exports/q8" in line
    assert "--prompt prompt-1.txt --prompt prompt-2.txt" in line
    app = fine(app.button(key="eval_go").click().run())
    assert "need rows to choose on" in words(app)
    assert not list(Path(project.folder("runs")).glob("evaluate-*"))
