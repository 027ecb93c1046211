"""Progress on stderr: a moving bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

LINE_SECONDS = 5.0


class Tell(Protocol):
    """Tell how far something is; ``total`` 0 means unknown."""

    def __call__(self, what: str, done: float, total: float) -> None:
        """Show it."""


@contextmanager
def progress(title: str) -> Iterator[Tell]:
    """Yield a function that shows progress under a title."""
    if not sys.stderr.isatty():
        yield _lines(title)
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)

        def tell(what: str, done: float, total: float) -> None:
            bar.update(task, description=f"{title}: {what}", completed=done, total=total or None)

        yield tell


def run_watcher(tell: Tell) -> Any:
    """Turn a run's events into progress and warnings."""

    def on_event(event: dict[str, Any]) -> None:
        if event["event"] == "progress":
            tell(str(event["unit"]), float(event["done"]), float(event["total"]))
        elif event["event"] == "warning":
            sys.stderr.write(f"warning: {event['reason']}\n")

    return on_event


def _lines(title: str) -> Tell:
    last = [time.monotonic()]

    def tell(what: str, done: float, total: float) -> None:
        now = time.monotonic()
        if now - last[0] >= LINE_SECONDS:
            of = f" of {total:g}" if total else ""
            sys.stderr.write(f"{title}: {done:.4g}{of} {what}\n")
            sys.stderr.flush()
            last[0] = now

    return tell
