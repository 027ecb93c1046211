"""The newest decisions about many findings, each with a button that takes it back."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from workbench.decisions import Decision, undo
from workbench.markup import plain
from workbench.projects import Project
from workbench.versions import Dataset


def undo_buttons(project: Project, dataset: Dataset, said: Sequence[Decision], prefix: str = "") -> None:
    """One line for each decision; ``prefix`` keeps the keys of two pages apart."""
    for decision in said:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                "Undo",
                key=f"{prefix}undo_{decision.id}",
                icon=":material/undo:",
                help="As if it had never been said.",
                on_click=undo,
                args=(project, decision.id),
                kwargs={"dataset": dataset.ref},
            )
            st.markdown(
                f"{decision.action} · {decision.count:,} · {plain(decision.where or 'all findings')} · "
                f"{plain(decision.who)}, {plain(decision.when)} {plain(decision.why)}"
            )
