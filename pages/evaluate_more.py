"""Beside an evaluation: how many items it takes, and how strong the adapter should be."""

from __future__ import annotations

import streamlit as st

from pages.charts import svg
from pages.following import follow
from pages.shell import guarded, show_command
from workbench.dial import DialSettings, create_dial, dial_chart
from workbench.files import read_json
from workbench.markup import plain
from workbench.planning import plan_from_pilot, plan_table
from workbench.projects import Project
from workbench.runs import Run, list_runs, start_run
from workbench.views import finished_adapters, run_started


def planner(project: Project, runs: list[Run]) -> None:
    st.markdown(
        "Items of each task to see a loss, and to rule it out, by the share of items whose answer changes."
    )
    finished = [
        run for run in runs if run.state == "finished" and any(arm["adapter"] for arm in run.config["arms"])
    ]
    pilot = st.selectbox(
        "From a pilot",
        [run.id for run in finished],
        index=None,
        key="plan_pilot",
        placeholder="an evaluation with few items",
        help="Its flips say how many items change; without one, give the share yourself.",
    )
    if pilot:
        loss = st.number_input(
            "Loss to see, points", 0.5, 20.0, 2.0, 0.5, key="plan_loss", help="A true loss."
        )
        rows = [plan.as_row() for plan in plan_from_pilot(Run(project.folder("runs", pilot)), loss / 100)]
        st.dataframe(
            rows,
            hide_index=True,
            alt="Items of each task by the pilot",
            column_order=["task", "arm", "items", "flips", "flip_rate", "to_see", "to_rule_out", "seen_now"],
        )
        show_command(project, "plan-items", "--pilot", pilot, "--loss", f"{loss / 100:g}")
        return
    flips = st.number_input(
        "Items whose answer changes, %", 1.0, 100.0, 10.0, 1.0, key="plan_flips", help="In either direction."
    )
    plans = plan_table(flips / 100)
    st.dataframe(
        [
            {
                "loss, points": 100 * plan.loss,
                "items to see it": plan.to_see,
                "items to rule it out": plan.to_rule_out,
            }
            for plan in plans
        ],
        hide_index=True,
        alt="Items by loss",
    )
    show_command(project, "plan-items", "--flip-rate", f"{flips / 100:g}")


def dial(project: Project) -> None:
    st.markdown(
        "Tries an adapter at several strengths. One half of the items chooses, the other half confirms; "
        "answers that are known already are not asked again."
    )
    adapters = [run.id for run in finished_adapters(project)]
    if adapters:
        guarded(turn, project, adapters)
    runs = list_runs(project, "dial")
    if not runs:
        return
    ids = [run.id for run in runs]
    names = {run.id: f"{run_started(run)} · {run.state}" for run in runs}
    picked = st.selectbox("Dial", ids, format_func=names.__getitem__, key="dial_run", help="Newest first.")
    run = runs[ids.index(str(picked))]
    if follow(run) == "finished" and (run.path / "dial.json").exists():
        found = read_json(run.path / "dial.json")
        svg(dial_chart(found), "Target gain against retained change")
        st.markdown(plain(found["statement"]))
        if found.get("evaluation"):
            show_command(project, "judge", found["evaluation"])


def turn(project: Project, adapters: list[str]) -> None:
    left, right = st.columns(2)
    adapter = left.selectbox(
        "Adapter", adapters, key="dial_adapter", help="Finished training runs, newest first."
    )
    suite = str(st.session_state.get("eval_suite") or "demo")
    base = str(st.session_state.get("eval_base") or "tiny-chat")
    scales = right.multiselect(
        "Strengths",
        (0.25, 0.5, 0.75, 1.0),
        default=(0.25, 0.5, 0.75, 1.0),
        key="dial_scales",
        help="0 is the base itself and is always there.",
    )
    st.markdown(f"Base {plain(base)}, suite {plain(suite)}, as chosen above.")
    if st.button(
        "Turn the dial", key="dial_go", icon=":material/tune:", disabled=not scales, help="Starts a run."
    ):
        settings = DialSettings.model_validate({"scales": [0.0, *scales]})
        start_run(create_dial(project, base=base, suite=suite, adapters=[str(adapter)], settings=settings))
        st.rerun()
    words = [word for scale in scales for word in ("--scale", f"{scale:g}")]
    show_command(project, "dial", "--base", base, "--suite", suite, "--adapter", str(adapter), *words)
