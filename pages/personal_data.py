"""Personal data: values instead of rows; decide once for all, keep lists, measure what was missed."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.charts import bars
from pages.personal_data_checks import audit_view, double_check_view, looks_view
from pages.personal_data_lists import lists_view
from pages.personal_data_value import decided, decisions, value_detail
from pages.review_publish import kept
from pages.shell import choose_dataset, empty, guarded, show_command, show_error, show_page
from pages.undoing import undo_buttons
from workbench.decisions import standing_bulk
from workbench.detection_words import looked_with
from workbench.errors import WorkbenchError
from workbench.finding_filter import FindingFilter, made_filter
from workbench.finding_queries import count_findings, listed
from workbench.markup import plain
from workbench.projects import Project
from workbench.reviewing import spaced
from workbench.value_groups import KindGroup, ValueGroup, count_groups, decide_values, groups, kinds, meant
from workbench.value_snippets import masked_values
from workbench.versions import Dataset, open_dataset
from workbench.views import dataset_refs, has_findings

ALL = "all"
PAGE = 50
VIEWS = {
    "values": "Values",
    "lists": "Allowed and denied",
    "check": "Double check",
    "audit": "Leak audit",
    "looks": "Who looked",
}
ORDERS = {"least-sure": "least sure first", "most-rows": "most rows first", "surest": "surest first"}
UNREAD = FindingFilter(step=("personal_data",), kind=("not_scanned",))
STATES = ("waiting", "accepted", "overruled")


def body(project: Project) -> None:
    refs = [ref for ref in dataset_refs(project) if has_findings(project, open_dataset(project, ref))]
    dataset = choose_dataset(
        project, "personal_dataset", refs=refs, text="Versions that a recipe has run over."
    )
    if dataset is None:
        empty("Nobody has looked for personal data yet.", "recipe", "Run a recipe")
        return
    st.markdown("  \n".join(plain(sentence) for sentence in looked_with(project, dataset)))
    view = st.segmented_control(
        "View",
        list(VIEWS),
        default="values",
        required=True,
        format_func=VIEWS.__getitem__,
        key="personal_view",
        label_visibility="collapsed",
    )
    if view == "values":
        guarded(values_view, project, dataset)
    elif view == "lists":
        guarded(lists_view, project)
    elif view == "check":
        guarded(double_check_view, project, dataset)
    elif view == "audit":
        guarded(audit_view, project, dataset)
    else:
        guarded(looks_view, project)


def values_view(project: Project, dataset: Dataset) -> None:
    with listed(project, dataset) as connection:
        unread = kept("personal_unread", project, dataset, lambda: count_findings(connection, UNREAD))
        if unread:
            st.warning(
                f"{unread:,} rows hold a text that was not scanned: look at them on the Review page, kind not scanned.",
                icon=":material/visibility_off:",
            )
        found = kept("personal_kinds", project, dataset, lambda: kinds(connection, FindingFilter()))
        if not found:
            empty("No finding of this version names a value.", "recipe", "Run a recipe with personal_data")
            return
        numbers(found)
        with st.expander("Findings by kind", icon=":material/bar_chart:", expanded=True):
            bars(counts_of(found), "Findings by kind and entity")
        chosen, order = filtered(found)
        if chosen is not None:
            guarded(listing, project, dataset, connection, chosen, order)
            guarded(bulk, project, dataset, connection, chosen)
    guarded(undoing, project, dataset)


def numbers(found: list[KindGroup]) -> None:
    total = sum(group.findings for group in found)
    facts = (
        ("Values", sum(group.values for group in found)),
        ("Findings", total),
        ("Waiting", sum(group.waiting for group in found)),
        ("Overruled", sum(group.overruled for group in found)),
    )
    for column, (label, value) in zip(st.columns(len(facts)), facts, strict=True):
        column.metric(label, f"{value:,}", border=True)


def counts_of(found: list[KindGroup]) -> dict[str, int]:
    several = len({group.kind for group in found}) > 1
    return {
        f"{group.entity} · {spaced(group.kind)}" if several else group.entity: group.findings
        for group in found
    }


def filtered(found: list[KindGroup]) -> tuple[FindingFilter | None, str]:
    """The filter and the order that the widgets say; None when it cannot be read."""
    columns = st.columns([2, 2, 2, 2, 3])
    given: dict[str, Any] = {}
    for column, name, label, options, text in (
        (columns[0], "entity", "Entity", sorted({g.entity for g in found}), "What was found."),
        (columns[1], "kind", "Kind", sorted({g.kind for g in found}), "What is proposed about it."),
        (columns[2], "state", "Decision", STATES, "What has been decided about it."),
    ):
        value = column.selectbox(
            label,
            [ALL, *options],
            key=f"values_{name}",
            help=text,
            format_func=str if name == "entity" else spaced,
        )
        given[name] = () if value == ALL else (value,)
    order = columns[3].selectbox(
        "Order",
        list(ORDERS),
        format_func=ORDERS.__getitem__,
        key="values_order",
        help="Doubtful values deserve a look first.",
    )
    low, high = columns[4].slider(
        "Score", 0.0, 1.0, (0.0, 1.0), 0.01, key="values_score", help="How sure the step is."
    )
    given |= ({"min_score": low} if low > 0 else {}) | ({"max_score": high} if high < 1 else {})
    try:
        return made_filter(given), str(order)
    except WorkbenchError as error:
        show_error(error)
        return None, str(order)


def listing(project: Project, dataset: Dataset, connection: Any, chosen: FindingFilter, order: str) -> None:
    total = kept(f"values_count_{chosen.words()}", project, dataset, lambda: count_groups(connection, chosen))
    if not total:
        st.info("No value fits this filter.", icon=":material/filter_alt_off:")
        return
    left, right = st.columns([6, 7], gap="medium")
    with left:
        pages = -(-total // PAGE)
        st.markdown(f"{total:,} values in this filter")
        number = st.pagination(pages, max_visible_pages=5, key=f"values_page_{pages}") if pages > 1 else 1

        def find() -> tuple[list[ValueGroup], list[str]]:
            rows = groups(connection, chosen, order=order, limit=PAGE, offset=(number - 1) * PAGE)
            return rows, masked_values(connection, rows)

        rows, masked = kept(f"values_{chosen.words()}_{order}_{number}", project, dataset, find)
        at = chosen_index(rows, masked, dataset, f"{order}_{number}")
    with right:
        value_detail(project, dataset, connection, rows[at], masked[at])
        decisions(project, dataset, rows, at)


def chosen_index(rows: list[ValueGroup], masked: list[str], dataset: Dataset, place: str) -> int:
    """The row of the value that is open; a click in the table opens another."""
    names = [f"{group.entity} {group.value}" for group in rows]
    table = [
        {
            "value": form,
            "entity": group.entity,
            "rows": group.rows,
            "score": group.min_score,
            "decision": decided(group),
        }
        for group, form in zip(rows, masked, strict=True)
    ]
    key = f"values_{dataset.ref}_{place}_{hash(tuple(names))}"
    event = st.dataframe(
        table,
        key=key,
        hide_index=True,
        height=460,
        on_select="rerun",
        selection_mode="single-row",
        alt="Values in this filter, masked",
        column_config={
            "value": st.column_config.TextColumn(width=110),
            "entity": st.column_config.TextColumn(width=115),
            "rows": st.column_config.NumberColumn(format="localized", width=45),
            "score": st.column_config.NumberColumn(format="%.2f", width=50, help="The least sure finding."),
            "decision": st.column_config.TextColumn(width=75),
        },
    )
    picked = list(event["selection"]["rows"])
    if picked and picked != st.session_state.get(f"{key}_seen") and picked[0] < len(names):
        st.session_state["value"] = names[picked[0]]
    st.session_state[f"{key}_seen"] = picked
    name = st.session_state.get("value")
    return names.index(name) if name in names else 0


def bulk(project: Project, dataset: Dataset, connection: Any, chosen: FindingFilter) -> None:
    """One decision about all findings of the filter that wait."""
    exact = meant(chosen)
    count = count_findings(connection, exact)
    if chosen.is_empty or not count:
        return
    title = f"Decide about all {count:,} findings in this filter"
    with st.expander(title, icon=":material/done_all:"):
        action = st.radio(
            "Decision",
            ["accept", "reject"],
            format_func={"accept": "scrub: do as proposed", "reject": "leave: do nothing"}.__getitem__,
            key="values_bulk_action",
            horizontal=True,
            help="One decision is recorded for all of them.",
        )
        reason = st.text_input("Reason", key="values_bulk_why", help="Kept with the decision.")
        sure = st.checkbox(
            f"Yes, decide about {count:,} findings", key="values_bulk_sure", help="It can be undone below."
        )
        if st.button("Decide all", key="values_bulk_go", disabled=not sure, icon=":material/done_all:"):
            done = decide_values(project, dataset, chosen, str(action), why=reason)
            st.toast(f"Decided about {done.count:,}", icon=":material/done_all:")
            st.rerun()
        show_command(project, "review", dataset.ref, f"--{action}-where", exact.words())


def undoing(project: Project, dataset: Dataset) -> None:
    """The newest decisions about many, each with a button that takes it back."""
    said = standing_bulk(project)[:5]
    if not said:
        return
    with st.expander("Decisions about many so far", icon=":material/history:"):
        undo_buttons(project, dataset, said, "values_")


show_page(
    "Personal data",
    "Every value that was found, once: decide about it wherever it stands, and measure what was missed.",
    body,
)
