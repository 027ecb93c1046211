"""Commands of proof: audit, quasi-identifiers, and canaries."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from workbench.cli.answers import Answer, JsonOption, ProjectOption, Ref, command, counted, opened, table
from workbench.cli.progress import progress
from workbench.errors import InputError

SHOWN = 20
CODES = {"clean": 0, "leaks": 1, "not complete": 3}
REMEMBERED = {"not remembered": 0, "remembered": 1, "not measurable": 3}
canaries = typer.Typer(
    name="canaries",
    help="Plant made-up secrets before training and look for them in the model afterwards.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def register(app: typer.Typer) -> None:
    """Add these commands to the app."""
    command(app, "audit")(audit_command)
    command(app, "quasi-identifiers")(quasi_identifiers_command)
    command(canaries, "plant")(plant_command)
    command(canaries, "check")(check_command)
    command(canaries, "remove")(remove_command)
    app.add_typer(canaries)


def audit_command(
    name: Ref,
    also: Annotated[
        list[Path] | None,
        typer.Option("--also", help="File or folder elsewhere to search too; more than once."),
    ] = None,
    vault: Annotated[
        Path | None, typer.Option("--vault", help="Vault whose values are searched too; key as for `vault`.")
    ] = None,
    presidio_rows: Annotated[
        int, typer.Option("--presidio-rows", min=0, help="Rows that Presidio's stock recognizers read.")
    ] = 2000,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Search rows, files and names for what was scrubbed: clean (exit 0), leaks (1), not complete (3)."""
    from workbench.leak_audit.auditing import audit
    from workbench.leak_audit.replaced import vault_values
    from workbench.versions import open_dataset

    _ = as_json
    here = opened(project)
    with progress("audit") as tell:
        found = audit(
            here,
            open_dataset(here, name),
            values=vault_values(vault) if vault else (),
            also=also or [],
            presidio_rows=presidio_rows,
            progress=tell,
        )
    return Answer(found.as_dict(), audit_text(found.as_dict()), CODES[found.verdict])


def quasi_identifiers_command(
    name: Ref,
    attributes: Annotated[
        int, typer.Option("--attributes", min=2, help="How many attributes make a combination.")
    ] = 3,
    names: Annotated[
        bool, typer.Option("--names", help="Let the name recognizer say what is a place, too.")
    ] = False,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Warn of conversations that are one of a kind by age, place, job and the like."""
    from workbench.quasi_identifiers import quasi_identifiers
    from workbench.versions import open_dataset

    _ = as_json
    here = opened(project)
    with progress("quasi-identifiers") as tell:
        found = quasi_identifiers(
            here,
            open_dataset(here, name),
            at_least=attributes,
            names=names,
            progress=lambda done, total: tell("rows", done, total),
        )
    rows = [
        [row["example"], row["line"], row["alike"], ", ".join(row["attributes"])]
        for row in found.rows_to_look_at
    ]
    text = f"{found.words()}\n{found.method}\n\n" + table(rows[:SHOWN], ["example", "line", "alike", "tells"])
    return Answer(found.as_dict(), text if rows else f"{found.words()}\n{found.method}")


def plant_command(
    name: Ref,
    count: Annotated[int, typer.Option("--count", min=1, help="Canaries to plant.")] = 10,
    repeats: Annotated[
        str, typer.Option("--repeats", help="How often each is planted, in turn, as 1,4,16.")
    ] = "1,4,16",
    controls: Annotated[
        int | None, typer.Option("--controls", min=1, help="Canaries never planted (default: as many).")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Another number, other canaries.")] = 0,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Write a new version with canaries among its training rows, and keep a record of them."""
    from workbench.canaries.planting import plant
    from workbench.versions import open_dataset

    _ = as_json
    here = opened(project)
    found = plant(
        here, open_dataset(here, name), count=count, repeats=_numbers(repeats), controls=controls, seed=seed
    )
    rows = sum(canary.repeats for canary in found.canaries)
    return Answer(found.as_dict(), f"{found.dataset}: {count} canaries in {rows} rows ({found.id})")


def check_command(
    name: Annotated[str, typer.Argument(help="Dataset whose canaries are looked for.")],
    base: Annotated[str, typer.Option("--base", help="Base model: folder, hub name or tiny-chat.")],
    adapter: Annotated[str | None, typer.Option("--adapter", help="Training run, or adapter folder.")] = None,
    canary_set: Annotated[
        str | None, typer.Option("--set", help="Which canaries (default: those planted last).")
    ] = None,
    candidates: Annotated[
        int, typer.Option("--candidates", min=99, help="Other secrets that each is compared with.")
    ] = 255,
    samples: Annotated[
        int, typer.Option("--samples", min=0, help="Completions drawn of each beside the greedy one.")
    ] = 8,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Say whether a model remembers the canaries: no (exit 0), yes (1), not measurable (3)."""
    from workbench.canaries.checking import check
    from workbench.canaries.planting import open_planted

    _ = as_json
    here = opened(project)
    planted = open_planted(here, name.partition("@")[0], canary_set)
    with progress("canaries") as tell:
        found = check(
            here, planted, base=base, adapter=adapter, others=candidates, samples=samples, progress=tell
        )
    return Answer(found.as_dict(), check_text(found.as_dict()), REMEMBERED[found.verdict])


def remove_command(name: Ref, project: ProjectOption = None, as_json: JsonOption = False) -> Answer:
    """Write a new version without its canaries."""
    from workbench.canaries.planting import remove
    from workbench.versions import open_dataset

    _ = as_json
    here = opened(project)
    dataset = open_dataset(here, name)
    written = remove(here, dataset)
    data = {"dataset": written.ref, "parent": dataset.ref, "removed": dataset.rows - written.rows}
    return Answer(data, f"{written.ref}: {data['removed']} canary rows removed")


def audit_text(data: dict[str, Any]) -> str:
    """An audit in words."""
    leaks, residual, values = data["leaks"], data["residual"], data["values"]
    searched = sum(counts.get("characters", 0) for counts in data["searched"].values())
    lines = [
        f"{data['verdict'].upper()}: {data['dataset']}",
        *[f"  {reason}" for reason in data["reasons"]],
        "",
        f"searched {searched:,} characters for {values['searched']:,} values (left out: {counted(values['left_out'])})",
        f"leaks: {leaks['total']} ({counted(leaks['by_place'])})",
        f"other detectors: {residual['total']} candidates ({counted(residual['by_entity'])}), {residual['sure']} beyond doubt",
        f"passed over: {counted(residual['passed_over'])}",
        f"not searched, holds raw rows by design: {counted(data['not_searched'])} (files)",
    ]
    found = [*leaks["locations"], *residual["locations"]][:SHOWN]
    rows = [[one["place"], one["entity"], one["value"], _where(one)] for one in found]
    return "\n".join(lines) + ("\n\n" + table(rows, ["place", "entity", "value", "where"]) if rows else "")


def check_text(data: dict[str, Any]) -> str:
    """A check for canaries in words."""
    rows = [
        [
            one["number"] + 1,
            one["repeats"] or "control",
            "yes" if one["said"] or one["said_in_samples"] else "no",
            f"{one['exposure']['rank']} of {one['exposure']['of']}",
            f"{one['exposure']['bits']:.1f} ({one['exposure']['low']:.1f} to {one['exposure']['high']:.1f})",
            f"{one['exposure']['p']:.3f}",
        ]
        for one in data["looked"]
    ]
    lines = [str(data["verdict"]).upper(), *[f"  {reason}" for reason in data["reasons"]], ""]
    return "\n".join(lines) + table(rows, ["canary", "planted", "said", "rank", "exposure in bits", "p"])


def _where(one: dict[str, Any]) -> str:
    if "file" in one:
        return str(one["file"]) + (f", line {one['line']}" if one.get("line") else "")
    message = f" {one['message']}" if "message" in one else ""
    return f"example {one['example']}, {one['part']}{message}, from character {one['start']}"


def _numbers(text: str) -> tuple[int, ...]:
    try:
        found = tuple(int(word) for word in text.split(","))
    except ValueError as error:
        raise InputError("the repeats are no numbers", remedy="write --repeats 1,4,16") from error
    if not found or min(found) < 1:
        raise InputError("each canary is planted at least once", remedy="write --repeats 1,4,16")
    return found
