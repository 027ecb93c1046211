"""Direct preference optimisation of a LoRA adapter: ``python trainers/dpo.py RUN_DIRECTORY``.

Goes on from an SFT adapter when the config names one: TRL then keeps a frozen copy of it as
the reference, so the reference policy is the SFT model and not the raw base. Rafailov et
al. 2023. Reads, writes and resumes as ``sft.py`` does.
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
    """Train one DPO adapter and return the run's result."""
    session = open_session(worker)
    settings, tokenizer = session.settings, session.tokenizer
    rows = prepare_rows(worker.project, settings, tokenizer)
    session.record_rows(rows)

    from datasets import Dataset
    from peft import PeftModel
    from trl import DPOConfig, DPOTrainer

    class EncodedDPOTrainer(DPOTrainer):
        """Takes pairs that are encoded already, so that what preflight counts is what is trained."""

        def _prepare_dataset(self, dataset: Dataset, *_: Any, **__: Any) -> Dataset:
            return dataset

    def table(prepared: Any) -> Dataset:
        return Dataset.from_dict(
            {
                "prompt_ids": [pair.prompt_ids for pair in prepared.pairs],
                "chosen_ids": [pair.chosen_ids for pair in prepared.pairs],
                "rejected_ids": [pair.rejected_ids for pair in prepared.pairs],
            }
        )

    model = load_base(settings)
    if settings.adapter:
        model = PeftModel.from_pretrained(model, session.adapter_folder(), is_trainable=True)
    losses = ["sigmoid", "sft"] if settings.sft_weight else ["sigmoid"]
    trainer = EncodedDPOTrainer(
        model=model,
        ref_model=None,
        args=DPOConfig(
            **base_arguments(worker, settings, len(rows.train.ids), bool(rows.held_out.pairs)),
            beta=settings.beta,
            loss_type=losses,
            loss_weights=[1.0, settings.sft_weight] if settings.sft_weight else None,
            max_length=None,
        ),
        train_dataset=table(rows.train),
        eval_dataset={"held_out": table(rows.held_out)} if rows.held_out.pairs else None,
        processing_class=tokenizer,
        peft_config=None if settings.adapter else lora_config(settings),
        callbacks=callbacks(worker, settings, early_stopping=bool(rows.held_out.pairs)),
    )
    session.record_trainer(trainer)
    trainer.train(resume_from_checkpoint=checkpoint_to_resume(worker))
    return finish(worker, session, trainer, rows)


if __name__ == "__main__":
    sys.exit(work(Path(sys.argv[1]), train))
