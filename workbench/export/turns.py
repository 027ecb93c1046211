"""A chat template as its parts: what stands before and after each role's message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workbench.errors import InputError

MARK = "workbench{}probe"
CONVERSATIONS = (
    ("user",),
    ("system", "user"),
    ("user", "assistant", "user"),
    ("system", "user", "assistant", "user", "assistant", "user"),
    ("user", "assistant"),
)


@dataclass(frozen=True)
class Turns:
    """The pieces of a template that writes turn after turn.

    ``opening`` stands before a conversation without a system message. Every role has what
    comes before and after its text; ``prompt`` asks for the answer. The token that begins
    every sequence is left out: programs add it themselves.
    """

    opening: str
    system: tuple[str, str] | None
    user: tuple[str, str]
    assistant: tuple[str, str]
    prompt: str

    def render(self, messages: list[dict[str, str]], *, answer: bool) -> str:
        """Write a conversation from the pieces."""
        text = "" if messages and messages[0]["role"] == "system" else self.opening
        for message in messages:
            before, after = self._pieces(message["role"])
            text += f"{before}{message['content']}{after}"
        return text + (self.prompt if answer else "")

    def _pieces(self, role: str) -> tuple[str, str]:
        return {"system": self.system or ("", ""), "user": self.user}.get(role, self.assistant)


def read_turns(tokenizer: Any) -> Turns:
    """Take a chat template apart, and prove the parts by writing conversations from them.

    Raises `InputError` for a template that is more than turns: its text cannot be told to a
    program that does not run Jinja.
    """
    one, two = _written(tokenizer, ("user",)), _written(tokenizer, ("user", "assistant", "user", "assistant"))
    asked = _written(tokenizer, ("user",), answer=True)
    after_user = one.partition(MARK.format(0))[2]
    after_answer = two.partition(MARK.format(3))[2]
    before_answer = _between(two, 0, 1).removeprefix(after_user)
    before_user = _between(two, 1, 2).removeprefix(after_answer)
    turns = Turns(
        opening=one.partition(MARK.format(0))[0].removesuffix(before_user),
        system=_system(tokenizer, before_user),
        user=(before_user, after_user),
        assistant=(before_answer, after_answer),
        prompt=asked.removeprefix(one),
    )
    for roles in CONVERSATIONS:
        if "system" in roles and turns.system is None:
            continue
        for answer in (False, True):
            if turns.render(_messages(roles), answer=answer) != _written(tokenizer, roles, answer=answer):
                raise InputError(
                    "the chat template is more than turn after turn",
                    where=f"a conversation of {', '.join(roles)}",
                    remedy="serve the model with vLLM, transformers or llama-server --jinja, which run the template",
                )
    return turns


def _system(tokenizer: Any, before_user: str) -> tuple[str, str] | None:
    from jinja2.exceptions import TemplateError

    try:
        text = _written(tokenizer, ("system", "user"))
    except TemplateError:
        return None
    if MARK.format(0) not in text:
        return None
    return text.partition(MARK.format(0))[0], _between(text, 0, 1).removesuffix(before_user)


def _written(tokenizer: Any, roles: tuple[str, ...], *, answer: bool = False) -> str:
    text = str(tokenizer.apply_chat_template(_messages(roles), tokenize=False, add_generation_prompt=answer))
    first = tokenizer.bos_token
    return text.removeprefix(str(first)) if first else text


def _messages(roles: tuple[str, ...]) -> list[dict[str, str]]:
    return [{"role": role, "content": MARK.format(place)} for place, role in enumerate(roles)]


def _between(text: str, first: int, second: int) -> str:
    return text.partition(MARK.format(first))[2].partition(MARK.format(second))[0]
