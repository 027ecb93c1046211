"""The form of a new evaluation: which arms answer which suite."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import streamlit as st

from pages.shell import show_command
from workbench.evaluation import create_evaluation
from workbench.evaluation.creating import chosen_prompts
from workbench.markup import plain
from workbench.models import TINY_CHAT
from workbench.projects import Project
from workbench.runs import start_run
from workbench.suites import load_suite, suite_names
from workbench.views import dataset_refs, finished_adapters, run_subject

STRENGTHS = (0.25, 0.5, 0.75)
BETWEEN = "---"


class Arms(NamedTuple):
    """Who answers besides the base, in the words of the command line."""

    adapters: list[str]
    checkpoints: list[str]
    models: list[str]
    prompts: list[str]
    shots: list[int]
    choose_on: str | None

    def words(self) -> list[str]:
        """The options of ``workbench evaluate``."""
        given = [("--adapter", one) for one in self.adapters]
        given += [("--checkpoints", one) for one in self.checkpoints]
        given += [("--model", one) for one in self.models]
        given += [("--prompt", f"prompt-{n}.txt") for n, _ in enumerate(self.prompts, 1)]
        given += [("--shots", str(one)) for one in self.shots]
        given += [("--choose-on", self.choose_on)] if self.choose_on else []
        return [word for pair in given for word in pair]


def form(project: Project) -> None:
    adapters = {run.id: f"{run.id} · {run_subject(run)}" for run in finished_adapters(project)}
    if not adapters:
        st.info("No adapter is trained yet; the base alone can be measured.", icon=":material/info:")
        st.page_link("pages/train.py", label="Train an adapter", icon=":material/arrow_forward:")
    left, right = st.columns(2, gap="large")
    with left:
        base, suite, limit, download = what(project)
    with right:
        arms = who(project, adapters)
    tasks_of(project, suite)
    if st.button(
        "Start the evaluation",
        type="primary",
        key="eval_go",
        icon=":material/play_arrow:",
        help="Every arm answers the same items.",
    ):
        prompt, choice = chosen_prompts(arms.prompts, arms.shots, arms.choose_on)
        run = create_evaluation(
            project,
            base=base,
            suite=suite,
            adapters=arms.adapters,
            checkpoints=arms.checkpoints,
            models=arms.models,
            prompt=prompt,
            choice=choice,
            limit=limit,
            allow_download=download,
        )
        start_run(run)
        st.query_params["run"] = run.id
        st.rerun()
    words = [*arms.words(), *(["--limit", str(limit)] if limit else [])]
    words += ["--allow-download"] if download else []
    show_command(project, "evaluate", "--base", base, "--suite", suite, *words)


def what(project: Project) -> tuple[str, str, int | None, bool]:
    newest = next(iter(finished_adapters(project)), None)
    base = st.text_input(
        "Base model",
        value=newest.config["settings"]["base"] if newest else TINY_CHAT,
        key="eval_base",
        help="A local folder, a hub name, or tiny-chat.",
    ).strip()
    suites = suite_names(project)
    suite = st.selectbox(
        "Suite",
        suites,
        index=suites.index("demo") if "demo" in suites else 0,
        key="eval_suite",
        help="Which tasks, and whether each is a target or must be retained.",
    )
    limit = st.number_input(
        "Items of each task",
        min_value=2,
        value=None,
        key="eval_limit",
        placeholder="all",
        help="Fewer items are faster and decide less; the planner below says how many it takes.",
    )
    download = st.checkbox(
        "Allow a download", key="eval_download", help="Lets the hub be asked for model and tasks."
    )
    return base, str(suite), int(limit) if limit else None, download


def who(project: Project, adapters: dict[str, str]) -> Arms:
    chosen = st.multiselect(
        "Adapters",
        list(adapters),
        default=list(adapters)[:1],
        format_func=adapters.__getitem__,
        key="eval_adapters",
        help="Finished training runs; the last one is the candidate.",
    )
    prompts = st.text_area(
        "System prompt of the prompted base",
        key="eval_prompt",
        height=150,
        help="The best prompt you have: an adapter should beat it, or it is not worth shipping. "
        f"Several, with a line {BETWEEN} between them, are chosen among on validation rows.",
    )
    with st.expander("More arms", icon=":material/add:"):
        strengths = st.multiselect(
            "Also at strength",
            STRENGTHS,
            key="eval_strengths",
            help="The same adapters, weakened: less gain, less loss. The dial tries them in order.",
        )
        checkpoints = st.multiselect(
            "Checkpoints of",
            list(adapters),
            key="eval_checkpoints",
            help="Every saved checkpoint of these runs becomes an arm.",
        )
        models = st.text_area(
            "Merged or quantised models",
            key="eval_models",
            height=80,
            placeholder="name=FOLDER",
            help="One a line: exports with weights of their own.",
        )
        shots = st.multiselect(
            "Few-shot examples to try",
            (1, 2, 4, 8),
            key="eval_shots",
            help="For the prompted base, from train rows.",
        )
        data = st.selectbox(
            "Choose prompt and examples on",
            dataset_refs(project),
            index=None,
            key="eval_choose_on",
            placeholder="a split dataset's validation rows",
            help="Never on the gate's items: rows that are items of the suite are refused.",
        )
    return Arms(
        adapters=[*(f"{run}@{strength:g}" for run in chosen for strength in strengths), *chosen],
        checkpoints=list(checkpoints),
        models=[line.strip() for line in models.splitlines() if line.strip()],
        prompts=[text.strip() for text in prompts.split(f"\n{BETWEEN}\n") if text.strip()],
        shots=sorted(shots),
        choose_on=str(data) if data else None,
    )


def tasks_of(project: Project, suite: str) -> None:
    found = load_suite(suite, project)
    policy = found.policy()
    rows: Sequence[dict[str, Any]] = [
        {
            "task": found.task_name(task),
            "role": task.role,
            "margin": policy.margin(found.task_name(task)) if task.role == "retained" else None,
        }
        for task in found.file.tasks
    ]
    with st.expander(f"The {len(rows)} tasks of this suite", icon=":material/checklist:"):
        st.markdown(plain(found.file.doc))
        st.dataframe(rows, hide_index=True, alt="Tasks of the suite", width="content")
