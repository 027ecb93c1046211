"""Personal data: Presidio's pattern recognizers, one finding a row, every span an edit."""

from __future__ import annotations

from typing import Any

from pydantic import Field, field_validator

from workbench.examples import Example, parts
from workbench.findings import Finding, about
from workbench.personal_data.detecting import ENTITIES, scan
from workbench.recipes import StepOptions
from workbench.steps.secrets import scan as scan_secrets

TITLE = "Personal data"
SCOPE = "map"
CACHE_ROWS = 50_000


class Options(StepOptions):
    """Which entities are looked for and from which score on."""

    entities: list[str] = list(ENTITIES)
    threshold: float = Field(default=0.4, ge=0.0, le=1.0)

    @field_validator("entities")
    @classmethod
    def _known(cls, value: list[str]) -> list[str]:
        unknown = set(value) - set(ENTITIES)
        if unknown:
            raise ValueError(f"unknown {sorted(unknown)}; there are {list(ENTITIES)}")
        return value


_seen: dict[tuple[str, str], list[dict[str, Any]]] = {}


def find(rows: list[Example], options: Options, _context: object = None) -> list[Finding]:
    """Propose to replace each span by ``<ENTITY>``; evidence has offsets, never the value."""
    findings = []
    for row in rows:
        spans: list[dict[str, Any]] = [
            {"part": part, "message": index} | span
            for part, index, entry in parts(row)
            for span in _spans(entry["content"], options)
        ]
        if spans:
            score = min(float(span["score"]) for span in spans)
            findings.append(about(row, "personal_data", "personal_data", score, "rewrite", spans=spans))
    return findings


def _spans(text: str, options: Options) -> list[dict[str, Any]]:
    key = (text, options.model_dump_json())
    if key not in _seen:
        if len(_seen) >= CACHE_ROWS:
            _seen.clear()
        _seen[key] = [
            span | {"operator": "replace", "replacement": f"<{span['entity']}>"}
            for span in scan(text, tuple(options.entities), options.threshold)
            if not _inside_secret(text, span)
        ]
    return _seen[key]


def _inside_secret(text: str, span: dict[str, Any]) -> bool:
    """A run of digits within a key belongs to the secrets step."""
    return any(
        int(str(secret["start"])) <= span["start"] and span["end"] <= int(str(secret["end"]))
        for secret in scan_secrets(text)
    )
