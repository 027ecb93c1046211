"""Runs: any long action is a directory that a process of its own writes.

``runs/<id>/`` holds ``config.json`` (what was asked), ``events.jsonl`` (what happened, one
line each), ``log.txt`` (everything printed), ``lock`` (held while the process lives),
``cancel`` (asks it to stop) and, written last, ``result.json``. The state is always read
from these files. Any program that follows this can be a trainer.
"""

from __future__ import annotations

import fcntl
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from workbench.content import content_path
from workbench.errors import BusyError, InputError, NotFoundError, RunCancelledError, RunFailedError
from workbench.files import append_line, read_json, read_lines, storage_errors, write_json
from workbench.projects import Project

KINDS = ("propose", "sft", "dpo", "evaluate", "dial", "score")
TRAINING = ("sft", "dpo")
STARTING_SECONDS = 20.0
ID_PATTERN = re.compile(r"[a-z]+-[0-9]{8}-[0-9]{6}-[0-9a-f]{4}")


@dataclass(frozen=True)
class Run:
    """One run directory."""

    path: Path

    @property
    def id(self) -> str:
        """The directory's name."""
        return self.path.name

    @property
    def kind(self) -> str:
        """propose, score, sft, dpo, evaluate or dial: the beginning of the id."""
        return self.id.split("-", 1)[0]

    @property
    def config(self) -> dict[str, Any]:
        """What was asked."""
        return read_json(self.path / "config.json")

    @property
    def result(self) -> dict[str, Any] | None:
        """What came out, once finished."""
        path = self.path / "result.json"
        return read_json(path) if path.exists() else None

    def events(self) -> list[dict[str, Any]]:
        """All events so far, oldest first."""
        path = self.path / "events.jsonl"
        if not path.exists():
            return []
        known = path.stat()
        return list(_events(path, known.st_size, known.st_mtime_ns))

    @property
    def state(self) -> str:
        """finished, failed, cancelled, running, queued or lost."""
        if (self.path / "result.json").exists():
            return "finished"
        last = next((e for e in reversed(self.events()) if e["event"] in _STATES), None)
        if last is not None and last["event"] in ("failed", "cancelled"):
            return str(last["event"])
        if lock_is_held(self.path / "lock"):
            return "running" if last is not None and last["event"] == "started" else "queued"
        if last is not None and last["event"] == "launched" and time.time() - last["time"] < STARTING_SECONDS:
            return "queued"
        return "lost"

    def metrics(self) -> list[dict[str, Any]]:
        """The ``metric`` events: ``[{name, value, step, time}]``."""
        return [event for event in self.events() if event["event"] == "metric"]

    def progress(self) -> tuple[float, float, str] | None:
        """The last ``(done, total, unit)``, or None."""
        for event in reversed(self.events()):
            if event["event"] == "progress":
                return event["done"], event["total"], event["unit"]
        return None


@lru_cache(maxsize=256)
def _events(path: Path, _size: int, _changed: int) -> tuple[dict[str, Any], ...]:
    """Read a run's events once for each state of the file."""
    return tuple(read_lines(path))


_children: list[subprocess.Popen[bytes]] = []
_STATES = ("launched", "started", "failed", "cancelled", "finished")


def create_run(project: Project, kind: str, config: dict[str, Any]) -> Run:
    """Make a run directory with its config; nothing is started."""
    if kind not in KINDS:
        raise InputError(f"unknown kind of run '{kind}'", remedy=f"kinds: {', '.join(KINDS)}")
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    path = project.folder("runs", f"{kind}-{stamp}-{uuid.uuid4().hex[:4]}")
    with storage_errors(path):
        path.mkdir(parents=True)
    write_json(path / "config.json", {"kind": kind, "project": str(project.root), **config})
    return Run(path)


def open_run(project: Project, identity: str) -> Run:
    """Open a run by id, or by an unambiguous beginning of it. Raises `NotFoundError`."""
    if not re.fullmatch(r"[a-z0-9-]+", identity):
        raise InputError(f"'{identity[:60]}' is not a run id", remedy="see `workbench runs`")
    found = [run for run in list_runs(project) if run.id.startswith(identity)]
    exact = [run for run in found if run.id == identity]
    if len(exact or found) != 1:
        what = "no run" if not found else "more than one run"
        raise NotFoundError(
            f"there is {what} '{identity}'", where=str(project.root), remedy="see `workbench runs`"
        )
    return (exact or found)[0]


def list_runs(project: Project, kind: str | None = None) -> list[Run]:
    """All runs, newest first."""
    home = project.folder("runs")
    if not home.is_dir():
        return []
    runs = [
        Run(path)
        for path in home.iterdir()
        if ID_PATTERN.fullmatch(path.name) and (path / "config.json").exists()
    ]
    runs.sort(key=lambda run: run.id.split("-", 1)[1], reverse=True)
    return [run for run in runs if kind is None or run.kind == kind]


def start_run(run: Run) -> int:
    """Start the run's process in a session of its own; return its process id.

    Raises `BusyError` when it is going already.
    """
    if run.state in ("running", "queued"):
        raise BusyError(f"run {run.id} is {run.state} already", remedy="wait for it, or cancel it")
    (run.path / "cancel").unlink(missing_ok=True)
    append_line(run.path / "events.jsonl", {"event": "launched", "time": time.time()})
    kind = run.kind
    command = (
        [sys.executable, str(content_path("trainers", f"{kind}.py")), str(run.path)]
        if kind in TRAINING
        else [sys.executable, "-m", "workbench.jobs", str(run.path)]
    )
    with storage_errors(run.path), (run.path / "log.txt").open("ab") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=worker_environment(run.config),
        )
    _reap()
    _children.append(process)
    return process.pid


def wait_run(run: Run, on_event: Callable[[dict[str, Any]], None] | None = None) -> dict[str, Any]:
    """Wait for a started run and return its result.

    Raises `RunFailedError` with the reason and advice that the run itself gave, and
    `RunCancelledError`. An interrupt (Ctrl-C) cancels the run first.
    """
    seen = 0
    try:
        while True:
            state = run.state
            events = run.events()
            for event in events[seen:]:
                if on_event:
                    on_event(event)
            seen = len(events)
            if state not in ("running", "queued"):
                break
            _reap()
            time.sleep(0.2)
    except KeyboardInterrupt:
        cancel_run(run)
        raise RunCancelledError(
            f"run {run.id} was cancelled", remedy=f"go on with `workbench resume {run.id}`"
        ) from None
    return result_of(run)


def result_of(run: Run) -> dict[str, Any]:
    """The result of a finished run, or the error that fits its state."""
    state = run.state
    if state == "finished":
        return run.result or {}
    if state == "cancelled":
        raise RunCancelledError(
            f"run {run.id} was cancelled", remedy=f"go on with `workbench resume {run.id}`"
        )
    if state == "failed":
        event = next(e for e in reversed(run.events()) if e["event"] == "failed")
        raise RunFailedError(event["reason"], where=f"run {run.id}", remedy=event["advice"])
    raise RunFailedError(
        f"the process of run {run.id} is gone without a result",
        where=str(run.path / "log.txt"),
        remedy=f"it was killed or the machine stopped; go on with `workbench resume {run.id}`",
    )


def cancel_run(run: Run, wait_seconds: float = 30.0) -> str:
    """Ask a run to stop and save; end its processes if it does not. Return its state."""
    if run.state not in ("running", "queued"):
        return run.state
    (run.path / "cancel").touch()
    deadline = time.time() + wait_seconds
    while run.state in ("running", "queued") and time.time() < deadline:
        _reap()
        time.sleep(0.2)
    if run.state in ("running", "queued"):
        process_id = _process_id(run)
        if process_id is not None:
            _end_session(process_id)
        append_line(run.path / "events.jsonl", {"event": "cancelled", "time": time.time()})
    return run.state


def resume_run(run: Run) -> int:
    """Start a failed, cancelled or lost run again; it goes on from what it has saved."""
    if run.state == "finished":
        raise InputError(f"run {run.id} has finished", remedy="there is nothing to resume")
    return start_run(run)


def worker_environment(config: dict[str, Any]) -> dict[str, str]:
    """The environment of a worker: quiet libraries, no telemetry, no hub unless asked."""
    environment = dict(os.environ)
    environment.update(
        HF_HUB_DISABLE_TELEMETRY="1",
        DO_NOT_TRACK="1",
        TOKENIZERS_PARALLELISM="false",
        TRANSFORMERS_VERBOSITY="error",
        HF_DATASETS_DISABLE_PROGRESS_BARS="1",
        PYTHONUNBUFFERED="1",
    )
    # Threads that spin while they wait starve each other as soon as two workers share the cores.
    environment.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if not config.get("allow_download"):
        environment.update(HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1", TRANSFORMERS_OFFLINE="1")
    package_home = str(Path(__file__).parent.parent)
    paths = [package_home, *filter(None, [environment.get("PYTHONPATH")])]
    environment["PYTHONPATH"] = os.pathsep.join(paths)
    return environment


def lock_is_held(path: Path) -> bool:
    """Whether a living process holds a lock file (the kernel frees it when one dies)."""
    if not path.exists():
        return False
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        fcntl.flock(file, fcntl.LOCK_UN)
        return False


@contextmanager
def held_lock(path: Path, wait: Callable[[], None] | None = None) -> Iterator[None]:
    """Hold a lock file; without ``wait`` try for two seconds, else call it between tries."""
    with path.open("a+b") as file:
        deadline = time.time() + 2.0
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if wait is not None:
                    wait()
                elif time.time() > deadline:
                    raise BusyError("another process holds the lock", where=path.name) from None
                time.sleep(0.05 if wait is None else 0.5)
        yield


def _process_id(run: Run) -> int | None:
    """The process of the run's last launch, once it has told; one of an earlier launch may be anybody's."""
    for event in reversed(run.events()):
        if "pid" in event:
            return int(event["pid"])
        if event["event"] == "launched":
            return None
    return None


def _end_session(process_id: int) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process_id, number)
        except ProcessLookupError:
            return
        time.sleep(2.0)


def _reap() -> None:
    """Collect ended children, so that a worker that died is not kept as a zombie."""
    _children[:] = [child for child in _children if child.poll() is None]
