"""Export: what was judged goes out, as it was judged, with its papers; and nothing else does."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Command
from tests.export_project import judged_project, write_adapter
from tests.make import chat, imported, write_jsonl
from workbench.errors import InputError, NotFoundError, NotPassedError
from workbench.export.checksums import check_sums, write_sums
from workbench.export.exporting import Override, export, exports, find_verdict
from workbench.export.formats import FORMATS, forms_of, tolerance_of
from workbench.export.hub import check_pushable
from workbench.export.licences import carry_licences, told_licences
from workbench.export.parity import compare
from workbench.export.sources import Source, open_source
from workbench.export.stopping import generation_settings, stop_texts
from workbench.export.turns import read_turns
from workbench.files import read_json, read_lines, write_json
from workbench.judging import judge_run
from workbench.models import load_tokenizer
from workbench.projects import Project
from workbench.runs import Run
from workbench.scores import Score

# PEFT asks transformers for an attribute by its former name.
pytestmark = pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning")

Judged = tuple[Project, Path, Run]
WHY = Override("Eva", "a test <b>of</b> the road")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Judged:
    """One evaluation of a real adapter at strengths 1 and 0.5, made once."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "TQDM_DISABLE"):
            patch.setenv(name, "1")
        return judged_project(tmp_path_factory.mktemp("export") / "p", strengths=("", "@0.5"))


@pytest.fixture
def judged(made: Judged, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Judged:
    """A copy of that project for one test, with a pass on both strengths."""
    monkeypatch.setenv("TQDM_DISABLE", "1")
    project, adapter, run = made
    root = tmp_path / "p"
    shutil.copytree(project.root, root)
    own = Run(root / run.path.relative_to(project.root))
    # The gate's words on few items are not what is tested here.
    say(own, "pass")
    return Project(root), root / adapter.relative_to(project.root), own


@pytest.fixture(scope="module")
def exported(made: Judged, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One export with a merged model and told licences, for the tests that only read it."""
    home = tmp_path_factory.mktemp("exported")
    (home / "NOTICE.txt").write_text("Made by Example Ltd.\n")
    shutil.copytree(made[0].root, home / "p")
    project, adapter = Project(home / "p"), made[1]
    told = told_licences(["model=mit"], [f"base={home / 'NOTICE.txt'}"])
    export(project, str(adapter), home / "out", merge=True, override=WHY, items=4, licences=told)
    return home / "out"


def say(run: Run, verdict: str) -> None:
    """Let the stored verdict of every arm be this one."""
    told = read_json(run.path / "verdict.json")
    for arm in told["arms"].values():
        arm["verdict"] = verdict
    write_json(run.path / "verdict.json", told | {"verdict": verdict})


def weights_of(folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return {key: value for path in folder.glob("*.safetensors") for key, value in load_file(path).items()}


def test_a_passing_adapter_is_exported_with_its_papers(judged: Judged, tmp_path: Path) -> None:
    project, adapter, run = judged
    result = export(project, str(adapter), tmp_path / "out")
    out = tmp_path / "out"
    papers = {"README.md", "LICENCES.md", "SERVING.md", "bom.cdx.json", "report/report.html"}
    assert papers | {"adapter/adapter_model.safetensors"} <= set(result.files)
    manifest = read_json(out / "manifest.json")
    assert manifest["files"] == result.files
    assert manifest["override"] is None
    assert manifest["judged"]["run"] == run.id
    assert (out / "adapter" / "adapter_model.safetensors").read_bytes() == (
        adapter / "adapter_model.safetensors"
    ).read_bytes()
    assert result.parity["artefacts"]["adapter"]["items"] == 48
    assert not list(tmp_path.glob(".out*"))


def test_the_sums_are_those_that_sha256sum_checks(exported: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shutil.copytree(exported, out)
    line = ["sha256sum", "-c", "--strict", "SHA256SUMS"]
    assert subprocess.run(line, cwd=out, capture_output=True).returncode == 0
    (out / "README.md").write_text("other")
    with pytest.raises(InputError, match="1 files of the export"):
        check_sums(out)


def test_no_folder_of_this_machine_stands_in_the_papers(exported: Path) -> None:
    for name in ("manifest.json", "bom.cdx.json", "README.md", "SERVING.md", "adapter/adapter_config.json"):
        text = (exported / name).read_text(encoding="utf-8")
        assert str(exported.parent.parent) not in text
        assert str(Path(__file__).parents[1]) not in text
    assert read_json(exported / "adapter/adapter_config.json")["base_model_name_or_path"] == "tiny-chat"


def test_merged_weights_are_base_plus_adapter(judged: Judged, tmp_path: Path) -> None:
    import torch

    from workbench.tiny_chat import model_path

    project, adapter, _ = judged
    result = export(
        project, str(adapter), tmp_path / "out", formats=["merged", "merged-bf16"], shard_size="1MB"
    )
    assert result.parity["artefacts"]["merged"]["largest_difference"] <= 1e-3
    assert len(list((tmp_path / "out/merged").glob("model-*.safetensors"))) > 1
    base, lora, merged = (weights_of(folder) for folder in (model_path(), adapter, tmp_path / "out/merged"))
    name = "model.layers.0.self_attn.q_proj"
    a, b = (lora[f"base_model.{'model.'}{name}.lora_{side}.weight"] for side in "AB")
    wanted = base[f"{name}.weight"] + (8 / 4) * (b @ a)
    assert torch.allclose(merged[f"{name}.weight"], wanted, atol=1e-5)
    rounded = weights_of(tmp_path / "out/merged-bf16")[f"{name}.weight"]
    assert rounded.dtype == torch.bfloat16
    assert torch.equal(rounded, merged[f"{name}.weight"].to(torch.bfloat16))


def test_another_strength_needs_and_finds_its_own_verdict(judged: Judged, tmp_path: Path) -> None:
    project, adapter, _ = judged
    assert find_verdict(project, adapter, 0.5).arm == "arm1"
    assert find_verdict(project, adapter, 1.0).arm == "arm0"
    with pytest.raises(NotPassedError, match="not evaluated"):
        export(project, str(adapter), tmp_path / "quarter", scale=0.25)
    result = export(project, str(adapter), tmp_path / "half", scale=0.5, merge=True)
    assert read_json(tmp_path / "half/adapter/adapter_config.json")["lora_alpha"] == 4
    assert result.parity["largest_difference"] <= 1e-3


def test_an_adapter_without_strength_is_refused(judged: Judged, tmp_path: Path) -> None:
    project, adapter, _ = judged
    with pytest.raises(InputError, match="the base itself"):
        export(project, str(adapter), tmp_path / "out", scale=0.0)


@pytest.mark.parametrize("changed", ["adapter_model.safetensors", "adapter_config.json"])
def test_changed_weights_or_settings_do_not_borrow_a_verdict(judged: Judged, changed: str) -> None:
    project, adapter, _ = judged
    assert find_verdict(project, adapter).verdict == "pass"
    if changed == "adapter_config.json":
        write_json(adapter / changed, read_json(adapter / changed) | {"lora_alpha": 80})
    else:
        write_adapter(adapter, seed=9)
    assert find_verdict(project, adapter) == (None, "", "not evaluated")


def test_another_base_does_not_borrow_a_verdict(judged: Judged, tmp_path: Path) -> None:
    from workbench.tiny_chat import model_path

    project, adapter, run = judged
    other = tmp_path / "other-base"
    shutil.copytree(model_path(), other)
    config = read_json(other / "config.json")
    write_json(other / "config.json", config | {"rms_norm_eps": 1e-4})
    source = open_source(project, adapter)
    from workbench.export.verdicts import verdict_on

    assert verdict_on(project, source).run == run
    assert verdict_on(project, replace(source, base=str(other))).run is None


def test_an_evaluation_that_does_not_tell_its_hashes_speaks_for_nothing(judged: Judged) -> None:
    project, adapter, run = judged
    manifest = read_json(run.path / "manifest.json")
    for arm in manifest["arms"]:
        del arm["adapter_config_sha256"]
    write_json(run.path / "manifest.json", manifest)
    assert find_verdict(project, adapter).run is None


def test_a_verdict_that_was_given_on_something_else_speaks_for_nothing(judged: Judged) -> None:
    project, adapter, run = judged
    told = read_json(run.path / "verdict.json")
    assert told["arms"]["arm0"]["bound_to"]["adapter_sha256"]
    told["arms"]["arm0"]["bound_to"]["adapter_sha256"] = "0" * 64
    write_json(run.path / "verdict.json", told)
    assert find_verdict(project, adapter).run is None


def test_a_pass_by_other_thresholds_needs_a_person_and_a_reason(judged: Judged, tmp_path: Path) -> None:
    project, adapter, run = judged
    lax = tmp_path / "lax.yaml"
    lax.write_text("default_margin: 0.99\nmacro_margin: 0.99\nbeat_prompt: false\non_inconclusive: warn\n")
    assert judge_run(project, run, lax)["policy_fixed"] is False
    say(run, "pass")
    with pytest.raises(NotPassedError, match="pass by other thresholds than were fixed before the run"):
        export(project, str(adapter), tmp_path / "out")
    result = export(project, str(adapter), tmp_path / "out", override=WHY)
    assert result.overridden
    told = read_lines(project.folder("overrides.jsonl"))
    assert [row["verdict"] for row in told] == ["pass by other thresholds than were fixed before the run"]


@pytest.mark.parametrize("changed", ["answers", "flags", "key"])
def test_a_pass_counts_only_on_the_evidence_it_read(judged: Judged, tmp_path: Path, changed: str) -> None:
    project, adapter, run = judged
    assert find_verdict(project, adapter).verdict == "pass"
    if changed == "answers":
        with (run.path / "arms/arm0/say.jsonl").open("ab") as file:
            file.write(b"\n")
    elif changed == "flags":
        write_json(run.path / "flags/added.arm0.json", {"name": "added", "level": "block"})
    else:
        told = read_json(run.path / "verdict.json")
        for arm in told["arms"].values():
            del arm["evidence_sha256"]
        write_json(run.path / "verdict.json", told)
    with pytest.raises(NotPassedError, match="judged before its evidence changed: judge again"):
        export(project, str(adapter), tmp_path / "out")


def test_an_override_is_named_in_manifest_card_and_log(judged: Judged, tmp_path: Path) -> None:
    project, adapter, run = judged
    say(run, "fail")
    with pytest.raises(NotPassedError, match="no pass"):
        export(project, str(adapter), tmp_path / "out")
    result = export(project, str(adapter), tmp_path / "out", override=WHY)
    assert result.overridden
    assert read_json(tmp_path / "out/manifest.json")["override"] == {"by": WHY.by, "reason": WHY.reason}
    card = (tmp_path / "out/README.md").read_text()
    assert "Released against the gate by Eva: a test  b of /b  the road" in card
    assert [row["by"] for row in read_lines(project.folder("overrides.jsonl"))] == ["Eva"]
    assert [row["override"]["by"] for row in exports(project)] == ["Eva"]


@pytest.mark.parametrize("override", [Override("", "reason"), Override("Eva", " ")])
def test_an_override_needs_a_name_and_a_reason(judged: Judged, tmp_path: Path, override: Override) -> None:
    project, adapter, run = judged
    say(run, "fail")
    with pytest.raises(InputError, match="person and a reason"):
        export(project, str(adapter), tmp_path / "out", override=override)


def test_a_failed_export_leaves_no_folder_and_records_no_override(
    judged: Judged, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workbench.export import artefacts

    project, adapter, run = judged
    say(run, "fail")

    def broken(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(artefacts, "write_merged", broken)
    with pytest.raises(Exception, match="no space left"):
        export(project, str(adapter), tmp_path / "out", merge=True, override=WHY)
    assert list(tmp_path.iterdir()) == [project.root]
    assert not project.folder("overrides.jsonl").exists()
    assert exports(project) == []


def test_an_artefact_that_answers_otherwise_is_not_exported(
    judged: Judged, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workbench.export import artefacts

    project, adapter, _ = judged
    written = artefacts.merged_model

    def of_another(source: Any, folder: Path) -> Any:
        return written(source, write_adapter(tmp_path / "wrong", seed=5, lora_alpha=40))

    monkeypatch.setattr(artefacts, "merged_model", of_another)
    with pytest.raises(NotPassedError, match=r"of 48 items flip .* nats \(0.001 allowed\)") as refused:
        export(project, str(adapter), tmp_path / "out", merge=True, override=WHY)
    assert "'merged'" in refused.value.what
    assert not (tmp_path / "out").exists()


def test_a_judged_task_that_was_changed_stops_the_export(judged: Judged, tmp_path: Path) -> None:
    project, adapter, run = judged
    items = Path(run.config["suite_folder"]) / "items.jsonl"
    kept = items.read_bytes()
    try:
        items.write_bytes(kept + b'{"question": "What colour is the sea?", "answer": "blue"}\n')
        with pytest.raises(InputError, match="has changed"):
            export(project, str(adapter), tmp_path / "out")
    finally:
        items.write_bytes(kept)
    assert not (tmp_path / "out").exists()


def test_without_a_judgement_the_artefacts_are_held_beside_the_adapter(
    project: Project, tmp_path: Path
) -> None:
    adapter = write_adapter(tmp_path / "foreign")
    result = export(project, str(adapter), tmp_path / "out", merge=True, override=WHY)
    assert result.verdict == "not evaluated"
    told = result.parity["artefacts"]["merged"]
    assert "nothing was judged" in told["against"]
    assert told["largest_difference"] <= 1e-3


def test_export_never_writes_over_a_folder(judged: Judged, tmp_path: Path) -> None:
    project, adapter, _ = judged
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="not empty"):
        export(project, str(adapter), tmp_path / "out")
    assert (tmp_path / "out" / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize("size", ["", "5", "0GB", "big", "5GB; x"])
def test_a_shard_size_that_is_none_is_refused(project: Project, tmp_path: Path, size: str) -> None:
    with pytest.raises(InputError, match="no size"):
        export(project, "any", tmp_path / "out", shard_size=size)


def test_a_format_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(InputError, match="merged-fp32") as error:
        forms_of(["onnx"])
    assert error.value.where == "onnx"
    forms = forms_of(list(FORMATS), merge=True)
    assert len({form.place("m") for form in forms}) == len(forms)


# What is compared, and what stops an export.


def scores(values: list[float], *, nll: float = 1.0, prompt: str = "p") -> dict[str, dict[str, Score]]:
    return {"t": {str(i): Score(str(i), v, prompt_hash=prompt, nll=nll) for i, v in enumerate(values)}}


@pytest.mark.parametrize(
    ("again", "holds"),
    [
        (scores([1.0] * 50), True),
        (scores([1.0] * 50, nll=1.0009), True),
        (scores([1.0] * 50, nll=1.002), False),
        (scores([1.0] * 49 + [0.0]), False),
        (scores([1.0] * 50, prompt="q"), False),
        ({}, False),
    ],
)
def test_full_precision_allows_no_flip_no_gap_and_no_other_prompt(again: Any, holds: bool) -> None:
    judged = scores([1.0] * 50)
    assert compare(judged, again, tolerance_of("float32"), "float32", "x").holds is holds


@pytest.mark.parametrize(
    ("dtype", "old", "new", "flips"),
    [
        ("bfloat16", 0.9, 0.2, 1),
        ("bfloat16", 0.9, 0.86, 0),
        ("bfloat16", 1.0, 0.9, 1),
        ("bfloat16", 1.0, 0.0, 1),
        ("float32", 0.9, 0.898, 1),
        ("bfloat16", 40.0, 60.0, 0),
        ("float32", 40.0, 40.1, 1),
    ],
)
def test_a_share_flips_by_what_rounding_does_not_explain(
    dtype: str, old: float, new: float, flips: int
) -> None:
    assert compare(scores([old]), scores([new]), tolerance_of(dtype), dtype, "x").flips == flips


def test_f1_that_falls_everywhere_does_not_hold() -> None:
    found = compare(scores([0.9] * 50), scores([0.2] * 50), tolerance_of("bfloat16"), "bfloat16", "x")
    assert not found.holds


def test_the_coarser_of_two_number_formats_decides() -> None:
    assert tolerance_of("float32", "bfloat16") == tolerance_of("bfloat16")
    assert tolerance_of("bfloat16", "float32").nats > tolerance_of("float32").nats


# Papers.


def test_the_card_has_the_hubs_metadata_with_intervals(exported: Path) -> None:
    from huggingface_hub import ModelCard

    card = ModelCard.load(exported / "README.md")
    told = card.data.to_dict()
    assert told["base_model"] == "tiny-chat"
    assert told["base_model_relation"] == "finetune"
    assert told["license"] == "mit"
    assert told["library_name"] == "transformers"
    results = {result.dataset_name: result for result in card.data.eval_results or []}
    assert set(results) == {"say", "pick", "rows"}
    for result in results.values():
        assert result.metric_args is not None
        assert result.metric_args["low"] <= result.metric_value <= result.metric_args["high"]
        assert result.metric_args["items"] == 30


def test_licences_are_carried_and_what_is_known_is_said(exported: Path) -> None:
    assert (exported / "licences/base/NOTICE.txt").read_text() == "Made by Example Ltd.\n"
    page = (exported / "LICENCES.md").read_text()
    assert "base tiny-chat: **apache-2.0** (the model's card); files: `licences/base/NOTICE.txt`" in page
    assert "model one: **mit** (told)" in page
    assert "Unknown means" not in page


def test_an_unknown_licence_is_said_and_the_embedded_model_has_its_own(tmp_path: Path) -> None:
    source = Source(tmp_path / "one", "tiny-chat", 1.0, [])
    found = carry_licences(source, tmp_path, told_licences())
    assert [(entry.part, entry.name) for entry in found] == [("base", "apache-2.0"), ("model", "unknown")]
    assert "Apache License" in (tmp_path / "licences/base/LICENSE").read_text()
    assert "**unknown** (nobody said)" in (tmp_path / "LICENCES.md").read_text()
    assert "Unknown means" in (tmp_path / "LICENCES.md").read_text()


@pytest.mark.parametrize("given", ["mit", "weights=mit", "base="])
def test_a_licence_of_nothing_is_refused(given: str) -> None:
    with pytest.raises(InputError, match="told as"):
        told_licences([given])


def test_a_licence_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="licence file"):
        told_licences([], [f"base={tmp_path / 'none'}"])


def test_the_bill_names_base_data_libraries_and_every_file(judged: Judged, tmp_path: Path) -> None:
    project, adapter, _ = judged
    dataset = imported(
        project, write_jsonl(tmp_path / "d.jsonl", [chat("Hello", "Hi"), chat("Bye", "See you")]), "desk"
    )
    trained = tmp_path / "run"
    shutil.copytree(adapter, trained / "adapter")
    settings = {
        "base": "tiny-chat",
        "method": "sft",
        "lora_r": 4,
        "lora_alpha": 8,
        "learning_rate": 1e-3,
        "seed": 0,
    }
    write_json(
        trained / "manifest.json",
        {
            "run": "run",
            "settings": settings,
            "dataset": {"ref": dataset.ref, "content_hash": dataset.content_hash},
            "rows": {"train": 2, "replay": 0, "hash": "h"},
            "parent_adapter": None,
            "libraries": {"torch": "0.0+x", "peft": "0.0"},
        },
    )
    result = export(
        project,
        str(trained / "adapter"),
        tmp_path / "out",
        override=WHY,
        licences=told_licences(["data=cc0-1.0"]),
    )
    bill = json.loads((tmp_path / "out/bom.cdx.json").read_text())
    by_ref = {part["bom-ref"]: part for part in bill["components"]}
    assert by_ref["base"]["licenses"] == [{"license": {"id": "Apache-2.0"}}]
    data = by_ref[f"data-{dataset.ref}"]
    assert data["licenses"] == [{"license": {"id": "CC0-1.0"}}]
    assert data["properties"][0]["value"] == dataset.content_hash
    assert by_ref["library-torch"]["purl"] == "pkg:pypi/torch@0.0%2Bx"
    files = {
        part["name"]: part["hashes"][0]["content"] for part in bill["metadata"]["component"]["components"]
    }
    assert files == {name: digest for name, digest in result.files.items() if name != "bom.cdx.json"}
    assert (tmp_path / "out/DATA_CARD.md").exists()


def test_the_bill_holds_to_the_schema(exported: Path) -> None:
    pytest.importorskip(
        "cyclonedx", reason="cyclonedx-python-lib, which carries the schema, is not installed"
    )
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    text = (exported / "bom.cdx.json").read_text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None


# Serving.


def test_stop_tokens_come_from_template_and_settings() -> None:
    tokenizer = load_tokenizer("tiny-chat")
    settings = generation_settings("tiny-chat")
    assert stop_texts(tokenizer, settings) == ["<|im_end|>"]
    settings.eos_token_id = [0]
    assert stop_texts(tokenizer, settings) == ["<|pad|>", "<|im_end|>"]
    tokenizer.eos_token = "<|pad|>"
    settings.eos_token_id = None
    assert stop_texts(tokenizer, settings) == ["<|pad|>", "<|im_end|>"]


TEMPLATES = {
    "llama-like": "{{ bos_token }}{% for m in messages %}<|start|>{{ m.role }}<|mid|>\n\n{{ m.content }}<|eot|>"
    "{% endfor %}{% if add_generation_prompt %}<|start|>assistant<|mid|>\n\n{% endif %}",
    "own system message": "{% if messages[0].role != 'system' %}<s>be kind</s>{% endif %}{% for m in messages %}"
    "<{{ m.role }}>{{ m.content }}</{{ m.role }}>{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}",
    "no system": "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no') }}{% endif %}"
    "{{ '[I]' + m.content + '[/I]' if m.role == 'user' else m.content + '</s>' }}{% endfor %}",
}


@pytest.mark.parametrize("name", TEMPLATES)
def test_templates_of_turns_are_taken_apart(name: str) -> None:
    tokenizer = load_tokenizer("tiny-chat")
    tokenizer.chat_template = TEMPLATES[name]
    if name == "llama-like":
        tokenizer.bos_token = "<|im_start|>"
    turns = read_turns(tokenizer)
    talk = [
        {"role": "user", "content": "A"},
        {"role": "assistant", "content": "B"},
        {"role": "user", "content": "C"},
    ]
    written = tokenizer.apply_chat_template(talk, tokenize=False, add_generation_prompt=True)
    assert turns.render(talk, answer=True) == written.removeprefix(tokenizer.bos_token or "\0")
    assert (turns.system is None) == (name == "no system")


def test_a_template_that_is_more_than_turns_is_refused() -> None:
    tokenizer = load_tokenizer("tiny-chat")
    tokenizer.chat_template = "{% for m in messages %}{{ loop.index }}{{ m.content }}{% endfor %}"
    with pytest.raises(InputError, match="more than turn after turn"):
        read_turns(tokenizer)


def test_the_serving_page_has_the_commands_of_what_is_there(exported: Path) -> None:
    page = (exported / "SERVING.md").read_text()
    assert "--lora-modules p=./adapter" in page
    assert "--max-lora-rank 8" in page
    assert "vllm serve ./merged --served-model-name p --dtype float32" in page
    assert "transformers serve ./merged" in page
    assert "- `<|im_end|>`" in page
    assert (exported / "chat_template.jinja").read_text() == load_tokenizer("tiny-chat").chat_template


# What may be pushed.


def test_only_a_whole_checked_and_cleared_export_may_be_pushed(exported: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shutil.copytree(exported, out)
    assert set(check_pushable(out)) >= {"manifest.json", "README.md"}
    manifest = read_json(out / "manifest.json")
    for change, words in (
        ({"override": None, "verdict": "fail"}, "no pass"),
        ({"override": None, "verdict": "not evaluated"}, "no pass"),
        ({"parity": {"checked": False}}, "nobody checked"),
    ):
        write_json(out / "manifest.json", manifest | change)
        write_sums(out)
        with pytest.raises(NotPassedError, match=words):
            check_pushable(out)
    write_json(out / "manifest.json", manifest)
    with pytest.raises(InputError, match="not what was exported"):
        check_pushable(out)
    (out / "extra.txt").write_text("x")
    with pytest.raises(InputError, match="not what was exported"):
        check_pushable(out)
    with pytest.raises(NotFoundError, match="no export"):
        check_pushable(tmp_path)


def test_the_command_answers_with_path_files_and_parity(
    judged: Judged, here: Command, tmp_path: Path
) -> None:
    project, adapter, _ = judged
    line = ["export", adapter, "--to", tmp_path / "out", "--format", "merged-fp32", "--parity-items", "4"]
    answered = here(*line, "--project", project.root, "--json")
    assert answered.returncode == 0, answered.stderr
    assert {"path", "files", "parity"} <= set(answered.data)
    assert answered.data["parity"]["items"] == 12
    assert set(answered.data["parity"]["artefacts"]) == {"adapter", "merged-fp32"}
    digest = hashlib.sha256((tmp_path / "out/merged-fp32/model.safetensors").read_bytes()).hexdigest()
    assert answered.data["files"]["merged-fp32/model.safetensors"] == digest
