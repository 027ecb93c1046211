"""Commands on values: look at them by group, decide once for all, keep lists, see who looked."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from workbench.cli import double_check
from workbench.cli.answers import Answer, JsonOption, ProjectOption, Ref, command, opened, table
from workbench.errors import InputError
from workbench.finding_filter import FindingFilter, made_filter, parse_filter
from workbench.value_lists import ANY, Kind

Many = list[str] | None
Hash = Annotated[str, typer.Argument(help="Value, by the hash that `values list` shows or its beginning.")]
Who = Annotated[str | None, typer.Option("--who", help="Who does it (default: you).")]
Why = Annotated[str, typer.Option("--why", help="The reason.")]
EntityOption = Annotated[Many, typer.Option("--entity", help="Only this entity (may be repeated).")]
KindOption = Annotated[Many, typer.Option("--kind", help="Only this kind (may be repeated).")]
MinScore = Annotated[float | None, typer.Option("--min-score", help="Scores from here up.")]
MaxScore = Annotated[float | None, typer.Option("--max-score", help="Scores up to here.")]
COLUMNS = ("value", "entity", "masked", "findings", "rows", "min_score", "waiting", "accepted", "overruled")


def register(app: typer.Typer) -> None:
    """Add these commands to the app."""
    values = typer.Typer(
        help="Values that findings are about: list, decide once for all, allow, deny.", no_args_is_help=True
    )
    for name, function in (
        ("list", list_command),
        ("kinds", kinds_command),
        ("show", show_command),
        ("accept", accept_command),
        ("reject", reject_command),
        ("reveals", reveals_command),
    ):
        command(values, name)(function)
    values.add_typer(_list_app("allow", "Values that are never personal data here."), name="allow")
    values.add_typer(_list_app("deny", "Values that always are."), name="deny")
    app.add_typer(values, name="values")
    double_check.register(app)


def list_command(
    ref: Ref,
    entity: EntityOption = None,
    kind: KindOption = None,
    state: Annotated[Many, typer.Option("--state", help="Only waiting, accepted or overruled.")] = None,
    min_score: MinScore = None,
    max_score: MaxScore = None,
    where: Annotated[str, typer.Option("--where", help="More conditions, as `findings` takes them.")] = "",
    order: Annotated[str, typer.Option("--order", help="least-sure, surest or most-rows.")] = "least-sure",
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="At most so many.")] = 50,
    offset: Annotated[int, typer.Option("--offset", min=0, help="Leave out so many first.")] = 0,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """List the values of a version's findings, masked, with how often each was found."""
    from workbench.finding_queries import listed
    from workbench.value_groups import count_groups, groups
    from workbench.value_snippets import masked_values
    from workbench.versions import open_dataset

    _ = as_json
    here = opened(project)
    given = {"state": state or (), "max_score": max_score}
    chosen = _chosen(where, entity=entity or (), kind=kind or (), min_score=min_score, **given)
    with listed(here, open_dataset(here, ref)) as connection:
        found = groups(connection, chosen, order=order, limit=limit, offset=offset)
        total = count_groups(connection, chosen)
        shown = masked_values(connection, found)
    data = [asdict(group) | {"masked": form} for group, form in zip(found, shown, strict=True)]
    text = table([[row[name] for name in COLUMNS] for row in data], list(COLUMNS))
    return Answer({"values": data, "count": total}, f"{text}\n\n{len(data)} of {total} values")


def kinds_command(ref: Ref, project: ProjectOption = None, as_json: JsonOption = False) -> Answer:
    """Count the findings of personal data and secrets by kind and entity."""
    from workbench.finding_queries import listed
    from workbench.value_groups import kinds
    from workbench.versions import open_dataset

    _ = as_json
    here = opened(project)
    with listed(here, open_dataset(here, ref)) as connection:
        found = [asdict(group) for group in kinds(connection, FindingFilter())]
    heads = ["kind", "entity", "values", "findings", "rows", "waiting", "accepted", "overruled"]
    return Answer({"kinds": found}, table([[row[name] for name in heads] for row in found], heads))


def show_command(
    ref: Ref,
    value: Hash,
    entity: Annotated[str | None, typer.Option("--entity", help="Its entity, if it has several.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=50, help="Places shown.")] = 5,
    reveal: Annotated[
        bool, typer.Option("--reveal", help="Show the value itself; who looked is recorded.")
    ] = False,
    who: Who = None,
    why: Why = "",
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Show one value and the words around it, masked unless you ask."""
    from workbench.finding_queries import listed
    from workbench.value_groups import group_of
    from workbench.value_snippets import masked_values, snippets
    from workbench.versions import open_dataset

    _ = as_json
    here = opened(project)
    dataset = open_dataset(here, ref)
    with listed(here, dataset) as connection:
        group = group_of(connection, value, entity)
        form = masked_values(connection, [group])[0]
        found = snippets(here, dataset, connection, group, limit=limit, show=reveal, who=who, why=why)
    names = ("finding", "example_id", "file", "line", "part", "state", "revealed")
    places = [{name: getattr(one, name) for name in names} | {"text": one.text()} for one in found]
    lines = [f"{one.file}, line {one.line}, {one.part}, {one.state}: {one.text()}" for one in found]
    head = (
        f"{group.entity} {form} ({group.value}): {group.findings} findings in {group.rows} rows, "
        f"scores {group.min_score:.2f} to {group.max_score:.2f}"
    )
    return Answer(asdict(group) | {"masked": form, "seen": places}, "\n".join([head, *lines]))


def accept_command(
    ref: Ref,
    value: Annotated[str | None, typer.Argument(help="Value by its hash; without one, a filter.")] = None,
    entity: EntityOption = None,
    kind: KindOption = None,
    min_score: MinScore = None,
    max_score: MaxScore = None,
    who: Who = None,
    why: Why = "",
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Accept all findings about a value, an entity, a kind, or from a score up; one line, undone by id."""
    _ = as_json
    given = {"entity": entity or (), "kind": kind or (), "min_score": min_score, "max_score": max_score}
    return _decided(project, ref, "accept", value, given, who, why)


def reject_command(
    ref: Ref,
    value: Annotated[str | None, typer.Argument(help="Value by its hash; without one, a filter.")] = None,
    entity: EntityOption = None,
    kind: KindOption = None,
    min_score: MinScore = None,
    max_score: MaxScore = None,
    always: Annotated[bool, typer.Option("--always", help="Put the value on the allow list, too.")] = False,
    who: Who = None,
    why: Why = "",
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """Overrule all findings about a value, an entity, a kind, or up to a score; one line, undone by id."""
    _ = as_json
    if always and value is None:
        raise InputError("only a value can be allowed for always", remedy="name one, or leave out --always")
    given = {"entity": entity or (), "kind": kind or (), "min_score": min_score, "max_score": max_score}
    return _decided(project, ref, "reject", value, given, who, why, always=always)


def reveals_command(
    limit: Annotated[int, typer.Option("--limit", min=1, help="The last so many.")] = 50,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> Answer:
    """List who has looked at which raw value, newest first."""
    from workbench.reveals import read_reveals

    _ = as_json
    found = read_reveals(opened(project))
    rows = [line.model_dump() for line in found[: -limit - 1 : -1]]
    heads = ["when", "who", "dataset", "entity", "value", "finding", "why"]
    text = table([[row[name] for name in heads] for row in rows], heads)
    return Answer({"reveals": rows, "count": len(found)}, f"{text}\n\n{len(rows)} of {len(found)} looks")


def _list_app(kind: Kind, text: str) -> typer.Typer:
    """The commands on one of the two lists."""
    app = typer.Typer(help=text, no_args_is_help=True)

    def add(
        value: Annotated[str, typer.Argument(help="The value, or - to read it from the input.")],
        entity: Annotated[str, typer.Option("--entity", help="PERSON, …, or * for every kind.")] = ANY,
        pattern: Annotated[
            bool,
            typer.Option("--pattern", help="It is a regular expression for the whole value (allow only)."),
        ] = False,
        reason: Annotated[str, typer.Option("--reason", help="Kept with the entry.")] = "",
        who: Who = None,
        project: ProjectOption = None,
        as_json: JsonOption = False,
    ) -> Answer:
        """Put a value on the list; only its keyed hash is stored."""
        from workbench.value_lists import Wanted, add_values

        _ = as_json
        given = sys.stdin.readline().strip() if value == "-" else value
        facts = {"pattern" if pattern else "value": given[:1000]}
        wanted = Wanted(list=kind, entity=entity, reason=reason, **facts)
        made = add_values(opened(project), [wanted], who=who)
        words = f"{made[0].id} is on the list" if made else "the value was on the list already"
        return Answer({"added": [entry.model_dump() for entry in made]}, words)

    def show(project: ProjectOption = None, as_json: JsonOption = False) -> Answer:
        """List the entries in force."""
        from workbench.value_lists import load_lists

        _ = as_json
        found = [entry.model_dump() for entry in load_lists(opened(project)).entries if entry.list == kind]
        heads = ["id", "entity", "hash", "pattern", "words", "reason", "who", "when"]
        text = table([[row[name] for name in heads] for row in found], heads)
        return Answer({"entries": found}, text if found else "the list is empty")

    def remove(
        identity: Annotated[str, typer.Argument(help="Entry, as `list` shows it.")],
        who: Who = None,
        why: Why = "",
        project: ProjectOption = None,
        as_json: JsonOption = False,
    ) -> Answer:
        """Take an entry off the list."""
        from workbench.value_lists import remove_entry

        _ = as_json
        remove_entry(opened(project), identity, who=who, why=why, kind=kind)
        return Answer({"removed": identity}, f"{identity} is off the list")

    def bring(
        file: Annotated[Path, typer.Argument(help="One value a line, or CSV: value, entity, reason.")],
        entity: Annotated[str, typer.Option("--entity", help="Where the file names none.")] = ANY,
        reason: Annotated[str, typer.Option("--reason", help="Where the file names none.")] = "",
        who: Who = None,
        project: ProjectOption = None,
        as_json: JsonOption = False,
    ) -> Answer:
        """Put all values of a file on the list."""
        from workbench.value_list_files import import_values

        _ = as_json
        count = import_values(opened(project), file, kind, entity=entity, reason=reason, who=who)
        return Answer({"added": count}, f"{count} new on the list")

    for name, function in (("add", add), ("list", show), ("remove", remove), ("import", bring)):
        command(app, name)(function)
    return app


def _chosen(where: str, **given: Any) -> FindingFilter:
    more = parse_filter(where).model_dump(exclude_unset=True)
    return made_filter(more | {name: value for name, value in given.items() if value not in (None, ())})


def _decided(
    project: Path | None,
    ref: str,
    action: str,
    value: str | None,
    given: dict[str, Any],
    who: str | None,
    why: str,
    *,
    always: bool = False,
) -> Answer:
    from workbench.finding_queries import listed
    from workbench.value_groups import decide_values, group_of
    from workbench.value_lists import allow_hash
    from workbench.versions import open_dataset

    here = opened(project)
    dataset = open_dataset(here, ref)
    if value is not None:
        entities = list(given["entity"])
        with listed(here, dataset) as connection:
            group = group_of(connection, value, entities[0] if len(entities) == 1 else None)
        given = {**given, "value": (group.value,), "entity": (group.entity,)}
    chosen = _chosen("", **given)
    done = decide_values(here, dataset, chosen, action, who=who, why=why)
    data = {"action": action, "id": done.id, "count": done.count, "where": chosen.words()}
    text = f"{action}: {done.count} findings; undo with `workbench review --undo {done.id}`"
    if always and value is not None:
        data["allowed"] = allow_hash(here, chosen.entity[0], chosen.value[0], why, who=who)
        text += f"; allowed as {data['allowed']}"
    return Answer(data, text)
