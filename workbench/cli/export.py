"""Commands that let something out: export into a folder, push to a hub."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workbench.cli.answers import Answer, JsonOption, ProjectOption, command, opened


def register(app: typer.Typer) -> None:
    """Add these commands to the app."""
    command(app, "export")(export_command)
    command(app, "push")(push)


def export_command(
    run_id: Annotated[str, typer.Argument(help="Training run, or adapter folder.")],
    to: Annotated[Path, typer.Option("--to", help="New folder.")],
    merge: Annotated[bool, typer.Option("--merge", help="Also the merged model.")] = False,
    format: Annotated[
        list[str] | None,
        typer.Option("--format", help="Also merged-fp32, merged-bf16, gguf-q8_0, …; more than once."),
    ] = None,
    scale: Annotated[float, typer.Option("--scale", help="Adapter strength that was judged.")] = 1.0,
    parity_items: Annotated[
        int, typer.Option("--parity-items", min=4, help="Judged items of each task asked again.")
    ] = 16,
    shard_size: Annotated[str, typer.Option("--shard-size", help="Largest file of a merged model.")] = "5GB",
    licence: Annotated[
        list[str] | None, typer.Option("--licence", help="base=ID, data=ID or model=ID; more than once.")
    ] = None,
    licence_file: Annotated[
        list[str] | None, typer.Option("--licence-file", help="data=FILE to carry along; more than once.")
    ] = None,
    override: Annotated[bool, typer.Option("--override", help="Export without a passing verdict.")] = False,
    reason: Annotated[str, typer.Option("--reason", help="Why it is overridden.")] = "",
    by: Annotated[str, typer.Option("--by", help="Who overrides.")] = "",
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Write what ships. Refused without a passing verdict on exactly these weights."""
    from workbench.export.exporting import Override, export
    from workbench.export.licences import told_licences

    _ = as_json
    result = export(
        opened(project),
        run_id,
        to,
        merge=merge,
        formats=format or [],
        scale=scale,
        override=Override(by, reason) if override else None,
        items=parity_items,
        shard_size=shard_size,
        licences=told_licences(licence or [], licence_file or []),
    )
    lines = [f"{result.path}: {len(result.files)} files, verdict {result.verdict}"]
    for name, found in result.parity["artefacts"].items():
        gap = found["largest_difference"]
        told = f", log-likelihoods within {gap:.2g} nats" if gap is not None else ""
        lines.append(f"{name}: {found['flips']} of {found['items']} items answered otherwise{told}")
    return Answer(result.as_dict(), "\n".join(lines))


def push(
    folder: Annotated[Path, typer.Argument(help="Folder that `workbench export` wrote.")],
    repo: Annotated[str, typer.Option("--repo", help="Repository on the hub, as OWNER/NAME.")],
    public: Annotated[bool, typer.Option("--public", help="Visible to everybody; private without.")] = False,
    message: Annotated[str, typer.Option("--message", help="Message of the commit.")] = "Upload export",
    as_json: JsonOption = False,
) -> Answer:
    """Upload an export to the Hugging Face hub. Never done by any other command."""
    from workbench.export.hub import push_export

    _ = as_json
    pushed = push_export(folder, repo, public=public, message=message)
    return Answer(pushed.as_dict(), f"{pushed.files} files in {pushed.url}, {pushed.visibility}")
