"""A run on a page: its state, its progress while it goes, cancel and resume."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.charts import loss_chart
from workbench.markup import plain
from workbench.runs import TRAINING, Run, cancel_run, resume_run
from workbench.views import curves, duration_text, run_seconds, seconds_left

STATES = {
    "queued": ("waits for its turn", ":material/schedule:", "gray"),
    "running": ("running", ":material/progress_activity:", "blue"),
    "finished": ("finished", ":material/check_circle:", "green"),
    "failed": ("failed", ":material/error:", "red"),
    "cancelled": ("cancelled", ":material/cancel:", "orange"),
    "lost": ("lost: its process ended without a result", ":material/heart_broken:", "red"),
}
GOING = ("queued", "running")


def follow(run: Run) -> str:
    """Show a run; while it goes the page reads its files every second. Returns its state."""
    state = run.state
    with st.container(border=True):
        if state in GOING:
            _live(str(run.path))
        else:
            _show(run, state)
        _controls(run, state)
    return state


@st.fragment(run_every="1s")
def _live(path: str) -> None:
    run = Run(Path(path))
    state = run.state
    if state not in GOING:
        st.rerun()
    _show(run, state)


def _show(run: Run, state: str) -> None:
    words, icon, colour = STATES[state]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(words, icon=icon, color=colour)
        st.markdown(f"`{run.id}`")
        took = duration_text(run_seconds(run))
        if took:
            st.markdown(f"{took} so far" if state == "running" else f"took {took}")
    at = run.progress()
    if at and state != "finished":
        done, total, unit = at
        left = duration_text(seconds_left(run)) if state == "running" else ""
        text = f"{done:.4g} of {total:.4g} {plain(unit)}" + (f", about {left} left" if left else "")
        st.progress(min(max(done / total, 0.0), 1.0) if total else 0.0, text=text)
    elif state == "running":
        st.progress(0.0, text="starting: loading libraries and data")
    if state == "failed":
        event = next(e for e in reversed(run.events()) if e["event"] == "failed")
        st.error(
            f"**{plain(event['reason'])}**\n\nWhat to do: {plain(event['advice'])}", icon=":material/error:"
        )
    elif state == "lost":
        st.warning(
            "It was killed, or the machine stopped. Resume goes on from what it has saved.",
            icon=":material/info:",
        )
    if run.kind in TRAINING:
        loss_chart(curves(run), f"Losses of {run.id}")


def _controls(run: Run, state: str) -> None:
    if state in GOING:
        text = "It stops at the next safe point; training saves a checkpoint first."
        if st.button("Cancel this run", key=f"cancel_{run.id}", icon=":material/stop_circle:", help=text):
            with st.spinner("Waiting for the run to stop"):
                cancel_run(run)
            st.rerun()
    elif state != "finished":
        text = "Starts it again; it goes on from what it has saved."
        if st.button("Resume this run", key=f"resume_{run.id}", icon=":material/play_arrow:", help=text):
            resume_run(run)
            st.rerun()
