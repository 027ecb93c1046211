"""Recipe: choose, edit and run the steps that look at a dataset version."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

import streamlit as st

from pages.charts import bars
from pages.following import follow
from pages.shell import choose_dataset, empty, guarded, run_command, show_command, show_error, show_page
from workbench.errors import WorkbenchError
from workbench.findings import finding_counts
from workbench.markup import plain
from workbench.projects import Project
from workbench.recipes import (
    Recipe,
    parse_recipe,
    recipe_names,
    recipe_text,
    resolved_text,
    save_recipe,
)
from workbench.runs import Run, list_runs, start_run
from workbench.starting import create_proposal
from workbench.versions import Dataset
from workbench.views import has_findings

SCOPES = {"map": "row by row", "group": "over all rows"}


def body(project: Project) -> None:
    left, right = st.columns(2)
    with left:
        dataset = choose_dataset(project, "recipe_dataset")
    if dataset is None:
        empty("There is no dataset to look at yet.", "import", "Import a file")
        return
    names = recipe_names(project)
    start = "preference" if dataset.manifest["counts"]["kind"].get("preference") else "clean"
    chosen = right.selectbox(
        "Recipe",
        names,
        index=names.index(start) if start in names else 0,
        key=f"recipe_name_{dataset.name}",
        help="The project's own recipes lie in its folder recipes.",
    )
    text, checked = editor(project, str(chosen))
    if checked is None:
        return
    saved = text.strip() == recipe_text(str(chosen), project).strip()
    running = [run for run in proposals(project, dataset) if run.state in ("running", "queued")]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        reason = (
            "Save the edited recipe first"
            if not saved
            else "A recipe is running over this version"
            if running
            else None
        )
        if st.button(
            "Propose",
            type="primary",
            icon=":material/play_arrow:",
            key="propose_go",
            disabled=reason is not None,
            help=reason or "Runs every step over every row. Steps only propose; nothing is changed.",
        ):
            start_run(create_proposal(project, dataset.ref, str(chosen)))
            st.rerun()
        rows = st.number_input(
            "Rows", 20, 5000, 200, step=100, key="preview_rows", width=140, help="Sample size of the preview."
        )
        if st.button(
            "Preview on these rows",
            key="preview_go",
            icon=":material/visibility:",
            help="Counts only; nothing is written.",
        ):
            with st.spinner("Running the steps on a sample", show_time=True):
                st.session_state["preview"] = preview(dataset, checked, int(rows), project)
    show_preview(dataset)
    outcome(project, dataset)
    show_command(project, "propose", dataset.ref, "--recipe", chosen)


def editor(project: Project, chosen: str) -> tuple[str, Recipe | None]:
    left, right = st.columns(2, gap="large")
    with right:
        text = st.text_area(
            "Recipe text (YAML)",
            value=recipe_text(chosen, project),
            key=f"recipe_text_{chosen}",
            height=420,
            help="Steps run from top to bottom. Unknown steps and options are refused.",
        )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            name = st.text_input(
                "Save as",
                value=own_name(project, chosen),
                key=f"recipe_save_{chosen}",
                help="A file in the project's folder recipes.",
            )
            clicked = st.button(
                "Save", key="recipe_save", icon=":material/save:", help="Checks the text and writes it."
            )
    with left:
        try:
            file = project.folder("recipes", f"{chosen}.yaml")
            checked = parse_recipe(text, chosen, where="the text", project=project, path=file)
        except WorkbenchError as error:
            show_error(error)
            return text, None
        st.markdown(plain(checked.doc) if checked.doc else "Steps, in order:")
        lines = [
            f"{number}. **{plain(step.module.TITLE)}**, {SCOPES[step.module.SCOPE]}: "
            + plain(options_text(step.changed))
            + (f"  \n   *{plain(step.doc)}*" if step.doc else "")
            for number, step in enumerate(checked.steps, 1)
        ]
        st.markdown("\n".join(lines))
    if clicked:
        guarded(save, project, name, text)
    return text, checked


def save(project: Project, name: str, text: str) -> None:
    save_recipe(project, name, text)
    st.toast(f"Saved as {name}", icon=":material/save:")
    st.success(f"Saved. Choose the recipe '{name}' above to run it.", icon=":material/check_circle:")


def own_name(project: Project, chosen: str) -> str:
    return chosen if project.folder("recipes", f"{chosen}.yaml").is_file() else f"my-{chosen}"


def options_text(values: dict[str, object]) -> str:
    words = []
    for key, value in values.items():
        name = key.replace("_", " ")
        if isinstance(value, bool):
            words.append(name if value else f"no {name}")
        elif isinstance(value, list) and value:
            words.append(f"{name} {', '.join(str(item).replace('_', ' ').lower() for item in value)}")
        elif value not in ([], {}):
            words.append(f"{name} {value}")
    return "; ".join(words) or "the usual options"


def preview(dataset: Dataset, recipe: Recipe, rows: int, project: Project) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "preview.yaml"
        path.write_text(resolved_text(recipe), encoding="utf-8")
        return run_command(
            "propose",
            dataset.ref,
            "--recipe",
            str(path),
            "--sample",
            str(rows),
            "--project",
            str(project.root),
        )


def show_preview(dataset: Dataset) -> None:
    found = st.session_state.get("preview")
    if not found or found["dataset"] != dataset.ref:
        return
    st.subheader(f"Preview: findings in the first {found['sample']:,} rows", anchor=False)
    st.markdown("Duplicates and clusters need all rows, so a sample shows fewer of them.")
    bars(
        {step["step"].replace("_", " "): step["findings"] for step in found["steps"]},
        "Findings by step, preview",
    )


def proposals(project: Project, dataset: Dataset) -> list[Run]:
    return [run for run in list_runs(project, "propose") if run.config.get("dataset") == dataset.ref]


def outcome(project: Project, dataset: Dataset) -> None:
    runs = proposals(project, dataset)
    if runs:
        st.subheader("Newest proposal run", anchor=False)
        if follow(runs[0]) in ("running", "queued"):
            return
    if not has_findings(project, dataset):
        return
    counts = finding_counts(project, dataset)
    st.subheader(f"Findings of {dataset.ref}", anchor=False)
    left, right = st.columns([3, 2], gap="large")
    by_step: Counter[str] = Counter()
    for row in counts:
        by_step[row["step"].replace("_", " ")] += row["findings"]
    with left:
        bars(dict(by_step), "Findings by step")
    with right:
        table = [
            {key: str(value).replace("_", " ") if key != "findings" else value for key, value in row.items()}
            for row in counts
        ]
        st.dataframe(table, hide_index=True, alt="Findings by step, kind and proposal")
    st.page_link("pages/review.py", label="Next: review them", icon=":material/arrow_forward:")


show_page("Recipe", "Steps look at every row and propose; only you and Publish change anything.", body)
