"""Arms: the contestants of an evaluation, and one model that answers as any of them."""

from __future__ import annotations

import contextlib
import gc
import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from workbench.errors import InputError, MissingExtraError
from workbench.files import read_json
from workbench.models import load_model, load_tokenizer

ArmKind = Literal["base", "control", "prompted", "adapter", "merged", "quantised", "checkpoint"]
OWN_WEIGHTS = ("merged", "quantised")
UNSCALED = ("modules_to_save", "trainable_token_indices", "use_dora")
"""Parts of an adapter that its LoRA scaling does not reach."""


@dataclass(frozen=True)
class Arm:
    """One contestant: the base, the base with a prompt, with an adapter, or a model of its own.

    A ``control`` is the base asked a second time: what differs from the base is noise.
    ``fewshot`` holds (user, assistant) turns shown before each question; ``model`` is the
    folder of weights of its own (merged, quantised); ``scale`` multiplies an adapter's strength.
    """

    name: str
    kind: ArmKind = "base"
    prompt: str | None = None
    fewshot: Sequence[tuple[str, str]] | None = None
    adapter: str | None = None
    model: str | None = None
    scale: float = 1.0

    def as_dict(self) -> dict[str, Any]:
        """The arm as a run's config holds it."""
        return {**asdict(self), "fewshot": [list(turns) for turns in self.fewshot] if self.fewshot else None}


def arm_from(raw: Mapping[str, Any]) -> Arm:
    """An arm out of a run's config, also of a run made before arms had kinds."""
    kind = raw.get("kind") or (
        "adapter" if raw.get("adapter") else "prompted" if raw.get("prompt") else "base"
    )
    fewshot = raw.get("fewshot")
    turns = tuple((str(user), str(assistant)) for user, assistant in fewshot) if fewshot else None
    return Arm(**{**raw, "kind": kind, "fewshot": turns})


def free_name(label: str, taken: set[str]) -> str:
    """A name for an arm that is also a folder's name and not taken yet."""
    wanted = "".join(c if c.isalnum() or c in "-_" else "-" for c in label)[:60] or "adapter"
    name, number = wanted, 2
    while name in taken:
        name = f"{wanted}~{number}"
        number += 1
    return name


class Models:
    """The base's weights once, adapters beside them, and a switch between arms.

    Inside ``with models.active(arm):`` the attributes ``model``, ``tokenizer`` and ``device``
    are those of the arm. Nothing is loaded before it is needed. Of arms with weights of their
    own (merged, quantised) one at a time is in memory.
    """

    def __init__(self, base: str, arms: Sequence[Arm]) -> None:
        self.base = base
        self.arms = list(arms)
        self.model: Any = None
        self.tokenizer: Any = None
        self._base_tokenizer: Any = None
        self._base_model: Any = None
        self._adapters: dict[str, str] = {}
        self._own: tuple[str, Any] | None = None
        self.harness: tuple[Any, Any] | None = None

    @property
    def device(self) -> str:
        """Where the weights are: ``cuda`` when there is a GPU, else ``cpu``."""
        import torch

        return "cuda" if torch.cuda.is_available() else "cpu"

    @contextlib.contextmanager
    def active(self, arm: Arm) -> Iterator[Models]:
        """Answer as this arm inside the block; blocks do not nest."""
        before = self.model, self.tokenizer
        self.tokenizer = self.tokenizer_of(arm)
        if arm.model:
            self.model = self._own_model(arm.model)
            switched: Any = contextlib.nullcontext()
        else:
            self.model = self._shared_model()
            switched = self._switched(arm)
        try:
            with switched:
                yield self
        finally:
            self.model, self.tokenizer = before

    def tokenizer_of(self, arm: Arm) -> Any:
        """The tokenizer that an arm is asked through: the base's, unless its folder has one."""
        folder = Path(arm.model) if arm.model else None
        if folder and folder.is_dir() and (folder / "tokenizer_config.json").exists():
            return load_tokenizer(str(folder))
        if self._base_tokenizer is None:
            self._base_tokenizer = load_tokenizer(self.base)
        return self._base_tokenizer

    @contextlib.contextmanager
    def _switched(self, arm: Arm) -> Iterator[None]:
        if arm.adapter:
            from peft.helpers import rescale_adapter_scale

            self._base_model.set_adapter(self._adapters[arm.adapter])
            if arm.scale == 1.0:
                yield
                return
            with rescale_adapter_scale(self._base_model, arm.scale):
                yield
        elif self._adapters:
            with self._base_model.disable_adapter():
                yield
        else:
            yield

    def _shared_model(self) -> Any:
        if self._base_model is not None:
            return self._base_model
        from peft import PeftModel

        model: Any = load_model(self.base).to(self.device)
        for arm in self.arms:
            if not arm.adapter or arm.adapter in self._adapters:
                continue
            name = f"arm{len(self._adapters)}"
            if self._adapters:
                model.load_adapter(arm.adapter, adapter_name=name)
            else:
                model = PeftModel.from_pretrained(model, arm.adapter, adapter_name=name)
            self._adapters[arm.adapter] = name
        if self._adapters:
            # The harness ties weights on load, which fails on adapters with trained tokens.
            model.tie_weights = lambda *_, **__: None
        self._base_model = model.eval()
        return self._base_model

    def _own_model(self, folder: str) -> Any:
        if self._own is None or self._own[0] != folder:
            self._own = self.harness = None
            gc.collect()
            self._own = (folder, _loaded(folder, self.device))
        return self._own[1]


@contextlib.contextmanager
def opened_arms(base: str, arms: Sequence[Arm]) -> Iterator[Models]:
    """Give one model that answers as any of the arms; see `Models`.

    Raises `InputError` for a scale that an adapter cannot take.
    """
    for arm in arms:
        check_scale(arm)
    models = Models(base, arms)
    try:
        yield models
    finally:
        models.model = models.tokenizer = models._base_model = models._own = models.harness = None
        gc.collect()


def check_scale(arm: Arm) -> None:
    """Raise `InputError` unless multiplying LoRA's scaling is the whole of the adapter's strength."""
    if arm.scale == 1.0:
        return
    if arm.adapter is None or not 0.0 <= arm.scale <= 2.0:
        raise InputError(
            f"arm '{arm.name}' cannot have the strength {arm.scale:g}",
            remedy="give an adapter a strength from 0 to 2, as name=RUN@0.5",
        )
    config = read_json(Path(arm.adapter) / "adapter_config.json")
    blocked = [key for key in UNSCALED if config.get(key)]
    if config.get("bias", "none") != "none":
        blocked.append("bias")
    if config.get("peft_type") != "LORA" or blocked:
        raise InputError(
            f"arm '{arm.name}': the strength of this adapter cannot be scaled",
            where=", ".join(blocked) or str(config.get("peft_type")),
            remedy="only plain LoRA scales; evaluate it at full strength",
        )


def _loaded(folder: str, device: str) -> Any:
    path = Path(folder)
    if path.suffix != ".gguf":
        model: Any = load_model(folder)
        quantised = getattr(model.config, "quantization_config", None) is not None
        return (model if quantised else model.to(device)).eval()
    if importlib.util.find_spec("gguf") is None:
        raise MissingExtraError(
            "reading a GGUF file needs the package gguf", remedy="pip install 'finetune-workbench[gguf]'"
        )
    import torch
    from transformers import AutoModelForCausalLM

    loaded: Any = AutoModelForCausalLM.from_pretrained(
        str(path.parent), gguf_file=path.name, dtype=torch.float32, trust_remote_code=False
    )
    return loaded.to(device).eval()
