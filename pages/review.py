"""Review: one finding at a time, with its evidence; decide, then publish the next version."""

from __future__ import annotations

import streamlit as st

from pages.charts import bars
from pages.shell import choose_dataset, empty, guarded, show_command, show_page, show_ref
from workbench.comparing import diff
from workbench.decisions import current_user, decide
from workbench.examples import Example, full_text
from workbench.findings import Finding
from workbench.markup import example_html, pair_html, plain
from workbench.projects import Project
from workbench.publishing import publish, restore
from workbench.reviewing import (
    STATES,
    ReviewRow,
    evidence_facts,
    open_finding,
    publish_plan,
    reason_table,
    review_rows,
    sensitive_spans,
)
from workbench.versions import Dataset, dataset_versions, open_dataset
from workbench.views import dataset_refs, has_findings

ALL = "all"
LONG = 1500
TO_REVIEW = ("drop", "rewrite", "flag", "weight")
ORDERS = ("least sure first", "surest first", "order of the file")


def body(project: Project) -> None:
    refs = [ref for ref in dataset_refs(project) if has_findings(project, open_dataset(project, ref))]
    dataset = choose_dataset(
        project, "review_dataset", refs=refs, text="Versions that a recipe has run over."
    )
    if dataset is None:
        empty("There is nothing to review yet: no recipe has run over a dataset.", "recipe", "Run a recipe")
        return
    everything = review_rows(project, dataset)
    rows = [row for row in everything if row.proposal in TO_REVIEW]
    numbers(rows, len(everything) - len(rows))
    with st.expander("Findings by reason", icon=":material/bar_chart:"):
        st.dataframe(reason_table(everything), hide_index=True, alt="Findings by reason", key="reasons")
    shown = filtered(everything)
    if shown:
        guarded(listing, project, dataset, shown)
        guarded(bulk, project, dataset, shown)
    else:
        st.info("No finding fits this filter. Widen it, or publish below.", icon=":material/filter_alt_off:")
    guarded(publishing, project, dataset)
    guarded(restoring, project, dataset)


def numbers(rows: list[ReviewRow], tags: int) -> None:
    waiting = sum(row.state == "waiting" for row in rows)
    facts = (
        ("Findings to review", len(rows)),
        ("Waiting", waiting),
        ("Decided", len(rows) - waiting),
        ("Tags (need no review)", tags),
    )
    for column, (label, value) in zip(st.columns(len(facts)), facts, strict=True):
        column.metric(label, f"{value:,}", border=True)


def filtered(rows: list[ReviewRow]) -> list[ReviewRow]:
    columns = st.columns(5)
    proposals = ["to review", *sorted({row.proposal for row in rows}), ALL]
    proposal = columns[0].selectbox(
        "Proposal", proposals, key="filter_proposal", help="What the step wants to do."
    )
    rows = [
        row
        for row in rows
        if proposal == ALL
        or row.proposal == proposal
        or (proposal == "to review" and row.proposal in TO_REVIEW)
    ]
    step = columns[1].selectbox(
        "Step",
        [ALL, *sorted({row.step for row in rows})],
        format_func=spaced,
        key="filter_step",
        help="Who found it.",
    )
    rows = [row for row in rows if step in (ALL, row.step)]
    kind = columns[2].selectbox(
        "Kind",
        [ALL, *sorted({row.kind for row in rows})],
        format_func=spaced,
        key="filter_kind",
        help="What was found.",
    )
    rows = [row for row in rows if kind in (ALL, row.kind)]
    state = columns[3].selectbox(
        "Decision", [ALL, *STATES], key="filter_state", help="What has been decided about it."
    )
    order = columns[4].selectbox(
        "Order", ORDERS, key="filter_order", help="Doubtful findings deserve a look first."
    )
    rows = [row for row in rows if state in (ALL, row.state)]
    if order == ORDERS[1]:
        rows = rows[::-1]
    elif order == ORDERS[2]:
        rows = sorted(rows, key=lambda row: (row.file, row.line))
    return rows


def listing(project: Project, dataset: Dataset, rows: list[ReviewRow]) -> None:
    left, right = st.columns([5, 7], gap="medium")
    with left:
        page_rows, place = page_of(rows)
        at = chosen_index(page_rows, dataset, place)
    with right:
        row = page_rows[at]
        finding = open_finding(project, dataset, row)
        if finding is None:
            st.warning("The findings have changed; reload the page.", icon=":material/refresh:")
            return
        detail(project, dataset, row, finding)
        decisions(project, dataset, row, page_rows, at)


def page_of(rows: list[ReviewRow]) -> tuple[list[ReviewRow], str]:
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        st.markdown(f"{len(rows):,} findings in this filter")
        size = st.segmented_control(
            "Rows a page", [25, 50], default=25, required=True, key="page_size", help="How long the list is."
        )
    size = int(size or 25)
    pages = -(-len(rows) // size)
    number = st.pagination(pages, max_visible_pages=5, key=f"page_{pages}") if pages > 1 else 1
    start = (number - 1) * size
    return rows[start : start + size], f"{size}_{number}"


def chosen_index(rows: list[ReviewRow], dataset: Dataset, place: str) -> int:
    """The row of the finding that is open; a click in the table opens another."""
    ids = [row.id for row in rows]
    table = [
        {
            "kind": spaced(row.kind),
            "proposal": row.proposal,
            "score": row.score,
            "decision": row.state,
        }
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


def detail(project: Project, dataset: Dataset, row: ReviewRow, finding: Finding) -> None:
    colour = {"drop": "red", "rewrite": "orange", "flag": "blue"}.get(row.proposal, "gray")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{plain(spaced(row.kind))}**")
        st.badge(f"proposal: {row.proposal}", color=colour)
        st.badge(row.state, color="gray" if row.state == "waiting" else "green")
    st.markdown(f"{plain(row.file)}, line {row.line} · score {row.score:.2f} · example `{row.example_id}`")
    facts = evidence_facts(finding)
    if facts:
        st.markdown(" · ".join(f"{plain(name)}: **{plain(value)}**" for name, value in facts))
    partner_id = str(finding.evidence.get("keeper", ""))
    examples = dataset.lookup([row.example_id, partner_id])
    example = examples.get(row.example_id)
    if example is None:
        st.warning("This row is not in the version.", icon=":material/warning:")
        return
    spans = sensitive_spans(project, dataset, examples)
    own = {
        (s["part"], s["message"], s["start"], s["end"]): s
        for s in [*spans[row.example_id], *finding.evidence.get("spans", [])]
    }
    spans[row.example_id] = list(own.values())
    reveal = False
    if any(spans.values()):
        reveal = st.toggle(
            "Reveal what is masked",
            key=f"reveal_{row.id}",
            help="Personal data and secrets are shown as ▒ until you ask for them.",
        )
    long = sum(len(full_text(row)) for row in examples.values()) > LONG
    with st.container(height=420 if long else "content", border=True):
        show_rows(example, examples.get(partner_id), spans, reveal)


def show_rows(
    example: Example, partner: Example | None, spans: dict[str, list[dict[str, object]]], reveal: bool
) -> None:
    if partner is None:
        st.html(example_html(example, spans[example["id"]], reveal=reveal))
        return
    left, right = st.columns(2)
    left.markdown("**This row**")
    right.markdown("**The row that stays**")
    st.html(pair_html(example, partner, spans, reveal=reveal))


def decisions(project: Project, dataset: Dataset, row: ReviewRow, rows: list[ReviewRow], at: int) -> None:
    who, why = st.columns([1, 2])
    name = who.text_input("Your name", value=current_user(), key="decide_who", help="Signs the decision.")
    reason = why.text_input(
        "Reason", key=f"decide_why_{row.id}", placeholder="optional", help="Kept with the decision."
    )

    def act(target: str, identity: str, action: str) -> None:
        decide(project, [identity], action, dataset=dataset.ref, target=target, who=name or None, why=reason)
        st.session_state["finding"] = row.id if action == "undo" else rows[min(at + 1, len(rows) - 1)].id

    def undo() -> None:
        decided_row = row.state in ("row kept", "row dropped")
        target, identity = ("example", row.example_id) if decided_row else ("finding", row.id)
        act(target, identity, "undo")

    buttons = (
        ("Accept", "finding", row.id, "accept", ":material/check:", "Do as proposed."),
        ("Overrule", "finding", row.id, "reject", ":material/block:", "Do not do what is proposed."),
        (
            "Keep row",
            "example",
            row.example_id,
            "keep",
            ":material/lock:",
            "Never remove this row, whoever proposes it.",
        ),
        (
            "Drop row",
            "example",
            row.example_id,
            "drop",
            ":material/delete:",
            "Remove this row, whatever is proposed.",
        ),
    )
    with st.container(horizontal=True):
        for label, target, identity, action, icon, text in buttons:
            st.button(
                label,
                key=f"decide_{action}",
                icon=icon,
                help=text,
                type="primary" if action == "accept" else "secondary",
                on_click=act,
                args=(target, identity, action),
            )
        st.button(
            "Undo",
            key="decide_undo",
            icon=":material/undo:",
            help="Take back the last word on it.",
            on_click=undo,
            disabled=row.state == "waiting",
        )

    def move(by: int) -> None:
        st.session_state["finding"] = rows[at + by].id

    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Previous",
            key="previous",
            icon=":material/chevron_left:",
            on_click=move,
            args=(-1,),
            disabled=at == 0,
            help="The finding above.",
        )
        st.button(
            "Next",
            key="next",
            icon=":material/chevron_right:",
            on_click=move,
            args=(1,),
            disabled=at + 1 >= len(rows),
            help="The finding below.",
        )
        st.markdown(f"{at + 1} of {len(rows)} on this page")
    flag = {"accepted": "--reject", "waiting": "--accept"}.get(row.state, "--undo")
    show_command(project, "review", dataset.ref, flag, row.id, *(["--why", reason] if reason else []))


def bulk(project: Project, dataset: Dataset, rows: list[ReviewRow]) -> None:
    waiting = [row for row in rows if row.state == "waiting"]
    with st.expander(
        f"Decide about all {len(waiting):,} waiting findings in this filter", icon=":material/done_all:"
    ):
        words = {"accept": "accept: do as proposed", "reject": "overrule: do not do what is proposed"}
        action = st.radio(
            "Decision",
            list(words),
            format_func=words.__getitem__,
            key="bulk_action",
            horizontal=True,
            help="One decision is recorded for each finding.",
        )
        reason = st.text_input("Reason", key="bulk_why", help="Kept with every decision.")
        sure = st.checkbox(
            f"Yes, record {len(waiting):,} decisions", key="bulk_sure", help="Each can be undone."
        )
        if st.button(
            "Decide all", key="bulk_go", disabled=not sure or not waiting, icon=":material/done_all:"
        ):
            count = decide(project, [row.id for row in waiting], str(action), dataset=dataset.ref, why=reason)
            st.toast(f"{count:,} decisions recorded", icon=":material/done_all:")
            st.rerun()


def publishing(project: Project, dataset: Dataset) -> None:
    st.subheader("Publish", anchor=False)
    plan = publish_plan(project, dataset)
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


def show_published(project: Project) -> None:
    if "published" not in st.session_state:
        return
    old, new, rows_in, rows_out = st.session_state["published"]
    st.success(
        f"{plain(new)} is published: {rows_in:,} rows in, {rows_out:,} out.", icon=":material/check_circle:"
    )
    with st.expander(f"What changed from {old} to {new}", icon=":material/difference:"):
        found = diff(project, open_dataset(project, old), open_dataset(project, new))
        st.markdown(f"{found.same:,} rows are the same, {found.removed:,} are gone, {found.added:,} are new.")
        table = [
            {"reason": reason.replace("_", " "), "rows": count} for reason, count in found.reasons.items()
        ]
        st.dataframe(table, hide_index=True, alt="Changes by reason")
        show_command(project, "diff", old, new)

    st.button(
        "Work on the new version",
        key="use_published",
        icon=":material/arrow_forward:",
        on_click=show_ref,
        args=(new,),
        help="The other pages then open with it.",
    )
    st.page_link("pages/coverage.py", label="Next: coverage and splits", icon=":material/arrow_forward:")


def restoring(project: Project, dataset: Dataset) -> None:
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


def spaced(name: str) -> str:
    return name.replace("_", " ")


show_page("Review", "Look at what the steps found, overrule what is wrong, and publish a new version.", body)
