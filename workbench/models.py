"""Which model a name means: ``tiny-chat``, a local folder, or a hub name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import InputError, NotFoundError
from workbench.files import expanded

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

TINY_CHAT = "tiny-chat"


def resolve_model(name: str) -> str:
    """Return a folder path, or a hub name as it is. Raises `NotFoundError` for a wrong path."""
    if name == TINY_CHAT:
        from workbench.tiny_chat import model_path

        return str(model_path())
    path = expanded(Path(name))
    if path.is_dir():
        if not (path / "config.json").exists():
            raise NotFoundError(
                "this folder holds no model",
                where=str(path),
                remedy="it needs config.json, a tokenizer and safetensors weights",
            )
        return str(path.resolve())
    if path.is_absolute() or name.startswith((".", "~")) or name.count("/") != 1:
        raise NotFoundError(
            f"there is no model '{name}'",
            remedy="name a local folder, a hub model such as Qwen/Qwen3-0.6B, or tiny-chat",
        )
    return name


def pinned_model(name: str) -> str:
    """A name that means the same from any folder: paths absolute, other names as they are."""
    return name if name == TINY_CHAT else resolve_model(name)


def is_hub_name(name: str) -> bool:
    """Whether loading this model may need the network."""
    return name != TINY_CHAT and not Path(name).expanduser().is_dir()


def load_tokenizer(name: str) -> PreTrainedTokenizerBase:
    """Load a tokenizer that can chat. Raises `InputError` when it has no chat template."""
    from transformers import AutoTokenizer

    tokenizer = _load(AutoTokenizer, name)
    if not tokenizer.chat_template:
        raise InputError(
            f"the model '{name}' has no chat template",
            remedy="use the instruct or chat variant of the model",
        )
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer  # type: ignore[no-any-return]


def load_model(name: str, **options: Any) -> PreTrainedModel:
    """Load weights from safetensors only, without remote code, in the dtype they were saved in."""
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()
    return _load(AutoModelForCausalLM, name, use_safetensors=True, dtype="auto", **options)  # type: ignore[no-any-return]


def count_parameters(name: str) -> int:
    """Count a model's parameters from its config alone, without loading weights."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(_load(AutoConfig, name))
    model.tie_weights()
    return sum(p.numel() for p in {id(p): p for p in model.parameters()}.values())


def _load(loader: Any, name: str, **options: Any) -> Any:
    path = resolve_model(name)
    try:
        return loader.from_pretrained(path, trust_remote_code=False, **options)
    except (OSError, ValueError, KeyError) as error:
        remedy = (
            "download it first or add --allow-download"
            if is_hub_name(name)
            else "check that the folder holds a complete model with safetensors weights"
        )
        raise NotFoundError(f"the model '{name}' cannot be loaded", remedy=remedy) from error
