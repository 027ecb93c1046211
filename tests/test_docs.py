"""Words are tested: what exists is documented, and what is documented runs."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from typer.main import get_command

from workbench.cli.main import app
from workbench.formats import FORMATS
from workbench.policy import Policy
from workbench.recipes import load_recipe, recipe_names, step_names
from workbench.suites import load_suite, suite_names

ROOT = Path(__file__).parent.parent
DOCS = "\n".join(
    path.read_text(encoding="utf-8") for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
)


@cache
def help_of(*command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "workbench.cli.main", *command, "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def command_of(words: list[str]) -> list[str]:
    """The words of a line that name a command, as ``train sft`` and ``values allow add`` do."""
    known, names = get_command(app), []
    for word in words:
        if word not in getattr(known, "commands", {}):
            break
        known = known.commands[word]
        names.append(word)
    return names


def test_the_command_reference_is_what_the_commands_say(tmp_path: Path) -> None:
    made = tmp_path / "commands.md"
    subprocess.run(
        [
            sys.executable,
            "-m",
            "typer",
            "workbench.cli.main",
            "utils",
            "docs",
            "--name",
            "workbench",
            "--title",
            "Commands",
            "--output",
            str(made),
        ],
        check=True,
        capture_output=True,
        cwd=ROOT,
    )
    kept = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert made.read_text(encoding="utf-8").strip() in kept, "run `make docs`"


@pytest.mark.parametrize("name", step_names())
def test_every_step_is_documented(name: str) -> None:
    assert f"`{name}`" in DOCS


@pytest.mark.parametrize("name", list(FORMATS))
def test_every_format_is_documented(name: str) -> None:
    assert f"`{name}`" in DOCS


@pytest.mark.parametrize("name", suite_names(None))
def test_every_suite_loads_and_is_documented(name: str) -> None:
    assert load_suite(name, None).file.doc
    assert f"`{name}`" in DOCS


@pytest.mark.parametrize("name", recipe_names(None))
def test_every_recipe_loads_and_explains_itself(name: str) -> None:
    assert load_recipe(name).doc
    assert name in DOCS


@pytest.mark.parametrize(
    "name", re.findall(r"pages/(\w+)\.py", (ROOT / "app.py").read_text(encoding="utf-8"))
)
def test_every_page_is_documented(name: str) -> None:
    assert f"**{name.replace('_', ' ').capitalize()}**" in DOCS


@pytest.mark.parametrize("key", list(Policy.model_fields))
def test_every_policy_key_is_documented(key: str) -> None:
    assert f"`{key}`" in DOCS or key == "name"


def test_every_workbench_line_of_the_readme_is_a_real_command() -> None:
    commands = set(re.findall(r"^  (\S+) ", help_of().split("Commands:")[1], re.MULTILINE))
    for line in re.findall(r"^workbench ([a-z-]+)", (ROOT / "README.md").read_text(), re.MULTILINE):
        assert line in commands


def test_every_option_in_the_readme_exists() -> None:
    for block in re.findall(r"```sh\n(.*?)```", DOCS, re.DOTALL):
        for line in block.splitlines():
            words = line.split("#")[0].split()
            if words[:1] != ["workbench"]:
                continue
            text = help_of(*command_of(words[1:]))
            for option in (word for word in words if word.startswith("--")):
                assert option in text, line


def test_links_in_the_docs_lead_somewhere() -> None:
    for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)\)", path.read_text(encoding="utf-8")):
            assert (path.parent / target).exists(), f"{path.name}: {target}"
