"""Generated chats in which it is known which rows are duplicates, and of what kind."""

from __future__ import annotations

import json
import os
import random
import re
from pathlib import Path
from typing import Any

FOLDER = Path(os.environ.get("WORKBENCH_BENCH_DATA", "bench-data"))
KINDS = (
    "exact",
    "recased",
    "edit3",
    "edit10",
    "edit20",
    "truncated",
    "boilerplate",
    "system",
    "reordered",
    "thanks",
    "short",
)
FUNCTION = [
    "the",
    "of",
    "and",
    "to",
    "a",
    "in",
    "is",
    "it",
    "you",
    "that",
    "he",
    "was",
    "for",
    "on",
    "are",
    "with",
    "as",
    "I",
    "his",
    "they",
    "be",
    "at",
    "one",
    "have",
    "this",
    "from",
    "or",
    "had",
    "by",
    "not",
    "but",
    "what",
    "all",
    "were",
    "when",
    "we",
    "there",
    "can",
    "an",
    "your",
    "which",
    "their",
    "if",
    "will",
    "each",
    "about",
    "how",
    "up",
    "out",
    "them",
    "then",
    "she",
    "many",
    "some",
    "so",
    "these",
    "would",
    "other",
    "into",
    "has",
    "more",
    "two",
    "like",
    "him",
    "see",
    "could",
    "no",
    "make",
    "than",
    "first",
    "been",
    "its",
    "who",
    "now",
    "people",
    "my",
]
SYLLABLES = [
    "ba",
    "be",
    "bi",
    "bo",
    "bu",
    "ca",
    "co",
    "da",
    "de",
    "di",
    "do",
    "fa",
    "fe",
    "fi",
    "ga",
    "go",
    "ha",
    "he",
    "hi",
    "ja",
    "jo",
    "ka",
    "ke",
    "ki",
    "la",
    "le",
    "li",
    "lo",
    "lu",
    "ma",
    "me",
    "mi",
    "mo",
    "mu",
    "na",
    "ne",
    "ni",
    "no",
    "nu",
    "pa",
    "pe",
    "pi",
    "po",
    "ra",
    "re",
    "ri",
    "ro",
    "ru",
    "sa",
    "se",
    "si",
    "so",
    "su",
    "ta",
    "te",
    "ti",
    "to",
    "tu",
    "va",
    "ve",
    "vi",
    "vo",
    "wa",
    "we",
    "za",
    "zo",
]
BOILERPLATE = (
    "Thank you for contacting our support team today, we value your time.",
    "This conversation may be recorded for quality and training purposes.",
    "Please let me know if there is anything else that I can do for you.",
)
SYSTEMS = (
    "You are a helpful assistant.",
    "You are a careful support agent. Answer briefly.",
    "Answer as an expert would, in plain words.",
)
Chat = list[dict[str, str]]


class Language:
    """A vocabulary of made-up words used as often as Zipf's law has it, names, and templates."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        words = {
            "".join(self.random.choices(SYLLABLES, k=self.random.choice((2, 2, 3, 3, 4))))
            for _ in range(40_000)
        }
        self.words = sorted(words - set(FUNCTION))[:20_000]
        self.random.shuffle(self.words)
        self.weights = [1 / (rank + 20) for rank in range(len(self.words))]
        self.cumulative = _running(self.weights)
        self.names = sorted({word.capitalize() for word in self.random.sample(self.words, 400)})
        self.templates = [self._template() for _ in range(300)]

    def word(self) -> str:
        """A word of content."""
        return self.random.choices(self.words, cum_weights=self.cumulative)[0]

    def sentence(self, length: int, end: str = ".") -> str:
        """A sentence of about half function words."""
        words = [
            self.random.choice(FUNCTION) if self.random.random() < 0.4 else self.word() for _ in range(length)
        ]
        if self.random.random() < 0.15:
            words[self.random.randrange(1, length)] = self.random.choice(self.names)
        words[0] = words[0][0].upper() + words[0][1:]
        return " ".join(words) + end

    def text(self, low: int, high: int, end: str = ".") -> str:
        """Sentences of together ``low`` to ``high`` words."""
        wanted, parts = self.random.randint(low, high), []
        while wanted > 0:
            size = min(wanted, self.random.randint(6, 14))
            size = wanted if wanted - size < 4 else size
            parts.append(self.sentence(max(2, size)))
            wanted -= size
        parts[-1] = parts[-1][:-1] + end
        return " ".join(parts)

    def chat(self) -> Chat:
        """One or two exchanges."""
        turns: Chat = []
        if self.random.random() < 0.3:
            turns.append(_turn("system", self.random.choice(SYSTEMS)))
        for _ in range(2 if self.random.random() < 0.25 else 1):
            turns.append(_turn("user", self.text(8, 26, "?")))
            turns.append(_turn("assistant", self.text(14, 40)))
        return turns

    def short(self) -> Chat:
        """A few words each way."""
        return [_turn("user", self.text(3, 5, "?")), _turn("assistant", self.text(3, 5))]

    def _template(self) -> tuple[str, str]:
        ask = self.text(10, 22, "?").split()
        reply = self.text(14, 34).split()
        for words, slots in (
            (ask, ("{order}", "{name}")),
            (reply, ("{order}", "{date}", "{name}", "{quote}")),
        ):
            for slot in self.random.sample(slots, self.random.randint(1, len(slots))):
                words.insert(self.random.randrange(1, len(words)), slot)
        return " ".join(ask), " ".join(reply)

    def filled(self, template: tuple[str, str]) -> Chat:
        """A template with values of its own."""
        values = {
            "{order}": self.random.choice("ABCXYZ") + str(self.random.randint(10_000, 999_999)),
            "{name}": self.random.choice(self.names),
            "{date}": f"{self.random.randint(1, 28)} {self.random.choice(('March', 'May', 'June', 'July'))} 20{self.random.randint(10, 30)}",
            "{quote}": f'"{self.word()} {self.word()}"',
        }
        texts = []
        for text in template:
            for slot, value in values.items():
                text = text.replace(slot, value)
            texts.append(text)
        return [_turn("user", texts[0]), _turn("assistant", texts[1])]

    def edited(self, chat: Chat, share: float) -> Chat:
        """A share of the words, at least one, replaced by others; figures and names stay."""
        places = [
            (turn, place)
            for turn, entry in enumerate(chat)
            if entry["role"] != "system"
            for place, word in enumerate(entry["content"].split())
            if word.strip(".,?").isalpha() and (word[0].islower() or place == 0)
        ]
        copy = [dict(entry) for entry in chat]
        for turn, place in self.random.sample(places, max(1, round(share * len(places)))):
            words = copy[turn]["content"].split(" ")
            fresh = self.word() if self.random.random() < 0.7 else self.random.choice(FUNCTION)
            tail = words[place][-1] if words[place][-1] in ".?" else ""
            words[place] = (fresh[0].upper() + fresh[1:] if words[place][0].isupper() else fresh) + tail
            copy[turn]["content"] = " ".join(words)
        return copy

    def varied(self, chat: Chat, kind: str) -> Chat:
        """A duplicate of a chat, of the given kind."""
        copy = [dict(entry) for entry in chat]
        last = copy[-1]
        if kind == "recased":
            change = self.random.choice(
                (str.lower, str.upper, lambda text: text.replace(",", "").replace(".", " ."))
            )
            for entry in copy:
                entry["content"] = change(entry["content"])
        elif kind.startswith("edit"):
            return self.edited(chat, int(kind[4:]) / 100)
        elif kind == "truncated":
            words = last["content"].split()
            last["content"] = " ".join(words[: max(3, int(len(words) * self.random.uniform(0.6, 0.85)))])
        elif kind == "boilerplate":
            added = self.random.choice(BOILERPLATE)
            last["content"] = (
                f"{added} {last['content']}" if self.random.random() < 0.5 else f"{last['content']} {added}"
            )
        elif kind == "system":
            rest = [entry for entry in copy if entry["role"] != "system"]
            old = [entry["content"] for entry in copy if entry["role"] == "system"]
            return [_turn("system", self.random.choice([s for s in SYSTEMS if s not in old])), *rest]
        elif kind == "reordered":
            head = [entry for entry in copy if entry["role"] == "system"]
            turns = [entry for entry in copy if entry["role"] != "system"]
            return head + [turn for i in range(len(turns) - 2, -1, -2) for turn in turns[i : i + 2]]
        elif kind == "thanks":
            copy += [_turn("user", "Thanks!"), _turn("assistant", "You're welcome!")]
        elif kind == "short":
            place = self.random.choice(copy)
            place["content"] = self._slip(place["content"])
        return copy

    def _slip(self, text: str) -> str:
        """What a hurried hand does to a short message."""
        choice = self.random.randrange(3)
        if choice == 0:
            return text.lower().rstrip(".?")
        if choice == 1:
            return text + self.random.choice(("!", " :)", "..", " 🙂"))
        words = text.split()
        place = max(range(len(words)), key=lambda i: len(words[i].strip(".?")))
        cut = self.random.randrange(1, max(2, len(words[place].strip(".?")) - 1))
        words[place] = (
            words[place][:cut] + words[place][cut + 1] + words[place][cut] + words[place][cut + 2 :]
            if len(words[place]) > cut + 1
            else words[place]
        )
        return " ".join(words)


def planted(rows: int, seed: int = 0) -> tuple[Path, list[dict[str, Any]]]:
    """A JSONL of ``rows`` chats of about 300 characters, and for each line its family and kind.

    About 22 % of the rows are duplicates of another (two of each kind in eleven), 8 % are one
    of 300 templates with values of their own, 4 % have another row's prompt and an answer of
    their own, 4 % are short and differ from another short row in one word.
    """
    path, truth = FOLDER / f"planted-{rows}.jsonl", FOLDER / f"planted-{rows}.truth.json"
    if path.exists() and truth.exists():
        return path, json.loads(truth.read_text())
    FOLDER.mkdir(parents=True, exist_ok=True)
    language = Language(seed)
    choose = language.random
    made: list[tuple[Chat, int, str]] = []
    fills: dict[str, int] = {}  # a template filled twice with the same values is one chat twice
    family = 0
    number = 0
    while len(made) < rows:
        number += 2
        family = number
        draw = choose.random()
        if draw < 0.10:
            chat = language.filled(choose.choice(language.templates))
            made.append((chat, fills.setdefault(json.dumps(chat), family), "hn_slot"))
        elif draw < 0.125:
            chat = language.chat()
            made.append((chat, family, "base"))
            family += 1
            other = [dict(entry) for entry in chat]
            other[-1]["content"] = language.text(14, 40)
            made.append((other, family, "hn_prompt"))
        elif draw < 0.15:
            chat = language.short()
            made.append((chat, family, "base"))
            family += 1
            made.append((_other_word(language, chat), family, "hn_short"))
        elif draw < 0.43:
            kind = choose.choice(KINDS)
            if kind == "short":
                chat = language.short()
            elif choose.random() < 0.1 and kind != "reordered":
                chat = language.filled(choose.choice(language.templates))
                family = fills.setdefault(json.dumps(chat), family)
            else:
                chat = language.chat()
            if kind == "reordered":
                while len([entry for entry in chat if entry["role"] == "user"]) < 2:
                    chat = language.chat()
            made.append((chat, family, "base"))
            made.append((language.varied(chat, kind), family, kind))
        else:
            made.append((language.chat() if choose.random() < 0.9 else language.short(), family, "base"))
    made = made[:rows]
    choose.shuffle(made)
    with path.with_suffix(".tmp").open("w", encoding="utf-8") as file:
        for chat, _, _ in made:
            file.write(json.dumps({"messages": chat}, ensure_ascii=False) + "\n")
    truth.write_text(json.dumps([{"family": family, "kind": kind} for _, family, kind in made]))
    path.with_suffix(".tmp").rename(path)
    return path, json.loads(truth.read_text())


def _other_word(language: Language, chat: Chat) -> Chat:
    copy = [dict(entry) for entry in chat]
    words = copy[0]["content"].split()
    places = [i for i, word in enumerate(words) if i and re.fullmatch(r"[a-z]{4,}\??", word)] or [
        len(words) - 1
    ]
    place = language.random.choice(places)
    words[place] = language.word() + ("?" if words[place].endswith("?") else "")
    copy[0]["content"] = " ".join(words)
    return copy


def _turn(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def _running(weights: list[float]) -> list[float]:
    total, result = 0.0, []
    for weight in weights:
        total += weight
        result.append(total)
    return result
