"""A judged evaluation written as the protocol of runs says: arms, flags, looks; no model runs here."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from workbench.evaluation import read_evaluation_folder, summary
from workbench.evaluation.store import write_scores
from workbench.files import append_line, write_json, write_text
from workbench.judging import judge_run
from workbench.projects import Project
from workbench.runs import Run, create_run
from workbench.scores import Score

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&{{7*7}} @everyone | `x` [a](javascript:alert(3))"
ITEMS = 300
SUITE = """
name: own
tasks: [{task: kept.yaml, role: retained}, {task: format.yaml, role: retained}, {task: job.yaml, role: target}]
"""


def written_adapter(project: Project, name: str = "one") -> Path:
    """An adapter's folder with invented weights."""
    folder = project.folder("adapters", name)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "adapter_model.safetensors").write_bytes(f"weights of {name}".encode())
    write_json(folder / "adapter_config.json", {"base_model_name_or_path": "tiny-chat", "peft_type": "LORA"})
    return folder


def evaluated(
    project: Project,
    *,
    lost: int = 2,
    adapter: Path | None = None,
    items: int = ITEMS,
    control: bool = True,
    policy: dict[str, Any] | None = None,
) -> Run:
    """A finished evaluation whose adapter lost some items of the task ``kept`` and gains at its job."""
    adapter = adapter or written_adapter(project)
    arms = arms_of(adapter, control=control)
    given = {"name": "own", "beat_prompt": True, "aa_control": {"max_flip_rate": 0.005} if control else None}
    suite = project.folder("evalsuites", "own.yaml")
    for task in ("kept", "format", "job"):
        path = project.folder("evalsuites", f"{task}.yaml")
        write_text(path, f"task: {task}\ndataset_kwargs: {{data_files: {{test: x.jsonl}}}}\n")
    write_text(suite, SUITE)
    roles = {task: {"role": "target" if task == "job" else "retained"} for task in ("kept", "format", "job")}
    config = {
        "base": "tiny-chat",
        "suite": str(suite),
        "limit": None,
        "arms": arms,
        "policy": {**given, "tasks": roles, **(policy or {})},
    }
    run = create_run(project, "evaluate", config)
    for arm in arms:
        write_scores(run.path / "arms" / str(arm["name"]), arm_scores(str(arm["name"]), lost, items))
    write_json(run.path / "manifest.json", manifest_of(arms))
    told = {"run": run.id, "suite": "own", "base": "tiny-chat", "arms": [arm["name"] for arm in arms]}
    told |= {"roles": {task: given["role"] for task, given in roles.items()}}
    write_json(run.path / "result.json", {**told, "tasks": summary(read_evaluation_folder(run.path))})
    append_line(run.path / "events.jsonl", {"event": "finished", "time": 0})
    return run


def arms_of(adapter: Path, *, control: bool) -> list[dict[str, Any]]:
    """Base, the base again, prompted base and one adapter."""
    empty = {"prompt": None, "fewshot": None, "adapter": None, "model": None, "scale": 1.0}
    arms = [
        {"name": "base", "kind": "base", **empty},
        {"name": "prompted", "kind": "prompted", **empty, "prompt": HOSTILE},
        {"name": "sft", "kind": "adapter", **empty, "adapter": str(adapter)},
    ]
    return [*arms[:1], {"name": "again", "kind": "base", **empty}, *arms[1:]] if control else arms


def manifest_of(arms: list[dict[str, Any]]) -> dict[str, Any]:
    """What an evaluation writes about its arms."""
    same = {"weights_sha256": "1" * 64, "dtype": "float32", "batch_size": 8, "device": "cpu"}
    return {
        "base": "tiny-chat",
        "suite": {"name": "own"},
        "items_sha256": "0" * 64,
        "seeds": {"random_seed": 0},
        "libraries": {"lm-eval": "0.4.13"},
        "arms": [{**arm, **same, **_hashes(arm)} for arm in arms],
    }


def _hashes(arm: dict[str, Any]) -> dict[str, str | None]:
    folder = Path(arm["adapter"]) if arm["adapter"] else None
    return {
        name: hashlib.sha256((folder / file).read_bytes()).hexdigest() if folder else None
        for name, file in (
            ("adapter_sha256", "adapter_model.safetensors"),
            ("adapter_config_sha256", "adapter_config.json"),
        )
    }


def arm_scores(arm: str, lost: int, items: int) -> dict[str, dict[str, Score]]:
    """``kept``: the adapter loses ``lost``; ``format``: nobody loses; ``job``: only the adapter knows."""
    candidate = arm == "sft"

    def task(right: int, unparsed: int = 0) -> dict[str, Score]:
        return {
            f"{i}:h": Score(
                f"{i}:h",
                float(i < right),
                prompt_hash="p" + arm if arm == "prompted" else "p",
                response=HOSTILE if i >= right else f"answer {i}",
                target=f"answer {i}",
                question=f"{HOSTILE} question {i}",
                parsed=i < items - unparsed,
                nll=0.5 if i < right else 1.0 + i / 100,
                slices={"language": "en" if i % 2 else "de"},
            )
            for i in range(items)
        }

    return {
        "kept": task(items - (lost if candidate else 0), unparsed=1 if candidate and lost else 0),
        "format": task(items - 3),
        "job": task(2 * items // 3 if candidate else items // 4 if arm == "prompted" else 0),
    }


def judged(project: Project, **given: Any) -> Run:
    """An evaluation that the gate has judged."""
    run = evaluated(project, **given)
    judge_run(project, run)
    return run


def flag(run: Run, name: str, level: str = "ok", value: float | None = 0.0, **more: Any) -> None:
    """Write a red flag of the arm ``sft`` as it is measured."""
    about = {"name": name, "arm": "sft", "level": level, "statement": f"{name} was looked at"}
    write_json(
        run.path / "flags" / f"{name}.sft.json",
        {**about, "value": value, "low": value, "high": value, "evidence": {}, **more},
    )
