"""Personal data, the open value: where it stands, and the buttons that decide about all of it."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.shell import show_command, show_error
from workbench.decisions import current_user
from workbench.errors import WorkbenchError
from workbench.finding_filter import FindingFilter
from workbench.markup import plain
from workbench.projects import Project
from workbench.reviewing import spaced
from workbench.value_groups import ValueGroup, decide_values
from workbench.value_lists import allow_hash
from workbench.value_snippets import snippets
from workbench.versions import Dataset


def decided(group: ValueGroup) -> str:
    """What has been said about a value, in a word."""
    counts = {"waiting": group.waiting, "accepted": group.accepted, "overruled": group.overruled}
    said = [name for name, count in counts.items() if count]
    return said[0] if len(said) == 1 else "mixed" if said else "row dropped"


def value_detail(project: Project, dataset: Dataset, connection: Any, group: ValueGroup, masked: str) -> None:
    """The value's head, and some of the places where it stands, masked until somebody asks."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{plain(masked)}**")
        st.badge(group.entity, color="blue")
        state = decided(group)
        st.badge(state, color={"waiting": "gray", "mixed": "orange"}.get(state, "green"))
    scores = f"{group.min_score:.2f}" + (
        f" to {group.max_score:.2f}" if group.max_score > group.min_score else ""
    )
    operator = f" · operator: {plain(', '.join(group.operators))}" if group.operators else ""
    st.markdown(
        f"{group.places:,} places in {group.rows:,} rows · score {scores} · "
        f"{plain(', '.join(map(spaced, group.kinds)))}{operator} · `{group.value}`"
    )
    if group.proposals == ("flag",):
        st.markdown("It stays as it is unless you scrub it: the step only points at it.")
    key = f"show_{dataset.ref}_{group.entity}_{group.value}"
    show = st.toggle(
        "Show the value",
        key=key,
        help="It is masked until you ask; that you looked is recorded.",
    )
    if not show:
        st.session_state.pop(f"{key}_places", None)
    found = st.session_state.get(f"{key}_places") or snippets(
        project, dataset, connection, group, show=show, who=st.session_state.get("values_who")
    )
    if show:
        st.session_state[f"{key}_places"] = found
    with st.container(height=230, border=True):
        for one in found:
            st.markdown(f"{plain(one.file)}, line {one.line} · {plain(one.part)} · {one.state}")
            st.html(f'<div style="white-space:pre-wrap;overflow-wrap:anywhere">{one.html()}</div>')
        if group.findings > len(found):
            st.markdown(f"and {group.findings - len(found):,} more")


def decisions(project: Project, dataset: Dataset, rows: list[ValueGroup], at: int) -> None:
    """Buttons and keys that decide about the open value wherever it stands, and go to the next."""
    group = rows[at]
    who, why = st.columns([1, 2])
    name = who.text_input("Your name", value=current_user(), key="values_who", help="Signs the decision.")
    reason = why.text_input(
        "Reason", key=f"values_why_{group.value}", placeholder="optional", help="Kept with the decision."
    )
    exact = FindingFilter(value=(group.value,), entity=(group.entity,))

    def act(action: str, always: bool) -> None:
        try:
            done = decide_values(project, dataset, exact, action, who=name or None, why=reason)
            if always:
                allow_hash(project, group.entity, group.value, reason, who=name or None)
        except WorkbenchError as error:
            st.session_state["values_error"] = error
            return
        st.session_state["values_done"] = f"{done.count:,} findings decided"
        following = rows[min(at + 1, len(rows) - 1)]
        st.session_state["value"] = f"{following.entity} {following.value}"

    with st.container(horizontal=True):
        for label, action, always, icon, key, text in (
            ("Scrub everywhere", "accept", False, ":material/check:", "A", "Do as proposed in all rows."),
            ("Leave everywhere", "reject", False, ":material/block:", "O", "Do nothing about it in any row."),
            (
                "Leave for always",
                "reject",
                True,
                ":material/playlist_add_check:",
                "L",
                "And allow it in future runs.",
            ),
        ):
            st.button(
                label,
                key=f"values_{action}{'_always' if always else ''}",
                icon=icon,
                help=text,
                shortcut=key,
                type="primary" if action == "accept" else "secondary",
                on_click=act,
                args=(action, always),
            )
    if "values_error" in st.session_state:
        show_error(st.session_state.pop("values_error"))
    if "values_done" in st.session_state:
        st.toast(st.session_state.pop("values_done"), icon=":material/done_all:")
    verb = "reject" if group.accepted else "accept"
    words = ["values", verb, dataset.ref, group.value, "--entity", group.entity]
    show_command(project, *words, *(["--why", reason] if reason else []))
