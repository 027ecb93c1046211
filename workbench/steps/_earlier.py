"""What the steps before have proposed, for steps that look at the whole version."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Earlier:
    """``dropped``: ids proposed to go; ``clusters``: id to cluster name."""

    dropped: frozenset[str] = frozenset()
    clusters: dict[str, str] = field(default_factory=dict)
