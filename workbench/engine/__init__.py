"""Where step code runs: in this process, in worker processes, or on Ray.

Whatever the engine, the work is the same: the rows are cut into fixed shards, a worker reads
its shard from the version's files, runs the step's own code on it and leaves one result file;
the findings file is put together from those in order. So the findings are the same byte for
byte, and a run that was killed goes on at the shard where it stopped.
"""

from __future__ import annotations

from workbench.engine.choosing import ENGINES, check_engine, default_workers, opened_engine
from workbench.engine.shards import BATCH_ROWS, Engine, Shard, Task, Tick, shards_of

__all__ = [
    "BATCH_ROWS",
    "ENGINES",
    "Engine",
    "Shard",
    "Task",
    "Tick",
    "check_engine",
    "default_workers",
    "opened_engine",
    "shards_of",
]
