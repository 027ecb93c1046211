"""Hashes that bind scores to what was judged: base, adapter, its settings, prompt."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from workbench.errors import NotFoundError
from workbench.evaluation.arms import Arm
from workbench.files import file_sha256, read_json
from workbench.models import resolve_model

SETTINGS = ("config.json", "generation_config.json")
TOKENIZER = (
    "tokenizer.json",
    "tokenizer.model",
    "vocab.json",
    "merges.txt",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "chat_template.jinja",
)
LIBRARIES = ("lm-eval", "transformers", "peft", "torch", "tokenizers", "datasets")


def sha256_of(value: object) -> str:
    """SHA-256 of a value as canonical JSON."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def model_folder(name: str) -> Path:
    """The folder of a model's files: as named, or where the hub's copy lies on this machine."""
    path = Path(resolve_model(name) if not name.endswith(".gguf") else name)
    if path.exists():
        return path
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, local_files_only=True))
    except (LocalEntryNotFoundError, ValueError) as error:
        raise NotFoundError(
            f"the model '{name}' is not on this machine",
            remedy="download it first or add --allow-download",
        ) from error


def weights_sha256(name: str) -> str:
    """SHA-256 over the names and hashes of a model's weights and settings (or of one GGUF file)."""
    path = model_folder(name)
    return _of_files(
        [path] if path.is_file() else sorted([*path.glob("*.safetensors"), *_named(path, SETTINGS)])
    )


def tokenizer_sha256(name: str) -> str | None:
    """SHA-256 over a model's tokenizer and chat template; None for a folder without its own."""
    path = model_folder(name)
    found = [] if path.is_file() else _named(path, TOKENIZER)
    return _of_files(found) if any(file.name == "tokenizer_config.json" for file in found) else None


def weights_dtype(name: str) -> str:
    """The number format in which a model's weights are loaded, such as ``float32``."""
    path = model_folder(name)
    if path.is_file():
        return "float32"
    config = read_json(path / "config.json")
    told = config.get("dtype") or config.get("torch_dtype")
    if told:
        return str(told).removeprefix("torch.")
    from safetensors import safe_open

    names = {"F32": "float32", "F16": "float16", "BF16": "bfloat16", "F64": "float64"}
    for file in sorted(path.glob("*.safetensors")):
        with safe_open(str(file), framework="numpy") as opened:
            for key in opened.keys():  # noqa: SIM118 - not a dict
                found = opened.get_slice(key).get_dtype()
                if found in names:
                    return names[found]
    return "float32"


def adapter_hashes(folder: str | Path | None) -> dict[str, str | None]:
    """``adapter_sha256`` of the weights and ``adapter_config_sha256`` of the settings."""
    if folder is None:
        return {"adapter_sha256": None, "adapter_config_sha256": None}
    return {
        "adapter_sha256": _file_sha256(Path(folder) / "adapter_model.safetensors"),
        "adapter_config_sha256": _file_sha256(Path(folder) / "adapter_config.json"),
    }


def prompt_sha256(arm: Arm) -> str | None:
    """SHA-256 of an arm's own system prompt and few-shot turns; None when it has neither."""
    if arm.prompt is None and not arm.fewshot:
        return None
    return sha256_of([arm.prompt, [list(turns) for turns in arm.fewshot or []]])


def arm_identity(base: str, arm: Arm) -> dict[str, Any]:
    """What an arm's answers depend on besides the items: weights, adapter, strength, prompt."""
    weights = arm.model or base
    return {
        "weights_sha256": weights_sha256(weights),
        **adapter_hashes(arm.adapter),
        "scale": arm.scale,
        "prompt_sha256": prompt_sha256(arm),
        "dtype": weights_dtype(weights),
        "tokenizer_sha256": tokenizer_sha256(weights) or tokenizer_sha256(base),
    }


def library_versions() -> dict[str, str]:
    """Versions of the libraries that scores depend on."""
    import importlib.metadata

    return {name: importlib.metadata.version(name) for name in LIBRARIES}


def _of_files(files: list[Path]) -> str:
    return sha256_of([[file.name, _file_sha256(file)] for file in files])


def _named(folder: Path, names: tuple[str, ...]) -> list[Path]:
    return [folder / name for name in names if (folder / name).exists()]


def _file_sha256(path: Path) -> str:
    known = path.stat()
    return _hash(path, known.st_size, known.st_mtime_ns)


@lru_cache(maxsize=512)
def _hash(path: Path, _size: int, _changed: int) -> str:
    """Hash a file once for each state of it: weights are read for every task otherwise."""
    return file_sha256(path)
