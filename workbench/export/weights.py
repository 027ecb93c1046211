"""The weights that ship: the adapter at its strength, and the base with the adapter merged in."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

from workbench.errors import InputError
from workbench.export.sources import Source, shown
from workbench.export.stopping import stop_ids
from workbench.files import read_json, write_json
from workbench.models import load_model, load_tokenizer

CARRIED = (".safetensors", ".json", ".jinja", ".txt", ".model")
SHARD_SIZE = "5GB"


def check_shard_size(size: str) -> None:
    """Raise `InputError` unless it is a number with KB, MB or GB."""
    if not re.fullmatch(r"[1-9]\d*[KMG]B", size):
        raise InputError("this is no size of a file", where=size[:20], remedy="as 500MB or 5GB")


def write_adapter(source: Source, target: Path) -> None:
    """Copy an adapter; another strength than 1 is written into its ``lora_alpha``.

    LoRA adds ``lora_alpha / r`` (``/ sqrt(r)`` for rsLoRA) times ``B A`` (Hu et al. 2021), so
    the scaled number is the strength, in every program that reads PEFT adapters; the weights
    stay those that were judged, byte for byte.
    """
    target.mkdir(parents=True)
    for path in sorted(source.folder.iterdir()):
        if path.is_file() and path.suffix in CARRIED:
            shutil.copyfile(path, target / path.name)
    config = read_json(target / "adapter_config.json")
    if source.scale != 1.0:
        config["lora_alpha"] = config["lora_alpha"] * source.scale
        patterns = config.get("alpha_pattern") or {}
        config["alpha_pattern"] = {name: alpha * source.scale for name, alpha in patterns.items()}
    named = config.get("base_model_name_or_path")
    if named and shown(str(named)) != str(named):
        config["base_model_name_or_path"] = shown(str(named))
    elif source.scale == 1.0:
        return
    write_json(target / "adapter_config.json", config)


def merged_model(source: Source, adapter: Path) -> Any:
    """The base with an adapter folder merged into it, in float32.

    The sum is rounded once, when it is written. Raises `InputError` for a quantised base.
    """
    import torch
    from peft import PeftModel

    base: Any = load_model(source.base)
    if getattr(base.config, "quantization_config", None) is not None:
        raise InputError(
            "a quantised base cannot be merged without loss",
            where=source.base_name,
            remedy="name the unquantised base, or export the adapter alone",
        )
    model: Any = PeftModel.from_pretrained(base.to(torch.float32), str(adapter)).eval()
    merged = model.merge_and_unload(safe_merge=True)
    merged.config.use_cache = True
    return merged


def write_merged(model: Any, tokenizer: Any, target: Path, dtype: str, shard_size: str = SHARD_SIZE) -> None:
    """Write a model as sharded safetensors with its tokenizer, template and stop tokens.

    ``model`` comes in float32 and leaves in ``dtype``: write the widest format first.
    """
    import torch

    model.to(getattr(torch, dtype))
    model.config.dtype = getattr(torch, dtype)
    model.generation_config.eos_token_id = stop_ids(tokenizer, model.generation_config)
    model.save_pretrained(str(target), max_shard_size=shard_size)
    tokenizer.save_pretrained(str(target))


def base_tokenizer(source: Source) -> Any:
    """The tokenizer that the judged answers were given through: the base's own."""
    return load_tokenizer(source.base)
