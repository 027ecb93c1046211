"""Personal data, its lists: what is never personal data here, and what always is."""

from __future__ import annotations

import streamlit as st

from pages.shell import show_command
from workbench.decisions import current_user
from workbench.projects import Project
from workbench.value_lists import ANY, Entry, Wanted, add_values, load_lists, remove_entry

KINDS = {"allow": "Allow: never personal data here", "deny": "Deny: always personal data"}


def lists_view(project: Project) -> None:
    """Both lists, a form that adds to them, and what removes an entry."""
    st.markdown(
        "A value is stored as a keyed hash, so that nobody can read the list. The lists count the next time a recipe runs."
    )
    adding(project)
    entries = load_lists(project).entries
    for kind in KINDS:
        st.subheader("Allowed" if kind == "allow" else "Denied", anchor=False)
        shown([entry for entry in entries if entry.list == kind], kind)
    removing(project, entries)


def adding(project: Project) -> None:
    with st.form("list_form", clear_on_submit=True):
        first, second, third = st.columns([2, 2, 1])
        kind = first.radio("List", list(KINDS), format_func=KINDS.__getitem__, key="list_kind")
        value = second.text_input("Value", key="list_value", help="Any writing of it; only its hash is kept.")
        entity = third.text_input("Entity", value=ANY, key="list_entity", help="PERSON, …, or * for all.")
        pattern = first.checkbox(
            "It is a pattern (allow only)", key="list_pattern", help="A regular expression, stored readably."
        )
        reason = second.text_input("Reason", key="list_reason", help="Kept with the entry.")
        who = third.text_input("Your name", value=current_user(), key="list_who", help="Signs the entry.")
        if st.form_submit_button("Add", type="primary", icon=":material/add:", key="list_add"):
            facts = {"pattern" if pattern else "value": value[:1000]}
            wanted = Wanted(list=kind, entity=entity.strip() or ANY, reason=reason, **facts)
            made = add_values(project, [wanted], who=who or None)
            st.toast("Added" if made else "It was on the list already", icon=":material/playlist_add_check:")
    # The value is read from the input, so that the history of a shell does not hold it.
    show_command(project, "values", kind, "add", "-", *(["--entity", entity] if entity != ANY else []))


def shown(entries: list[Entry], kind: str) -> None:
    if not entries:
        st.markdown("The list is empty.")
        return
    table = [
        {
            "entity": "all" if entry.entity == ANY else entry.entity,
            "value": entry.pattern or f"hash {entry.hash[:16]}",
            "reason": entry.reason,
            "who": entry.who,
            "when": entry.when,
            "id": entry.id,
        }
        for entry in reversed(entries)
    ]
    st.dataframe(table, hide_index=True, key=f"list_{kind}", alt=f"Values on the list {kind}")


def removing(project: Project, entries: tuple[Entry, ...]) -> None:
    if not entries:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        words = {
            entry.id: f"{entry.list} {entry.entity} {entry.pattern or entry.hash[:16]}" for entry in entries
        }
        chosen = st.selectbox(
            "Take off", [*reversed(words)], format_func=words.__getitem__, key="list_remove_id"
        )
        st.button(
            "Remove",
            key="list_remove",
            icon=":material/delete:",
            help="The line stays in the file; it no longer counts.",
            on_click=remove_entry,
            args=(project, chosen),
        )
