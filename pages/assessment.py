"""Assessment: what a version holds, what is wrong with it, and whether it is enough."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.charts import svg
from pages.shell import choose_dataset, empty, run_command, show_command, show_page
from workbench.assessment.writing import (
    OUTCOMES,
    VERDICTS,
    assessment_paths,
    charts,
    looked_rows,
    read_assessment,
)
from workbench.markup import plain
from workbench.projects import Project
from workbench.versions import Dataset

BOXES = {
    "enough": (st.success, ":material/check_circle:"),
    "narrow": (st.warning, ":material/help:"),
    "not_enough": (st.error, ":material/cancel:"),
}
FILES = {
    "html": ("HTML", "text/html"),
    "md": ("Markdown", "text/markdown"),
    "json": ("JSON", "application/json"),
}
CHARTS = (
    ("tokens", "Tokens of a row"),
    ("languages", "Languages"),
    ("duplicates", "Duplicates"),
    ("faults", "Faults"),
    ("personal_data", "Personal data and secrets, rows touched"),
)


def body(project: Project) -> None:
    left, right = st.columns(2)
    with left:
        dataset = choose_dataset(project, "assessment_dataset")
    if dataset is None:
        empty("There is no dataset to assess yet.", "import", "Import a file")
        return
    base = right.text_input(
        "Base model (optional)",
        key="assessment_base",
        placeholder="a folder, a hub model, or tiny-chat",
        help="Its tokenizer counts the tokens and its size the adapter; without one tokens are estimated.",
    ).strip()
    words = ["assess", dataset.ref, *(["--base", base] if base else [])]
    if st.button(
        "Build the assessment",
        type="primary",
        key="assessment_go",
        icon=":material/monitoring:",
        help="Counts every row, and tokens and languages on a sample. Nothing is changed.",
    ):
        with st.spinner("Counting rows, findings and tokens", show_time=True):
            run_command(*words, "--project", str(project.root))
        st.toast("The assessment is written", icon=":material/description:")
    found = read_assessment(project, dataset)
    if found is None:
        st.markdown("This version is not assessed yet.")
    else:
        data, current = found
        if not current:
            st.info(
                "The findings have changed since this was built. Build it again.", icon=":material/update:"
            )
        downloads(project, dataset)
        show(data)
    show_command(project, *words)


def downloads(project: Project, dataset: Dataset) -> None:
    with st.container(horizontal=True):
        for ending, path in assessment_paths(project, dataset).items():
            if not path.exists():
                continue
            label, mime = FILES[ending]
            st.download_button(
                f"Download {label}",
                data=path.read_bytes,
                file_name=f"assessment-{dataset.name}-v{dataset.version:04d}.{ending}",
                mime=mime,
                on_click="ignore",
                key=f"assessment_download_{ending}",
                icon=":material/download:",
            )


def show(data: dict[str, Any]) -> None:
    enough, tokens = data["enough"], data["tokens"]
    box, icon = BOXES[enough["verdict"]]
    box(f"## {VERDICTS[enough['verdict']]}\n{plain(enough['words'])}", icon=icon)
    gone = data["proposed_to_go"]
    facts = (
        ("Rows", f"{data['volume']['rows']:,}"),
        ("Conversations", f"{data['volume']['conversations']:,}"),
        ("Preference pairs", f"{data['volume']['pairs']:,}"),
        ("Tokens" if tokens["exact"] else "Tokens, estimated", f"{tokens['total']:,}"),
        ("Median row, tokens", f"{tokens['whole']['percentiles']['p50']:,.0f}"),
        ("Proposed to go", f"{100 * gone['value']:.1f} %" if gone else "not checked"),
    )
    for column, (label, value) in zip(st.columns(len(facts)), facts, strict=True):
        column.metric(label, value, border=True, height="stretch")
    st.subheader("Is this enough to fine-tune?", anchor=False)
    columns = ("name", "outcome", "measured", "arithmetic", "threshold", "source")
    st.table(
        [
            {column: plain(OUTCOMES.get(check[column], check[column])) for column in columns}
            for check in enough["checks"]
        ],
        border="horizontal",
        hide_index=True,
        alt="Checks of size, each with its arithmetic",
    )
    if enough["collect"]:
        st.markdown("What to do:\n\n" + "\n".join(f"1. {plain(line)}" for line in enough["collect"]))
    drawings(data)
    tables(data)


def drawings(data: dict[str, Any]) -> None:
    drawn = charts(data)
    st.markdown(f"Tokens are {plain(data['tokens']['counted_with'])}.")
    for name, title in CHARTS:
        if drawn[name]:
            st.subheader(title, anchor=False)
            svg(drawn[name], title)
    for by, chart in drawn["balance"].items():
        st.subheader(f"Rows by {by}", anchor=False)
        svg(chart, f"Rows by {by}")


def tables(data: dict[str, Any]) -> None:
    with st.expander("Duplicates, personal data, leakage: what was looked for", icon=":material/search:"):
        entries = [*data["duplicates"], *data["personal_data"], data["leakage"]]
        st.dataframe(looked_rows(entries), hide_index=True, alt="What was looked for, with intervals")
    with st.expander("Quality by source, and licences", icon=":material/fact_check:"):
        sources = [
            {"source": s["source"], "rows": s["faulty"]["of"], "with a fault": s["faulty"]["count"]}
            for s in data["sources"]
        ]
        st.dataframe(sources, hide_index=True, alt="Rows with a fault by source")
        stated = [{"licence": entry["name"], "rows": entry["count"]} for entry in data["licences"]]
        st.dataframe(stated, hide_index=True, alt="Rows by licence")
    with st.expander("What the data went through", icon=":material/account_tree:"):
        steps = [
            {"version": v["ref"], "made by": v["verb"], "rows after": v["rows"], **change}
            for v in data["history"]
            for change in v["changes"] or [{}]
        ]
        st.dataframe(steps, hide_index=True, alt="Versions and what changed in each")


show_page(
    "Assessment", "What a version holds, what is wrong with it, and whether it is enough to fine-tune.", body
)
