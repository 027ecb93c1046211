"""Vertex AI's tuning files for Gemini: ``{"systemInstruction", "contents": [{"role", "parts"}]}``.

Source: https://cloud.google.com/vertex-ai/generative-ai/docs/models/gemini-supervised-tuning-prepare
and gemini-preference-tuning-prepare (``completions`` with scores).
"""

from __future__ import annotations

from workbench.errors import InputError
from workbench.examples import Example, Message, make_example, message
from workbench.formats.fields import Record, as_json, extras, first_present, is_turns, objects

NAME = "vertex"
TITLE = "Vertex AI tuning for Gemini (systemInstruction, contents of parts, completions)"

_SYSTEM = ("systemInstruction", "system_instruction")
_ROLES = {"user": "user", "model": "assistant", "function": "user", "tool": "user"}


def matches(record: Record) -> bool:
    """Say whether ``contents`` is a list of objects with parts."""
    return is_turns(record.get("contents"), "parts")


def read(record: Record) -> Example:
    """Read one conversation; tool calls, which have no ids there, are numbered.

    With ``completions`` it is the prompt of a pair: the higher score is the chosen one.
    """
    key = first_present(record, _SYSTEM)
    messages = _system(record[key]) if key else []
    asked = _Calls()
    for turn in objects(record.get("contents"), "contents"):
        messages += asked.messages(turn)
    pair = record.get("completions") is not None
    chosen, rejected = _completions(record.get("completions")) if pair else (None, None)
    return make_example(
        "preference" if pair else "sft",
        messages,
        chosen=chosen,
        rejected=rejected,
        tools=_tools(record.get("tools")),
        **extras(record, *_SYSTEM, "contents", "completions", "tools"),
    )


def _system(instruction: object) -> list[Message]:
    given = instruction.get("parts") if isinstance(instruction, dict) else instruction
    texts = [given] if isinstance(given, str) else [_text(part) for part in _parts(given)]
    return [message({"role": "system", "content": "\n".join(texts)})] if any(texts) else []


def _completions(given: object) -> tuple[list[Message], list[Message]]:
    pair = objects(given, "completions")
    scores = [entry.get("score") for entry in pair]
    if len(pair) != 2 or not all(isinstance(score, int | float) for score in scores):
        raise InputError("the completions are not two with a score each", remedy="give one of 1 and one of 0")
    if scores[0] == scores[1]:
        raise InputError("the two completions have the same score", remedy="leave the row out")
    best, worst = sorted(pair, key=lambda entry: -float(entry["score"]))
    return _completion(best), _completion(worst)


def _completion(entry: Record) -> list[Message]:
    turn = entry.get("completion")
    if not isinstance(turn, dict):
        raise InputError("a completion is not an object", remedy='write {"role": "model", "parts": […]}')
    return _Calls().messages({"role": "model", **turn})


class _Calls:
    """Reads turns in order and numbers the calls, so that answers of tools find theirs."""

    def __init__(self) -> None:
        self._count = 0
        self._waiting: list[tuple[str, str]] = []

    def messages(self, turn: Record) -> list[Message]:
        role = _ROLES.get(str(turn.get("role", "user")))
        if role is None:
            raise InputError("a turn has an unknown role", remedy="use user or model")
        parts = _parts(turn.get("parts"))
        results = [part["functionResponse"] for part in parts if "functionResponse" in part]
        calls = [part["functionCall"] for part in parts if "functionCall" in part]
        texts = [_text(p) for p in parts if "functionResponse" not in p and "functionCall" not in p]
        found = [self._answer(result) for result in results]
        if texts or calls or not results:
            asked = [self._call(call) for call in calls]
            found.append(message({"role": role, "content": "\n".join(texts), "tool_calls": asked or None}))
        return found

    def _call(self, call: object) -> Record:
        name = call.get("name") if isinstance(call, dict) else None
        if not isinstance(call, dict) or not isinstance(name, str):
            raise InputError("a function call has no name", remedy='write {"name": …, "args": {…}}')
        self._count += 1
        call_id = f"call_{self._count}"
        self._waiting.append((call_id, name))
        function = {"name": name, "arguments": as_json(call.get("args") or {})}
        return {"id": call_id, "type": "function", "function": function}

    def _answer(self, result: object) -> Message:
        if not isinstance(result, dict):
            raise InputError("a function response is not an object", remedy="repair the row")
        waiting = next((one for one in self._waiting if one[1] == result.get("name")), None)
        if waiting:
            self._waiting.remove(waiting)
        response = result.get("response")
        plain = isinstance(response, dict) and response.keys() == {"content"}
        text = response["content"] if plain and isinstance(response, dict) else response
        return message(
            {
                "role": "tool",
                "content": text if isinstance(text, str) else as_json(text),
                "tool_call_id": waiting[0] if waiting else None,
            }
        )


def _tools(given: object) -> object:
    if not isinstance(given, list):
        return None
    found: list[object] = []
    for tool in given:
        functions = tool.get("functionDeclarations") if isinstance(tool, dict) else None
        if isinstance(functions, list):
            found += [{"type": "function", "function": function} for function in functions]
        else:
            found.append(tool)
    return found


def _parts(given: object) -> list[Record]:
    if not isinstance(given, list) or not all(isinstance(part, dict) for part in given):
        raise InputError("the parts of a turn are not a list of objects", remedy='write [{"text": …}]')
    return given


def _text(part: Record) -> str:
    if not isinstance(part.get("text"), str):
        raise InputError("a message has a part that is not text", remedy="remove images and audio")
    return str(part["text"])
