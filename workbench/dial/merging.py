"""Merge several adapters of one base into one adapter, by PEFT.

``linear`` is the mean of the adapters' changes, exactly (PEFT's ``cat``: the ranks add up).
``ties`` trims each change to its largest weights, elects a sign, and takes the mean of those
that agree (Yadav et al. 2023); ``dare`` drops weights at random and rescales the rest (Yu et
al. 2024). Both work on the whole change of a layer, which is then cut to the adapters' ranks
together by SVD; what is evaluated is the adapter that came out.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workbench.dial.settings import MergeMethod
from workbench.errors import InputError
from workbench.evaluation.arms import UNSCALED
from workbench.evaluation.hashes import adapter_hashes, sha256_of, weights_sha256
from workbench.files import read_json, storage_errors, sweep, sync_folder, temporary_name, write_json
from workbench.models import load_model
from workbench.projects import Project

FOLDER = "merged_adapters"
PEFT_NAMES = {"linear": "cat", "ties": "ties_svd", "dare": "dare_linear_svd"}
RECORD = "merge.json"


def merge_folder(
    project: Project, base: str, adapters: Sequence[str], method: MergeMethod, *, density: float, seed: int
) -> Path:
    """Where a merge of these adapters lies, or will lie: by the content of all that goes in."""
    key = sha256_of(
        [
            weights_sha256(base),
            method,
            None if method == "linear" else density,
            seed if method == "dare" else None,
            [adapter_hashes(adapter) for adapter in adapters],
        ]
    )
    return project.folder(FOLDER, key[:32])


def check_mergeable(adapters: Sequence[str]) -> None:
    """Raise `InputError` unless there are several plain LoRA adapters."""
    if len(set(adapters)) < 2:
        raise InputError("a merge needs two adapters", remedy="name more than one --adapter, or no --merge")
    for adapter in adapters:
        config = read_json(Path(adapter) / "adapter_config.json")
        blocked = [key for key in (*UNSCALED, "use_rslora") if config.get(key)]
        if config.get("bias", "none") != "none":
            blocked.append("bias")
        if config.get("peft_type") != "LORA" or blocked:
            raise InputError(
                "this adapter cannot be merged with others",
                where=f"{Path(adapter).name}: {', '.join(blocked) or config.get('peft_type')}",
                remedy="only plain LoRA merges; leave out --merge",
            )


def make_merge(
    base: str, adapters: Sequence[str], method: MergeMethod, folder: Path, *, density: float, seed: int
) -> None:
    """Write the merged adapter, unless it is there. Raises `InputError` when PEFT refuses."""
    if (folder / RECORD).exists():
        return
    with storage_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        sweep(folder.parent)
        work = temporary_name(folder)
        try:
            _merged(base, adapters, method, density, seed).save_pretrained(
                str(work), selected_adapters=["merged"]
            )
            (work / "merged" / "README.md").unlink(missing_ok=True)
            told = {"method": method, "density": density, "seed": seed, "adapters": list(adapters)}
            hashes = [adapter_hashes(adapter) for adapter in adapters]
            write_json(work / "merged" / RECORD, {**told, "hashes": hashes})
            shutil.rmtree(folder, ignore_errors=True)
            (work / "merged").rename(folder)
            sync_folder(folder.parent)
        finally:
            shutil.rmtree(work, ignore_errors=True)


def _merged(base: str, adapters: Sequence[str], method: MergeMethod, density: float, seed: int) -> Any:
    import torch
    from peft import PeftModel

    model: Any = PeftModel.from_pretrained(load_model(base), adapters[0], adapter_name="part0")
    for number, adapter in enumerate(adapters[1:], 1):
        model.load_adapter(adapter, adapter_name=f"part{number}")
    names = [f"part{number}" for number in range(len(adapters))]
    # TIES takes the mean of the weights that agree by itself.
    weight = 1.0 if method == "ties" else 1.0 / len(adapters)
    settings: dict[str, Any] = {}
    if method != "linear":
        settings = {"density": density, "svd_rank": _rank(model, names), "svd_full_matrices": False}
    torch.manual_seed(seed)
    try:
        model.add_weighted_adapter(
            names, [weight] * len(names), "merged", combination_type=PEFT_NAMES[method], **settings
        )
    except ValueError as error:
        raise InputError(
            f"these adapters cannot be merged by '{method}'",
            remedy="they must change the same layers of the same base",
        ) from error
    return model


def _rank(model: Any, names: Sequence[str]) -> int:
    """The adapters' ranks together, but no more than the narrowest layer has."""
    together = sum(int(model.peft_config[name].r) for name in names)
    narrowest = min(
        min(module.lora_A[name].in_features, module.lora_B[name].out_features)
        for module in model.modules()
        for name in names
        if name in getattr(module, "lora_A", {})
    )
    return int(min(together, narrowest))
