"""Runs: all long actions, and one of them in full."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.following import follow
from pages.shell import empty, show_command, show_page
from workbench.markup import plain
from workbench.projects import Project
from workbench.runs import TRAINING, Run, list_runs
from workbench.views import log_tail, run_rows, run_subject

SHOWN = 200
NUMBERS = {
    "steps": "Steps",
    "train_loss": "Training loss",
    "best_held_out_loss": "Best held-out loss",
    "retained_loss": "Retained loss",
    "token_accuracy": "Token accuracy",
    "preference_accuracy": "Preference accuracy",
    "held_out_preference_accuracy": "Held-out preference accuracy",
}


def body(project: Project) -> None:
    runs = list_runs(project)[:SHOWN]
    if not runs:
        empty("No run yet. Recipes, training and evaluations are runs.", "recipe", "Run a recipe")
        return
    run = chosen(runs)
    st.subheader(plain(run_subject(run)), anchor=False)
    state = follow(run)
    warnings = list(dict.fromkeys(event["reason"] for event in run.events() if event["event"] == "warning"))
    for warning in warnings:
        st.warning(plain(warning), icon=":material/warning:")
    if state == "finished":
        result(run)
    with st.expander("Settings", icon=":material/tune:"):
        config = run.config.get("settings") or {
            key: value for key, value in run.config.items() if key != "recipe_text"
        }
        table = [
            {"setting": key.replace("_", " "), "value": words(value)}
            for key, value in config.items()
            if value is not None
        ]
        st.dataframe(table, hide_index=True, alt="Settings of the run", width="content")
        if "recipe_text" in run.config:
            st.code(run.config["recipe_text"], language="yaml")
    with st.expander("Log, last 200 lines", icon=":material/article:"):
        st.code(log_tail(run) or "nothing printed", language=None, wrap_lines=True, height=300)
    going = state in ("queued", "running")
    show_command(
        project, *(["cancel", run.id] if going else ["runs"] if state == "finished" else ["resume", run.id])
    )


def chosen(runs: list[Run]) -> Run:
    """The run of the address, or of the row that was clicked, or the newest."""
    progress = st.column_config.ProgressColumn(format="%d %%", min_value=0, max_value=100, width="small")
    event = st.dataframe(
        run_rows(runs),
        key=f"runs_{len(runs)}_{runs[0].id}",
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        height="auto" if len(runs) < 8 else 300,
        alt="Runs, newest first",
        column_config={"progress": progress},
    )
    picked = list(event["selection"]["rows"])
    if picked and picked != st.session_state.get("runs_picked"):
        st.query_params["run"] = runs[picked[0]].id
    st.session_state["runs_picked"] = picked
    wanted = st.query_params.get("run", "")
    return next((run for run in runs if run.id == wanted), runs[0])


def result(run: Run) -> None:
    done = run.result or {}
    if run.kind in TRAINING:
        metrics = done.get("metrics", {})
        shown = [
            (label, metrics[name])
            for name, label in NUMBERS.items()
            if isinstance(metrics.get(name), (int, float))
        ]
        for column, (label, value) in zip(st.columns(max(1, len(shown))), shown, strict=False):
            column.metric(label, f"{value:.4g}", border=True)
        if done.get("stopped_early"):
            st.info(
                "Stopped early: the held-out loss no longer fell. The best checkpoint was kept.",
                icon=":material/info:",
            )
        st.markdown(f"Adapter: `{done.get('adapter', '')}`")
        st.page_link("pages/evaluate.py", label="Next: evaluate it", icon=":material/arrow_forward:")
    elif run.kind == "evaluate":
        st.page_link(
            "pages/evaluate.py",
            label="Look at the scores",
            icon=":material/arrow_forward:",
            query_params={"run": run.id},
        )
    elif run.kind == "dial":
        st.markdown(plain(done.get("statement", "")))
        st.page_link("pages/evaluate.py", label="Look at the dial", icon=":material/arrow_forward:")
    elif run.kind == "score":
        columns = ["score", "rows", "scored", "failed"]
        table = [{name: s[name] for name in columns} | s["percentiles"] for s in done.get("scores", [])]
        st.dataframe(table, hide_index=True, alt="Scores of the run")
    else:
        table = [
            {
                "step": s["step"].replace("_", " "),
                "findings": s["findings"],
                "seconds": s["seconds"],
                "rows a second": s["rows_per_s"],
            }
            for s in done.get("steps", [])
        ]
        st.dataframe(table, hide_index=True, alt="Steps of the run")
        st.page_link("pages/review.py", label="Next: review the findings", icon=":material/arrow_forward:")


def words(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(
            str(item["name"]) if isinstance(item, dict) and "name" in item else str(item) for item in value
        )
    return str(value)


show_page(
    "Runs",
    "Every long action is a folder on disk: it goes on without this page, and survives a reload.",
    body,
)
