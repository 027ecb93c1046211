"""Writes the demo's raw files and the truth about every fault planted in them."""

from __future__ import annotations

import json
import random
import re
from typing import TYPE_CHECKING, Final

from workbench.demo import compose, phrases, planting, preferences, reference, sensitive
from workbench.demo.likeness import Seen
from workbench.demo.planting import FAULTS, Draft

if TYPE_CHECKING:
    from pathlib import Path

CHAT_ROWS: Final = 2000
TOPIC_ITEMS: Final = 300
STYLE_ITEMS: Final = 200
ITEMS_SEED: Final = 0
"""The shipped tasks are `support_items(TOPIC_ITEMS + STYLE_ITEMS, ITEMS_SEED)`."""

VERBATIM, NORMALISED, NEAR, PERSONAL, SECRETS, LEAKS, WARRANTY = 50, 30, 80, 60, 20, 12, 2
CHATS: Final = "support_chats.jsonl"
_LONG_WORDS: Final = 26
_INVOICE_DIGITS: Final = 4


def support_items(n: int, seed: int) -> list[dict[str, str]]:
    """Return `n` held-out questions: question, answer (the topic), label.

    They have the topic mix of the chats and share no question with them. A shorter list
    is the beginning of a longer one of the same seed.
    """
    rng = random.Random(f"{seed}/items")
    seen = Seen()
    items: list[dict[str, str]] = []
    while len(items) < n:
        asked = compose.question(rng, compose.pick_topic(rng, phrases.TRAIN_MIX))
        if compose.bucket(asked.text) == "test" and seen.admit(asked.text):
            items.append({"question": asked.text, "answer": asked.topic, "label": asked.topic})
    return items


def seen_items() -> Seen:
    """Return a `Seen` that keeps everything admitted apart from the shipped items."""
    seen = Seen()
    for item in support_items(TOPIC_ITEMS + STYLE_ITEMS, ITEMS_SEED):
        seen.keep_apart(item["question"])
    return seen


def _clean_rows(rng: random.Random, topics: list[str], seen: Seen) -> list[Draft]:
    """Return one clean chat row per topic; no two of them are nearly alike."""
    rows: list[Draft] = []
    wholes = Seen()
    for topic in topics:
        turns = 2 if compose.chance(rng, 0.12) else 1
        while True:
            asked = compose.question(rng, topic)
            if compose.bucket(asked.text) != "train":
                continue
            messages = compose.conversation(rng, asked, turns)
            whole = planting.joined(messages)
            if not seen.leaks(whole) and seen.admit(asked.text) and wholes.admit(whole):
                break
        rows.append(Draft(planting.chat_line(messages, topic), rng.random()))
    return rows


def _duplicates(rng: random.Random, clean: list[Draft]) -> list[Draft]:
    """Return the planted copies of clean rows; no row is copied twice."""
    free = rng.sample(clean, len(clean))
    copies = [planting.copy_of(rng, one, one.text, "exact_verbatim") for one in free[:VERBATIM]]
    free = free[VERBATIM:]
    for one in free[:NORMALISED]:
        text = planting.loosened(rng, one)
        copies.append(planting.copy_of(rng, one, text, "exact_normalised"))
    long = [one for one in free[NORMALISED:] if _question_words(one) >= _LONG_WORDS]
    for one in long[:NEAR]:
        text, score = planting.nearly(rng, one)
        copy = planting.copy_of(rng, one, text, "near_duplicate")
        copy.truths[0][1]["jaccard"] = score
        copies.append(copy)
    return copies


def _question_words(row: Draft) -> int:
    messages = row.messages()
    return len(messages[planting.first_of(messages, "user")]["content"].split())


def _reveal_in(rng: random.Random, rows: list[Draft], kind: str) -> None:
    """Plant one personal value or secret in every row."""
    entities = list(sensitive.PERSONAL if kind == "personal_data" else sensitive.SECRETS)
    for number, row in enumerate(rows):
        messages = row.messages()
        spot = number // len(entities)
        where = {0: "both", 1: "assistant"}.get(spot, "user") if kind == "personal_data" else "user"
        truths = planting.reveal(rng, messages, entities[number % len(entities)], where)
        row.text = planting.chat_line(messages, row.label())
        row.truths += [(kind, truth) for truth in truths]


def _spoil(rng: random.Random, rows: list[Draft]) -> None:
    """Plant one quality fault in every row."""
    for row, fault in zip(rows, FAULTS, strict=True):
        spoiled = planting.spoil(rng, row.messages(), row.label(), fault)
        row.text = planting.chat_line(spoiled, row.label())
        row.truths.append(("quality_fault", {"fault": fault}))


def _leaks(rng: random.Random) -> list[Draft]:
    """Return rows that copy a question of the support_topic task."""
    rows: list[Draft] = []
    items = support_items(TOPIC_ITEMS, ITEMS_SEED)
    for number in sorted(rng.sample(range(TOPIC_ITEMS), LEAKS)):
        item = items[number]
        asked = compose.Question(item["question"], item["label"], _number_in(item["question"]))
        messages = [
            {"role": "user", "content": asked.text},
            {"role": "assistant", "content": compose.answer(rng, asked)},
        ]
        truth: dict[str, object] = {"task": "support_topic", "item": number + 1}
        row = Draft(planting.chat_line(messages, asked.topic), rng.random())
        row.truths.append(("leaked_item", truth))
        rows.append(row)
    return rows


def _number_in(question: str) -> str:
    """Return the reference in the question: invoices have four digits, orders five."""
    found = re.search(r"\b\d{4,5}\b", question)
    if found is None:
        return ""
    return f"{'invoice' if len(found[0]) == _INVOICE_DIGITS else 'order'} {found[0]}"


def _chats(seed: int) -> list[Draft]:
    """Return all lines of the chats file."""
    rng = random.Random(f"{seed}/chats")
    seen = seen_items()
    spoiled = len(FAULTS)
    planted = VERBATIM + NORMALISED + NEAR + LEAKS + 5
    total = CHAT_ROWS - planted - WARRANTY
    rows = _clean_rows(rng, compose.quotas(rng, phrases.TRAIN_MIX, total), seen)
    personal, rest = rows[:PERSONAL], rows[PERSONAL:]
    secret, rest = rest[:SECRETS], rest[SECRETS:]
    faulty, clean = rest[:spoiled], rest[spoiled:]
    _reveal_in(rng, personal, "personal_data")
    _reveal_in(rng, secret, "secret")
    _spoil(rng, faulty)
    rows += _duplicates(rng, clean) + _leaks(rng)
    rows += _clean_rows(rng, ["warranty"] * WARRANTY, seen)
    for reason, text in planting.malformed(clean[0].text).items():
        rows.append(Draft(text, rng.random(), [("malformed", {"reason": reason})]))
    return rows


def _write(path: Path, drafts: list[Draft]) -> list[tuple[str, dict[str, object]]]:
    """Write the lines in order of their places, and return the truths with line numbers."""
    ordered = sorted(drafts, key=lambda draft: draft.place)
    lines = {draft: number for number, draft in enumerate(ordered, 1)}
    path.write_text("".join(f"{draft.text}\n" for draft in ordered), encoding="utf-8", newline="\n")
    found: list[tuple[str, dict[str, object]]] = []
    for draft in ordered:
        for kind, truth in draft.truths:
            place: dict[str, object] = {"file": path.name, "line": lines[draft]}
            if draft.of is not None:
                place["of"] = lines[draft.of]
            found.append((kind, {**place, **truth}))
    return found


def write_demo_data(folder: Path, seed: int = 0) -> dict[str, object]:
    """Write the three raw files and planted.json into `folder`, and return the counts.

    The same seed gives the same bytes. The counts are the lines of each file, and the
    records of each planted kind; planted.json lists those records with 1-based lines.
    """
    folder.mkdir(parents=True, exist_ok=True)
    drafts = {
        CHATS: _chats(seed),
        "support_preferences.jsonl": preferences.drafts(random.Random(f"{seed}/pairs"), seen_items()),
        "reference.jsonl": reference.drafts(random.Random(f"{seed}/reference")),
    }
    planted: dict[str, list[dict[str, object]]] = {}
    for name, rows in drafts.items():
        for kind, truth in _write(folder / name, rows):
            planted.setdefault(kind, []).append(truth)
    counts: dict[str, object] = {
        "seed": seed,
        "lines": {name: len(rows) for name, rows in drafts.items()},
        "planted": {kind: len(truths) for kind, truths in planted.items()},
    }
    truth = {
        **planted,
        "gaps": reference.gaps(drafts["reference.jsonl"], WARRANTY),
        "counts": counts,
    }
    text = json.dumps(truth, indent=1, ensure_ascii=False) + "\n"
    (folder / "planted.json").write_text(text, encoding="utf-8", newline="\n")
    return counts
