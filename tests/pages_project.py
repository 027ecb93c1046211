"""A small real project for the tests of the app: data, findings, a finished run, a judged evaluation."""

from __future__ import annotations

import json
import random
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from workbench.evaluation.arms import arm_from
from workbench.evaluation.hashes import arm_identity
from workbench.files import append_line, write_json, write_text
from workbench.importing import import_files
from workbench.judging import judge_run
from workbench.projects import Project, init_project
from workbench.proposing import propose
from workbench.publishing import publish
from workbench.recipes import parse_recipe
from workbench.runs import Run, create_run
from workbench.scores import Score
from workbench.splits import split
from workbench.versions import open_dataset

HOSTILE = "<script>alert(1)</script>"
MAIL = "ana.berg@example.com"
TOPICS = ("delivery", "refund", "billing")
WORDS = [
    "lamp",
    "chair",
    "kettle",
    "scarf",
    "desk",
    "radio",
    "tent",
    "clock",
    "mirror",
    "carpet",
    "bottle",
    "river",
    "stone",
    "garden",
    "window",
    "bridge",
    "letter",
    "market",
    "winter",
    "candle",
    "forest",
    "paper",
    "copper",
    "silver",
    "yellow",
    "gentle",
    "narrow",
    "sudden",
    "simple",
    "honest",
    "early",
    "carry",
    "listen",
    "borrow",
    "travel",
    "answer",
    "forget",
    "repair",
    "follow",
    "measure",
    "collect",
    "deliver",
    "promise",
    "explain",
]
RECIPE = """
name: small
steps:
  - quality: {}
  - personal_data: {names: {backend: none}}
  - exact_duplicates: {}
  - near_duplicates: {}
"""
SUITE = """
name: small
doc: Two tasks of the tests.
tasks:
  - {task: topic, role: target}
  - {task: sums, role: retained}
policy: {beat_prompt: false}
"""


def chat(question: str, answer: str, label: str) -> dict[str, Any]:
    """One line of a file in OpenAI's messages format."""
    turns = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return {"messages": turns, "label": label}


def rows() -> list[dict[str, Any]]:
    """33 clean rows, 4 copies, 2 with a mail address, 2 near duplicates that try markup."""
    draw = random.Random(0)

    def sentence(count: int) -> str:
        return " ".join(draw.sample(WORDS, count)).capitalize() + "."

    clean = [
        chat(sentence(9), f"About {topic}: " + sentence(12), topic) for topic in TOPICS for _ in range(11)
    ]
    mails = [
        chat(f"Please write to {MAIL} about my hammock.", "We will write about the hammock.", "billing"),
        chat(f"Is {MAIL} the address that you have of me?", "Yes, that one is in your account.", "billing"),
    ]
    ask = f"My name on the parcel was printed as {HOSTILE} and the driver could not read it, can you print it again"
    answer = "Of course, we print the label again and send the parcel out tomorrow morning with the right name on it."
    markup = [chat(ask + end, answer, "delivery") for end in ("?", " please?")]
    return [*clean, *clean[:4], *mails, *markup]


def project_with_data(root: Path) -> Project:
    """Import 41 rows and one broken line as ``chats@v0001``."""
    project = init_project(root, "Small shop")
    lines = [json.dumps(row) for row in rows()]
    write_text(project.folder("raw", "chats.jsonl"), "\n".join([*lines, '{"messages": [']) + "\n")
    import_files(project, [project.folder("raw", "chats.jsonl")], "chats")
    return project


def project_with_findings(root: Path) -> Project:
    """And the findings of a recipe without clusters."""
    project = project_with_data(root)
    recipe = parse_recipe(RECIPE, "small", where="the test")
    propose(project, open_dataset(project, "chats@v1"), recipe, workers=1)
    return project


def whole_project(project: Project) -> Project:
    """Add published and split versions, runs in two states, a judged evaluation."""
    publish(project, open_dataset(project, "chats@v1"))
    split(project, open_dataset(project, "chats@v2"))
    trained = training_run(project)
    failed_run(project)
    evaluation_run(project, trained)
    return project


def training_run(project: Project) -> Run:
    """A finished SFT run, written as the protocol of runs says."""
    settings = {"method": "sft", "data": "chats@v0003", "base": "tiny-chat", "learning_rate": 0.0002}
    run = create_run(project, "sft", {"settings": settings})
    _event(run, "started", pid=1)
    for step in range(0, 21, 5):
        _event(run, "progress", done=step, total=20, unit="steps")
        for name, value in (("train_loss", 3.0), ("held_out_loss", 3.2), ("retained_loss", 1.0)):
            _event(run, "metric", name=name, value=value - 0.05 * step, step=step)
    _event(run, "warning", reason=f"3 rows: too long {HOSTILE}")
    write_text(run.path / "log.txt", f"trained {HOSTILE}\n")
    adapter = run.path / "adapter"
    write_json(adapter / "adapter_config.json", {"base_model_name_or_path": "tiny-chat"})
    (adapter / "adapter_model.safetensors").write_bytes(b"weights")
    write_json(run.path / "manifest.json", _manifest(run, settings))
    metrics = {"train_loss": 2.0, "retained_loss": 0.5, "steps": 20, "best_held_out_loss": 2.2}
    write_json(run.path / "result.json", {"run": run.id, "adapter": str(adapter), "metrics": metrics})
    _event(run, "finished")
    return run


def failed_run(project: Project) -> Run:
    """A proposal run that failed."""
    config = {"dataset": "chats@v0001", "recipe": "small", "recipe_text": RECIPE}
    run = create_run(project, "propose", config)
    _event(run, "started", pid=1)
    _event(run, "failed", reason="no space left on the disk", advice="free some space, then resume the run")
    return run


def evaluation_run(project: Project, trained: Run) -> Run:
    """A judged evaluation: 80 items of a target task, 200 of a retained one; it passes."""
    write_text(project.folder("evalsuites", "small.yaml"), SUITE)
    adapter = str(trained.path / "adapter")
    arms = [
        {"name": "base", "prompt": None, "adapter": None},
        {"name": "sft", "prompt": None, "adapter": adapter},
    ]
    run = create_run(
        project, "evaluate", {"base": "tiny-chat", "suite": "small", "limit": None, "arms": arms}
    )
    _event(run, "started", pid=1)
    for arm, right in (("base", {"topic": 20, "sums": 180}), ("sft", {"topic": 70, "sums": 179})):
        for task, total in (("topic", 80), ("sums", 200)):
            scores = [
                Score(f"{i}:x", float(i < right[task]), response=HOSTILE, target="yes", question=f"item {i}")
                for i in range(total)
            ]
            lines = [json.dumps(asdict(score)) + "\n" for score in scores]
            write_text(run.path / "arms" / arm / f"{task}.jsonl", "".join(lines))
    tasks = [
        {
            "task": task,
            "arm": arm,
            "n": n,
            "metric": "mean score",
            "value": v,
            "low": v - 0.05,
            "high": v + 0.05,
        }
        for arm, task, n, v in (
            ("base", "topic", 80, 0.25),
            ("sft", "topic", 80, 0.875),
            ("base", "sums", 200, 0.9),
            ("sft", "sums", 200, 0.895),
        )
    ]
    manifest_arms = [{**arm, **arm_identity("tiny-chat", arm_from(arm))} for arm in arms]
    write_json(run.path / "manifest.json", {"run": run.id, "arms": manifest_arms})
    result = {"run": run.id, "suite": "small", "base": "tiny-chat", "arms": ["base", "sft"], "tasks": tasks}
    write_json(run.path / "result.json", {**result, "roles": {"topic": "target", "sums": "retained"}})
    _event(run, "finished")
    judge_run(project, run)
    return run


def _manifest(run: Run, settings: dict[str, Any]) -> dict[str, Any]:
    return {
        "run": run.id,
        "settings": settings,
        "dataset": {"ref": "chats@v0003", "content_hash": "0" * 64},
        "rows": {"train": 30, "replay": 0, "hash": "0" * 64},
        "adapter_sha256": _digest(str(run.path / "adapter")),
        "parent_adapter": None,
        "workbench": "0",
        "libraries": {},
        "hardware": "none",
    }


def _digest(adapter: str | None) -> str | None:
    import hashlib

    return (
        hashlib.sha256((Path(adapter) / "adapter_model.safetensors").read_bytes()).hexdigest()
        if adapter
        else None
    )


def _event(run: Run, event: str, **fields: Any) -> None:
    append_line(run.path / "events.jsonl", {"event": event, "time": time.time(), **fields})
