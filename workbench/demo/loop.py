"""The demo: the whole loop on generated data and the embedded model, without a network."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from workbench.demo.data import write_demo_data
from workbench.demo.scoring import found_of_planted
from workbench.evaluation import create_evaluation
from workbench.export.exporting import export
from workbench.files import read_json, write_json, write_text
from workbench.gaps import collection_brief, find_gaps
from workbench.importing import import_files
from workbench.judging import judge_run
from workbench.leak_audit.auditing import audit
from workbench.projects import Project, init_project
from workbench.publishing import publish
from workbench.report.building import build_report
from workbench.runs import Run, start_run, wait_run
from workbench.splits import split
from workbench.starting import create_proposal, create_training
from workbench.training.preflight import preflight
from workbench.training.settings import make_settings
from workbench.value_lists import Wanted, add_values
from workbench.versions import open_dataset

Say = Callable[[str], None]
Watch = Callable[[str], Callable[[dict[str, Any]], None]]

PROMPT = (
    "You answer customers of the web shop Lumen. Begin every answer with a line 'Topic: ' and one of "
    "delivery, refund, billing, account, product, cancel, discount, warranty. Then answer in one or two "
    "short sentences and end with: Can I help you with more?"
)
SFT_SETTINGS: dict[str, Any] = {
    "lora_r": 32,
    "lora_alpha": 64,
    "learning_rate": 1e-3,
    "epochs": 2.0,
    "batch_size": 16,
    "group_by_length": True,
    "max_length": 512,
    "replay_share": 0.6,
}
NAIVE_SETTINGS: dict[str, Any] = {
    "lora_r": 32,
    "lora_alpha": 64,
    "learning_rate": 5e-3,
    "epochs": 2.0,
    "batch_size": 16,
    "max_length": 512,
}
REPLAY_SHARES = {"copy": 7.0, "facts": 2.0, "compare": 1.5, "word_order": 1.5}
"""Skills that fine-tuning on the support desk hurts most are replayed more."""
DPO_SETTINGS: dict[str, Any] = {
    "learning_rate": 3e-5,
    "epochs": 1.0,
    "batch_size": 16,
    "max_length": 512,
    "beta": 0.1,
}


def run_demo(folder: Path, say: Say, watch: Watch, *, seed: int = 0) -> dict[str, Any]:
    """Make a demo project in ``folder`` and run every stage; returns the machine contract.

    ``say`` takes a line for people, ``watch`` gives an event callback for a titled run.
    Running it again on the same folder goes on from the data that is there.
    """
    project = init_project(folder, "Lumen support desk (demo)")
    seconds: dict[str, float] = {}

    @contextmanager
    def stage(name: str, text: str) -> Iterator[None]:
        say(f"{name}: {text}")
        started = time.perf_counter()
        yield
        seconds[name] = round(time.perf_counter() - started, 1)

    raw = project.folder("raw")
    with stage("data", "writing about 2,000 support chats and 400 preference pairs with planted faults"):
        planted = write_demo_data(raw, seed)
        _write_replay(raw / "skills.jsonl", seed)
    with stage("import", "reading them, with the reference and the replay rows"):
        imports = {
            name: import_files(project, [raw / f"{name}.jsonl"], name.replace("support_", ""))
            for name in ("support_chats", "support_preferences", "reference", "skills")
        }
        for imported in imports.values():
            say(f"  {imported.dataset}: {imported.rows_out} rows, {imported.rejects} rejected")
    shop = Wanted(list="allow", value="Lumen", reason="the name of the shop, not of a person")
    add_values(project, [shop], who="demo")
    with stage("propose", "looking for duplicates, personal data, faults, leaks and skew"):
        for name, recipe in (("chats", "clean"), ("preferences", "preference")):
            wait_run(_started(create_proposal(project, f"{name}@v1", recipe)), watch("propose"))
    with stage("gaps", "comparing with what users really ask"):
        gaps = find_gaps(project, open_dataset(project, "chats@v1"), open_dataset(project, "reference"))
        write_text(project.folder("collection-brief.md"), collection_brief(gaps))
    found = found_of_planted(project, read_json(raw / "planted.json"), gaps)
    with stage("publish", "writing the cleaned versions; every change has its reason"):
        refs = {}
        for name in ("chats", "preferences"):
            cleaned = publish(project, open_dataset(project, f"{name}@v1"))
            say(f"  {cleaned.parent} → {cleaned.dataset}: {cleaned.rows_in} rows in, {cleaned.rows_out} out")
            refs[name] = cleaned.dataset
            proof = audit(project, open_dataset(project, cleaned.dataset))
            say(f"  leak audit of {cleaned.dataset}: {proof.verdict}")
    with stage("split", "train, validation, test; duplicates and groups stay on one side"):
        splits = {
            name: split(
                project, open_dataset(project, ref), test=0.0 if name == "preferences" else 0.1
            ).dataset
            for name, ref in refs.items()
        }
        skills = split(project, open_dataset(project, "skills@v1"), validation=0.05, test=0.0).dataset
    sft_settings = make_settings(
        "sft",
        overrides={
            **SFT_SETTINGS,
            "data": splits["chats"],
            "base": "tiny-chat",
            "replay": skills,
            "retained_text": skills,
            "seed": seed,
        },
    )
    with stage("preflight", "counting tokens, checking the loss mask"):
        checked = preflight(project, sft_settings)
        say(f"  {checked.rows} rows, {checked.supervised_tokens} of {checked.tokens} tokens have a loss")
    with stage("sft", "training the SFT adapter with replay"):
        sft = _started(create_training(project, sft_settings))
        wait_run(sft, watch("sft"))
    with stage("dpo", "training DPO on that adapter"):
        dpo_settings = make_settings(
            "dpo",
            overrides={
                **DPO_SETTINGS,
                "data": splits["preferences"],
                "base": "tiny-chat",
                "adapter": sft.id,
                "seed": seed,
            },
        )
        dpo = _started(create_training(project, dpo_settings))
        wait_run(dpo, watch("dpo"))
    with stage("evaluate", "base, prompted base, SFT and DPO on two target and eight retained tasks"):
        evaluation = _started(
            create_evaluation(
                project,
                base="tiny-chat",
                suite="demo",
                adapters=[f"sft={sft.id}", f"dpo={dpo.id}"],
                prompt=PROMPT,
            )
        )
        wait_run(evaluation, watch("evaluate"))
    with stage("judge", "is it better than a good prompt, and did it forget?"):
        verdict = judge_run(project, evaluation)
    with stage("report", "one HTML file"):
        report = build_report(project, evaluation)
    exported = _export(project, dpo, verdict, stage)
    result = {
        "project": str(project.root),
        "planted": planted["planted"],
        "found": found,
        "gaps": [gap.title for gap in gaps],
        "verdict": verdict["verdict"],
        "reasons": verdict["reasons"],
        "report": str(report.html),
        "export": exported,
        "runs": {"sft": sft.id, "dpo": dpo.id, "evaluate": evaluation.id},
        "seconds": seconds,
    }
    write_json(project.folder("demo.json"), result)
    return result


def _export(project: Project, run: Run, verdict: dict[str, Any], stage: Any) -> str | None:
    target = project.folder("exports", run.id)
    if verdict["verdict"] != "pass":
        return None
    with stage("export", "adapter, merged model, cards and manifest"):
        return export(project, run.id, target, merge=True).path


def _started(run: Run) -> Run:
    start_run(run)
    return run


def _write_replay(path: Path, seed: int) -> None:
    """Rows of the base model's own skills, for replay and for the forgetting curve."""
    import json

    from workbench.tiny_chat.skills import rows

    made = rows(6000, seed + 1000, REPLAY_SHARES)
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in made]
    write_text(path, "".join(lines))
