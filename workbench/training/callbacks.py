"""Callbacks: a trainer's progress, numbers, cancel and NaN guard as run events."""

from __future__ import annotations

import math
from typing import Any

from workbench.errors import RunFailedError
from workbench.training.settings import TrainSettings
from workbench.worker import Worker

RENAMED = {
    "loss": "train_loss",
    "eval_held_out_loss": "held_out_loss",
    "eval_retained_loss": "retained_loss",
    "grad_norm": "grad_norm",
    "learning_rate": "learning_rate",
    "rewards/accuracies": "preference_accuracy",
    "eval_held_out_rewards/accuracies": "held_out_preference_accuracy",
    "rewards/margins": "preference_margin",
    "mean_token_accuracy": "token_accuracy",
}


def callbacks(worker: Worker, settings: TrainSettings, *, early_stopping: bool) -> list[Any]:
    """The callbacks of both trainers: events always, early stopping with held-out rows."""
    from transformers import EarlyStoppingCallback, TrainerCallback

    class RunEvents(TrainerCallback):  # type: ignore[misc]
        """Writes events; stops on cancel (after saving) and on numbers that are not finite."""

        def on_train_begin(self, _args: Any, state: Any, _control: Any, **_: Any) -> None:
            worker.event("progress", done=state.global_step, total=state.max_steps, unit="steps")

        def on_step_end(self, _args: Any, state: Any, control: Any, **_: Any) -> None:
            if worker.cancelled:
                control.should_save = control.should_training_stop = True
                return
            worker.progress(state.global_step, state.max_steps, "steps")

        def on_log(self, _args: Any, state: Any, _control: Any, logs: Any = None, **_: Any) -> None:
            for key, value in (logs or {}).items():
                name = RENAMED.get(key)
                if name is None or not isinstance(value, (int, float)):
                    continue
                if not math.isfinite(value) and name != "learning_rate":
                    raise RunFailedError(
                        f"{name} is not a finite number at step {state.global_step}",
                        remedy="lower learning_rate; the last checkpoint before this is kept",
                    )
                worker.metric(name, float(value), state.global_step)

        def on_save(self, _args: Any, state: Any, _control: Any, **_: Any) -> None:
            worker.event("checkpoint", step=state.global_step)

    found: list[Any] = [RunEvents()]
    if early_stopping:
        found.append(EarlyStoppingCallback(settings.patience))
    return found
