"""The engine that is Ray: Ray Data maps shards over a cluster, and its shuffle groups keys.

Every node must see the project under the same path (shared storage) and have the same
Workbench installed. Without an address a Ray of its own is started on this machine and ended
with the work: no dashboard, no usage statistics, nothing left on disk.
"""

from __future__ import annotations

import logging
import os
import pickle
import queue
import shutil
import socket
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa

from workbench.engine.processes import describe_failure
from workbench.engine.shards import Task, Tick, do_shard, workers_for
from workbench.errors import InputError, RunFailedError, WorkbenchError
from workbench.steps._grouping import Collisions, Keys, collisions

LOCAL_WORKERS = 2
POLL_SECONDS = 0.5
ANSWER_SECONDS = 5.0
LONGEST_FOLDER = 24
SHUFFLE_ROWS = 20_000_000
QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_AUTO_CONNECT": "0",  # a thread that is late must not start a second Ray
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_DATA_DISABLE_PROGRESS_BARS": "1",
}
PASSED_ON = (
    "HF_HUB_OFFLINE",
    "HF_DATASETS_OFFLINE",
    "TRANSFORMERS_OFFLINE",
    "HF_HUB_DISABLE_TELEMETRY",
    "DO_NOT_TRACK",
    "TOKENIZERS_PARALLELISM",
)
Outcome = dict[str, Any]
_held: dict[str, Task] = {}  # in a worker process: the step at hand


class RayEngine:
    """Ray Data over the cluster that this process is connected to.

    ``shuffle_rows``: keys up to this number are grouped here, because moving them would take
    longer than sorting them; more are spread over the cluster.
    """

    name = "ray"

    def __init__(self, workers: int, shuffle_rows: int = SHUFFLE_ROWS) -> None:
        self.workers = workers
        self.shuffle_rows = shuffle_rows
        self._shuffling = threading.Lock()

    def run(self, task: Task, numbers: Sequence[int], tick: Tick) -> None:
        """Map the shards; each worker process fetches the step and its context once."""
        import ray
        from ray.data import from_items

        if not numbers:
            return
        reference = ray.put(task)
        # Items, not a range: reading a range takes a CPU of its own before the first shard.
        items = from_items([{"number": number} for number in numbers], override_num_blocks=len(numbers))
        outcomes = items.map_batches(
            do_one,
            fn_kwargs={"references": [reference]},
            batch_size=1,
            concurrency=min(workers_for(task, self.workers), len(numbers)),
        )
        for outcome in _polled(lambda: outcomes.iter_batches(batch_size=None, prefetch_batches=0), tick):
            for number, failure in zip(outcome["number"], outcome["failure"], strict=True):
                if failure:
                    raise _failure(bytes(failure), task.step)
                tick(task.shards[int(number)].rows)

    def collisions(self, keys: Keys) -> Collisions:
        """Group by key: each of many parts of the key space is sorted on its own."""
        if len(keys) <= self.shuffle_rows:
            return collisions(keys)
        with self._shuffling:  # steps may ask from several threads
            return self._shuffled(keys)

    def _shuffled(self, keys: Keys) -> Collisions:
        from ray.data import from_arrow

        parts = 4 * self.workers
        cuts = np.linspace(0, len(keys), parts + 1).astype(np.int64)
        pieces = [
            pa.table({"key": keys[a:b], "row": np.arange(a, b), "part": _part(keys[a:b], parts)})
            for a, b in zip(cuts[:-1], cuts[1:], strict=True)
        ]
        shuffled = from_arrow(pieces).groupby("part").map_groups(_shared_keys, batch_format="numpy")
        found = list(shuffled.iter_batches(batch_size=None, batch_format="numpy"))
        values = np.concatenate([np.zeros(0, np.uint64), *(batch["key"] for batch in found)])
        rows = np.concatenate([np.zeros(0, np.int64), *(batch["row"] for batch in found)])
        order = np.lexsort((rows, values))
        return Collisions(values[order].astype(np.uint64), rows[order].astype(np.int64))


def do_one(batch: dict[str, Any], references: list[Any]) -> dict[str, Any]:
    """Do the shard that Ray Data hands out; an error comes back as a value, not to be tried again.

    A task and no actor: Ray keeps its processes from step to step, so nothing starts anew.
    """
    import ray

    number, failure, step = int(batch["number"][0]), b"", ""
    try:
        key = references[0].hex()
        if key not in _held:
            _held.clear()
            _held[key] = ray.get(references[0])
        step = _held[key].step
        do_shard(_held[key], number, lambda _rows: None)
    except Exception as error:  # noqa: BLE001 - the driver raises it
        failure = pickle.dumps(describe_failure(error, step or "of the recipe"))
    return {"number": [number], "failure": [failure]}


@contextmanager
def opened_ray(address: str | None, workers: int | None) -> Iterator[RayEngine]:
    """Connect to a cluster, or start a Ray on this machine; disconnect or end it afterwards.

    A connection that this process has already is used and left as it is. ``workers`` is by
    default every CPU of the cluster, or two for a Ray of its own. Raises `InputError`.
    """
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    address = address or os.environ.get("WORKBENCH_RAY_ADDRESS") or os.environ.get("RAY_ADDRESS")
    _check_answers(address or "")
    import ray

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Ray's own deprecations, of no use to the reader
        if ray.is_initialized():
            yield RayEngine(workers or _cluster_cpus())
            return
        # Ray's socket names may have 107 characters in all; a long temporary folder leaves no room.
        short = None if len(tempfile.gettempdir()) <= LONGEST_FOLDER else "/tmp"  # noqa: S108
        folder = tempfile.mkdtemp(prefix="wb-ray-", dir=short)
        try:
            _connect(address, workers or LOCAL_WORKERS, folder)
            _quiet_data()
            yield RayEngine(workers or (_cluster_cpus() if address else LOCAL_WORKERS))
        finally:
            ray.shutdown()
            shutil.rmtree(folder, ignore_errors=True)


def _check_answers(address: str) -> None:
    """Refuse an address where nothing listens; Ray itself would try for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not port.isdigit():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=ANSWER_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise _no_cluster(address) from error


def _no_cluster(address: str) -> InputError:
    return InputError(
        "no Ray cluster answers at this address",
        where=address,
        remedy="check --ray-address, WORKBENCH_RAY_ADDRESS and RAY_ADDRESS; a cluster that asks for a token "
        "needs Ray's own settings for it in the environment",
    )


def _connect(address: str | None, workers: int, folder: str) -> None:
    import ray

    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if not address:
        ray.init(address="local", num_cpus=workers, include_dashboard=False, _temp_dir=folder, **quiet)
        return
    environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    try:
        ray.init(address=address, runtime_env={"env_vars": environment}, **quiet)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise _no_cluster(address) from error


def _quiet_data() -> None:
    from ray.data import DataContext

    DataContext.get_current().enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)


def _cluster_cpus() -> int:
    import ray

    return max(1, int(ray.cluster_resources().get("CPU", 1)))


def _polled(start: Callable[[], Any], tick: Tick) -> Iterator[Outcome]:
    """Iterate in a thread, so that this one can look up every half second and stop."""
    results: queue.Queue[Outcome | Exception | None] = queue.Queue()
    over = threading.Event()

    def consume() -> None:
        try:
            for outcome in start():
                results.put(outcome)
                if over.is_set():
                    return
            results.put(None)
        except Exception as error:  # noqa: BLE001 - raised in the other thread
            results.put(error)

    threading.Thread(target=consume, daemon=True).start()
    try:
        yield from _taken(results, tick)
    finally:
        over.set()


def _taken(results: queue.Queue[Outcome | Exception | None], tick: Tick) -> Iterator[Outcome]:
    while True:
        try:
            result = results.get(timeout=POLL_SECONDS)
        except queue.Empty:
            tick(0)
            continue
        if result is None:
            return
        if isinstance(result, Exception):
            raise RunFailedError(
                f"Ray could not go on ({type(result).__name__})",
                remedy="see the run's log.txt and the cluster's; run it again: the shards done are kept",
            ) from result
        yield result


def _failure(failure: bytes, step: str) -> Exception:
    error = pickle.loads(failure)  # noqa: S301 - from our own worker
    if isinstance(error, WorkbenchError | MemoryError | OSError):
        return error
    return RunFailedError(f"{type(error).__name__} in step {step}", remedy="see the run's log.txt")


def _shared_keys(group: dict[str, Any]) -> dict[str, Any]:
    """The colliding rows of one part of the key space."""
    found = collisions(group["key"])
    return {"key": found.keys, "row": group["row"][found.rows]}


def _part(keys: Keys, parts: int) -> Keys:
    """Spread keys evenly over the parts, also keys that differ in their low bits alone."""
    return (keys * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(32)) % np.uint64(parts)
