"""What tests share: an empty project, and the command line, inside this process or as its own."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from workbench.projects import Project, init_project

QUIET = {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}


class Answered(NamedTuple):
    """What a command gave back."""

    returncode: int
    stdout: str
    stderr: str

    @property
    def data(self) -> dict[str, Any]:
        """The one JSON object of ``--json``; anything else on stdout is a failure."""
        return json.loads(self.stdout, parse_constant=_not_json)


Command = Callable[..., Answered]


@pytest.fixture(autouse=True)
def own_main_module() -> Iterator[None]:
    """Give ``__main__`` back: a page under test takes its place, and new processes would run it."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return init_project(tmp_path / "p")


@pytest.fixture
def cli(project: Project) -> Command:
    """Run ``workbench ARGUMENTS`` as a process of its own, in the project's folder."""

    def run(*arguments: object, cwd: Path | None = None) -> Answered:
        done = subprocess.run(
            command_line(*arguments),
            cwd=cwd or project.root,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=300,
        )
        return Answered(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def here(project: Project, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run ``workbench ARGUMENTS`` inside this process, in the project's folder: quick."""
    monkeypatch.chdir(project.root)
    for name, value in QUIET.items():
        monkeypatch.setenv(name, value)

    def run(*arguments: object) -> Answered:
        from workbench.cli.main import main

        monkeypatch.setattr(sys, "argv", ["workbench", *map(str, arguments)])
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2))
        with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
            main()
        return Answered(int(ended.value.code or 0), _written(out), _written(err))

    return run


def command_line(*arguments: object) -> list[str]:
    """The words that start ``workbench`` with this Python."""
    return [sys.executable, "-m", "workbench.cli.main", *map(str, arguments)]


def environment() -> dict[str, str]:
    """The environment of a command: no network, one thread, this checkout."""
    return {**os.environ, **QUIET, "PYTHONPATH": str(Path(__file__).parent.parent)}


def _written(stream: io.TextIOWrapper) -> str:
    stream.flush()
    return stream.buffer.getvalue().decode("utf-8")  # type: ignore[attr-defined]


def _not_json(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
