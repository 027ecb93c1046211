"""Ask an arm: its loss on rows, what follows a prompt, how likely it finds a text. Never twice."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

from workbench.canaries.generating import LONGEST_PROMPT, Speaker, completions, prompt_of
from workbench.evaluation.arms import Arm, Models
from workbench.examples import Example
from workbench.likelihood import Asked, Likelihood, score_tokens
from workbench.row_scores.likelihood import encodings, likelihoods

Found = TypeVar("Found")
BATCH = 32


class Loss(NamedTuple):
    """Summed loss of a row's answers in nats, over so many tokens."""

    nats: float
    tokens: int


class Asking:
    """The arms of an evaluation as models; what one was asked before it is not asked again."""

    def __init__(self, models: Models) -> None:
        self.models = models
        self._known: dict[tuple[str, str], Any] = {}

    @contextlib.contextmanager
    def speaker(self, arm: Arm) -> Iterator[Speaker]:
        """The arm as a speaker inside the block; the tokenizer is given back as it was."""
        with self.models.active(arm):
            model, tokenizer = self.models.model, self.models.tokenizer
            sides = tokenizer.padding_side, tokenizer.truncation_side
            config = model.config.get_text_config()
            longest = getattr(config, "max_position_embeddings", None) or LONGEST_PROMPT
            was_training = model.training
            model.eval()
            try:
                yield Speaker(model, tokenizer, min(longest, LONGEST_PROMPT))
            finally:
                model.train(was_training)
                tokenizer.padding_side, tokenizer.truncation_side = sides

    def losses(self, arm: Arm, rows: Sequence[Example]) -> list[Loss | None]:
        """The arm's loss on the answers of each row; None for a row that does not fit its input."""
        return self._once(arm, f"loss {[row['id'] for row in rows]}", lambda: self._losses(arm, rows))

    def continued(self, arm: Arm, asked: Sequence[tuple[Example, str]], longest: int) -> list[str]:
        """What the arm says greedily after each row's question and the first words of an answer."""
        key = f"continued {longest} {[(row['id'], opening) for row, opening in asked]}"
        return self._once(arm, key, lambda: self._continued(arm, asked, longest))

    def likelihood(
        self, arm: Arm, prompts: Sequence[tuple[str, bool]], choices: Sequence[Sequence[str]]
    ) -> list[list[Likelihood]]:
        """How likely the arm finds each text after its prompt: ``(text, whether it is rendered)``.

        A prompt that is not rendered is put into the chat template as one question.
        """
        key = f"likelihood {list(prompts)} {[list(own) for own in choices]}"
        return self._once(arm, key, lambda: self._likelihood(arm, prompts, choices))

    def _once(self, arm: Arm, what: str, ask: Callable[[], Found]) -> Found:
        key = arm.name, hashlib.sha256(what.encode("utf-8", "replace")).hexdigest()
        if key not in self._known:
            self._known[key] = ask()
        found: Found = self._known[key]
        return found

    def _losses(self, arm: Arm, rows: Sequence[Example]) -> list[Loss | None]:
        with self.speaker(arm) as speaker:
            made = encodings(speaker.tokenizer, list(rows), speaker.longest, alone=False)
            found = likelihoods(speaker.model, made)
        return [
            None if mean is None or encoded.cut else Loss(mean * tokens, tokens)
            for (tokens, mean, _), encoded in zip(found, made, strict=True)
        ]

    def _continued(self, arm: Arm, asked: Sequence[tuple[Example, str]], longest: int) -> list[str]:
        with self.speaker(arm) as speaker:
            prompts = [prompt_of(speaker, turns_of(row), opening) for row, opening in asked]
            return [text for (text,) in completions(speaker, prompts, longest)] if prompts else []

    def _likelihood(
        self, arm: Arm, prompts: Sequence[tuple[str, bool]], choices: Sequence[Sequence[str]]
    ) -> list[list[Likelihood]]:
        with self.speaker(arm) as speaker:
            contexts = [
                text if rendered else prompt_of(speaker, [{"role": "user", "content": text}])
                for text, rendered in prompts
            ]
            asked = [
                _asked(speaker, context, choice)
                for context, own in zip(contexts, choices, strict=True)
                for choice in own
            ]
            found = iter(score_tokens(speaker.model, asked, batch_size=BATCH))
            return [[next(found) for _ in own] for own in choices]


def _asked(speaker: Speaker, context: str, text: str) -> Asked:
    """A text after its prompt, as a model writes it: the prompt ends where the template ends.

    The harness's rule, by which white space at a prompt's end belongs to the answer, would
    count the template's own newline as an answer's first token.
    """
    before, after = speaker.tokenizer([context, text or " "], add_special_tokens=False)["input_ids"]
    before = before[-max(1, speaker.longest - len(after)) :] or [int(speaker.tokenizer.eos_token_id)]
    ids = [*before, *after][: speaker.longest]
    return Asked(ids, range(len(before), len(ids)))


def turns_of(row: Example) -> list[dict[str, Any]]:
    """The conversation up to its last question, as a chat template takes it."""
    turns = [{"role": entry["role"], "content": entry["content"]} for entry in row["messages"]]
    while turns and turns[-1]["role"] == "assistant":
        turns.pop()
    return turns or [{"role": "user", "content": ""}]


def last_answer(row: Example) -> str:
    """The answer to that question: of a preference pair the chosen one."""
    answers = row.get("chosen") or row["messages"]
    last = answers[-1] if answers else None
    return last["content"] if last and last["role"] == "assistant" else ""
