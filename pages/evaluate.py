"""Evaluate: base, prompted base and adapters answer the same items; then the gate judges."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.charts import score_chart
from pages.evaluate_form import form
from pages.evaluate_more import dial, planner
from pages.following import follow
from pages.shell import guarded, show_command, show_page, verdict_banner
from workbench.files import read_json
from workbench.judging import judge_run
from workbench.projects import Project
from workbench.report.wording import sentence
from workbench.runs import Run, list_runs
from workbench.views import run_started, run_subject, score_table


def body(project: Project) -> None:
    runs = list_runs(project, "evaluate")
    with st.expander("New evaluation", icon=":material/add:", expanded=not runs):
        guarded(form, project)
    with st.expander("How many items does it take?", icon=":material/calculate:"):
        guarded(planner, project, runs)
    with st.expander("How strong should the adapter be? (dial)", icon=":material/tune:"):
        guarded(dial, project)
    if runs:
        evaluation(project, chosen(runs))


def chosen(runs: list[Run]) -> Run:
    ids = [run.id for run in runs]
    wanted = st.query_params.get("run", "")
    if wanted in ids and st.session_state.get("eval_from_address") != wanted:
        st.session_state["eval_run"] = st.session_state["eval_from_address"] = wanted
    names = {run.id: f"{run_started(run)} · {run_subject(run)} · {run.state}" for run in runs}
    picked = st.selectbox(
        "Evaluation", ids, format_func=names.__getitem__, key="eval_run", help="Newest first; times are UTC."
    )
    return runs[ids.index(str(picked))]


def evaluation(project: Project, run: Run) -> None:
    if follow(run) != "finished":
        show_command(project, "runs")
        return
    result: dict[str, Any] = run.result or {}
    order = score_table(result["tasks"], result["roles"])
    rank = {row["task"]: number for number, row in enumerate(order)}
    tasks = sorted(result["tasks"], key=lambda task: rank[task["task"]])
    st.subheader("Scores", anchor=False)
    left, right = st.columns([3, 2], gap="large")
    with left:
        score_chart(tasks, result["arms"], "Scores of every arm with 95 % intervals")
    with right:
        st.markdown("Score in %, ± half of the 95 % interval. Target tasks first.")
        st.dataframe(order, hide_index=True, alt="Scores by task and arm")
    guarded(judging, project, run)


def judging(project: Project, run: Run) -> None:
    st.subheader("Verdict", anchor=False)
    path = run.path / "verdict.json"
    if not any(arm.get("adapter") or arm.get("model") for arm in run.config["arms"]):
        st.info("Only the base was measured; a verdict needs a candidate.", icon=":material/info:")
        return
    judged = path.exists()
    if not judged:
        st.markdown("The thresholds are the suite's own, fixed before the run.")
    if st.button(
        "Judge again" if judged else "Judge",
        type="secondary" if judged else "primary",
        key="judge_go",
        icon=":material/gavel:",
        help="Applies the suite's policy to the paired scores.",
    ):
        with st.spinner("Pairing the answers item by item"):
            judge_run(project, run)
        st.rerun()
    if judged:
        verdict = read_json(path)
        verdict_banner(verdict["verdict"], sentence(verdict["arm"], verdict))
        st.page_link(
            "pages/approve.py",
            label="Next: evidence, report, export",
            icon=":material/arrow_forward:",
            query_params={"run": run.id},
        )
    show_command(project, "judge", run.id)


show_page(
    "Evaluate", "Is it better than a good prompt, and did it forget anything? Same items for every arm.", body
)
