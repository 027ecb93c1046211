"""Evaluate: base, prompted base and adapters answer the same items; then the gate judges."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.charts import score_chart
from pages.following import follow
from pages.shell import guarded, show_command, show_page, verdict_banner
from workbench.evaluation import create_evaluation
from workbench.files import read_json
from workbench.judging import judge_run
from workbench.markup import plain
from workbench.models import TINY_CHAT
from workbench.projects import Project
from workbench.runs import Run, list_runs, start_run
from workbench.suites import load_suite, suite_names
from workbench.views import finished_adapters, run_started, run_subject, score_table


def body(project: Project) -> None:
    runs = list_runs(project, "evaluate")
    with st.expander("New evaluation", icon=":material/add:", expanded=not runs):
        guarded(form, project)
    if runs:
        evaluation(project, chosen(runs))


def form(project: Project) -> None:
    adapters = {run.id: f"{run.id} · {run_subject(run)}" for run in finished_adapters(project)}
    if not adapters:
        st.info("No adapter is trained yet; the base alone can be measured.", icon=":material/info:")
        st.page_link("pages/train.py", label="Train an adapter", icon=":material/arrow_forward:")
    left, right = st.columns(2, gap="large")
    newest = next(iter(finished_adapters(project)), None)
    with left:
        base = st.text_input(
            "Base model",
            value=newest.config["settings"]["base"] if newest else TINY_CHAT,
            key="eval_base",
            help="A local folder, a hub name, or tiny-chat.",
        )
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
            help="Fewer items are faster and decide less.",
        )
        download = st.checkbox(
            "Allow a download", key="eval_download", help="Lets the hub be asked for model and tasks."
        )
    with right:
        chosen_adapters = st.multiselect(
            "Adapters",
            list(adapters),
            default=list(adapters)[:1],
            format_func=adapters.__getitem__,
            key="eval_adapters",
            help="Finished training runs; the last one is the candidate.",
        )
        prompt = st.text_area(
            "System prompt of the prompted base",
            key="eval_prompt",
            height=150,
            help="The best prompt you have: an adapter should beat it, or it is not worth shipping.",
        )
    tasks = load_suite(str(suite), project)
    table = [
        {
            "task": tasks.task_name(t),
            "role": t.role,
            "margin": t.margin or tasks.policy().default_margin if t.role == "retained" else None,
        }
        for t in tasks.file.tasks
    ]
    with st.expander(f"The {len(table)} tasks of this suite", icon=":material/checklist:"):
        st.markdown(plain(tasks.file.doc))
        st.dataframe(table, hide_index=True, alt="Tasks of the suite", width="content")
    if st.button(
        "Start the evaluation",
        type="primary",
        key="eval_go",
        icon=":material/play_arrow:",
        help="Every arm answers the same items.",
    ):
        run = create_evaluation(
            project,
            base=base.strip(),
            suite=str(suite),
            adapters=chosen_adapters,
            prompt=prompt.strip() or None,
            limit=int(limit) if limit else None,
            allow_download=download,
        )
        start_run(run)
        st.query_params["run"] = run.id
        st.rerun()
    words = [word for adapter in chosen_adapters for word in ("--adapter", adapter)]
    words += ["--prompt", "prompt.txt"] if prompt.strip() else []
    words += ["--limit", str(limit)] if limit else []
    words += ["--allow-download"] if download else []
    show_command(project, "evaluate", "--base", base, "--suite", suite, *words)


def chosen(runs: list[Run]) -> Run:
    ids = [run.id for run in runs]
    wanted = st.query_params.get("run", "")
    if wanted in ids and st.session_state.get("eval_from_address") != wanted:
        st.session_state["eval_run"] = st.session_state["eval_from_address"] = wanted
    names = {run.id: f"{run_started(run)} · {run_subject(run)} · {run.state}" for run in runs}
    picked = st.selectbox(
        "Evaluation", ids, format_func=names.__getitem__, key="eval_run", help="Newest first; times are UTC."
    )
    return runs[ids.index(str(picked))]


def evaluation(project: Project, run: Run) -> None:
    if follow(run) != "finished":
        show_command(project, "runs")
        return
    result: dict[str, Any] = run.result or {}
    order = score_table(result["tasks"], result["roles"])
    rank = {row["task"]: number for number, row in enumerate(order)}
    tasks = sorted(result["tasks"], key=lambda task: rank[task["task"]])
    st.subheader("Scores", anchor=False)
    left, right = st.columns([3, 2], gap="large")
    with left:
        score_chart(tasks, result["arms"], "Scores of every arm with 95 % intervals")
    with right:
        st.markdown("Score in %, ± half of the 95 % interval. Target tasks first.")
        st.dataframe(order, hide_index=True, alt="Scores by task and arm")
    guarded(judging, project, run)


def judging(project: Project, run: Run) -> None:
    st.subheader("Verdict", anchor=False)
    path = run.path / "verdict.json"
    if not any(arm["adapter"] for arm in run.config["arms"]):
        st.info("Only the base was measured; a verdict needs an adapter.", icon=":material/info:")
        return
    judged = path.exists()
    if not judged:
        st.markdown("The thresholds are the suite's own, fixed before the run.")
    if st.button(
        "Judge again" if judged else "Judge",
        type="secondary" if judged else "primary",
        key="judge_go",
        icon=":material/gavel:",
        help="Applies the suite's policy to the paired scores.",
    ):
        with st.spinner("Pairing the answers item by item"):
            judge_run(project, run)
        st.rerun()
    if judged:
        verdict = read_json(path)
        verdict_banner(verdict["verdict"], f"Adapter {verdict['arm']}: " + "; ".join(verdict["reasons"][:4]))
        st.page_link(
            "pages/approve.py",
            label="Next: evidence, report, export",
            icon=":material/arrow_forward:",
            query_params={"run": run.id},
        )
    show_command(project, "judge", run.id)


show_page(
    "Evaluate", "Is it better than a good prompt, and did it forget anything? Same items for every arm.", body
)
