"""Commands on the project as a whole: init, doctor, demo, ui, recipe."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from workbench.cli.answers import Answer, JsonOption, ProjectOption, command, opened, table
from workbench.cli.progress import progress, run_watcher


def register(app: typer.Typer) -> None:
    """Add these commands to the app."""
    for name, function in (
        ("demo", demo),
        ("init", init),
        ("doctor", doctor_command),
        ("recipe", recipe),
        ("ui", ui),
    ):
        command(app, name)(function)


def demo(
    folder: Annotated[Path, typer.Argument(help="Folder of the demo project.")] = Path("demo-project"),
    seed: Annotated[int, typer.Option("--seed")] = 0,
    as_json: JsonOption = False,
) -> Answer:
    """Run the whole loop on generated data and the embedded model, without a network."""
    _ = as_json
    _offline()
    from workbench.demo.loop import run_demo

    watchers: list[Any] = []

    def watch(title: str) -> Any:
        for open_watcher in watchers:
            open_watcher.__exit__(None, None, None)
        watchers[:] = [progress(title)]
        return run_watcher(watchers[0].__enter__())

    def say(line: str) -> None:
        while watchers:
            watchers.pop().__exit__(None, None, None)
        sys.stderr.write(line + "\n")
        sys.stderr.flush()

    result = run_demo(folder, say, watch, seed=seed)
    return Answer(result, _demo_text(result))


def init(
    folder: Annotated[Path, typer.Argument(help="Folder to make a project of.")] = Path(),
    name: Annotated[str | None, typer.Option("--name", help="Title of the project.")] = None,
    as_json: JsonOption = False,
) -> Answer:
    """Make a project in a folder."""
    from workbench.projects import init_project

    _ = as_json
    project = init_project(folder, name)
    return Answer(
        {"project": str(project.root), "name": project.name},
        f"project '{project.name}' in {project.root}\nnext: workbench import FILE --name NAME",
    )


def doctor_command(project: ProjectOption = None, as_json: JsonOption = False) -> Answer:
    """Say what is installed, what is missing, and the remedy."""
    from workbench.doctor import doctor

    _ = as_json, project
    checks = doctor()
    rows = [["ok" if c["ok"] else "missing", c["what"], c["found"], c["remedy"]] for c in checks]
    return Answer({"checks": checks}, table(rows, ["", "what", "found", "remedy"]))


def recipe(
    name: Annotated[str | None, typer.Argument(help="Recipe to print; none lists all.")] = None,
    resolved: Annotated[
        bool, typer.Option("--resolved", help="With what it includes, every option spelled out.")
    ] = False,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """List recipes and steps, or print a recipe to start from."""
    from workbench.errors import NotFoundError
    from workbench.recipes import (
        load_recipe,
        recipe_names,
        recipe_text,
        resolved_text,
        step_module,
        step_names,
    )

    _ = as_json
    try:
        here = opened(project)
    except NotFoundError:
        here = None
    if name is None:
        steps = [{"step": step, "title": step_module(step).TITLE} for step in step_names()]
        names = recipe_names(here)
        text = f"recipes: {', '.join(names)}\n\n" + table(
            [list(s.values()) for s in steps], ["step", "title"]
        )
        return Answer({"recipes": names, "steps": steps}, text)
    found = load_recipe(name, here)
    text = resolved_text(found) if resolved else recipe_text(name, here)
    return Answer({"recipe": found.as_dict(), "text": text}, text)


def ui(
    port: Annotated[int, typer.Option("--port", help="Port on this machine.")] = 8501,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Open the app (this machine only; it has no login)."""
    import os

    from workbench.content import content_path
    from workbench.errors import InputError, NotFoundError

    _ = as_json
    environment = dict(os.environ)
    try:
        environment["WORKBENCH_PROJECT"] = str(opened(project or _demo_project()).root)
    except NotFoundError:
        sys.stderr.write("no project here: the app will offer to make one\n")
    command_line = [sys.executable, "-m", "streamlit", "run", str(content_path("app.py"))]
    command_line += [*_app_options(content_path(".streamlit", "config.toml")), "--server.port", str(port)]
    sys.stderr.write(f"open http://127.0.0.1:{port} (stop with Ctrl-C)\n")
    try:
        code = subprocess.run(command_line, env=environment, check=False).returncode
    except KeyboardInterrupt:
        code = 0
    if code not in (0, 130):
        raise InputError("the app stopped", remedy=f"is port {port} taken? try --port {port + 1}")
    return Answer({"stopped": True}, "stopped")


def _app_options(config: Path) -> list[str]:
    """The app's own configuration as options, so that it holds from any folder."""
    import tomllib

    sections = tomllib.loads(config.read_text(encoding="utf-8"))
    options: list[str] = []
    for section, values in sections.items():
        for key, value in values.items():
            for single in value if isinstance(value, list) else [value]:
                options += [
                    f"--{section}.{key}",
                    str(single).lower() if isinstance(single, bool) else str(single),
                ]
    return options


def _demo_project() -> Path | None:
    folder = Path("demo-project")
    return folder if (folder / "workbench.toml").exists() and not Path("workbench.toml").exists() else None


def _offline() -> None:
    import os

    os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", HF_DATASETS_OFFLINE="1")


def _demo_text(result: dict[str, Any]) -> str:
    rows = [
        [kind.replace("_", " "), count["planted"], count["found"], count["other"]]
        for kind, count in result["found"].items()
    ]
    words = {
        "pass": "PASS: the adapter is better at its job and forgot nothing that counts",
        "fail": "FAIL: the adapter must not ship",
        "inconclusive": "INCONCLUSIVE: the items do not decide it",
    }
    lines = [
        "",
        table(rows, ["planted", "rows", "found", "other findings"]),
        "Names of people and places are looked for in English, by the embedded recognizer.",
        "",
        f"verdict: {words[result['verdict']]}",
        *[f"  {reason}" for reason in result["reasons"]],
        "",
        f"report: {result['report']}",
        f"export: {result['export'] or 'none, the gate did not pass'}",
        f"{sum(result['seconds'].values()):.0f} seconds in all",
        f"open the app: workbench ui --project {result['project']}  (or `make ui` in the checkout)",
    ]
    return "\n".join(lines)
