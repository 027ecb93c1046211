"""The forms in which a judged adapter can leave, and how near each must stay to what was judged."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from workbench.errors import InputError

Kind = Literal["adapter", "merged", "gguf"]


@dataclass(frozen=True)
class Form:
    """One artefact: its kind, its number format, and where it lies in the export."""

    name: str
    kind: Kind
    dtype: str

    def place(self, model: str) -> str:
        """The artefact's folder or file, relative to the export; ``model`` names a GGUF file."""
        return f"gguf/{model}-{self.dtype}.gguf" if self.kind == "gguf" else self.name


@dataclass(frozen=True)
class Tolerance:
    """How far an artefact's answers may lie from the judged ones.

    ``nats``: largest difference of the log-likelihood of a choice or of a next token.
    ``flips``: share of items whose score may differ, rounded down, plus ``spare`` items.
    """

    nats: float
    flips: float
    spare: int = 0


TOLERANCES = {
    "float32": Tolerance(1e-3, 0.01),
    "float16": Tolerance(0.25, 0.02, 1),
    "bfloat16": Tolerance(0.75, 0.03, 1),
    "q8_0": Tolerance(0.75, 0.03, 1),
}
_SHORT = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}
_GGUF = {"f32": "float32", "f16": "float16", "bf16": "bfloat16", "q8_0": "q8_0"}
ADAPTER = Form("adapter", "adapter", "base")
FORMATS = (
    "adapter",
    "merged",
    *(f"merged-{short}" for short in _SHORT),
    "gguf",
    *(f"gguf-{short}" for short in _GGUF),
)


def forms_of(names: list[str], *, merge: bool = False) -> list[Form]:
    """The artefacts of format names, each once; the adapter is always the first.

    ``merged`` keeps the base's number format, ``gguf`` is ``gguf-f16``. Raises `InputError`.
    """
    forms = [ADAPTER]
    for name in [*(["merged"] if merge else []), *names]:
        form = _form(name)
        if form not in forms:
            forms.append(form)
    return forms


def served_name(title: str) -> str:
    """A name that file systems, Ollama and the chat API take."""
    return re.sub(r"[^a-z0-9._-]+", "-", title.lower()).strip("-.") or "model"


def tolerance_of(*dtypes: str) -> Tolerance:
    """The widest tolerance among number formats: the coarsest of two sides decides."""
    known = [TOLERANCES.get(dtype, TOLERANCES["bfloat16"]) for dtype in dtypes]
    return max(known, key=lambda tolerance: (tolerance.nats, tolerance.flips))


def _form(name: str) -> Form:
    if name == "adapter":
        return ADAPTER
    if name == "merged":
        return Form("merged", "merged", "base")
    kind, _, short = name.partition("-")
    if kind == "merged" and short in _SHORT:
        return Form(name, "merged", _SHORT[short])
    if kind == "gguf" and (not short or short in _GGUF):
        return Form(f"gguf-{short or 'f16'}", "gguf", short or "f16")
    raise InputError(
        "there is no such export format", where=name[:40], remedy=f"formats: {', '.join(FORMATS)}"
    )


def loaded_dtype(form: Form, base: str) -> str:
    """The number format whose tolerance holds for an artefact; ``base`` is the base's own."""
    if form.kind == "gguf":
        return _GGUF[form.dtype]
    return base if form.dtype == "base" else form.dtype
