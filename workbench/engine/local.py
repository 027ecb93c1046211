"""The engine that is this process: one shard after the other."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.engine.shards import Task, Tick, do_shard
from workbench.steps._grouping import Collisions, Keys, collisions


class LocalEngine:
    """No process is started; right for small versions and for looking at faults."""

    name = "local"
    workers = 1

    def run(self, task: Task, numbers: Sequence[int], tick: Tick) -> None:
        """Do the shards in order."""
        for number in numbers:
            do_shard(task, number, tick)

    def collisions(self, keys: Keys) -> Collisions:
        """Group by sorting, in this process."""
        return collisions(keys)
