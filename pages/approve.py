"""Approve: the verdict with its evidence, a person's approval, the report, and the export behind the gate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from pages.approve_export import exporting
from pages.charts import svg
from pages.shell import empty, guarded, show_command, show_page, verdict_banner
from workbench.history import approve
from workbench.markup import plain
from workbench.projects import Project
from workbench.report.building import build_report, report_folder
from workbench.report.charts import interval_chart
from workbench.report.gathering import Judged, approver_data, judged_arm
from workbench.report.rendering import dial_chart, task_bars
from workbench.report.wording import clock
from workbench.runs import Run
from workbench.signing.verifying import verify_report
from workbench.views import judged_runs, run_started, run_subject, verdict_table


def body(project: Project) -> None:
    runs = judged_runs(project)
    if not runs:
        empty("No evaluation is judged yet.", "evaluate", "Evaluate and judge")
        return
    run, judged = chosen(runs)
    data = approver_data(project, run, judged)
    verdict_banner(judged.verdict["verdict"], data["sentence"])
    guarded(evidence, data)
    guarded(flips, data)
    guarded(more_evidence, data, run)
    guarded(people, project, run, data)
    guarded(report, project, run, judged.arm)
    guarded(exporting, project, judged)


def chosen(runs: list[Run]) -> tuple[Run, Judged]:
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
    last = judged_arm(run)
    arms = list(last.others)
    arm = right.selectbox(
        "Candidate",
        arms,
        index=arms.index(last.arm),
        format_func=lambda name: f"{name} · {last.others[name]}",
        key=f"approve_arm_{run.id}",
        help="Every candidate of the evaluation has a verdict of its own.",
    )
    return run, judged_arm(run, str(arm))


def evidence(data: dict[str, Any]) -> None:
    st.subheader("The rules", anchor=False)
    st.dataframe(
        [
            {
                "rule": row["rule"],
                "asked for": row["asked"],
                "measured": row["measured"],
                "result": row["outcome"],
            }
            | {"why": row["why"]}
            for row in data["rules"]
        ],
        hide_index=True,
        alt="Every rule with what was measured, worst first",
        column_config={"why": st.column_config.TextColumn(width="large")},
    )
    targets, retained = task_bars(data["verdict"], "target"), task_bars(data["verdict"], "retained")
    if targets:
        st.subheader("Must improve", anchor=False)
        st.markdown("Change against the base, and against the base with a good prompt.")
        svg(interval_chart(targets, "Change on target tasks"), "Change on target tasks")
    if retained:
        st.subheader("Must be retained", anchor=False)
        st.markdown("Change against the base; the dashed mark is the largest loss that is accepted.")
        svg(interval_chart(retained, "Change on retained tasks"), "Change on retained tasks")
    with st.expander("Every task with its numbers", icon=":material/table:"):
        st.dataframe(
            verdict_table(data["verdict"]["tasks"]), hide_index=True, alt="Rules and what was measured"
        )


def flips(data: dict[str, Any]) -> None:
    lost = data["flips"]
    with st.expander(
        f"Items the base got right and {data['arm']} does not ({len(lost)} worst shown)",
        icon=":material/swap_horiz:",
    ):
        if not lost:
            st.markdown("None.")
            return
        st.dataframe(
            lost,
            hide_index=True,
            alt="Items lost",
            column_order=["task", "question", "target", "base", "adapter", "unparsed"],
            column_config={"unparsed": st.column_config.CheckboxColumn("form broken")},
        )


def more_evidence(data: dict[str, Any], run: Run) -> None:
    with st.expander("Red flags", icon=":material/flag:"):
        if data["flags"] is None:
            st.markdown("Not measured.")
            show_command(None, "red-flags", run.id)
        else:
            st.dataframe(
                [
                    {"flag": flag["name"].replace("_", " ")}
                    | {"level": flag["level"] if flag["measured"] else "not measured"}
                    | {"the policy lets it": flag["effect"], "statement": flag["statement"]}
                    for flag in data["flags"]
                ],
                hide_index=True,
                alt="Red flags",
                column_config={"statement": st.column_config.TextColumn(width="large")},
            )
    with st.expander("How strong should the adapter be?", icon=":material/tune:"):
        if data["dial"] is None:
            st.markdown("Not measured.")
        else:
            svg(dial_chart(data["dial"], data["verdict"]), "Target gain against retained change")
            st.markdown(plain(data["dial"].get("statement", "")))
    with st.expander("What in the data would fix the failures?", icon=":material/healing:"):
        if data["failures"] is None:
            st.markdown("Not measured.")
            show_command(None, "failures", run.id)
        else:
            st.dataframe(
                data["failures"]["regions"],
                hide_index=True,
                alt="Failures by cause",
                column_order=["title", "kind", "failures", "flips", "rows", "want"],
                column_config={"want": st.column_config.TextColumn(width="large")},
            )


def people(project: Project, run: Run, data: dict[str, Any]) -> None:
    st.subheader("Who and when", anchor=False)
    st.dataframe(
        [
            {"what": w["what"], "who": w["by"], "when": clock(w["when"]), "why": w["why"]}
            for w in data["people"]
        ],
        hide_index=True,
        alt="Who judged, waived, approved and overrode, and when",
    )
    if data["verdict"]["verdict"] != "pass":
        st.markdown(
            "Only a candidate that passed can be approved. A rule is let go by a waiver, with name and reason:"
        )
        show_command(project, "judge", run.id, "--waive", "RULE", "--by", "NAME", "--reason", "WHY")
        return
    left, right = st.columns([1, 2])
    by = left.text_input("Your name", key="approval_by", help="Printed in the report.").strip()
    reason = right.text_input("Reason", key="approval_reason", help="Printed in the report.").strip()
    if st.button(
        "Approve this candidate",
        key="approval_go",
        icon=":material/how_to_reg:",
        disabled=not by,
        help="It becomes the baseline that later candidates are compared with."
        if by
        else "An approval needs a name.",
    ):
        approve(project, run, by=by, reason=reason, arm=data["arm"])
        st.rerun()
    words = ["approve", run.id, "--arm", data["arm"], "--by", by or "NAME"]
    show_command(project, *words, *(["--reason", reason] if reason else []))


def report(project: Project, run: Run, arm: str) -> None:
    st.subheader("Report", anchor=False)
    st.markdown(
        "One HTML file that loads nothing from outside and prints on A4: a page for the approver, an appendix "
        "for the auditor. With it JSON, Markdown for a pull request, and a chain of hashes over all evidence."
    )
    folder = report_folder(project, run, arm)
    with st.container(horizontal=True):
        if st.button(
            "Build the report",
            key="report_go",
            icon=":material/description:",
            help="Writes HTML, JSON, Markdown and the chain into the project's folder reports.",
        ):
            with st.spinner("Writing the report"):
                build_report(project, run, arm=arm)
            st.toast("The report is written", icon=":material/description:")
        for form, mime in (("html", "text/html"), ("md", "text/markdown"), ("json", "application/json")):
            path = folder / f"report.{form}"
            if path.exists():
                st.download_button(
                    f"Download {form.upper()}",
                    data=path.read_bytes,
                    file_name=f"report-{run.id}.{form}",
                    mime=mime,
                    on_click="ignore",
                    key=f"report_download_{form}",
                    icon=":material/download:",
                )
    show_command(project, "report", run.id, "--arm", arm)
    if (folder / "chain.json").exists():
        guarded(unchanged, project, folder)


def unchanged(project: Project, folder: Path) -> None:
    st.markdown(f"`{folder / 'report.html'}`")
    if st.button(
        "Verify",
        key="verify_go",
        icon=":material/link:",
        help="Reads every file that the report rests on and compares it with the chain.",
    ):
        found = verify_report(folder, project.root)
        names = ", ".join([*found.changed, *found.missing][:10])
        if found.verdict == "unchanged":
            st.success(
                f"Unchanged: all {found.files} files are as they were.", icon=":material/check_circle:"
            )
        else:
            st.error(f"{found.verdict}: {plain(names)}", icon=":material/error:")
    show_command(project, "verify", str(folder))


show_page("Approve", "May it go out? The verdict, what it rests on, and the export that needs it.", body)
