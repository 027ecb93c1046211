"""``workbench vault``: a key, and what a vault holds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workbench.cli.answers import Answer, JsonOption, ProjectOption, command, opened, printable, table

VaultFile = Annotated[Path, typer.Argument(help="A file that `publish --vault` wrote.")]
vault = typer.Typer(
    name="vault", help="Keys of vaults, and what vaults hold.", no_args_is_help=True, rich_markup_mode=None
)


def register(app: typer.Typer) -> None:
    """Mount ``vault`` on ``workbench``."""
    app.add_typer(vault)


@command(vault, "new-key")
def new_key_command(as_json: JsonOption = False) -> Answer:
    """Print a new key for WORKBENCH_VAULT_KEY. It is kept nowhere: keep it yourself."""
    from workbench.vault.keys import VARIABLE, new_key

    _ = as_json
    key = new_key()
    return Answer({"variable": VARIABLE, "key": key}, key)


@command(vault, "open")
def open_command(
    file: VaultFile,
    dataset: Annotated[str, typer.Option("--dataset", help="The version that was published with it.")],
    out: Annotated[Path, typer.Option("--out", help="File to write the rows to as they were.")],
    format: Annotated[
        str | None, typer.Option("--format", help="Format of the rows (default: by the file's name).")
    ] = None,
    kind: Annotated[
        str | None, typer.Option("--kind", help="Only rows of this kind: sft, preference.")
    ] = None,
    why: Annotated[str, typer.Option("--why", help="The reason, for the record.")] = "",
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Write the rows of a version as they were before the edits, personal data and all."""
    from workbench.vault.keys import key_from_environment
    from workbench.vault.restoring import write_originals
    from workbench.versions import open_dataset

    _ = as_json
    here = opened(project)
    here.refuse_own(out)
    done = write_originals(
        here,
        file,
        key_from_environment(),
        open_dataset(here, dataset),
        out,
        format=format,
        kind=kind,
        why=why,
    )
    text = f"{done.rows} rows in {done.path}, {done.restored} of them as they were before the edits"
    if done.absent:
        text += f"\n{done.absent} rows that the vault knows are not in this version"
    return Answer(done.as_dict(), text)


@command(vault, "show")
def show_command(
    file: VaultFile,
    value: Annotated[str, typer.Option("--value", help="The 16 hex digits that findings call a value by.")],
    why: Annotated[str, typer.Option("--why", help="The reason, for the record.")] = "",
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Say what a value was and in which rows it stood. The look is recorded in the project."""
    from workbench.vault.keys import key_from_environment
    from workbench.vault.opening import taken

    _ = as_json
    _ = as_json
    found = taken(opened(project), file, key_from_environment(), value, why=why)
    rows = [[entry.entity, printable(entry.original), entry.example] for entry in found]
    text = table([list(row) for row in rows], ["entity", "was", "example"]) if rows else "no such value"
    data = {
        "value": value,
        "taken": [{"entity": e.entity, "original": e.original, "example": e.example} for e in found],
    }
    return Answer(data, text)
