"""Coverage: what the data holds, what it lacks, and how it is split."""

from __future__ import annotations

from collections import Counter
from itertools import islice

import streamlit as st

from pages.charts import bars
from pages.shell import choose_dataset, empty, guarded, run_command, show_command, show_page, show_ref
from workbench.examples import prompt_text
from workbench.gaps import Gap, collection_brief
from workbench.markup import plain
from workbench.projects import Project
from workbench.reviewing import cluster_counts
from workbench.splits import split
from workbench.steps.language import language_of
from workbench.versions import Dataset, open_dataset
from workbench.views import dataset_refs

SAMPLE = 2000


def body(project: Project) -> None:
    dataset = choose_dataset(project, "coverage_dataset")
    if dataset is None:
        empty("There is no dataset yet.", "import", "Import a file")
        return
    guarded(counts, project, dataset)
    guarded(gaps, project, dataset)
    guarded(splitting, project, dataset)


def counts(project: Project, dataset: Dataset) -> None:
    found = dataset.manifest["counts"]
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Labels", anchor=False)
        chart_or_text(found["label"], "Rows by label", "No row has a label.")
        st.subheader("Splits", anchor=False)
        chart_or_text(found["split"], "Rows by split", "This version is not split yet; see below.")
    with right:
        st.subheader("Clusters", anchor=False)
        chart_or_text(
            cluster_counts(project, dataset),
            "Rows by cluster",
            "No clusters yet: run a recipe with the step clusters over this version.",
        )
        st.subheader("Languages", anchor=False)
        st.markdown(f"Of the questions in the first {min(SAMPLE, dataset.rows):,} rows.")
        chart_or_text(
            languages(str(project.root), dataset.ref, dataset.content_hash), "Questions by language", ""
        )


def chart_or_text(found: dict[str, int], title: str, otherwise: str) -> None:
    if any(found):
        bars(found, title)
    else:
        st.markdown(otherwise)


@st.cache_data(max_entries=16, show_spinner=False)
def languages(root: str, ref: str, content_hash: str) -> dict[str, int]:
    """Languages of the first questions; the arguments name the rows, so the cache is safe."""
    from pathlib import Path

    _ = content_hash
    dataset = open_dataset(Project(Path(root)), ref)
    found: Counter[str] = Counter()
    for example in islice(dataset.examples(), SAMPLE):
        language = language_of(prompt_text(example), 25, 0.8)
        found[language[0] if language else "too short or not sure"] += 1
    return dict(found)


def gaps(project: Project, dataset: Dataset) -> None:
    st.subheader("Gaps", anchor=False)
    others = [ref for ref in dataset_refs(project) if ref.split("@")[0] != dataset.name]
    if not others:
        st.markdown(
            "A reference is needed: a sample of what users really ask, imported as a dataset of its own."
        )
        st.page_link("pages/import.py", label="Import a reference", icon=":material/upload_file:")
        return
    default = next((i for i, ref in enumerate(others) if ref.startswith("reference")), 0)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        reference = st.selectbox(
            "Reference", others, index=default, key="gaps_reference", help="What users really ask.", width=320
        )
        if st.button(
            "Find gaps",
            key="gaps_go",
            type="primary",
            icon=":material/search:",
            help="Compares questions, not answers.",
        ):
            with st.spinner("Comparing with the reference", show_time=True):
                found = run_command(
                    "gaps", dataset.ref, "--reference", str(reference), "--project", str(project.root)
                )
            st.session_state["gaps"] = (dataset.ref, str(reference), found["gaps"])
    shown = st.session_state.get("gaps")
    if shown and shown[:2] == (dataset.ref, reference):
        show_gaps(project, str(reference), [Gap(**gap) for gap in shown[2]])
    show_command(project, "gaps", dataset.ref, "--reference", reference, "--brief", "collection-brief.md")


def show_gaps(project: Project, reference: str, found: list[Gap]) -> None:
    if not found:
        st.success("No gap found: everything the reference asks is covered.", icon=":material/check_circle:")
        return
    table = [
        {"severity": gap.severity, "kind": gap.kind, "gap": gap.title, "collect about": gap.want}
        for gap in found
    ]
    bar = st.column_config.ProgressColumn(
        format="%.2f", min_value=0, max_value=max(1e-9, *(gap.severity for gap in found)), width="small"
    )
    st.dataframe(
        table,
        hide_index=True,
        alt="Gaps, largest first",
        column_config={"severity": bar, "gap": st.column_config.TextColumn(width="large")},
    )
    st.download_button(
        "Download the collection brief",
        data=lambda: collection_brief(found),
        file_name="collection-brief.md",
        mime="text/markdown",
        on_click="ignore",
        key="gaps_brief",
        icon=":material/download:",
        help="What to collect, for the people who write or gather rows.",
    )
    with st.expander("Questions of the reference behind each gap", icon=":material/chat:"):
        examples = open_dataset(project, reference).lookup(
            identity for gap in found for identity in gap.examples
        )
        rows = [
            {"gap": gap.title, "question": prompt_text(examples[i])}
            for gap in found
            for i in gap.examples
            if i in examples
        ]
        st.dataframe(
            rows,
            hide_index=True,
            alt="Reference questions",
            column_config={"question": st.column_config.TextColumn(width="large")},
        )


def splitting(project: Project, dataset: Dataset) -> None:
    st.subheader("Split", anchor=False)
    st.markdown(
        "Rows of one group, one question or near duplicates stay on one side; labels keep their shares."
    )
    with st.form("split_form"):
        columns = st.columns(3)
        validation = columns[0].number_input(
            "Validation share",
            0.0,
            0.9,
            0.1,
            step=0.05,
            key="split_validation",
            help="Held out during training, for early stopping.",
        )
        test = columns[1].number_input(
            "Test share", 0.0, 0.9, 0.1, step=0.05, key="split_test", help="Never trained on."
        )
        seed = columns[2].number_input(
            "Seed", 0, 2**31, 0, key="split_seed", help="The same seed gives the same split."
        )
        go = st.form_submit_button("Split into a new version", key="split_go", icon=":material/call_split:")
    if go:
        with st.spinner("Joining what belongs together, then splitting", show_time=True):
            done = split(project, dataset, validation=float(validation), test=float(test), seed=int(seed))
        st.session_state["split"] = done.as_dict()
        show_ref(done.dataset)
        st.rerun()
    done_before = st.session_state.get("split")
    if done_before:
        rows = ", ".join(f"{count:,} {name}" for name, count in done_before["rows"].items())
        st.success(
            f"{plain(done_before['dataset'])}: {rows}; the largest unit has {done_before['largest_unit']:,} rows.",
            icon=":material/check_circle:",
        )
        st.page_link("pages/train.py", label="Next: train an adapter", icon=":material/arrow_forward:")
    show_command(project, "split", dataset.ref, "--validation", validation, "--test", test, "--seed", seed)


show_page(
    "Coverage", "What the data holds, what the users ask and the data lacks, and how it is split.", body
)
