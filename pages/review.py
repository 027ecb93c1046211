"""Review: one finding at a time, with its evidence; decide, then publish the next version."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.review_finding import decisions, detail
from pages.review_publish import kept, publishing, restoring
from pages.shell import choose_dataset, empty, guarded, show_command, show_error, show_page
from pages.undoing import undo_buttons
from workbench.bulk import decide_where
from workbench.decisions import standing_bulk
from workbench.errors import WorkbenchError
from workbench.finding_filter import FindingFilter, State, made_filter, parse_filter
from workbench.finding_queries import count_findings, listed
from workbench.projects import Project
from workbench.reviewing import (
    TO_REVIEW,
    Reasons,
    ReviewRow,
    open_finding,
    reasons,
    review_page,
    spaced,
)
from workbench.versions import Dataset, open_dataset
from workbench.views import dataset_refs, has_findings

ALL = "all"
PAGE = 50
STATES = State.__args__  # type: ignore[attr-defined]
ORDERS = {"least-sure": "least sure first", "surest": "surest first", "file": "order of the file"}
BULK = {
    "accept": ("finding", "accept: do as proposed"),
    "reject": ("finding", "overrule: do not do what is proposed"),
    "drop": ("example", "drop the rows, whatever is proposed"),
    "keep": ("example", "keep the rows, whatever is proposed"),
}


def body(project: Project) -> None:
    refs = [ref for ref in dataset_refs(project) if has_findings(project, open_dataset(project, ref))]
    dataset = choose_dataset(
        project, "review_dataset", refs=refs, text="Versions that a recipe has run over."
    )
    if dataset is None:
        empty("There is nothing to review yet: no recipe has run over a dataset.", "recipe", "Run a recipe")
        return
    with listed(project, dataset) as connection:
        found = kept("reasons_found", project, dataset, lambda: reasons(connection))
        numbers(found)
        with st.expander("Findings by reason", icon=":material/bar_chart:"):
            st.dataframe(found.table(), hide_index=True, alt="Findings by reason", key="reasons")
        chosen, order = filtered(found)
        if chosen is not None:
            guarded(listing, project, dataset, connection, chosen, order)
            guarded(bulk, project, dataset, connection, chosen)
        guarded(publishing, project, dataset, connection)
    guarded(restoring, project, dataset)


def numbers(found: Reasons) -> None:
    total, waiting = found.total(proposal=TO_REVIEW), found.total(proposal=TO_REVIEW, state=["waiting"])
    facts = (
        ("Findings to review", total),
        ("Waiting", waiting),
        ("Decided", total - waiting),
        ("Tags (need no review)", found.total() - total),
    )
    for column, (label, value) in zip(st.columns(len(facts)), facts, strict=True):
        column.metric(label, f"{value:,}", border=True)


def filtered(found: Reasons) -> tuple[FindingFilter | None, str]:
    """The filter and the order that the widgets say; None when a condition cannot be read."""
    columns = st.columns(5)
    proposals = ["to review", *found.values("proposal"), ALL]
    proposal = columns[0].selectbox(
        "Proposal", proposals, key="filter_proposal", help="What the step wants to do."
    )
    given: dict[str, Any] = {"proposal": {ALL: (), "to review": TO_REVIEW}.get(proposal, (proposal,))}
    for column, name, label, text in (
        (columns[1], "step", "Step", "Who found it."),
        (columns[2], "kind", "Kind", "What was found."),
    ):
        options = [ALL, *found.values(name, **given)]
        value = column.selectbox(label, options, format_func=spaced, key=f"filter_{name}", help=text)
        given[name] = () if value == ALL else (value,)
    state = columns[3].selectbox(
        "Decision", [ALL, *STATES], key="filter_state", help="What has been decided about it."
    )
    given["state"] = () if state == ALL else (state,)
    order = columns[4].selectbox(
        "Order",
        list(ORDERS),
        format_func=ORDERS.__getitem__,
        key="filter_order",
        help="Doubtful findings deserve a look first.",
    )
    left, right = st.columns([2, 3])
    low, high = left.slider(
        "Score", 0.0, 1.0, (0.0, 1.0), 0.01, key="filter_score", help="How sure the step is."
    )
    more = right.text_input(
        "More conditions",
        key="filter_more",
        placeholder="label=billing file=chats.jsonl evidence.task=sums",
        help="key=value, as `workbench findings --where` takes it: label, file, example, finding, evidence.NAME.",
    )
    given |= ({"min_score": low} if low > 0 else {}) | ({"max_score": high} if high < 1 else {})
    try:
        return made_filter({**given, **parse_filter(more).model_dump(exclude_unset=True)}), str(order)
    except WorkbenchError as error:
        show_error(error)
        return None, str(order)


def listing(project: Project, dataset: Dataset, connection: Any, chosen: FindingFilter, order: str) -> None:
    total = count_findings(connection, chosen)
    if not total:
        st.info("No finding fits this filter. Widen it, or publish below.", icon=":material/filter_alt_off:")
        return
    left, right = st.columns([5, 7], gap="medium")
    with left:
        pages = -(-total // PAGE)
        st.markdown(f"{total:,} findings in this filter")
        number = st.pagination(pages, max_visible_pages=5, key=f"page_{pages}") if pages > 1 else 1
        rows = review_page(connection, chosen, order=order, number=number, size=PAGE)
        at = chosen_index(rows, dataset, str(number))
    with right:
        finding = open_finding(connection, rows[at])
        if finding is None:
            st.warning("The findings have changed; reload the page.", icon=":material/refresh:")
            return
        detail(project, dataset, connection, rows[at], finding)
        decisions(project, dataset, rows, at)


def chosen_index(rows: list[ReviewRow], dataset: Dataset, place: str) -> int:
    """The row of the finding that is open; a click in the table opens another."""
    ids = [row.id for row in rows]
    table = [
        {"kind": spaced(row.kind), "proposal": row.proposal, "score": row.score, "decision": row.state}
        for row in rows
    ]
    key = f"findings_{dataset.ref}_{place}_{hash(tuple(ids))}"
    event = st.dataframe(
        table,
        key=key,
        hide_index=True,
        height=520,
        on_select="rerun",
        selection_mode="single-row",
        alt="Findings in this filter",
        column_config={
            "kind": st.column_config.TextColumn(width=130),
            "proposal": st.column_config.TextColumn(width=70),
            "score": st.column_config.NumberColumn(format="%.2f", width=60),
            "decision": st.column_config.TextColumn(width=80),
        },
    )
    picked = list(event["selection"]["rows"])
    if picked and picked != st.session_state.get(f"{key}_seen") and picked[0] < len(ids):
        st.session_state["finding"] = ids[picked[0]]
    st.session_state[f"{key}_seen"] = picked
    open_id = st.session_state.get("finding")
    return ids.index(open_id) if open_id in ids else 0


def bulk(project: Project, dataset: Dataset, connection: Any, chosen: FindingFilter) -> None:
    meant = chosen if chosen.state else chosen.model_copy(update={"state": ("waiting",)})
    count = count_findings(connection, meant)
    said = standing_bulk(project)[:5]
    if not count and not said:
        return
    title = f"Decide about all {count:,} {' or '.join(meant.state)} findings in this filter"
    title = title if count else "Bulk decisions so far"
    with st.expander(title, icon=":material/done_all:"):
        action = st.radio(
            "Decision",
            list(BULK),
            format_func=lambda name: BULK[name][1],
            key="bulk_action",
            horizontal=True,
            help="One decision is recorded for all of them.",
        )
        reason = st.text_input("Reason", key="bulk_why", help="Kept with the decision.")
        sure = st.checkbox(
            f"Yes, decide about {count:,} findings", key="bulk_sure", help="It can be undone below."
        )
        if st.button("Decide all", key="bulk_go", disabled=not sure or not count, icon=":material/done_all:"):
            target = BULK[str(action)][0]
            done = decide_where(project, dataset, meant, str(action), target=target, why=reason)
            st.toast(f"Decided about {done.count if done else 0:,}", icon=":material/done_all:")
            st.rerun()
        show_command(project, "review", dataset.ref, f"--{action}-where", meant.words())
        undo_buttons(project, dataset, said)


show_page("Review", "Look at what the steps found, overrule what is wrong, and publish a new version.", body)
