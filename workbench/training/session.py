"""What both trainers do before and after the training itself."""

from __future__ import annotations

import importlib.metadata
import platform
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench import __version__
from workbench.errors import InputError, MissingExtraError, NotFoundError, RunCancelledError
from workbench.files import expanded, file_sha256, write_json
from workbench.models import load_model, load_tokenizer
from workbench.projects import Project
from workbench.runs import open_run
from workbench.training.preflight import counted, planned_steps
from workbench.training.rows import TrainingRows
from workbench.training.settings import TrainSettings
from workbench.versions import open_dataset
from workbench.worker import Worker

if TYPE_CHECKING:
    from peft import LoraConfig
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

LIBRARIES = ("torch", "transformers", "trl", "peft", "accelerate", "datasets", "tokenizers")


@dataclass(frozen=True)
class Session:
    """Settings and tokenizer of one training run."""

    worker: Worker
    settings: TrainSettings
    tokenizer: PreTrainedTokenizerBase

    def adapter_folder(self) -> str:
        """The folder of the adapter to go on from."""
        return str(find_adapter(self.worker.project, str(self.settings.adapter)))

    def record_rows(self, rows: TrainingRows) -> None:
        """Write the counts, and the ids of the rows in training order, into the run."""
        self.worker.event("prepared", **counted(rows, self.settings), data_hash=rows.data_hash)
        write_json(
            self.worker.run.path / "rows.json", {"train": rows.train.ids, "held_out": rows.held_out.ids}
        )
        for reason, ids in rows.train.problems.items():
            self.worker.warning(f"{len(ids)} rows: {reason.replace('_', ' ')}")

    def record_trainer(self, trainer: Any) -> None:
        """Record what the trainer itself holds, for the comparison with preflight."""
        dataset = trainer.train_dataset
        names = dataset.column_names
        if "labels" in names:
            supervised = sum(label != -100 for labels in dataset["labels"] for label in labels)
        else:
            supervised = sum(len(ids) for name in ("chosen_ids", "rejected_ids") for ids in dataset[name])
        trainable = sum(p.numel() for p in trainer.model.parameters() if p.requires_grad)
        self.worker.event(
            "trainer", rows=len(dataset), supervised_tokens=supervised, trainable_parameters=trainable
        )


def open_session(worker: Worker) -> Session:
    """Read the settings, seed every library, load the tokenizer."""
    from transformers import set_seed

    settings = TrainSettings.model_validate(worker.config["settings"])
    set_seed(settings.seed)
    return Session(worker, settings, load_tokenizer(settings.base))


def load_base(settings: TrainSettings) -> PreTrainedModel:
    """Load the base model, in 4-bit when asked for (extra ``gpu``)."""
    if not settings.load_in_4bit:
        return load_model(settings.base)
    try:
        import bitsandbytes  # noqa: F401 - only to learn whether it is there
    except ImportError as error:
        raise MissingExtraError(
            "4-bit loading needs bitsandbytes", remedy="pip install 'finetune-workbench[gpu]'"
        ) from error
    import torch
    from transformers import BitsAndBytesConfig

    quantization = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )
    return load_model(settings.base, quantization_config=quantization)


def lora_config(settings: TrainSettings) -> LoraConfig:
    """The LoRA configuration of the settings."""
    from peft import LoraConfig

    targets = settings.target_modules
    return LoraConfig(
        r=settings.lora_r,
        lora_alpha=settings.lora_alpha,
        lora_dropout=settings.lora_dropout,
        target_modules=targets if targets == "all-linear" else targets.split(","),
        task_type="CAUSAL_LM",
    )


def base_arguments(worker: Worker, settings: TrainSettings, rows: int, has_held_out: bool) -> dict[str, Any]:
    """The arguments that SFT and DPO share."""
    import torch

    steps = planned_steps(rows, settings)
    every = settings.eval_every or max(1, -(-steps // 10))
    cuda = torch.cuda.is_available()
    return {
        "output_dir": str(worker.run.path / "checkpoints"),
        "num_train_epochs": settings.epochs,
        "max_steps": settings.max_steps,
        "per_device_train_batch_size": settings.batch_size,
        "per_device_eval_batch_size": settings.batch_size,
        "gradient_accumulation_steps": settings.accumulation,
        "gradient_checkpointing": settings.gradient_checkpointing,
        "learning_rate": settings.learning_rate,
        "lr_scheduler_type": settings.scheduler,
        "warmup_steps": settings.warmup,
        "logging_steps": max(1, every // 4),
        "logging_nan_inf_filter": False,
        "eval_strategy": "steps" if has_held_out else "no",
        "eval_steps": every,
        "eval_on_start": has_held_out,
        "save_strategy": "steps",
        "save_steps": every,
        "save_total_limit": 2,
        "load_best_model_at_end": has_held_out,
        "metric_for_best_model": "eval_held_out_loss" if has_held_out else None,
        "greater_is_better": False if has_held_out else None,
        "restore_callback_states_from_checkpoint": True,
        "seed": settings.seed,
        "data_seed": settings.seed,
        "train_sampling_strategy": "group_by_length" if settings.group_by_length else "random",
        "bf16": bool(cuda and torch.cuda.is_bf16_supported()),
        "report_to": "none",
        "disable_tqdm": True,
        "dataloader_pin_memory": cuda,
    }


def checkpoint_to_resume(worker: Worker) -> str | None:
    """The newest complete checkpoint of this run; one that a kill cut short is removed."""
    from transformers.trainer_utils import get_last_checkpoint

    folder = worker.run.path / "checkpoints"
    if not folder.is_dir():
        return None
    for checkpoint in sorted(folder.glob("checkpoint-*")):
        if not _is_complete(checkpoint):
            shutil.rmtree(checkpoint)
    found = get_last_checkpoint(str(folder))
    if found:
        worker.event("resumed", checkpoint=Path(found).name)
    return str(found) if found else None


def finish(worker: Worker, session: Session, trainer: Any, rows: TrainingRows) -> dict[str, Any]:
    """Save the best adapter and the manifest, or leave a cancelled run to be resumed."""
    if worker.cancelled:
        raise RunCancelledError("stopped and saved")
    target = worker.run.path / "adapter"
    temporary = worker.run.path / "adapter.tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    trainer.model.save_pretrained(str(temporary), selected_adapters=["default"])
    session.tokenizer.save_pretrained(str(temporary))
    shutil.rmtree(target, ignore_errors=True)
    temporary.rename(target)
    state = trainer.state
    metrics = {
        metric["name"]: metric["value"]
        for metric in worker.run.metrics()
        if metric["name"] not in ("learning_rate", "grad_norm")
    }
    metrics.update(steps=state.global_step, best_held_out_loss=state.best_metric)
    best = state.best_model_checkpoint
    write_json(worker.run.path / "manifest.json", manifest(worker, session.settings, rows))
    return {
        "run": worker.run.id,
        "state": "finished",
        "adapter": str(target),
        "best_checkpoint": Path(best).name if best else None,
        "stopped_early": state.global_step < state.max_steps,
        "metrics": metrics,
    }


def manifest(worker: Worker, settings: TrainSettings, rows: TrainingRows) -> dict[str, Any]:
    """What is needed to trace the adapter to rows and settings, and to make it again."""
    dataset = open_dataset(worker.project, settings.data)
    return {
        "run": worker.run.id,
        "settings": settings.model_dump(),
        "dataset": {"ref": dataset.ref, "content_hash": dataset.content_hash},
        "rows": {"train": len(rows.train.ids), "replay": rows.replay_rows, "hash": rows.data_hash},
        "adapter_sha256": file_sha256(worker.run.path / "adapter" / "adapter_model.safetensors"),
        "parent_adapter": settings.adapter,
        "workbench": __version__,
        "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES},
        "python": platform.python_version(),
        "hardware": _hardware(),
    }


def find_adapter(project: Project, name: str) -> Path:
    """The adapter folder of a run id, or a folder. Raises `NotFoundError` and `InputError`."""
    folder = expanded(Path(name))
    if not (folder / "adapter_config.json").exists():
        if folder.is_dir():
            raise NotFoundError(
                "this folder holds no adapter", where=name, remedy="it needs adapter_config.json"
            )
        run = open_run(project, name)
        folder = run.path / "adapter"
        if run.state != "finished" or not (folder / "adapter_config.json").exists():
            raise InputError(f"run {run.id} has no adapter", remedy=f"its state is {run.state}")
    if not (folder / "adapter_model.safetensors").exists():
        raise InputError(
            "the adapter's weights are not safetensors", where=str(folder), remedy="save it as safetensors"
        )
    return folder.resolve()


def _is_complete(checkpoint: Path) -> bool:
    return all(
        (checkpoint / name).exists() and (checkpoint / name).stat().st_size > 0
        for name in ("trainer_state.json", "optimizer.pt", "scheduler.pt", "adapter_model.safetensors")
    )


def _hardware() -> str:
    import torch

    if torch.cuda.is_available():
        return str(torch.cuda.get_device_name(0))
    return f"CPU {platform.machine()}, {torch.get_num_threads()} threads"
