"""Evaluate: one copy of the base's weights answers every task as every arm.

Arms are ``base``, ``prompted`` (the base with a system prompt) and one for each adapter.
All arms answer the same items in one process, through lm-evaluation-harness. The harness's
request cache is never used: its key has no model in it. Each arm's answers to a task are
one file, written whole, so a killed evaluation goes on with the next.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import json
import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench import __version__
from workbench.errors import InputError
from workbench.files import file_sha256, read_json, write_json, write_text
from workbench.models import load_model, load_tokenizer, pinned_model
from workbench.paired import mean_interval
from workbench.projects import Project
from workbench.runs import Run, create_run
from workbench.scores import Scores, read_arm, sample_scores
from workbench.suites import Suite, SuiteTask, load_suite

if TYPE_CHECKING:
    from workbench.worker import Worker

SEEDS = {"random_seed": 0, "numpy_random_seed": 1234, "torch_random_seed": 1234, "fewshot_random_seed": 1234}


@dataclass(frozen=True)
class Arm:
    """One contestant: the base, the base with a system prompt, or the base with an adapter."""

    name: str
    prompt: str | None = None
    adapter: str | None = None


def create_evaluation(
    project: Project,
    *,
    base: str,
    suite: str,
    adapters: list[str],
    prompt: str | None = None,
    limit: int | None = None,
    allow_download: bool = False,
) -> Run:
    """Make an evaluation run. An adapter is a run id or folder, or ``name=`` before it.

    Raises `InputError` and `NotFoundError` for anything that is not there.
    """
    from workbench.training.session import find_adapter

    policy = load_suite(suite, project).policy()
    base = pinned_model(base)
    if Path(suite).is_file():
        suite = str(Path(suite).resolve())
    arms = [Arm("base")]
    if prompt:
        arms.append(Arm("prompted", prompt=prompt))
    for given in adapters:
        name, separator, reference = given.partition("=")
        folder = find_adapter(project, reference if separator else given)
        label = name if separator else (folder.parent.name if folder.name == "adapter" else folder.name)
        arms.append(Arm(_arm_name(label, arms), adapter=str(folder)))
    config = {
        "base": base,
        "suite": suite,
        "policy": policy.model_dump(),
        "limit": limit,
        "allow_download": allow_download,
        "arms": [asdict(arm) for arm in arms],
    }
    return create_run(project, "evaluate", config)


def evaluate(worker: Worker) -> dict[str, Any]:
    """Run the suite of an evaluation run; returns the machine contract's result."""
    config = worker.config
    suite = load_suite(config["suite"], worker.project)
    arms = [Arm(**arm) for arm in config["arms"]]
    tokenizer = load_tokenizer(config["base"])
    model = _Arms(config["base"], tokenizer, arms, suite.file.batch_size)
    total = len(arms) * len(suite.file.tasks)
    done = 0
    for arm in arms:
        with model.active(arm):
            for task in suite.file.tasks:
                worker.progress(done, total, f"tasks ({arm.name}, {suite.task_name(task)})")
                folder = worker.run.path / "arms" / arm.name
                marker = folder / f"{suite.task_name(task)}.done"
                if not marker.exists():
                    scores = model.answer(arm, suite, task, config.get("limit"))
                    for name, items in scores.items():
                        lines = [_json_line(asdict(score)) for score in items.values()]
                        write_text(folder / f"{name}.jsonl", "".join(lines))
                    write_text(marker, "")
                done += 1
    worker.progress(total, total, "tasks")
    result = {
        "run": worker.run.id,
        "suite": suite.name,
        "base": config["base"],
        "arms": [arm.name for arm in arms],
        "roles": roles(suite, read_evaluation_folder(worker.run.path)),
        "tasks": summary(read_evaluation_folder(worker.run.path)),
    }
    write_json(worker.run.path / "manifest.json", _manifest(worker, suite, arms))
    return result


def read_evaluation(run: Run) -> dict[str, Scores]:
    """The scores of every arm of a finished evaluation. Raises `InputError`."""
    if run.kind != "evaluate" or run.state != "finished":
        raise InputError(
            f"run {run.id} is no finished evaluation",
            where=f"it is {run.kind}, {run.state}",
            remedy="name an evaluation run; see `workbench runs`",
        )
    return read_evaluation_folder(run.path)


def read_evaluation_folder(path: Path) -> dict[str, Scores]:
    """Scores by arm, in the order of the run's config."""
    arms = [arm["name"] for arm in read_json(path / "config.json")["arms"]]
    return {name: read_arm(path / "arms" / name) for name in arms}


def summary(arms: dict[str, Scores]) -> list[dict[str, Any]]:
    """``[{task, arm, n, metric, value, low, high}]``, every value with its 95 % interval."""
    rows = []
    for arm, scores in arms.items():
        for task, items in scores.items():
            interval = mean_interval([score.score for score in items.values()])
            rows.append(
                {
                    "task": task,
                    "arm": arm,
                    "n": len(items),
                    "metric": "mean score",
                    "value": interval.value,
                    "low": interval.low,
                    "high": interval.high,
                }
            )
    return rows


def roles(suite: Suite, arms: dict[str, Scores]) -> dict[str, str]:
    """The role of every task name that the scores have."""
    by_task = {suite.task_name(task): task.role for task in suite.file.tasks}
    names = {name for scores in arms.values() for name in scores}
    return {name: by_task.get(name.split(":")[0], "retained") for name in sorted(names)}


class _Arms:
    """The base model once, adapters beside it, and a switch between them."""

    def __init__(self, base: str, tokenizer: Any, arms: list[Arm], batch_size: int) -> None:
        import torch
        from lm_eval.models.huggingface import HFLM
        from lm_eval.tasks import TaskManager
        from peft import PeftModel

        model: Any = load_model(base)
        if torch.cuda.is_available():
            model = model.to("cuda")
        self.adapters = [arm for arm in arms if arm.adapter]
        for number, arm in enumerate(self.adapters):
            if number == 0:
                model = PeftModel.from_pretrained(model, arm.adapter, adapter_name=arm.name)
            else:
                model.load_adapter(arm.adapter, adapter_name=arm.name)
        if self.adapters:
            # The harness ties weights on load, which fails on adapters with trained tokens.
            model.tie_weights = lambda *_, **__: None
        self.model = model.eval()
        self.tokenizer = tokenizer
        self.batch_size = batch_size
        self.harness = HFLM(pretrained=self.model, tokenizer=tokenizer, batch_size=batch_size)
        self.local_tasks = TaskManager(include_defaults=False)
        self.all_tasks: Any = None

    @contextlib.contextmanager
    def active(self, arm: Arm) -> Iterator[None]:
        """Answer as this arm inside the block."""
        if arm.adapter:
            self.model.set_adapter(arm.name)
            yield
        elif self.adapters:
            with self.model.disable_adapter():
                yield
        else:
            yield

    def answer(self, arm: Arm, suite: Suite, task: SuiteTask, limit: int | None) -> Scores:
        """All items of one task, or a seeded sample of them."""
        import lm_eval

        config = suite.task_config(task)
        name = suite.task_name(task)
        wanted = min((n for n in (limit, task.limit) if n), default=None)
        options: dict[str, Any] = {}
        if wanted is not None and config is not None:
            options["samples"] = {name: _sample(config, wanted, suite.file.seed)}
        elif wanted is not None:
            options["limit"] = wanted
        found = lm_eval.simple_evaluate(
            model=self.harness,
            tasks=[config if config is not None else name],
            task_manager=self.local_tasks if config is not None else self._harness_tasks(),
            batch_size=self.batch_size,
            bootstrap_iters=0,
            log_samples=True,
            apply_chat_template=suite.file.chat_template,
            system_instruction=arm.prompt,
            **SEEDS,
            **options,
        )
        scores: Scores = {}
        for found_name, samples in found["samples"].items():
            scores.update(sample_scores(samples, found_name))
        return scores

    def _harness_tasks(self) -> Any:
        if self.all_tasks is None:
            from lm_eval.tasks import TaskManager

            self.all_tasks = TaskManager()
        return self.all_tasks


def _sample(config: dict[str, Any], wanted: int, seed: int) -> list[int]:
    files = config["dataset_kwargs"]["data_files"]
    path = Path(files[config.get("test_split", "test")])
    count = sum(1 for line in path.read_text(encoding="utf-8").split("\n") if line.strip())
    return sorted(random.Random(seed).sample(range(count), min(wanted, count)))


def _arm_name(label: str, arms: list[Arm]) -> str:
    name = "".join(c if c.isalnum() or c in "-_" else "-" for c in label)[:60] or "adapter"
    taken = {arm.name for arm in arms}
    number = 2
    while name in taken:
        name = f"{name.rsplit('~', 1)[0]}~{number}"
        number += 1
    return name


def _manifest(worker: Worker, suite: Suite, arms: list[Arm]) -> dict[str, Any]:
    return {
        "run": worker.run.id,
        "base": worker.config["base"],
        "suite": suite.file.model_dump(),
        "items_sha256": _items_hash(read_evaluation_folder(worker.run.path)),
        "arms": [
            asdict(arm) | {"adapter_sha256": _adapter_hash(arm), "adapter_run": _adapter_run(arm)}
            for arm in arms
        ],
        "workbench": __version__,
        "libraries": {
            name: importlib.metadata.version(name) for name in ("lm-eval", "transformers", "peft", "torch")
        },
        "seeds": SEEDS,
    }


def _items_hash(arms: dict[str, Scores]) -> str:
    first = next(iter(arms.values()))
    text = "\n".join(f"{task}\t{item}" for task in sorted(first) for item in sorted(first[task]))
    return hashlib.sha256(text.encode()).hexdigest()


def _adapter_hash(arm: Arm) -> str | None:
    if arm.adapter is None:
        return None
    return file_sha256(Path(arm.adapter) / "adapter_model.safetensors")


def _adapter_run(arm: Arm) -> str | None:
    if arm.adapter is None:
        return None
    manifest = Path(arm.adapter).parent / "manifest.json"
    return str(read_json(manifest)["run"]) if manifest.exists() else None


def _json_line(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False) + "\n"
