"""Supervised fine-tuning of a LoRA adapter: ``python trainers/sft.py RUN_DIRECTORY``.

Reads ``config.json``, trains with TRL on rows that `workbench.training.rows` has encoded,
appends events, saves checkpoints under ``checkpoints/`` and the best adapter to
``adapter/``. Started again on the same directory it goes on from the last checkpoint.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

from workbench.training.callbacks import callbacks
from workbench.training.rows import prepare_rows
from workbench.training.session import (
    base_arguments,
    checkpoint_to_resume,
    finish,
    load_base,
    lora_config,
    open_session,
)
from workbench.worker import Worker, work


def train(worker: Worker) -> dict[str, Any]:
    """Train one SFT adapter and return the run's result."""
    session = open_session(worker)
    settings, tokenizer = session.settings, session.tokenizer
    rows = prepare_rows(worker.project, settings, tokenizer)
    session.record_rows(rows)

    from datasets import Dataset
    from peft import PeftModel
    from trl import SFTConfig, SFTTrainer

    def table(prepared: Any) -> Dataset:
        return Dataset.from_dict(
            {
                "input_ids": [row.input_ids for row in prepared.rows],
                "labels": [row.labels for row in prepared.rows],
            }
        )

    evaluations = {
        name: table(prepared)
        for name, prepared in (("held_out", rows.held_out), ("retained", rows.retained))
        if prepared.rows
    }
    model = load_base(settings)
    if settings.adapter:
        model = PeftModel.from_pretrained(model, session.adapter_folder(), is_trainable=True)
    trainer = SFTTrainer(
        model=model,
        args=SFTConfig(
            **base_arguments(worker, settings, len(rows.train.ids), bool(rows.held_out.rows)),
            max_length=None,
            packing=False,
            dataset_kwargs={"skip_prepare_dataset": True},
        ),
        train_dataset=table(rows.train),
        eval_dataset=evaluations or None,
        processing_class=tokenizer,
        peft_config=None if settings.adapter else lora_config(settings),
        callbacks=callbacks(worker, settings, early_stopping=bool(rows.held_out.rows)),
    )
    session.record_trainer(trainer)
    trainer.train(resume_from_checkpoint=checkpoint_to_resume(worker))
    return finish(worker, session, trainer, rows)


if __name__ == "__main__":
    sys.exit(work(Path(sys.argv[1]), train))
