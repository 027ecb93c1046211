"""History: every judged candidate over time, one task's trend, and two candidates side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from pages.charts import trend_chart
from pages.shell import empty, guarded, show_command, show_page
from workbench.history import Candidate, candidates, compare, trend
from workbench.history.candidates import candidate_rows, task_names
from workbench.markup import plain
from workbench.projects import Project


def body(project: Project) -> None:
    found = candidates(project)
    if not found:
        empty("No candidate is judged yet.", "evaluate", "Evaluate and judge")
        return
    suites = sorted({one.suite for one in found})
    suite = str(
        st.selectbox(
            "Suite",
            suites,
            index=suites.index(found[-1].suite),
            key="history_suite",
            help="Only candidates on the same suite are put in one row of time.",
        )
    )
    chosen = [one for one in found if one.suite == suite]
    st.dataframe(candidate_rows(chosen), hide_index=True, alt="Judged candidates, newest first")
    show_command(project, "history", "list", "--suite", suite)
    guarded(over_time, project, chosen, suite)
    guarded(side_by_side, project, chosen)


def over_time(project: Project, found: Sequence[Candidate], suite: str) -> None:
    st.subheader("One task over time", anchor=False)
    task = str(st.selectbox("Task", task_names(found), key="history_task", help="Target tasks first."))
    points = trend(found, task)
    st.markdown("Change against the base, with the gate's bounds; a ring marks an approved candidate.")
    trend_chart(points, f"Change on {task} over time")
    show_command(project, "history", "trend", task, "--suite", suite)


def side_by_side(project: Project, found: Sequence[Candidate]) -> None:
    st.subheader("Two candidates", anchor=False)
    if len(found) < 2:
        st.info("There is one candidate on this suite so far.", icon=":material/info:")
        return
    names = {
        one.name: f"{one.when.replace('T', ' ')[:16]} · {one.arm} · {one.verdict}" for one in reversed(found)
    }
    order = list(names)
    approved = next((one.name for one in reversed(found[:-1]) if one.approved_by), order[1])
    left, right = st.columns(2)
    first = left.selectbox(
        "From", order, index=order.index(approved), format_func=names.__getitem__, key="history_first",
        help="The candidate approved last, unless another is chosen.",
    )  # fmt: skip
    second = right.selectbox(
        "To", order, index=0, format_func=names.__getitem__, key="history_second", help="Newest first."
    )
    rows: list[dict[str, Any]] = compare(project, str(first), str(second)).rows()
    worse = [row["task"] for row in rows if row["second is"] == "worse"]
    if worse:
        st.error(f"Worse on: {plain(', '.join(worse))}", icon=":material/trending_down:")
    else:
        st.success("No task is shown to be worse.", icon=":material/check_circle:")
    st.dataframe(rows, hide_index=True, alt="Two candidates by task")
    show_command(project, "history", "compare", str(first), str(second))


show_page(
    "History",
    "Every judged candidate over time; the one approved last is what the next must not fall behind.",
    body,
)
