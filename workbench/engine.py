"""Where step code runs: this process, or worker processes on this machine.

The step code is the same either way and batches come back in order, so the findings are
the same bit for bit.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Any

from workbench.examples import Example

Batch = list[Example]
Work = Callable[[str, Batch, Any, Any], Any]


def map_batches(
    step: str,
    batches: Iterator[Batch],
    options: Any,
    context: Any,
    workers: int = 1,
) -> Iterator[tuple[int, Any]]:
    """Run a step over batches; yield ``(rows in the batch, result)`` in the batches' order."""
    if workers <= 1:
        for batch in batches:
            yield len(batch), run_batch(step, batch, options, context)
        return
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=spawn, initializer=_end_with_parent) as pool:
        waiting: deque[tuple[int, Future[Any]]] = deque()
        for batch in batches:
            waiting.append((len(batch), pool.submit(run_batch, step, batch, options, context)))
            if len(waiting) > 2 * workers:
                rows, future = waiting.popleft()
                yield rows, future.result()
        while waiting:
            rows, future = waiting.popleft()
            yield rows, future.result()


def run_batch(step: str, batch: Batch, options: Any, context: Any) -> Any:
    """Run one step on one batch: ``find`` for a map step, ``features`` for a group step."""
    from workbench.recipes import step_module

    module = step_module(step)
    work = module.find if module.SCOPE == "map" else module.features
    return work(batch, options, context)


def _end_with_parent() -> None:
    """End this worker process when its parent is gone, even when that was killed."""
    parent = multiprocessing.parent_process()

    def wait() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def default_workers(rows: int) -> int:
    """One process for small sets, else one a core, at most eight."""
    return 1 if rows < 10_000 else max(1, min(8, os.cpu_count() or 1))
