"""Steps that work on whole columns, in threads of this process.

NumPy and Arrow let other threads run while they compute, so such a step needs no process of
its own, whose start costs more than the work of many a shard.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

from workbench.engine.shards import Task, Tick, do_shard

POLL_SECONDS = 0.2


class _StoppedError(Exception):
    """Ends the threads when the work is not wanted any more."""


def run_in_threads(task: Task, numbers: Sequence[int], tick: Tick, workers: int) -> None:
    """Do the shards with ``workers`` threads; ``tick`` is called here, in the calling thread.

    Raises what a step or ``tick`` raises, after the threads have ended their batches.
    """
    stop = threading.Event()
    lock = threading.Lock()
    done = 0

    def told(rows: int) -> None:
        nonlocal done
        if stop.is_set():
            raise _StoppedError
        with lock:
            done += rows

    def take() -> int:
        nonlocal done
        with lock:
            rows, done = done, 0
        return rows

    with ThreadPoolExecutor(workers, thread_name_prefix="shard") as pool:
        waiting = {pool.submit(do_shard, task, number, told) for number in numbers}
        try:
            while waiting:
                finished, waiting = wait(waiting, POLL_SECONDS, FIRST_COMPLETED)
                for future in finished:
                    future.result()
                tick(take())
        except BaseException:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
