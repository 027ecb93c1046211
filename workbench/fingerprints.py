"""What the findings of a step depend on, as one hash: the same hash, the same findings."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import json
from functools import cache
from pathlib import Path
from typing import Any

from workbench.projects import Project
from workbench.recipes import Step
from workbench.versions import Dataset


def step_fingerprint(project: Project, dataset: Dataset, step: Step, earlier: list[str]) -> str:
    """Hash a step's code, all Workbench code it imports, its options, the version and what it reads.

    ``earlier`` are the fingerprints of the steps before; only a group step sees their
    findings, so only its own fingerprint depends on them.
    """
    reads = getattr(step.module, "reads", None)
    basis: dict[str, Any] = {
        "content": dataset.content_hash,
        "files": dataset.manifest["files"],
        "code": code_hash(step.module.__name__),
        "reads": reads(step.options, project, dataset) if reads else "",
        "earlier": earlier if step.module.SCOPE == "group" else [],
    }
    return step.fingerprint(json.dumps(basis, sort_keys=True))


@cache
def code_hash(module: str) -> str:
    """SHA-256 over the source of a Workbench module and of those it imports, however far."""
    waiting, seen = [module], {module}
    digest = hashlib.sha256()
    sources: dict[str, bytes] = {}
    while waiting:
        name = waiting.pop()
        found = _source(name)
        if found is None:
            continue
        sources[name], package = found
        new = _imported(sources[name], package) - seen
        seen |= new
        waiting += new
    for name in sorted(sources):
        digest.update(name.encode() + b"\0" + sources[name] + b"\0")
    return digest.hexdigest()


def _imported(source: bytes, package: str) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
            names |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    return {name for name in names if name.split(".")[0] == "workbench"}


def _source(module: str) -> tuple[bytes, str] | None:
    """The source of a module and its package, or None for a name that is not a module but stands in one."""
    try:
        spec = importlib.util.find_spec(module)
    except (ModuleNotFoundError, AttributeError):
        return None
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).read_bytes(), module if spec.submodule_search_locations else spec.parent or ""
