"""Personal data, what is left over: the double check, the leak audit, and who looked."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.shell import show_command, show_error
from workbench.decisions import current_user
from workbench.double_check.estimating import Estimate, estimate, table_rows
from workbench.double_check.questions import Question, question
from workbench.double_check.samples import (
    Sample,
    next_item,
    open_sample,
    read_answers,
    record_answer,
    sample_ids,
)
from workbench.double_check.sampling import LARGEST, SMALLEST, draw
from workbench.errors import NotFoundError, WorkbenchError
from workbench.leak_audit.results import Audit, load_audit
from workbench.markup import plain
from workbench.projects import Project
from workbench.reveals import read_reveals
from workbench.versions import Dataset

BUTTONS = {
    "finding": (
        ("Right", "right", ":material/check:", "Y", "It is of that kind."),
        ("Wrong", "wrong", ":material/close:", "W", "It is no personal datum or secret."),
        ("Wrong kind", "wrong-kind", ":material/swap_horiz:", "K", "It is one, but of another kind."),
        ("Unsure", "unsure", ":material/help:", "U", "It is left out of the estimate."),
    ),
    "passage": (
        ("Nothing missed", "nothing", ":material/check:", "N", "Nothing here should have been marked."),
        ("Unsure", "unsure", ":material/help:", "U", "It is left out of the estimate."),
    ),
}
AUDITS = {
    "clean": (st.success, ":material/check_circle:"),
    "leaks": (st.error, ":material/cancel:"),
}
LOOKS = 500


def double_check_view(project: Project, dataset: Dataset) -> None:
    """Draw a sample, answer one question at a time, and see what it says so far."""
    try:
        sample = open_sample(project, dataset=dataset.ref)
    except NotFoundError:
        st.markdown(
            "How much was found rightly, and how much was missed? A random sample of findings and of passages "
            "is drawn, you judge them one by one, and precision and recall follow with intervals."
        )
        drawing(project, dataset)
        return
    found = estimate(sample, read_answers(project, sample))
    left, right = st.columns(2, gap="medium")
    with left:
        asking(project, sample)
    with right:
        estimated(found)
    show_command(project, "double-check", "next", "--check", sample.id)
    with st.expander("Draw another sample", icon=":material/casino:"):
        drawing(project, dataset)


def drawing(project: Project, dataset: Dataset) -> None:
    with st.form("check_form"):
        columns = st.columns(3, vertical_alignment="bottom")
        size = columns[0].number_input(
            "Questions", SMALLEST, LARGEST, 200, key="check_size", help="Half findings, half passages."
        )
        seed = columns[1].number_input("Seed", 0, key="check_seed", help="The same seed draws the same.")
        go = columns[2].form_submit_button(
            "Draw the sample", type="primary", icon=":material/casino:", key="check_draw"
        )
    if go:
        with st.spinner("Reading every row once", show_time=True):
            draw(project, dataset, size=int(size), seed=int(seed))
        st.rerun()
    number = len(sample_ids(project)) + 1
    show_command(project, "double-check", "draw", dataset.ref, *(["--seed", number] if number > 1 else []))


def asking(project: Project, sample: Sample) -> None:
    """The first question without an answer, and the buttons that answer it."""
    if "check_error" in st.session_state:
        show_error(st.session_state.pop("check_error"))
    item = next_item(project, sample)
    if item is None:
        st.success(f"All {len(sample.items)} questions are answered.", icon=":material/check_circle:")
        return
    show = False
    if item.ask == "finding":
        show = st.toggle(
            "Show the values I am asked about",
            key="check_show",
            help="They are masked until you ask; each look is recorded.",
        )
    key = f"check_question_{sample.id}_{item.number}_{show}"
    if key not in st.session_state:
        # Kept, so that one look is recorded once.
        st.session_state[key] = question(project, sample, item, show=show)
    asked: Question = st.session_state[key]
    st.markdown(f"Question {asked.number} of {asked.of}")
    st.markdown(f"**{plain(asked.words)}**" + (f" {plain(asked.value)}" if asked.value else ""))
    with st.container(border=True):
        st.markdown(f"{plain(asked.file)}, line {asked.line}")
        st.html(f'<div style="white-space:pre-wrap;overflow-wrap:anywhere">{asked.html()}</div>')
    answering(project, sample, asked)


def answering(project: Project, sample: Sample, asked: Question) -> None:
    entities = sorted({one.name for one in sample.strata if one.ask == "finding"} | {"PERSON", "LOCATION"})

    def say(said: str) -> None:
        facts: dict[str, Any] = {}
        if said == "missed":
            facts["missed"] = {st.session_state["check_kind"]: int(st.session_state["check_count"])}
        if said == "wrong-kind":
            facts["entity"] = st.session_state["check_true"]
        try:
            record_answer(
                project, sample, asked.number, said, who=st.session_state.get("check_who") or None, **facts
            )
        except WorkbenchError as error:
            st.session_state["check_error"] = error

    with st.container(horizontal=True):
        for label, said, icon, key, text in BUTTONS[asked.ask]:
            st.button(
                label,
                key=f"check_{said}",
                icon=icon,
                shortcut=key,
                help=text,
                type="primary" if said in ("right", "nothing") else "secondary",
                on_click=say,
                args=(said,),
            )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if asked.ask == "finding":
            others = [name for name in entities if name != asked.entity]
            st.selectbox("True kind", others, key="check_true", help="For the answer Wrong kind.")
        else:
            st.number_input("Missed", 1, 100, 1, key="check_count", help="Values not marked above.")
            st.selectbox("Of kind", entities, key="check_kind", accept_new_options=True)
            st.button(
                "Missed",
                key="check_missed",
                icon=":material/search:",
                shortcut="M",
                help="So many of that kind should have been marked.",
                on_click=say,
                args=("missed",),
            )
        st.text_input("Your name", value=current_user(), key="check_who", help="Signs the answers.")


def estimated(found: Estimate) -> None:
    """Precision and recall so far, with their intervals."""
    columns = st.columns(2)
    for column, label, share in (
        (columns[0], "Precision", found.precision),
        (columns[1], "Recall, by mention", found.recall),
    ):
        value = "not yet" if share is None else f"{100 * share.value:.1f} %"
        interval = None if share is None else f"{100 * share.low:.1f} to {100 * share.high:.1f} %"
        column.metric(label, value, interval, delta_color="off", delta_arrow="off", border=True)
    st.progress(
        (found.answered + found.unsure) / found.of, f"{found.answered + found.unsure} of {found.of} answered"
    )
    rows = [
        {
            "": row["name"],
            "answers": row["answered"],
            "share (95 % interval)": f"{row['share']} ({row['interval']})",
        }
        for row in table_rows(found)
    ]
    if rows:
        st.dataframe(rows, hide_index=True, alt="Precision and recall with 95 % intervals", key="check_table")
    st.markdown(plain(found.words().splitlines()[0]))
    with st.popover("How this is estimated", icon=":material/info:"):
        st.markdown(plain(found.method))


def audit_view(project: Project, dataset: Dataset) -> None:
    """What the last leak audit of this version found, if there was one."""
    found = load_audit(project, dataset)
    if found is None:
        st.markdown(
            "These rows have not been audited. The audit searches a published version, and all else in the "
            "project, for what was taken out."
        )
    else:
        shown_audit(found)
    show_command(project, "audit", dataset.ref)


def shown_audit(found: Audit) -> None:
    box, icon = AUDITS.get(found.verdict, (st.warning, ":material/help:"))
    reasons = "\n\n".join(plain(reason) for reason in found.reasons)
    box(f"## {plain(found.verdict.capitalize())}\n{reasons}", icon=icon)
    facts = (
        ("Leaks", found.leaks["total"]),
        ("Values that leak", found.leaks["values"]),
        ("Seen by other detectors", found.residual["total"]),
    )
    for column, (label, value) in zip(st.columns(len(facts)), facts, strict=True):
        column.metric(label, f"{value:,}", border=True)
    rows = [
        {name: str(value) for name, value in location.items()}
        for part in (found.leaks, found.residual)
        for location in part["locations"]
    ]
    if rows:
        st.dataframe(rows, hide_index=True, alt="Where something was found; values are hashes")


def looks_view(project: Project) -> None:
    """Who has looked at which raw value, newest first."""
    found = read_reveals(project)
    if not found:
        st.markdown("Nobody has looked at a raw value yet.")
    else:
        st.markdown(
            f"{len(found):,} looks at raw values, newest first; the values themselves are not recorded."
        )
        rows = [line.model_dump() for line in found[: -LOOKS - 1 : -1]]
        order = ("when", "who", "entity", "value", "dataset", "finding", "why")
        table = [{name: row[name] for name in order} for row in rows]
        st.dataframe(table, hide_index=True, alt="Looks at raw values", key="looks")
    show_command(project, "values", "reveals")
