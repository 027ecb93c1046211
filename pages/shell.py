"""What all pages share: the frame, errors, the command line, the choice of a dataset."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import streamlit as st

from workbench.errors import NotFoundError, RunFailedError, WorkbenchError
from workbench.markup import plain
from workbench.projects import Project, find_project
from workbench.runs import list_runs, worker_environment
from workbench.versions import Dataset, open_dataset
from workbench.views import command_line, dataset_refs, newest_ref

OVERVIEW = "pages/overview.py"
GROUPS = {
    "Data": {
        "Overview": ":material/home:",
        "Import": ":material/upload_file:",
        "Recipe": ":material/receipt_long:",
        "Review": ":material/rule:",
        "Personal data": ":material/person_search:",
        "Coverage": ":material/donut_small:",
        "Assessment": ":material/monitoring:",
    },
    "Model": {"Train": ":material/model_training:", "Runs": ":material/list_alt:"},
    "Release": {
        "Evaluate": ":material/query_stats:",
        "Approve": ":material/verified:",
        "History": ":material/history:",
    },
}
ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" '
    'fill="#2457c5"/><path d="M8 16l5 6 11-13" fill="none" stroke="#fff" stroke-width="4"/></svg>'
)
VERDICTS = {
    "pass": ("PASS", "This adapter may ship.", st.success, ":material/check_circle:"),
    "fail": ("FAIL", "This adapter must not ship.", st.error, ":material/cancel:"),
    "inconclusive": ("INCONCLUSIVE", "The items do not decide it.", st.warning, ":material/help:"),
}


def navigation() -> Any:
    """Declare the pages, and return the one to run.

    The list in the sidebar is ours, and so is the page's icon: for an icon that is named in
    ``st.Page``, Streamlit fetches a picture from the network.
    """
    pages = [
        st.Page(page_path(title), title=title, default=title == "Overview")
        for titles in GROUPS.values()
        for title in titles
    ]
    page = st.navigation(pages, position="hidden")
    st.set_page_config(page_title=f"{page.title} · Workbench", page_icon=ICON, layout="wide")
    st.session_state["navigated"] = True
    return page


def page_path(title: str) -> str:
    """The script of a page, as Streamlit wants it."""
    return f"pages/{title.lower().replace(' ', '_')}.py"


def through_app(page: str) -> None:
    """Go through ``app.py`` when Streamlit has run a page by itself.

    It does so for the first address that a fresh server is asked for, because the folder is
    named ``pages``.
    """
    if not st.session_state.pop("navigated", False):
        navigation()
        st.switch_page(page, query_params=st.query_params.to_dict())


def show_page(title: str, purpose: str, body: Callable[[Project], None]) -> None:
    """Show a page's head and body; whatever goes wrong ends as a message on the page."""
    through_app(page_path(title))
    st.title(title, anchor=False)
    st.markdown(purpose)
    try:
        project = find_project()
    except NotFoundError:
        st.info(
            "There is no project yet. Make one, or open one, on the Overview page.", icon=":material/info:"
        )
        st.page_link(OVERVIEW, label="Go to Overview", icon=":material/home:")
        return
    guarded(body, project)


def guarded(body: Callable[..., None], *arguments: Any) -> None:
    """Run a part of a page; errors become messages, never tracebacks."""
    try:
        body(*arguments)
    except WorkbenchError as error:
        show_error(error)
    except Exception as error:
        logging.getLogger("workbench.pages").exception("a page failed")
        st.error(
            f"Something unexpected went wrong ({type(error).__name__}). Nothing was changed. "
            "The details are in the terminal that runs the app.",
            icon=":material/error:",
        )


def show_error(error: WorkbenchError) -> None:
    """What, where and what to do; texts are escaped."""
    lines = [f"**{plain(error.what)}**"]
    if error.where:
        lines.append(f"Where: {plain(error.where)}")
    if error.remedy:
        lines.append(f"What to do: {plain(error.remedy)}")
    st.error("\n\n".join(lines), icon=":material/error:")


def show_command(project: Project | None, *words: object) -> None:
    """The line that does the same in a terminal."""
    with st.expander("Show command", icon=":material/terminal:"):
        st.code(command_line(project, *words), language="bash", wrap_lines=True)


def run_command(*words: str, allow_download: bool = False) -> dict[str, Any]:
    """Run ``workbench … --json`` in a process of its own and return its object.

    Heavy libraries stay out of the app's process this way. Raises the error it reports.
    """
    done = subprocess.run(
        [sys.executable, "-m", "workbench.cli.main", *words, "--json"],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        env=worker_environment({"allow_download": allow_download}),
    )
    try:
        answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        logging.getLogger("workbench.pages").error("%s", done.stderr[-4000:])
        raise RunFailedError(
            f"the command ended with code {done.returncode} and no answer",
            remedy="its messages are in the terminal that runs the app",
        ) from None
    if "error" in answer:
        error = answer["error"]
        raise WorkbenchError(error["what"], where=error["where"], remedy=error["remedy"])
    return answer


def choose_dataset(
    project: Project,
    key: str,
    *,
    label: str = "Dataset version",
    text: str = "Versions never change; a new one is written each time.",
    refs: list[str] | None = None,
) -> Dataset | None:
    """A select box of versions; the choice is shared by all pages. None when there are none."""
    refs = dataset_refs(project) if refs is None else refs
    if not refs:
        return None
    shared, turn = st.session_state.get("shared_ref"), st.session_state.get("shared_turn", 0)
    if shared in refs and st.session_state.get(f"{key}_turn") != turn:
        st.session_state[key] = shared
    elif st.session_state.get(key) not in refs:
        st.session_state[key] = newest_ref(project, refs)
    st.session_state[f"{key}_turn"] = turn

    def share() -> None:
        show_ref(st.session_state[key])

    return open_dataset(project, str(st.selectbox(label, refs, key=key, on_change=share, help=text)))


def show_ref(ref: str) -> None:
    """Make a version the one that the pages open with."""
    st.session_state["shared_ref"] = ref
    st.session_state["shared_turn"] = st.session_state.get("shared_turn", 0) + 1


def empty(text: str, page: str, label: str) -> None:
    """An empty state: what is missing, and a link to where it comes from."""
    with st.container(border=True):
        st.markdown(text)
        st.page_link(f"pages/{page}.py", label=label, icon=":material/arrow_forward:")


def verdict_banner(verdict: str, about: str = "") -> None:
    """The verdict, large, in words, colour and icon."""
    word, meaning, box, icon = VERDICTS[verdict]
    box(f"## {word}\n{meaning}" + (f"\n\n{plain(about)}" if about else ""), icon=icon)


def sidebar() -> None:
    """The project's name, the pages, and what is going on."""
    with st.sidebar:
        going = 0
        try:
            project = find_project()
            st.markdown(f"**{plain(project.name)}**", help=plain(project.root))
            going = sum(run.state in ("running", "queued") for run in list_runs(project))
        except NotFoundError:
            st.markdown("**No project yet**")
        except WorkbenchError as error:
            show_error(error)
        for group, titles in GROUPS.items():
            st.markdown(group)
            with st.container(gap="xsmall"):
                for title, icon in titles.items():
                    st.page_link(page_path(title), label=title, icon=icon, width="stretch")
        if going:
            st.badge(f"{going} going", icon=":material/progress_activity:", help="Runs that work or wait.")
