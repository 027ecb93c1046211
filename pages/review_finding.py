"""Review, the open finding: its row, its evidence, and the buttons that decide about it."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.shell import show_command
from workbench.decisions import current_user, decide
from workbench.examples import Example, full_text
from workbench.explaining import full_evidence
from workbench.findings import Finding
from workbench.markup import example_html, pair_html, plain
from workbench.projects import Project
from workbench.reveals import record_rows
from workbench.reviewing import ReviewRow, evidence_facts, examples_of, sensitive_spans, spaced
from workbench.versions import Dataset

LONG = 1500
COLOURS = {"drop": "red", "rewrite": "orange", "flag": "blue"}
BUTTONS = (
    ("Accept", "finding", "accept", ":material/check:", "A", "Do as proposed."),
    ("Overrule", "finding", "reject", ":material/block:", "O", "Do not do what is proposed."),
    ("Keep row", "example", "keep", ":material/lock:", "K", "Never remove this row, whoever proposes it."),
    ("Drop row", "example", "drop", ":material/delete:", "D", "Remove this row, whatever is proposed."),
)


def detail(project: Project, dataset: Dataset, connection: Any, row: ReviewRow, finding: Finding) -> None:
    """The finding's head, its facts, and its row beside the row that stays, if there is one."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{plain(spaced(row.kind))}**")
        st.badge(f"proposal: {row.proposal}", color=COLOURS.get(row.proposal, "gray"))
        st.badge(row.state, color="gray" if row.state == "waiting" else "green")
    st.markdown(f"{plain(row.file)}, line {row.line} · score {row.score:.2f} · example `{row.example_id}`")
    facts = evidence_facts(finding)
    if facts:
        st.markdown(" · ".join(f"{plain(name)}: **{plain(value)}**" for name, value in facts))
    partner_id = str(finding.evidence.get("keeper", ""))
    examples = examples_of(connection, [row.example_id, partner_id])
    example = examples.get(row.example_id)
    if example is None:
        st.warning("This row is not in the version.", icon=":material/warning:")
        return
    spans = sensitive_spans(connection, examples)
    own = {
        (s["part"], s["message"], s.get("field"), str(s.get("path")), s["start"], s["end"]): s
        for s in [*spans[row.example_id], *finding.evidence.get("spans", [])]
    }
    spans[row.example_id] = list(own.values())
    reveal = False
    if any(spans.values()):
        reveal = st.toggle(
            "Reveal what is masked",
            key=f"reveal_{row.id}",
            help="Personal data and secrets are shown as ▒ until you ask for them; that you looked is recorded.",
        )
        recorded(project, dataset, connection, row, [name for name, found in spans.items() if found], reveal)
    long = sum(len(full_text(row)) for row in examples.values()) > LONG
    with st.container(height=420 if long else "content", border=True):
        show_rows(example, examples.get(partner_id), spans, reveal)
    more = (
        full_evidence(project, finding, example, examples.get(partner_id))
        if reveal or not spans[example["id"]]
        else None
    )
    if more is not None:
        with st.expander(plain(more[0]), icon=":material/unfold_more:", expanded=True):
            st.text(more[1])


def recorded(
    project: Project, dataset: Dataset, connection: Any, row: ReviewRow, examples: list[str], reveal: bool
) -> None:
    """Record a look at what is masked, once for each time it is asked for."""
    key = f"revealed_{row.id}"
    if reveal and key not in st.session_state:
        record_rows(project, dataset, connection, examples, who=st.session_state.get("decide_who") or None)
        st.session_state[key] = True
    elif not reveal:
        st.session_state.pop(key, None)


def show_rows(
    example: Example, partner: Example | None, spans: dict[str, list[dict[str, object]]], reveal: bool
) -> None:
    """One row, or two side by side with their differing words coloured."""
    if partner is None:
        st.html(example_html(example, spans[example["id"]], reveal=reveal))
        return
    left, right = st.columns(2)
    left.markdown("**This row**")
    right.markdown("**The row that stays**")
    st.html(pair_html(example, partner, spans, reveal=reveal))


def decisions(project: Project, dataset: Dataset, rows: list[ReviewRow], at: int) -> None:
    """Buttons and keys that decide about the open finding, and go to the next."""
    row = rows[at]
    who, why = st.columns([1, 2])
    name = who.text_input("Your name", value=current_user(), key="decide_who", help="Signs the decision.")
    reason = why.text_input(
        "Reason", key=f"decide_why_{row.id}", placeholder="optional", help="Kept with the decision."
    )

    def act(target: str, action: str) -> None:
        identity = row.id if target == "finding" else row.example_id
        decide(project, [identity], action, dataset=dataset.ref, target=target, who=name or None, why=reason)
        st.session_state["finding"] = row.id if action == "undo" else rows[min(at + 1, len(rows) - 1)].id

    with st.container(horizontal=True):
        for label, target, action, icon, key, text in BUTTONS:
            st.button(
                label,
                key=f"decide_{action}",
                icon=icon,
                help=text,
                shortcut=key,
                type="primary" if action == "accept" else "secondary",
                on_click=act,
                args=(target, action),
            )
    with st.container(horizontal=True, vertical_alignment="center"):
        moving(rows, at)
        st.button(
            "Undo",
            key="decide_undo",
            icon=":material/undo:",
            help="Take back the last word on it.",
            shortcut="U",
            on_click=act,
            args=("example" if row.state in ("row kept", "row dropped") else "finding", "undo"),
            disabled=row.state == "waiting",
        )
        st.markdown(f"{at + 1} of {len(rows)} on this page")
    flag = {"accepted": "--reject", "waiting": "--accept"}.get(row.state, "--undo")
    show_command(project, "review", dataset.ref, flag, row.id, *(["--why", reason] if reason else []))


def moving(rows: list[ReviewRow], at: int) -> None:
    """Go to the finding above or below."""

    def move(by: int) -> None:
        st.session_state["finding"] = rows[at + by].id

    for label, by, icon, key, text, end in (
        ("Previous", -1, ":material/chevron_left:", "P", "The finding above.", at == 0),
        ("Next", 1, ":material/chevron_right:", "N", "The finding below.", at + 1 >= len(rows)),
    ):
        st.button(
            label,
            key=label.lower(),
            icon=icon,
            shortcut=key,
            on_click=move,
            args=(by,),
            disabled=end,
            help=text,
        )
