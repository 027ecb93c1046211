"""Overview: what is here, what is done, what comes next."""

from __future__ import annotations

import os
from pathlib import Path

import streamlit as st

from pages.shell import OVERVIEW, guarded, show_command, through_app, verdict_banner
from workbench.errors import NotFoundError
from workbench.lineage import dataset_history
from workbench.markup import plain
from workbench.projects import Project, find_project, init_project
from workbench.runs import list_runs
from workbench.versions import dataset_names
from workbench.views import LoopStep, dataset_rows, last_verdict, loop, run_rows


def welcome() -> None:
    st.info(
        "There is no project here yet. A project is a folder that holds data, runs and reports.",
        icon=":material/info:",
    )
    with st.container(border=True):
        folder = st.text_input(
            "Project folder",
            value=str(Path.home() / "workbench-project"),
            key="init_folder",
            help="It is created if need be. A folder that is a project already is opened as it is.",
        )
        name = st.text_input(
            "Title", key="init_name", placeholder="the folder's name", help="Shown in reports."
        )
        if st.button("Make or open the project", type="primary", key="init_go", disabled=not folder.strip()):
            project = init_project(Path(folder.strip()), name.strip() or None)
            os.environ["WORKBENCH_PROJECT"] = str(project.root)
            st.rerun()
    show_command(None, "init", folder, *(["--name", name] if name else []))


def body(project: Project) -> None:
    numbers(project)
    steps = loop(project)
    following = next((step for step in steps if not step.done), steps[-1])
    st.subheader("The loop", anchor=False)
    for column, step in zip(st.columns(len(steps)), steps, strict=True):
        with column.container(border=True, height="stretch"):
            loop_step(step, step is following)
    if st.button(following.action, type="primary", icon=":material/arrow_forward:", key="next_step"):
        st.switch_page(f"pages/{following.page}.py")
    found = last_verdict(project)
    if found:
        run, verdict = found
        st.subheader("Last verdict", anchor=False)
        verdict_banner(verdict["verdict"], f"Adapter {verdict['arm']}, evaluation {run.id}")
        st.page_link("pages/approve.py", label="Evidence, report and export", query_params={"run": run.id})
    datasets(project)
    runs(project)
    show_command(project, "datasets")


def numbers(project: Project) -> None:
    states = [run.state for run in list_runs(project)]
    failed = sum(state in ("failed", "lost") for state in states)
    rows = dataset_rows(project)
    newest = {row["dataset"].split("@")[0]: row["rows"] for row in reversed(rows)}
    facts = (
        ("Datasets", len(newest)),
        ("Versions", len(rows)),
        ("Rows, newest", f"{sum(newest.values()):,}"),
        ("Runs finished", states.count("finished")),
        ("Runs going", sum(state in ("running", "queued") for state in states)),
        ("Runs failed or lost", failed),
    )
    for column, (label, value) in zip(st.columns(len(facts)), facts, strict=True):
        column.metric(label, value, border=True, height="stretch")


def loop_step(step: LoopStep, is_next: bool) -> None:
    if step.done:
        st.badge("done", icon=":material/check:", color="green")
    elif is_next:
        st.badge("next", icon=":material/arrow_forward:", color="blue")
    else:
        st.badge("open", icon=":material/radio_button_unchecked:", color="gray")
    st.page_link(f"pages/{step.page}.py", label=step.title)
    st.markdown(step.detail)


def datasets(project: Project) -> None:
    names = dataset_names(project)
    if not names:
        return
    st.subheader("Datasets", anchor=False)
    st.dataframe(dataset_rows(project), hide_index=True, alt="Dataset versions", key="overview_datasets")
    with st.expander("History of one dataset", icon=":material/account_tree:"):
        name = st.selectbox(
            "Dataset", names, key="history_name", help="From the imported file to the newest version."
        )
        history = dataset_history(project, str(name))
        fields = ("ref", "verb", "rows", "created", "content_hash")
        table = [{field: entry.get(field) for field in fields} for entry in history]
        st.dataframe(
            table,
            hide_index=True,
            alt=f"History of {name}",
            column_config={"content_hash": "hash of the rows"},
        )


def runs(project: Project) -> None:
    newest = list_runs(project)[:5]
    if newest:
        st.subheader("Newest runs", anchor=False)
        progress = st.column_config.ProgressColumn(format="%d %%", min_value=0, max_value=100)
        st.dataframe(
            run_rows(newest), hide_index=True, column_config={"progress": progress}, alt="Newest runs"
        )
        st.page_link("pages/runs.py", label="All runs", icon=":material/list_alt:")


def overview() -> None:
    through_app(OVERVIEW)
    try:
        project = find_project()
    except NotFoundError:
        st.title("Workbench", anchor=False)
        st.markdown("From raw chat logs to an adapter you can defend.")
        guarded(welcome)
        return
    st.title(plain(project.name), anchor=False)
    st.markdown("From raw chat logs to an adapter you can defend: what is here, and what comes next.")
    guarded(body, project)


guarded(overview)
