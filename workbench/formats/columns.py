"""Plain columns: which one is the user's turn, the answer, the label … is given or plain.

Without a mapping only a text with its class is recognised (Banking77, HWU64): the text is
the user's turn, and the class both the answer and the label.
"""

from __future__ import annotations

from collections.abc import Mapping

from workbench.errors import InputError
from workbench.examples import Example, Message, make_example, message
from workbench.formats.fields import LABELS, Record, extras, first_present, text

NAME = "columns"
TITLE = "Columns named with --map, or a text with its class (text, label)"

ROLES = ("user", "assistant", "system", "chosen", "rejected", "label", "group")
TEXTS = ("text", "utterance", "sentence", "query", "question", "message")


def matches(record: Record) -> bool:
    """Say whether there is a text and a plain class, and nothing says more."""
    asked, label = first_present(record, TEXTS), first_present(record, LABELS)
    return (
        asked is not None
        and label is not None
        and isinstance(record[asked], str)
        and isinstance(record[label], str | int)
    )


def read(record: Record, mapping: Mapping[str, str] | None = None) -> Example:
    """Read one row by ``mapping`` (role to column), or as a text with its class.

    A mapped cell that is empty is an error, because a table has no other way to say that
    nothing is there; only an empty system, label or group is left out.
    """
    columns = dict(mapping) if mapping else _text_and_class(record)
    if not mapping or ("assistant" not in columns and "chosen" not in columns):
        columns.setdefault("assistant", columns.get("label", ""))
    rest = extras(
        record,
        *columns.values(),
        label=_optional(record, columns.get("label")),
        group=_optional(record, columns.get("group")),
    )
    system = _optional(record, columns.get("system"))
    messages = [message({"role": "system", "content": system})] if system else []
    messages.append(_turn(record, columns, "user"))
    if "chosen" in columns or "rejected" in columns:
        return make_example(
            "preference",
            messages,
            chosen=[_turn(record, columns, "chosen")],
            rejected=[_turn(record, columns, "rejected")],
            **rest,
        )
    return make_example("sft", [*messages, _turn(record, columns, "assistant")], **rest)


def check_mapping(mapping: Mapping[str, str], sample: list[Record]) -> None:
    """Raise `InputError` for a role that is unknown or missing, or a column that no row has."""
    remedy = "write --map user=COLUMN --map assistant=COLUMN"
    for role, column in mapping.items():
        if role not in ROLES:
            raise InputError(
                f"'{role}' is not something a column can be", remedy=f"one of {', '.join(ROLES)}"
            )
        if sample and not any(column in record for record in sample):
            raise InputError(f"there is no column '{column}'", remedy=remedy)
    answered = {"assistant", "label"} & mapping.keys() or {"chosen", "rejected"} <= mapping.keys()
    if "user" not in mapping or not answered:
        raise InputError("the mapping names no question or no answer", remedy=remedy)


def _turn(record: Record, columns: Mapping[str, str], role: str) -> Message:
    column = columns.get(role, "")
    content = text(record, column)
    if not content.strip():
        raise InputError(f"the cell '{column}' is empty", remedy="fill it, or leave the row out")
    return message({"role": "user" if role == "user" else "assistant", "content": content})


def _optional(record: Record, column: str | None) -> object:
    value = record.get(column) if column else None
    return None if value == "" else value


def _text_and_class(record: Record) -> dict[str, str]:
    asked, label = first_present(record, TEXTS), first_present(record, LABELS)
    if asked is None or label is None:
        raise InputError("the row has no text or no class", remedy="name the columns with --map")
    return {"user": asked, "label": label}
