"""The content store: answers kept by what they depend on, so nothing is answered twice.

``scores_by_content/<key>/`` in the project holds ``parts.json`` (what the key was made of,
and the hash of every file) and one ``<task>.jsonl`` for each task name. The harness's own
cache is never used: its key has no model in it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbench.errors import WorkbenchError
from workbench.evaluation.hashes import sha256_of
from workbench.files import (
    file_sha256,
    read_json,
    storage_errors,
    sweep,
    sync_folder,
    temporary_name,
    write_json,
    write_text,
)
from workbench.projects import Project
from workbench.scores import Score, Scores, read_arm, score_line

FOLDER = "scores_by_content"


class Store:
    """Scores of one task as one arm, found by the hash of everything they depend on."""

    def __init__(self, project: Project) -> None:
        self.home = project.folder(FOLDER)

    def key(self, parts: Mapping[str, Any]) -> str:
        """The key of an answer: SHA-256 of weights, adapter, prompt, requests, settings, versions."""
        return sha256_of(dict(parts))

    def get(self, key: str) -> Scores | None:
        """The scores under a key; None when they are not there or a file of them is damaged."""
        folder = self.home / key
        if not (folder / "parts.json").is_file():
            return None
        try:
            files = read_json(folder / "parts.json")["files"]
            whole = all(file_sha256(folder / name) == digest for name, digest in files.items())
        except (OSError, KeyError, TypeError, AttributeError, WorkbenchError):
            return None
        return read_arm(folder) if whole else None

    def put(self, key: str, parts: Mapping[str, Any], scores: Scores) -> None:
        """Keep scores under a key; of two writers the first stays, a damaged entry is replaced."""
        if self.get(key) is not None:
            return
        with storage_errors(self.home):
            self.home.mkdir(parents=True, exist_ok=True)
            sweep(self.home)
            work = temporary_name(self.home / key)
            work.mkdir()
            try:
                write_scores(work, scores)
                files = {path.name: file_sha256(path) for path in sorted(work.glob("*.jsonl"))}
                write_json(work / "parts.json", {"parts": dict(parts), "files": files})
                self._take(work, self.home / key)
            finally:
                shutil.rmtree(work, ignore_errors=True)

    def _take(self, work: Path, target: Path) -> None:
        if target.exists() and self.get(target.name) is None:
            shutil.rmtree(target)
        try:
            work.rename(target)
        except OSError:
            if not target.exists():
                raise
        sync_folder(self.home)


def write_scores(folder: Path, scores: Mapping[str, Mapping[str, Score]]) -> None:
    """Write ``<task>.jsonl`` files, one score a line, each whole or absent."""
    for name, items in scores.items():
        write_text(folder / f"{name}.jsonl", "".join(score_line(score) for score in items.values()))


def stored_parts(project: Project) -> list[dict[str, Any]]:
    """What the store holds: the parts of every key, for an audit."""
    home = project.folder(FOLDER)
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(home.glob("*/parts.json"))]
