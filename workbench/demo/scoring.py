"""How much of what the demo planted was found: counted line by line against the findings."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from workbench.files import read_lines
from workbench.findings import read_findings
from workbench.gaps import Gap
from workbench.projects import Project
from workbench.versions import open_dataset

WHERE_FOUND: dict[str, tuple[tuple[str, str | None], ...]] = {
    "exact_verbatim": (("exact_duplicates", None),),
    "exact_normalised": (("exact_duplicates", None),),
    "near_duplicate": (("near_duplicates", "near_duplicate"),),
    "personal_data": (("personal_data", None),),
    "secret": (("secrets", None),),
    "quality_fault": (("quality", None), ("language", None)),
    "leaked_item": (("leakage", None),),
    "preference_duplicate": (("exact_duplicates", None),),
    "preference_identical": (("quality", "no_preference"),),
    "preference_conflict": (("exact_duplicates", "preference_conflict"),),
    "preference_personal_data": (("personal_data", None),),
}
GAPS = {
    "warranty": ("label:warranty",),
    "german": ("language:de",),
    "long": ("length:over 60 words",),
    "two_problems": ("tone:agitated",),
}


def found_of_planted(project: Project, planted: dict[str, Any], gaps: list[Gap]) -> dict[str, dict[str, int]]:
    """``{kind: {planted, found, other}}``; ``other`` counts findings on rows nothing is planted in."""
    hits = _hits(project)
    anywhere = {
        (entry["file"], line)
        for entries in planted.values()
        if isinstance(entries, list)
        for entry in entries
        for line in (entry.get("line"), entry.get("of"))
        if "file" in entry
    }
    found: dict[str, dict[str, int]] = {}
    for kind, wanted in WHERE_FOUND.items():
        entries = planted[kind]
        lines = {(entry["file"], entry["line"]) for entry in entries}
        partners = {(entry["file"], entry["line"]): entry.get("of") for entry in entries}
        marked = set().union(*(hits[step, only] for step, only in wanted))
        count = sum(line in marked or (line[0], partners[line]) in marked for line in lines)
        files = {file for file, _ in lines}
        other = sum(line not in anywhere and line[0] in files for line in marked)
        found[kind] = {"planted": len(lines), "found": count, "other": other}
    rejected = {(row["file"], row["line"]) for row in _rejects(project)}
    malformed = {(entry["file"], entry["line"]) for entry in planted["malformed"]}
    found["malformed"] = {
        "planted": len(malformed),
        "found": len(malformed & rejected),
        "other": len(rejected - malformed),
    }
    matched = {name: any(gap.id.startswith(ids) for gap in gaps) for name, ids in GAPS.items()}
    found["gap"] = {
        "planted": len(GAPS),
        "found": sum(matched.values()),
        "other": len(gaps) - sum(matched.values()),
    }
    return found


def _hits(project: Project) -> dict[tuple[str, str | None], set[tuple[str, int]]]:
    hits: dict[tuple[str, str | None], set[tuple[str, int]]] = defaultdict(set)
    for name in ("chats", "preferences"):
        dataset = open_dataset(project, f"{name}@v1")
        for finding in read_findings(project, dataset, proposals=("drop", "rewrite", "flag")):
            line = (finding.source["file"], finding.source["line"])
            hits[finding.step, finding.kind].add(line)
            hits[finding.step, None].add(line)
    return hits


def _rejects(project: Project) -> list[dict[str, Any]]:
    paths = project.folder("datasets", "chats").glob("rejects-v0001.jsonl")
    return [row for path in paths for row in read_lines(path)]
