"""Review, its end: what publishing would do, publish, see what changed, go back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import streamlit as st

from pages.charts import bars
from pages.shell import show_command, show_ref
from workbench.comparing import Diff, diff
from workbench.diff_rows import diff_rows
from workbench.markup import example_html, pair_html, plain
from workbench.projects import Project
from workbench.publishing import publish, restore
from workbench.reviewing import publish_plan, spaced, stamp
from workbench.versions import Dataset, dataset_versions, open_dataset

Found = TypeVar("Found")


def publishing(project: Project, dataset: Dataset, connection: Any) -> None:
    """What publishing would do now, and the button that does it."""
    st.subheader("Publish", anchor=False)
    plan = kept("plan", project, dataset, lambda: publish_plan(connection, project, dataset))
    dropped, edited = sum(plan.dropped.values()), sum(plan.edited.values())
    facts = (
        ("Rows now", plan.rows_in),
        ("Dropped", dropped),
        ("Rewritten", edited),
        ("Rows after", plan.rows_out),
        ("Proposals overruled", plan.overruled),
    )
    for column, (label, value) in zip(st.columns(len(facts)), facts, strict=True):
        column.metric(label, f"{value:,}", border=True)
    st.markdown(
        "Findings that nobody decided about follow their proposal; flags change nothing. The version you see stays as it is."
    )
    if plan.dropped or plan.edited:
        left, right = st.columns(2, gap="large")
        with left:
            st.markdown("**Rows dropped, by reason**")
            bars(plan.dropped, "Rows dropped by reason")
        with right:
            st.markdown("**Rows rewritten, by reason**")
            bars(plan.edited, "Rows rewritten by reason")
    label = f"Publish the next version (−{dropped:,} rows, {edited:,} rewritten)"
    if st.button(
        label, type="primary", key="publish_go", icon=":material/publish:", help="Writes a new version."
    ):
        with st.spinner("Writing the new version", show_time=True):
            done = publish(project, dataset)
        st.session_state["published"] = (dataset.ref, done.dataset, done.rows_in, done.rows_out)
    show_published(project)
    show_command(project, "publish", dataset.ref)


def kept(name: str, project: Project, dataset: Dataset, find: Callable[[], Found]) -> Found:
    """What ``find`` gives, worked out anew only when findings or decisions have changed."""
    now = stamp(project, dataset)
    if st.session_state.get(f"{name}_stamp") != now:
        st.session_state[name] = find()
        st.session_state[f"{name}_stamp"] = now
    found: Found = st.session_state[name]
    return found


def show_published(project: Project) -> None:
    """What the version that was just published has changed."""
    if "published" not in st.session_state:
        return
    old, new, rows_in, rows_out = st.session_state["published"]
    st.success(
        f"{plain(new)} is published: {rows_in:,} rows in, {rows_out:,} out.", icon=":material/check_circle:"
    )
    with st.expander(f"What changed from {old} to {new}", icon=":material/difference:"):
        if st.session_state.get("published_diff", (None, None))[0] != (old, new):
            found = diff(project, open_dataset(project, old), open_dataset(project, new), examples=2)
            st.session_state["published_diff"] = (old, new), found
        show_diff(project, st.session_state["published_diff"][1])
    st.button(
        "Work on the new version",
        key="use_published",
        icon=":material/arrow_forward:",
        on_click=show_ref,
        args=(new,),
        help="The other pages then open with it.",
    )
    st.page_link("pages/coverage.py", label="Next: coverage and splits", icon=":material/arrow_forward:")


def show_diff(project: Project, found: Diff) -> None:
    """Counts by reason, and some rows of each with personal data masked."""
    st.markdown(
        f"{found.same:,} rows are the same, {found.removed:,} are gone, {found.added:,} are new; "
        f"{found.edited:,} of these are edited rows."
    )
    table = [{"reason": spaced(reason), "rows": count} for reason, count in found.reasons.items()]
    st.dataframe(table, hide_index=True, alt="Changes by reason")
    reason = None
    for row in diff_rows(project, found):
        if row.reason != reason:
            reason = row.reason
            st.markdown(f"**{plain(spaced(reason))}**")
        source = row.example["source"] or {}
        st.markdown(f"{plain(source.get('file'))}, line {source.get('line')}")
        if row.edited is None:
            st.html(example_html(row.example, row.spans[row.example["id"]]))
        else:
            st.html(pair_html(row.example, row.edited, row.spans))
    show_command(project, "diff", found.old, found.new)


def restoring(project: Project, dataset: Dataset) -> None:
    """Make an older version the newest one again."""
    older = list(reversed(dataset_versions(project, dataset.name)))[1:]
    if not older:
        return
    with st.expander("Go back to an older version", icon=":material/history:"):
        rows = {version.ref: version.rows for version in older}
        ref = st.selectbox(
            "Version",
            list(rows),
            format_func=lambda r: f"{r} ({rows[r]:,} rows)",
            key="restore_ref",
            help="Its rows are written as the newest version; nothing is deleted.",
        )
        if st.button("Restore it as the newest version", key="restore_go", icon=":material/history:"):
            done = restore(project, str(ref))
            st.success(f"{plain(done.ref)} holds the rows of {plain(ref)}.", icon=":material/check_circle:")
        show_command(project, "restore", ref)
