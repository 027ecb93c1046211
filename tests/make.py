"""Small real projects for tests: rows, versions, findings, without any model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from workbench.decisions import standing_tables
from workbench.examples import Example, make_example, message
from workbench.importing import import_files
from workbench.projects import Project
from workbench.proposing import propose
from workbench.recipes import parse_recipe
from workbench.sql import connected, rows
from workbench.versions import Dataset, open_dataset, with_unique_ids, write_version


def chat(question: str, answer: str, **extra: Any) -> dict[str, Any]:
    """One chat in the OpenAI shape."""
    turns = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return {"messages": turns, **extra}


def example(question: str, answer: str, line: int = 1, **extra: Any) -> Example:
    """One example with a source."""
    turns = [
        message({"role": "user", "content": question}),
        message({"role": "assistant", "content": answer}),
    ]
    made = make_example("sft", turns, **extra)
    made["source"] = {"file": "test.jsonl", "line": line}
    return made


def pair(question: str, chosen: str, rejected: str, line: int = 1) -> Example:
    """One preference pair with a source."""
    made = make_example(
        "preference",
        [message({"role": "user", "content": question})],
        chosen=[message({"role": "assistant", "content": chosen})],
        rejected=[message({"role": "assistant", "content": rejected})],
    )
    made["source"] = {"file": "test.jsonl", "line": line}
    return made


def write_jsonl(path: Path, rows: list[dict[str, Any]]) -> Path:
    """Write rows as JSON lines."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def stored(project: Project, name: str, examples: list[Example]) -> Dataset:
    """Write examples as a version, numbered as their lines."""
    for line, row in enumerate(examples, 1):
        row["source"] = {"file": "test.jsonl", "line": line}
    return write_version(project, name, with_unique_ids(examples), origin={"verb": "test"})


def imported(project: Project, path: Path, name: str) -> Dataset:
    """Import a file and open what came of it."""
    return open_dataset(project, import_files(project, [path], name).dataset)


def proposed(project: Project, dataset: Dataset, steps: str) -> None:
    """Run steps, written as YAML, over a version in this process."""
    propose(project, dataset, parse_recipe(f"steps: {steps}", "test", where="test"), workers=1)


def standing(project: Project, target: str = "finding") -> dict[str, tuple[str, str]]:
    """The decisions in force, by the id of a finding or example: ``(action, who)``."""
    with connected(project) as connection:
        standing_tables(connection, project)
        said = rows(connection, f"SELECT id, action, who FROM said_{target}s ORDER BY id")
    return {row["id"]: (row["action"], row["who"]) for row in said}


WORDS = [
    "river",
    "stone",
    "window",
    "garden",
    "letter",
    "silver",
    "morning",
    "engine",
    "basket",
    "yellow",
    "copper",
    "winter",
    "market",
    "pencil",
    "forest",
    "bridge",
    "candle",
    "orange",
    "pocket",
    "thunder",
    "violet",
    "harbor",
    "meadow",
    "lantern",
    "marble",
    "cotton",
    "shadow",
    "ladder",
    "ribbon",
    "velvet",
    "anchor",
    "blossom",
    "canyon",
    "dolphin",
    "ember",
    "falcon",
    "glacier",
]


def sentence(number: int, length: int = 14) -> str:
    """A sentence that shares few word pairs with those of other numbers."""
    import random

    generator = random.Random(number)
    return " ".join(generator.choice(WORDS) for _ in range(length)) + "."
