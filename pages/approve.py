"""Approve: the verdict with its evidence, the report, and the export that the gate guards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from pages.charts import svg
from pages.shell import empty, guarded, run_command, show_command, show_page, verdict_banner
from workbench.export.exporting import find_verdict
from workbench.files import read_json
from workbench.markup import plain
from workbench.projects import Project
from workbench.report.building import build_report, report_data
from workbench.report.charts import Bar, interval_chart
from workbench.runs import Run
from workbench.views import judged_runs, run_started, run_subject, verdict_table


def body(project: Project) -> None:
    runs = judged_runs(project)
    if not runs:
        empty("No evaluation is judged yet.", "evaluate", "Evaluate and judge")
        return
    run, arm, verdict = chosen(runs)
    verdict_banner(verdict["verdict"], f"Adapter {arm} on {run.config['base']}, suite {run.config['suite']}")
    for reason in verdict["reasons"]:
        st.markdown(f"- {plain(reason)}")
    evidence(verdict)
    guarded(flips, project, run)
    guarded(report, project, run)
    guarded(exporting, project, run, arm)


def chosen(runs: list[Run]) -> tuple[Run, str, dict[str, Any]]:
    ids = [run.id for run in runs]
    wanted = st.query_params.get("run", "")
    if wanted in ids and st.session_state.get("approve_from_address") != wanted:
        st.session_state["approve_run"] = st.session_state["approve_from_address"] = wanted
    names = {run.id: f"{run_started(run)} · {run_subject(run)}" for run in runs}
    left, right = st.columns([3, 2])
    picked = left.selectbox(
        "Judged evaluation",
        ids,
        format_func=names.__getitem__,
        key="approve_run",
        help="Newest first; times are UTC.",
    )
    run = runs[ids.index(str(picked))]
    judged = read_json(run.path / "verdict.json")
    arms = list(judged["arms"])
    arm = right.selectbox(
        "Adapter",
        arms,
        index=arms.index(judged["arm"]),
        format_func=lambda name: f"{name} · {judged['arms'][name]['verdict']}",
        key=f"approve_arm_{run.id}",
        help="Every adapter of the evaluation has a verdict of its own.",
    )
    return run, str(arm), judged["arms"][arm]


def evidence(verdict: dict[str, Any]) -> None:
    tasks = verdict["tasks"]
    retained = [bar(task) for task in tasks if task["role"] == "retained"]
    macro = verdict["macro"]
    if "delta" in macro:
        retained.append(
            Bar("average", macro["delta"], macro["low"], macro["high"], macro["verdict"], macro["margin"])
        )
    targets = [bar(task) for task in tasks if task["role"] == "target"]
    if targets:
        st.subheader("Must improve", anchor=False)
        st.markdown("Change against the base, and against the base with a good prompt.")
        svg(interval_chart(targets, "Change on target tasks"), "Change on target tasks")
    if retained:
        st.subheader("Must be retained", anchor=False)
        st.markdown("Change against the base; the dashed mark is the largest loss that is accepted.")
        svg(interval_chart(retained, "Change on retained tasks"), "Change on retained tasks")
    st.subheader("Rules and measurements", anchor=False)
    st.dataframe(
        verdict_table(tasks),
        hide_index=True,
        alt="Rules and what was measured",
        column_config={"why": st.column_config.TextColumn(width="large")},
    )


def bar(task: dict[str, Any]) -> Bar:
    target = task["role"] == "target"
    label = f"{task['task']} over {task['against']}" if target else task["task"]
    return Bar(
        label, task["delta"], task["low"], task["high"], task["verdict"], 0.0 if target else task["margin"]
    )


def flips(project: Project, run: Run) -> None:
    data = report_data(project, run)
    lost = data["flips"]
    with st.expander(
        f"Items the base got right and {data['arm']} does not ({len(lost)} shown)",
        icon=":material/swap_horiz:",
    ):
        if not lost:
            st.markdown("None.")
            return
        st.dataframe(
            lost,
            hide_index=True,
            alt="Items lost",
            column_order=["task", "question", "target", "base", "adapter"],
        )


def report(project: Project, run: Run) -> None:
    st.subheader("Report", anchor=False)
    st.markdown("One HTML file that loads nothing from outside: verdict, evidence, data lineage, settings.")
    path = project.folder("reports", run.id, "report.html")
    with st.container(horizontal=True):
        if st.button(
            "Build the report",
            key="report_go",
            icon=":material/description:",
            help="Writes HTML and JSON into the project's folder reports.",
        ):
            with st.spinner("Writing the report"):
                build_report(project, run)
            st.toast("The report is written", icon=":material/description:")
        if path.exists():
            st.download_button(
                "Download the report (HTML)",
                data=path.read_bytes,
                file_name=f"report-{run.id}.html",
                mime="text/html",
                on_click="ignore",
                key="report_download",
                icon=":material/download:",
            )
    if path.exists():
        st.markdown(f"`{path}`")
    show_command(project, "report", run.id)


def exporting(project: Project, run: Run, arm: str) -> None:
    st.subheader("Export", anchor=False)
    adapter = Path(next(entry["adapter"] for entry in run.config["arms"] if entry["name"] == arm))
    name = adapter.parent.name if adapter.name == "adapter" else str(adapter)
    verdict = find_verdict(project, adapter).verdict
    st.markdown("Adapter, model card, data card, report and a manifest with every file's hash.")
    target = st.text_input(
        "New folder",
        value=str(project.folder("exports", Path(name).name)),
        key=f"export_to_{name}",
        help="It must be empty or absent.",
    ).strip()
    merge = st.checkbox(
        "Also the merged model",
        key="export_merge",
        help="Base and adapter in one, checked to answer the same.",
    )
    by = reason = ""
    if verdict != "pass":
        st.warning(
            f"The newest verdict on exactly these weights is: {plain(verdict)}. The export is refused.",
            icon=":material/block:",
        )
        with st.expander("Take responsibility and override", icon=":material/assignment_ind:"):
            by = st.text_input(
                "Your name", key="export_by", help="Printed in report, card and manifest."
            ).strip()
            reason = st.text_area(
                "Reason", key="export_reason", height=80, help="Printed in report, card and manifest."
            ).strip()
    allowed = verdict == "pass" or bool(by and reason)
    words = [name, "--to", target, *(["--merge"] if merge else [])]
    words += ["--override", "--reason", reason, "--by", by] if verdict != "pass" and allowed else []
    text = (
        "Writes the folder."
        if allowed
        else "There is no passing verdict; an override needs a name and a reason."
    )
    if st.button(
        "Export" if verdict == "pass" else "Export without a pass",
        type="primary",
        key="export_go",
        icon=":material/inventory_2:",
        disabled=not (allowed and target),
        help=text,
    ):
        with st.spinner("Copying, merging if asked, hashing", show_time=True):
            st.session_state["exported"] = run_command("export", *words, "--project", str(project.root))
    if "exported" in st.session_state:
        show_exported(st.session_state["exported"])
    show_command(project, "export", *words)


def show_exported(done: dict[str, Any]) -> None:
    words = "with an override" if done["overridden"] else "with a passing verdict"
    st.success(f"Exported {words}: {plain(done['path'])}", icon=":material/inventory_2:")
    if done["parity"].get("checked"):
        st.markdown(
            f"Merged and adapter differ by at most {done['parity']['largest_logit_difference']:.2g} in logits."
        )
    st.dataframe(
        [{"file": name, "SHA-256": digest} for name, digest in done["files"].items()],
        hide_index=True,
        alt="Exported files",
    )


show_page("Approve", "May it go out? The verdict, what it rests on, and the export that needs it.", body)
