"""tiny-chat: a chat model that fits into the package, for demos and tests without a GPU."""

from pathlib import Path

__all__ = ["model_path"]


def model_path() -> Path:
    """Return the folder for `from_pretrained`: weights, tokenizer, chat template, settings."""
    return Path(__file__).parent / "weights"
