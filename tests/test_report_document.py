"""The report: one file, escaped, the same bytes twice, to its published schema; what is absent is said."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.conftest import Command
from tests.judged_project import HOSTILE, evaluated, flag, judged, written_adapter
from workbench.errors import InputError, NotFoundError
from workbench.files import append_line, read_json, write_json
from workbench.judging import judge_run
from workbench.policy import Waiver
from workbench.projects import Project
from workbench.report.building import Report, build_report
from workbench.report.document import schema_path, schema_text
from workbench.report.figures import Bin, Setting, frontier_chart, reliability_chart
from workbench.runs import Run, create_run


def built(project: Project, run: Run, **given: Any) -> tuple[Report, dict[str, Any], str]:
    report = build_report(project, run, **given)
    return report, read_json(report.json), report.html.read_text(encoding="utf-8")


def rule(data: dict[str, Any], name: str, against: str = "") -> dict[str, str]:
    return next(r for r in data["rules"] if r["rule"] == name and against in r["asked"])


def test_the_html_asks_for_nothing_and_runs_nothing(project: Project) -> None:
    _, _, html = built(project, judged(project))
    assert not re.search(r"<(?:script|link|img|iframe|object)|@import|url\(|https?://", html)
    assert "&lt;script&gt;alert(1)" in html
    assert "{{7*7}}" in html


def test_the_markdown_keeps_texts_of_items_inside_code(project: Project) -> None:
    report, _, _ = built(project, judged(project, lost=40))
    text = report.markdown.read_text(encoding="utf-8")
    outside = re.sub(r"`[^`]*`", "", text)
    assert "@everyone" in text
    for sign in ("@everyone", "<script", "<img", "javascript:"):
        assert sign not in outside


def test_the_same_files_give_the_same_bytes(project: Project, tmp_path: Path) -> None:
    run = judged(project)
    first, second = (build_report(project, run, tmp_path / name) for name in ("a", "b"))
    for path in sorted(first.html.parent.iterdir()):
        assert path.read_bytes() == (second.html.parent / path.name).read_bytes(), path.name


def test_the_json_fits_the_published_schema(project: Project) -> None:
    run = evaluated(project, lost=40)
    flag(run, "drift", "warn", 0.4)
    judge_run(project, run)
    _, data, _ = built(project, run)
    published = json.loads(schema_path().read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(published)
    jsonschema.validate(data, published)
    del data["rules"][0]["outcome"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, published)


def test_the_published_schema_is_that_of_the_model() -> None:
    assert schema_path().read_text(encoding="utf-8") == schema_text()


def test_the_command_prints_schema_markdown_and_json(project: Project, here: Command) -> None:
    run = judged(project)
    assert json.loads(here("report", "--schema").stdout)["title"] == "Workbench release report"
    assert here("report", run.id, "--format", "md").stdout.startswith("## Pass: sft on tiny")
    assert json.loads(here("report", run.id, "--format", "json").stdout)["run"] == run.id
    assert set(here("report", run.id, "--json").data) == {
        "html", "json", "markdown", "chain", "sha256", "verdict",
    }  # fmt: skip


def test_a_report_needs_a_verdict_and_a_known_arm(project: Project) -> None:
    run = evaluated(project)
    with pytest.raises(InputError, match="not judged"):
        build_report(project, run)
    judge_run(project, run)
    with pytest.raises(NotFoundError, match="no verdict on 'other'"):
        build_report(project, run, arm="other")


def test_the_sentence_of_a_pass_tells_gain_and_loss(project: Project) -> None:
    _, data, html = built(project, judged(project, lost=2))
    assert data["sentence"] == (
        "sft may ship: it gains +66.7 points over the base and +41.7 points over the prompted base; "
        "2 of 2 retained tasks lost no more than their margin (-0.3 points on average)."
    )
    assert "Pass: this adapter may ship" in html


def test_the_sentence_of_a_fail_tells_the_worst(project: Project) -> None:
    _, data, _ = built(project, judged(project, lost=40))
    assert (
        data["sentence"] == "sft must not ship: kept: a loss beyond the margin (-13.3 points); 1 more below."
    )
    assert data["rules"][0]["rule"] == "kept"
    assert rule(data, "kept")["outcome"] == "broken"
    assert rule(data, "format")["outcome"] == "met"
    assert rule(data, "job", "prompted")["outcome"] == "met"


def test_the_ten_worst_flips_are_those_where_the_right_answer_became_least_likely(project: Project) -> None:
    _, data, html = built(project, judged(project, lost=40))
    assert [flip["item"] for flip in data["flips"]] == [f"{i}:h" for i in range(299, 289, -1)]
    assert {flip["task"] for flip in data["flips"]} == {"kept"}
    assert data["flips"][0]["unparsed"] is True
    assert data["flip_counts"]["kept"] == {"lost": 40, "gained": 0, "unparsed": 1}
    assert "answer 299" in html


def test_nothing_lost_is_said(project: Project) -> None:
    _, data, html = built(project, judged(project, lost=0))
    assert data["flips"] == []
    assert "No item that the base got right was lost" in html


def test_what_was_not_measured_is_never_shown_as_fine(project: Project) -> None:
    _, data, html = built(project, judged(project, control=False))
    assert data["not_measured"] == [
        "red flags",
        "task evaluations on held-out rows",
        "the dial (adapter strength)",
        "from failures back to data",
        "personal data in the training rows",
        "change against the candidate approved last",
    ]
    assert rule(data, "red flags")["outcome"] == "not measured"
    assert rule(data, "base against itself")["outcome"] == "not measured"
    assert html.count("<b>Not measured") >= 7
    assert "Not approved by anybody yet" in html


def test_a_flag_that_could_not_be_measured_is_not_ok(project: Project) -> None:
    run = evaluated(project)
    flag(run, "repetition")
    flag(run, "canaries", "ok", None, statement="not measured: none were planted")
    judge_run(project, run)
    _, data, html = built(project, run)
    outcomes = {r["measured"]: r["outcome"] for r in data["rules"] if r["rule"].endswith("red flags")}
    assert outcomes == {"1 looked at": "met", "1 not measured": "not measured"}
    assert html.count(">not measured</td>") >= 2


def test_a_blocking_flag_breaks_a_rule_and_a_warning_is_a_note(project: Project) -> None:
    run = evaluated(project)
    flag(run, "memorised", "block", 0.2)
    flag(run, "length", "warn", 0.2)
    judge_run(project, run)
    _, data, _ = built(project, run)
    assert data["verdict"]["verdict"] == "fail"
    assert rule(data, "red flag memorised")["outcome"] == "broken"
    assert rule(data, "red flag length")["outcome"] == "note"


def test_a_waiver_is_printed_with_person_and_reason(project: Project) -> None:
    run = evaluated(project, lost=40)
    waivers = [Waiver(rule=name, by="Eva Holm", reason="replaced next week") for name in ("kept", "average")]
    judge_run(project, run, waivers=waivers)
    report, data, html = built(project, run)
    assert rule(data, "kept")["outcome"] == "waived"
    assert "2 rules waived by Eva Holm" in data["sentence"]
    for text in (html, report.markdown.read_text(encoding="utf-8")):
        assert "Eva Holm" in text
        assert "replaced next week" in text


def test_an_override_is_printed(project: Project) -> None:
    run = judged(project, lost=40)
    line = {"evaluation": run.id, "adapter": "one", "verdict": "fail", "by": "eva", "reason": "only a test"}
    append_line(project.folder("overrides.jsonl"), {**line, "when": "2026-01-02T03:04:05Z"})
    append_line(
        project.folder("overrides.jsonl"), {**line, "evaluation": "other", "by": "nobody", "when": ""}
    )
    _, data, html = built(project, run)
    assert [row["by"] for row in data["overrides"]] == ["eva"]
    assert "Overridden</strong> by eva on 2026-01-02 03:04 UTC: only a test" in html


def test_slices_control_and_looks_stand_in_the_appendix(project: Project) -> None:
    _, data, html = built(project, judged(project, lost=40))
    assert "language = de" in html
    assert "0 of 900 items differ when the base is asked twice" in html
    assert [look["number"] for look in data["looks"]] == [1]


def test_the_auditor_finds_hashes_seeds_and_thresholds(project: Project) -> None:
    run = judged(project)
    _, data, html = built(project, run)
    manifest = read_json(run.path / "manifest.json")
    sft = next(arm for arm in manifest["arms"] if arm["name"] == "sft")
    for word in (
        sft["adapter_sha256"],
        sft["adapter_config_sha256"],
        data["verdict"]["policy_sha256"],
        "random_seed",
    ):
        assert word in html


def test_a_confusion_matrix_is_shown_of_held_out_rows(project: Project) -> None:
    run = judged(project)
    own = {"accuracy": 0.75, "macro_f1": 0.7, "labels": [HOSTILE, "b"], "confusion": [[3, 1], [0, 4]]}
    result = {"task": "held", "arm": "sft", "n": 8, "score": "exact", "classification": own, "slices": []}
    metric = {"name": "exact", "n": 8, "value": 0.75, "low": 0.4, "high": 0.9}
    requests = {"tokens": None, "seconds": None, "cost_of_1000": None}
    write_json(
        run.path / "task_evals.json", {"tasks": [{**result, "metrics": [metric], "requests": requests}]}
    )
    _, _, html = built(project, run)
    assert "rgba(36,87,197,0.41)" in html
    assert "no prices given" in html
    assert "<script" not in html


def test_a_reliability_curve_is_drawn_with_the_bands(project: Project) -> None:
    run = evaluated(project)
    point = {"items": 40, "confidence": 0.9, "accuracy": 0.6, "low": 0.4, "high": 0.7}
    band = {"items": 20, "coverage": 0.5, "accuracy": 0.95, "low": 0.9, "high": 0.99}
    found = {
        "items": 40,
        "error": {"value": 0.3, "low": 0.2, "high": 0.4},
        "base_error": 0.05,
        "curve": [point],
        "base_curve": [point],
        "thresholds": {"answer": 0.8, "review": None},
        "bands": {"answer": band, "review": {**band, "accuracy": None}},
    }
    flag(run, "calibration", "warn", 0.3, evidence={"unit": "x", "choices": found})
    judge_run(project, run)
    _, _, html = built(project, run)
    assert 'aria-label="Reliability of choices"' in html
    assert "no confidence is enough" in html


def test_the_dial_and_the_failures_of_this_candidate_are_shown(project: Project) -> None:
    adapter = written_adapter(project)
    run = judged(project, adapter=adapter)
    end = {"value": 0.1, "low": 0.05, "high": 0.15}
    point = {
        "name": HOSTILE,
        "scale": 0.5,
        "target": end,
        "retained": end,
        "recommended": True,
        "eligible": True,
    }
    for base, statement in (("another", "of another base"), ("tiny-chat", "Recommended: half strength.")):
        arms = [{"name": "x", "adapter": str(adapter)}]
        dial = create_run(project, "dial", {"base": base, "suite": run.config["suite"], "arms": arms})
        write_json(dial.path / "dial.json", {"points": [point], "statement": statement, "why": ["so it is"]})
    region = {"title": "Refunds", "want": "rows about refunds", "kind": "missing", "failures": 3, "flips": 1}
    region |= {"tasks": {"kept": 3}, "nearest": [{"id": "abc"}]}
    write_json(run.path / "failures.json", {"arms": {"sft": {"regions": [region]}, "other": {"regions": []}}})
    report, data, html = built(project, run)
    assert data["dial"]["statement"] == "Recommended: half strength."
    assert "(recommended)" in html
    assert "rows about refunds" in html
    assert "<script" not in html
    assert f"runs/{dial.id}/dial.json" in report.chain.read_text(encoding="utf-8")


def test_charts_escape_their_labels_and_need_points() -> None:
    setting = Setting(HOSTILE, 0.1, 0.0, 0.2, -0.01, -0.02, 0.0, chosen=True)
    assert "<script" not in frontier_chart([setting], 0.02, HOSTILE)
    assert "<script" not in reliability_chart([Bin(0.5, 0.5, 3)], [], HOSTILE)
    assert reliability_chart([Bin(0.5, 0.5, 0)], [], "none") == ""
    assert frontier_chart([], 0.02, "none") == ""


def test_two_adapters_of_one_evaluation_have_reports_of_their_own(project: Project, tmp_path: Path) -> None:
    run = judged(project, adapter=written_adapter(project, "two"))
    data = read_json(build_report(project, run, tmp_path / "r", arm="sft").json)
    assert (data["arm"], data["other_arms"]) == ("sft", {"sft": "pass"})
