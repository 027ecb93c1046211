"""How rows become token ids and labels. Preflight and the trainers both call this.

A conversation is rendered by the model's chat template and cut into segments: what the
model is given, and what it must say. Segments are tokenised one by one, exactly as at
inference, where the prompt is tokenised before the answer exists. The answer's segment
ends with the end-of-turn token, so the model learns to stop.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.errors import InputError
from workbench.examples import Example, Message

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

IGNORED = -100


@dataclass(frozen=True)
class Encoded:
    """Token ids and labels (−100 where no loss is taken) of one example.

    ``stops`` tells whether each learned answer ends with the end-of-turn token, ``whole``
    whether the template renders earlier turns the same way in every prefix.
    """

    input_ids: list[int]
    labels: list[int]
    stops: bool
    whole: bool

    @property
    def supervised(self) -> int:
        """Number of tokens with a loss."""
        return sum(label != IGNORED for label in self.labels)


@dataclass(frozen=True)
class EncodedPair:
    """Token ids of a preference pair: prompt, chosen and rejected."""

    prompt_ids: list[int]
    chosen_ids: list[int]
    rejected_ids: list[int]
    stops: bool

    @property
    def longest(self) -> int:
        """Tokens of the longer of the two sequences."""
        return len(self.prompt_ids) + max(len(self.chosen_ids), len(self.rejected_ids))


def encode(tokenizer: PreTrainedTokenizerBase, example: Example, loss_on: str) -> Encoded:
    """Encode a conversation; the loss is on all its answers or on the last.

    When the template does not render prefixes alike (some drop earlier reasoning), only
    the last answer is learned and ``whole`` is False. Raises `InputError` when the template
    refuses the conversation.
    """
    messages = [chat_message(m) for m in example["messages"]]
    tools = _tools(example)
    answers = [i for i, m in enumerate(messages) if m["role"] == "assistant"]
    if loss_on == "last":
        answers = answers[-1:]
    segments, whole = _segments(tokenizer, messages, tools, answers)
    ids: list[int] = []
    labels: list[int] = []
    stops = bool(answers)
    for text, learned in segments:
        tokens = _tokenize(tokenizer, text)
        if learned:
            stops = stops and tokenizer.eos_token_id in tokens[-1:]
        ids += tokens
        labels += tokens if learned else [IGNORED] * len(tokens)
    return Encoded(ids, labels, stops, whole)


def encode_pair(tokenizer: PreTrainedTokenizerBase, example: Example) -> EncodedPair:
    """Encode a preference pair over its prompt. Raises `InputError`."""
    prompt = [chat_message(m) for m in example["messages"]]
    tools = _tools(example)
    given = _render(tokenizer, prompt, tools, generate=True)
    answers = []
    for part in (example["chosen"], example["rejected"]):
        whole = _render(tokenizer, prompt + [chat_message(m) for m in part or []], tools)
        if not whole.startswith(given):
            raise InputError(
                "the chat template renders the prompt differently once the answer follows",
                where=f"example {example['id']}",
                remedy="use a template that keeps the prompt as it is",
            )
        answers.append(_tokenize(tokenizer, _trim(tokenizer, whole[len(given) :])[0]))
    stops = all(ids[-1:] == [tokenizer.eos_token_id] for ids in answers)
    return EncodedPair(_tokenize(tokenizer, given), answers[0], answers[1], stops)


def cut(encoded: Encoded, max_length: int) -> Encoded:
    """Cut an example to ``max_length`` tokens from the start."""
    labels = encoded.labels[:max_length]
    return Encoded(encoded.input_ids[:max_length], labels, False, encoded.whole)


def decoded_mask(tokenizer: PreTrainedTokenizerBase, encoded: Encoded) -> list[dict[str, Any]]:
    """The example as the trainer sees it: ``[{"text", "learned"}]`` runs of tokens."""
    runs: list[tuple[bool, list[int]]] = []
    for token, label in zip(encoded.input_ids, encoded.labels, strict=True):
        learned = label != IGNORED
        if not runs or runs[-1][0] != learned:
            runs.append((learned, []))
        runs[-1][1].append(token)
    return [{"text": tokenizer.decode(ids), "learned": learned} for learned, ids in runs]


def chat_message(entry: Message) -> dict[str, Any]:
    """A message in the shape chat templates expect."""
    chat: dict[str, Any] = {"role": entry["role"], "content": entry["content"]}
    if entry.get("tool_calls"):
        chat["tool_calls"] = json.loads(str(entry["tool_calls"]))
    for key in ("name", "tool_call_id"):
        if entry.get(key):
            chat[key] = entry.get(key)
    return chat


def _tools(example: Example) -> Any:
    text = example.get("tools")
    return json.loads(text) if text else None


def _segments(
    tokenizer: PreTrainedTokenizerBase,
    messages: list[dict[str, Any]],
    tools: Any,
    answers: list[int],
) -> tuple[list[tuple[str, bool]], bool]:
    full = _render(tokenizer, messages, tools)
    segments: list[tuple[str, bool]] = []
    position = 0
    for answer in answers:
        given = _render(tokenizer, messages[:answer], tools, generate=True)
        said = _render(tokenizer, messages[: answer + 1], tools)
        if not (full.startswith(given) and full.startswith(said) and said.startswith(given)):
            if len(answers) > 1:
                return _segments(tokenizer, messages, tools, answers[-1:])[0], False
            return [(full, False)], False
        learned, rest = _trim(tokenizer, said[len(given) :])
        segments += [(full[position : len(given)], False), (learned, True)]
        position = len(said) - len(rest)
    return segments, True


def _trim(tokenizer: PreTrainedTokenizerBase, text: str) -> tuple[str, str]:
    """Cut an answer after its last end-of-turn token: ``(answer, what follows)``."""
    end = str(tokenizer.eos_token)
    position = text.rfind(end)
    if position < 0:
        return text, ""
    return text[: position + len(end)], text[position + len(end) :]


def _render(
    tokenizer: PreTrainedTokenizerBase,
    messages: list[dict[str, Any]],
    tools: Any,
    *,
    generate: bool = False,
) -> str:
    from jinja2 import TemplateError

    try:
        return str(
            tokenizer.apply_chat_template(
                messages, tools=tools, tokenize=False, add_generation_prompt=generate
            )
        )
    except (TemplateError, TypeError, ValueError) as error:
        raise InputError(
            "the model's chat template refuses this conversation",
            remedy="its roles may be in an order the model does not know; see the quality findings",
        ) from error


def _tokenize(tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
    return list(tokenizer(text, add_special_tokens=False)["input_ids"]) if text else []
