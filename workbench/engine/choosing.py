"""Which engine: by name, by the size of the version, and by what is installed."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager

from workbench.engine.local import LocalEngine
from workbench.engine.processes import ProcessEngine
from workbench.engine.shards import Engine
from workbench.errors import InputError, MissingExtraError

ENGINES = ("local", "workers", "ray")
SMALL_ROWS = 10_000
MOST_WORKERS = 8


def default_workers(rows: int) -> int:
    """One process for small sets, else one a core, at most eight."""
    return 1 if rows < SMALL_ROWS else _cores()


def check_engine(name: str, ray_address: str | None = None) -> None:
    """Refuse an engine that there is not (`InputError`) or that needs the extra ``ray``."""
    if name not in ENGINES:
        raise InputError(f"there is no engine '{name}'", remedy=f"engines: {', '.join(ENGINES)}")
    if ray_address and name != "ray":
        raise InputError("a Ray address needs the engine ray", remedy="add --engine ray")
    if name == "ray" and importlib.util.find_spec("ray") is None:
        raise MissingExtraError(
            "the engine ray needs Ray", remedy="pip install 'finetune-workbench[ray]', or --engine workers"
        )


@contextmanager
def opened_engine(
    name: str, rows: int, workers: int | None = None, ray_address: str | None = None
) -> Iterator[Engine]:
    """Start an engine and end it with the block.

    ``local`` is this process for versions under 10,000 rows and worker processes above;
    ``workers`` is always worker processes; ``ray`` is the cluster at ``ray_address`` (or at
    ``WORKBENCH_RAY_ADDRESS`` or ``RAY_ADDRESS``), else a Ray of its own on this machine.
    Raises `InputError`, `MissingExtraError`.
    """
    check_engine(name, ray_address)
    if name == "ray":
        from workbench.engine.ray_engine import opened_ray

        with opened_ray(ray_address, workers) as cluster:
            yield cluster
        return
    processes = workers or (default_workers(rows) if name == "local" else _cores())
    if name == "local" and processes == 1:
        yield LocalEngine()
        return
    engine = ProcessEngine(processes)
    try:
        yield engine
    finally:
        engine.close()


def _cores() -> int:
    return max(1, min(MOST_WORKERS, os.cpu_count() or 1))
