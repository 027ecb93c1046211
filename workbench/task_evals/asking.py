"""Questions to a judge, several at a time, each asked once: what it said is kept in the project.

Kept replies lie in ``judged/`` under the hash of address and request, so that an evaluation
that was interrupted asks only what it has not asked. They hold the mark, never a text.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from workbench.files import read_json, write_json
from workbench.projects import Project
from workbench.row_scores.judging import REPLY_TOKENS, ask, reply_text
from workbench.task_evals.masking import masked_texts
from workbench.task_evals.settings import Rubric

FOLDER = "judged"
Mark = TypeVar("Mark", bound=BaseModel)


def request(rubric: Rubric, instructions: str, turns: Sequence[dict[str, str]], **texts: str) -> bytes:
    """The body of one question: the rubric's instructions and the material, masked unless revealed.

    ``texts``: what is marked, by name. All of the material is one JSON object, so that no text
    in it can pass for an instruction.
    """
    given = [turn["content"] for turn in turns] + list(texts.values())
    shown = given if rubric.reveal else masked_texts(given)
    spoken = [
        {"role": turn["role"], "content": text} for turn, text in zip(turns, shown[: len(turns)], strict=True)
    ]
    material = {"conversation": spoken} | dict(zip(texts, shown[len(turns) :], strict=True))
    body = {
        "model": rubric.model,
        "messages": [
            {"role": "system", "content": f"{rubric.rubric}\n\n{instructions}"},
            {"role": "user", "content": json.dumps(material, ensure_ascii=False)},
        ],
        "temperature": 0,
        "max_tokens": REPLY_TOKENS,
    }
    return json.dumps(body, sort_keys=True).encode()


def marks(
    project: Project,
    rubric: Rubric,
    bodies: Sequence[bytes],
    kind: type[Mark],
    tick: Callable[[int], None] | None = None,
) -> list[Mark | None]:
    """The judge's mark on each request, in order; None where it gave none that counts.

    ``tick(done)`` may raise to stop. Raises `InputError` for a refused key or address.
    """
    key = rubric.key
    pool = ThreadPoolExecutor(rubric.parallel)
    found: list[Mark | None] = []
    try:
        waiting = [pool.submit(_mark, project, rubric, body, key, kind) for body in bodies]
        for future in waiting:
            found.append(future.result())
            if tick:
                tick(len(found))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    return found


def shifted(tick: Callable[[int, int], None], before: int, total: int) -> Callable[[int], None]:
    """A tick for a part of the work: it counts on from what was done before."""
    return lambda done: tick(before + done, total)


def _mark(project: Project, rubric: Rubric, body: bytes, key: str | None, kind: type[Mark]) -> Mark | None:
    path = _kept(project, rubric, body)
    if path.exists():
        return kind.model_validate(read_json(path)["mark"])
    got = ask(rubric, body, key, lambda reply: _read(reply, kind))
    if got.value is not None:
        write_json(path, {"mark": got.value.model_dump(exclude={"reason"}) | {"reason": ""}})
    return got.value


def _read(reply: bytes, kind: type[Mark]) -> Mark:
    try:
        return kind.model_validate_json(reply_text(reply))
    except ValidationError:
        # The cause quotes the reply, so it is not passed on.
        raise ValueError("the mark is not the JSON object that was asked for") from None


def _kept(project: Project, rubric: Rubric, body: bytes) -> Path:
    name = hashlib.sha256(rubric.endpoint.encode() + b"\n" + body).hexdigest()
    return project.folder(FOLDER, name[:2], f"{name}.json")
