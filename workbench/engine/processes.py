"""The engine of worker processes on this machine.

Each process gets a step once and then one shard number after the other over its own pipe.
A process that dies is noticed, and all of them end with the proposal or with their parent.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import sys
import threading
import traceback
from collections import deque
from collections.abc import Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

from workbench.engine.shards import Task, Tick, do_shard, workers_for
from workbench.engine.threads import run_in_threads
from workbench.errors import RunFailedError
from workbench.steps._grouping import Collisions, Keys, collisions

POLL_SECONDS = 0.5
END_SECONDS = 5.0


class ProcessEngine:
    """Worker processes, started when first needed and kept from step to step until `close`."""

    name = "workers"

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._processes: dict[Connection, SpawnProcess] = {}

    def run(self, task: Task, numbers: Sequence[int], tick: Tick) -> None:
        """Hand out shards as processes become free, or threads for a step that works on columns.

        Raises what a step raised.
        """
        if getattr(task.module, "COLUMNAR", False):
            run_in_threads(task, numbers, tick, self.workers)
            return
        waiting = deque(numbers)
        wanted = min(workers_for(task, self.workers), len(waiting))
        try:
            self._start(wanted)
            busy = list(self._processes)[:wanted]
            for link in busy:
                self._send(link, task, task.step)
                self._send(link, waiting.popleft(), task.step)
            self._serve(busy, waiting, task.step, tick)
        except BaseException:
            self.close()
            raise

    def collisions(self, keys: Keys) -> Collisions:
        """Group by sorting, in this process."""
        return collisions(keys)

    def close(self) -> None:
        """End the processes: at once those that are at work, too."""
        for link in self._processes:
            link.close()
        _end(list(self._processes.values()))
        self._processes.clear()

    def _start(self, wanted: int) -> None:
        """See that there are as many processes, in place of those that died since the last step."""
        for link, process in list(self._processes.items()):
            if not process.is_alive():
                link.close()
                del self._processes[link]
        while len(self._processes) < wanted:
            link, process = _started()
            self._processes[link] = process

    def _serve(self, busy: list[Connection], waiting: deque[int], step: str, tick: Tick) -> None:
        while busy:
            woken = wait(busy, timeout=POLL_SECONDS)
            ready = [link for link in busy if link in woken]
            if not ready:
                tick(0)
            for link in ready:
                told = self._received(link, step)
                if isinstance(told, BaseException):
                    raise told
                if told is not None:
                    tick(told)
                elif waiting:
                    self._send(link, waiting.popleft(), step)
                else:
                    self._send(link, None, step)
                    busy.remove(link)

    def _received(self, link: Connection, step: str) -> int | BaseException | None:
        try:
            told: int | BaseException | None = link.recv()
        except (EOFError, ConnectionError):
            raise self._ended(link, step) from None
        return told

    def _send(self, link: Connection, message: Task | int | None, step: str) -> None:
        try:
            link.send(message)
        except ConnectionError:
            raise self._ended(link, step) from None

    def _ended(self, link: Connection, step: str) -> RunFailedError:
        self._processes[link].join(END_SECONDS)
        return RunFailedError(
            f"a worker process ended in the middle of step {step}",
            where=f"exit code {self._processes[link].exitcode}",
            remedy="it may have run out of memory: use fewer --workers; the shards done are kept",
        )


def describe_failure(error: BaseException, step: str) -> Exception:
    """Make an error that can be sent to another process, and tell stderr where it was raised."""
    place = "".join(traceback.format_tb(error.__traceback__))
    sys.stderr.write(f"{type(error).__name__} in step {step}\n{place}")
    try:
        again = pickle.loads(pickle.dumps(error))  # noqa: S301 - made one call before, not read
    except Exception:  # noqa: BLE001 - anything may go wrong in a foreign class
        again = None
    if isinstance(again, Exception):
        return again
    return RunFailedError(f"{type(error).__name__} in step {step}", remedy="see the run's log.txt")


def _started() -> tuple[Connection, SpawnProcess]:
    spawn = multiprocessing.get_context("spawn")
    link, theirs = spawn.Pipe()
    process = spawn.Process(target=_work, args=(theirs,))
    process.start()
    theirs.close()
    return link, process


def _work(link: Connection) -> None:
    """The inside of a worker process.

    In: a task, then shard numbers, then None, and again. Out: rows done, None for a shard
    that is done, or an error.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends its workers itself
    _end_with_parent()
    while True:
        try:
            _do_task(link, link.recv())
        except (EOFError, ConnectionError):
            return


def _do_task(link: Connection, task: Task) -> None:
    while (number := link.recv()) is not None:
        try:
            do_shard(task, number, link.send)
        except ConnectionError:
            raise
        except Exception as error:  # noqa: BLE001 - the parent raises it
            link.send(describe_failure(error, task.step))
        else:
            link.send(None)


def _end_with_parent() -> None:
    """End this worker process when its parent is gone, even when that was killed."""
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _end(processes: list[SpawnProcess]) -> None:
    """Let processes that are through end by themselves; end the others now."""
    for process in processes:
        if process.is_alive():
            process.join(0.05)
        if process.is_alive():
            process.terminate()
    for process in processes:
        process.join(END_SECONDS)
        if process.is_alive():
            process.kill()
            process.join()
