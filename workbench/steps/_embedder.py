"""What steps that compare vectors share: which embedder it is, and that it is there."""

from __future__ import annotations

from typing import Protocol

from workbench.embedding import choose_backend, make_ready
from workbench.projects import Project
from workbench.versions import Dataset


class Embedding(Protocol):
    """Options that name an embedder."""

    @property
    def embedder(self) -> str:
        """``auto``, or the embedder's name."""


def reads(options: Embedding, _project: Project, dataset: Dataset) -> str:
    """The embedder: another one gives other vectors."""
    return choose_backend(options.embedder, dataset.rows)


def prepare(options: Embedding, _project: Project, dataset: Dataset) -> str:
    """Choose the embedder for this version, and make it if it was never made."""
    return make_ready(choose_backend(options.embedder, dataset.rows))
