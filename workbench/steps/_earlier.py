"""What the steps before have proposed, and how to group, for steps that see the whole version."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from workbench.steps._grouping import Collisions, Keys, collisions


@dataclass(frozen=True)
class Earlier:
    """Ids and names from earlier findings.

    ``dropped``: ids proposed to go. ``faults``: id to the number of findings that flag it.
    ``clusters`` and ``templates``: id to the name of its cluster or template. ``collisions``
    finds the rows that share a key, here or on a cluster, with the same answer.
    """

    dropped: frozenset[str] = frozenset()
    faults: Mapping[str, int] = field(default_factory=dict)
    clusters: Mapping[str, str] = field(default_factory=dict)
    templates: Mapping[str, str] = field(default_factory=dict)
    collisions: Callable[[Keys], Collisions] = collisions
