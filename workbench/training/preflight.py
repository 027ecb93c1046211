"""Preflight: what a training run would do, counted on the rows it would use.

The counts come from the same `prepare_rows` that the trainer calls, so they are equal by
construction; the trainer writes its own counts to the run and a test compares them.
"""

from __future__ import annotations

import time
import warnings
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from workbench.errors import InputError
from workbench.models import count_parameters, load_tokenizer
from workbench.projects import Project
from workbench.training.encoding import decoded_mask
from workbench.training.rows import TrainingRows, prepare_rows
from workbench.training.settings import TrainSettings

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

FIRST_BATCH = 8


@dataclass(frozen=True)
class Estimate:
    """One number with its unit and the reason for it."""

    name: str
    value: float
    unit: str
    reason: str


@dataclass(frozen=True)
class Preflight:
    """Counts, warnings, the first rows with their loss mask, memory and time."""

    data: str
    base: str
    rows: int
    replay_rows: int
    held_out_rows: int
    retained_rows: int
    tokens: int
    supervised_tokens: int
    supervised_share: float
    longest: int
    steps: int
    problems: dict[str, int]
    problem_ids: dict[str, list[str]]
    warnings: list[str]
    first_rows: list[list[dict[str, Any]]]
    estimates: list[Estimate]
    data_hash: str

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return asdict(self)


def preflight(project: Project, settings: TrainSettings, *, measure: bool = True) -> Preflight:
    """Count everything before a run. Raises `InputError` when the run could not start."""
    tokenizer = load_tokenizer(settings.base)
    rows = prepare_rows(project, settings, tokenizer)
    counts = counted(rows, settings)
    return Preflight(
        data=settings.data,
        base=settings.base,
        **counts,
        problem_ids={reason: ids[:50] for reason, ids in rows.train.problems.items()},
        warnings=_warnings(rows, settings, tokenizer),
        first_rows=_first_rows(rows, tokenizer),
        estimates=estimates(settings, rows, counts["steps"]) if measure else [],
        data_hash=rows.data_hash,
    )


def counted(rows: TrainingRows, settings: TrainSettings) -> dict[str, Any]:
    """The counts that preflight shows and the trainer records."""
    train = rows.train
    return {
        "rows": len(train.ids),
        "replay_rows": rows.replay_rows,
        "held_out_rows": len(rows.held_out.ids),
        "retained_rows": len(rows.retained.ids),
        "tokens": train.tokens,
        "supervised_tokens": train.supervised,
        "supervised_share": round(train.supervised / max(train.tokens, 1), 4),
        "longest": train.longest,
        "steps": planned_steps(len(train.ids), settings),
        "problems": {reason: len(ids) for reason, ids in sorted(train.problems.items())},
    }


def planned_steps(rows: int, settings: TrainSettings) -> int:
    """Optimizer steps of the run if it is not stopped early."""
    if settings.max_steps > 0:
        return settings.max_steps
    batches = -(-rows // settings.batch_size)
    per_epoch = max(1, -(-batches // settings.accumulation))
    return max(1, -(-int(per_epoch * settings.epochs * 1000) // 1000))


def estimates(settings: TrainSettings, rows: TrainingRows, steps: int) -> list[Estimate]:
    """Memory and time with their reasons. Rough on purpose: within about a factor of two."""
    parameters = count_parameters(settings.base)
    shape = _shape(settings.base)
    layers, hidden, vocabulary = shape
    adapter = lora_parameters(settings)
    weight_bytes = 0.55 if settings.load_in_4bit else _weight_bytes(settings.base)
    length = rows.train.longest
    batch = settings.batch_size * (2 if settings.method == "dpo" else 1)
    activations = (
        batch * length * (hidden * layers * (8 if settings.gradient_checkpointing else 34) + vocabulary) * 4
    )
    parts = [
        Estimate(
            "weights",
            parameters * weight_bytes / 1e9,
            "GB",
            f"{parameters:,} parameters x {weight_bytes} bytes",
        ),
        Estimate(
            "adapter and optimizer",
            adapter * 16 / 1e9,
            "GB",
            f"{adapter:,} LoRA parameters x 16 bytes (weight, gradient and two AdamW moments in float32)",
        ),
        Estimate(
            "activations",
            activations / 1e9,
            "GB",
            f"batch {batch} x longest {length} tokens x ({layers} layers x hidden {hidden}, and vocabulary {vocabulary})",
        ),
    ]
    total = sum(part.value for part in parts)
    parts.append(Estimate("memory", total, "GB", "sum of the above, libraries not counted (about 1 GB)"))
    passes = 4 if settings.method == "sft" else 6
    epoch_tokens = (
        rows.train.tokens / max(len(rows.train.ids), 1) * settings.batch_size * settings.accumulation
    )
    work = passes * parameters * epoch_tokens * steps
    speed, device = measured_speed()
    seconds = work / (speed * 0.25) + steps * 0.02 + 25
    parts.append(
        Estimate(
            "time",
            seconds,
            "s",
            f"{steps} steps x {epoch_tokens:,.0f} tokens x {passes} x parameters, at a quarter of the "
            f"{speed / 1e9:,.0f} GFLOP/s just measured on {device}, 0.02 s a step and 25 s to start",
        )
    )
    return parts


def lora_parameters(settings: TrainSettings) -> int:
    """Count the trainable parameters of the adapter on an empty copy of the model."""
    import torch
    from peft import get_peft_model
    from transformers import AutoConfig, AutoModelForCausalLM

    from workbench.models import resolve_model
    from workbench.training.session import lora_config

    with torch.device("meta"), warnings.catch_warnings():
        # PEFT asks transformers for an attribute by its former name.
        warnings.simplefilter("ignore", FutureWarning)
        model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(resolve_model(settings.base)))
        try:
            adapted = get_peft_model(model, lora_config(settings))
        except ValueError as error:
            raise InputError(
                f"the model has no layers '{settings.target_modules[:80]}'",
                remedy="use all-linear, or names of its layers such as q_proj,v_proj",
            ) from error
    return sum(p.numel() for p in adapted.parameters() if p.requires_grad)


def measured_speed() -> tuple[float, str]:
    """Measure matrix multiplication: ``(floating-point operations a second, device)``."""
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    size = 4096 if device == "cuda" else 512
    left = torch.randn(size, size, device=device)
    for _ in range(3):
        left @ left
    if device == "cuda":
        torch.cuda.synchronize()
    started = time.perf_counter()
    repeats = 10
    for _ in range(repeats):
        left @ left
    if device == "cuda":
        torch.cuda.synchronize()
    return repeats * 2 * size**3 / (time.perf_counter() - started), device


def _warnings(rows: TrainingRows, settings: TrainSettings, tokenizer: PreTrainedTokenizerBase) -> list[str]:
    train, found = rows.train, []
    total = max(train.seen, 1)
    for reason, text in (
        ("too_long_dropped", "rows are longer than max_length and are left out"),
        ("truncated", "rows are cut at max_length and do not learn to stop"),
        ("no_supervised_token", "rows have no token to learn from and are left out"),
        ("no_stop_token", "rows have no end-of-turn token in the loss: the model may not learn to stop"),
        ("template_refused", "rows are refused by the chat template and are left out"),
        ("only_last_answer", "conversations learn only the last answer: the template rewrites earlier turns"),
        ("no_preference", "pairs have the same answer twice and are left out"),
    ):
        count = len(train.problems.get(reason, []))
        if count:
            found.append(f"{count} of {total} {text}")
    own = len(train.ids) - rows.replay_rows
    wanted = round(own * settings.replay_share / (1.0 - settings.replay_share)) if settings.replay else 0
    if rows.replay_rows < wanted:
        found.append(
            f"the replay data has only {rows.replay_rows} of the {wanted} rows that its share asks for"
        )
    if not rows.held_out.ids:
        found.append(
            "there are no held-out rows: no early stopping, no best checkpoint; run `workbench split`"
        )
    if settings.method == "sft" and not settings.replay:
        found.append("no replay data: the model may forget what it knew; the evaluation will tell")
    if tokenizer.pad_token_id == tokenizer.eos_token_id:
        found.append(
            "the tokenizer pads with its end-of-turn token; padding is masked by length, so it is safe"
        )
    if settings.method == "dpo" and not settings.adapter:
        found.append("DPO starts from the base itself, not from an SFT adapter")
    return found


def _first_rows(rows: TrainingRows, tokenizer: PreTrainedTokenizerBase) -> list[list[dict[str, Any]]]:
    shown = [decoded_mask(tokenizer, row) for row in rows.train.rows[:FIRST_BATCH]]
    for pair in rows.train.pairs[:FIRST_BATCH]:
        shown.append(
            [
                {"text": tokenizer.decode(pair.prompt_ids), "learned": False},
                {"text": tokenizer.decode(pair.chosen_ids), "learned": True, "answer": "chosen"},
                {"text": tokenizer.decode(pair.rejected_ids), "learned": True, "answer": "rejected"},
            ]
        )
    return shown


def _shape(base: str) -> tuple[int, int, int]:
    from transformers import AutoConfig

    from workbench.models import resolve_model

    config = AutoConfig.from_pretrained(resolve_model(base)).get_text_config()
    return int(config.num_hidden_layers), int(config.hidden_size), int(config.vocab_size)


def _weight_bytes(base: str) -> float:
    from transformers import AutoConfig

    from workbench.models import resolve_model

    dtype = str(getattr(AutoConfig.from_pretrained(resolve_model(base)), "dtype", None) or "float32")
    return 2.0 if "16" in dtype else 4.0
