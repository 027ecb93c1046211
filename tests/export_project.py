"""A project with a real adapter of tiny-chat that was really evaluated and judged: small and quick."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.make import example, stored, write_jsonl
from workbench.evaluation import create_evaluation
from workbench.jobs import evaluate_job
from workbench.judging import judge_run
from workbench.projects import Project, init_project
from workbench.runs import Run
from workbench.worker import work

COLOURS = {"sky": "blue", "grass": "green", "snow": "white", "coal": "black", "blood": "red"}
TRAILS = ["today", "now", "really", "mostly", "here", "again"]
ITEMS = [
    {"question": f"What colour is {thing} {trail}?", "answer": colour}
    for trail in TRAILS
    for thing, colour in COLOURS.items()
]
SAY = """
task: say
dataset_path: json
dataset_kwargs: {data_files: {test: items.jsonl}}
test_split: test
output_type: generate_until
doc_to_text: "{{question}}"
doc_to_target: "{{answer}}"
generation_kwargs: {until: ["<|im_end|>"], max_gen_toks: 4, do_sample: false}
metric_list: [{metric: exact_match, aggregation: mean, higher_is_better: true}]
"""
PICK = """
task: pick
dataset_path: json
dataset_kwargs: {data_files: {test: items.jsonl, train: items.jsonl}}
test_split: test
fewshot_split: train
num_fewshot: 2
output_type: multiple_choice
doc_to_text: "{{question}}"
doc_to_choice: [blue, green, white, black, red]
doc_to_target: "{{answer}}"
metric_list: [{metric: acc, aggregation: mean, higher_is_better: true}]
"""


def write_adapter(folder: Path, *, seed: int = 0, **settings: Any) -> Path:
    """A real LoRA adapter of tiny-chat with seeded random weights, big enough to be seen."""
    import torch
    from peft import LoraConfig, get_peft_model

    from workbench.models import load_model

    torch.manual_seed(seed)
    own = {"r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "v_proj"], **settings}
    config = LoraConfig(init_lora_weights=False, task_type="CAUSAL_LM", **own)
    get_peft_model(load_model("tiny-chat"), config).save_pretrained(str(folder))
    return folder


def write_suite(project: Project) -> str:
    """A suite of a generated task, a multiple-choice one with random few-shot examples, and held-out rows."""
    rows = [example(item["question"], item["answer"]) for item in ITEMS]
    for row in rows:
        row["split"] = "test"
    own = stored(project, "own", rows)
    home = project.root / "evalsuites"
    home.mkdir(exist_ok=True)
    write_jsonl(home / "items.jsonl", ITEMS)
    (home / "say.yaml").write_text(SAY)
    (home / "pick.yaml").write_text(PICK)
    policy = {"default_margin": 0.9, "macro_margin": 0.9, "alpha": 0.05}
    tasks: list[dict[str, Any]] = [{"task": "say.yaml", "margin": 0.9}, {"task": "pick.yaml", "margin": 0.9}]
    tasks.append({"task": "heldout", "data": own.ref, "name": "rows", "role": "retained", "margin": 0.9})
    suite = {"name": "small", "batch_size": 8, "tasks": tasks, "policy": policy}
    (home / "small.yaml").write_text(json.dumps(suite))
    return str(home / "small.yaml")


def judged_project(root: Path, *, strengths: tuple[str, ...] = ("",)) -> tuple[Project, Path, Run]:
    """A project, its adapter, and an evaluation of it at each strength, judged."""
    project = init_project(root)
    adapter = write_adapter(root / "adapters" / "one")
    named = [f"arm{number}={adapter}{strength}" for number, strength in enumerate(strengths)]
    run = create_evaluation(project, base="tiny-chat", suite=write_suite(project), adapters=named)
    assert work(run.path, evaluate_job) == 0
    judge_run(project, run)
    return project, adapter, run
