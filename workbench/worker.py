"""The inside of a run's process: its lock, its events, its end.

A job is a function from `Worker` to a result. Whatever happens to it, the run directory
tells: ``finished`` with ``result.json``, ``cancelled``, or ``failed`` with reason and advice.
"""

from __future__ import annotations

import logging
import os
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from workbench.errors import RunCancelledError, StorageError, WorkbenchError
from workbench.files import append_line, write_json
from workbench.projects import Project
from workbench.runs import TRAINING, Run, held_lock, list_runs


class Worker:
    """What a job uses to tell how it goes and to learn that it should stop."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.config = run.config
        self.project = Project(Path(str(self.config["project"])))
        self._last_progress = 0.0

    def event(self, event: str, /, **fields: Any) -> None:
        """Append one event."""
        append_line(self.run.path / "events.jsonl", {"event": event, "time": time.time(), **fields})

    def progress(self, done: float, total: float, unit: str) -> None:
        """Tell how far the job is (at most twice a second); raises when cancelled."""
        now = time.time()
        if done >= total or now - self._last_progress > 0.5:
            self._last_progress = now
            self.event("progress", done=done, total=total, unit=unit)
        self.stop_if_cancelled()

    def metric(self, name: str, value: float, step: int) -> None:
        """Record one number."""
        self.event("metric", name=name, value=value, step=step)

    def warning(self, reason: str) -> None:
        """Tell of something a person should know."""
        self.event("warning", reason=reason)

    @property
    def cancelled(self) -> bool:
        """Whether someone asked this run to stop."""
        return (self.run.path / "cancel").exists()

    def stop_if_cancelled(self) -> None:
        """Raise `RunCancelledError` when someone asked this run to stop."""
        if self.cancelled:
            raise RunCancelledError(f"run {self.run.id} was cancelled")


def work(run_path: Path, job: Callable[[Worker], dict[str, Any]]) -> int:
    """Do a job inside its run directory; return the process's exit code."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    worker = Worker(Run(run_path.resolve()))
    path = worker.run.path
    with held_lock(path / "lock"):
        try:
            if worker.run.kind in TRAINING:
                _wait_for_turn(worker)
                with held_lock(_device_lock(worker.project), wait=worker.stop_if_cancelled):
                    return _do(worker, job)
            return _do(worker, job)
        except RunCancelledError:
            worker.event("cancelled")
            return 130


def _do(worker: Worker, job: Callable[[Worker], dict[str, Any]]) -> int:
    worker.event("started", pid=os.getpid())
    started = time.time()
    try:
        result = job(worker)
        write_json(worker.run.path / "result.json", {**result, "seconds": round(time.time() - started, 2)})
        worker.event("finished")
    except RunCancelledError:
        worker.event("cancelled")
        return 130
    except WorkbenchError as error:
        sys.stderr.write(traceback.format_exc())
        where = f" ({error.where})" if error.where else ""
        worker.event("failed", reason=f"{error.what}{where}", advice=error.remedy)
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - a run must end in a state that can be read
        sys.stderr.write(traceback.format_exc())
        reason, advice = explain(error)
        worker.event("failed", reason=reason, advice=advice)
        return 4
    return 0


def explain(error: Exception) -> tuple[str, str]:
    """Turn a library's exception into ``(reason, advice)`` without quoting any data."""
    name = type(error).__name__
    text = str(error).lower()
    if "out of memory" in text:
        return "the device ran out of memory", "lower batch_size or max_length, or set load_in_4bit=true"
    if isinstance(error, StorageError) or "no space left" in text:
        return "no space left on the disk", "free some space, then resume the run"
    if "offline" in name.lower() or "couldn't connect" in text or "we couldn't" in text:
        return (
            "the model is not on this machine and downloads are off",
            "name a local folder, or add --allow-download",
        )
    return f"{name} in the worker", "the whole message is in the run's log.txt"


def _device_lock(project: Project) -> Path:
    return project.folder("runs", ".device.lock")


def _wait_for_turn(worker: Worker) -> None:
    """Training runs go one at a time, in the order they were made."""
    while any(
        run.kind in TRAINING and _made(run) < _made(worker.run) and run.state in ("queued", "running")
        for run in list_runs(worker.project)
    ):
        worker.stop_if_cancelled()
        time.sleep(0.5)


def _made(run: Run) -> str:
    return run.id.split("-", 1)[1]
