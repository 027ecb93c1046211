"""Answers that do not have the form that the prompt demands."""

from __future__ import annotations

import json
import re

from workbench.checks import demands
from workbench.checks.declared import Check, Hit, Limits, LookAtTurn, each_answer, qa
from workbench.checks.turns import Turn

SENTENCE_END = re.compile(r"[.!?…]+[\"'”’)\]*]*(?:\s+(?![a-z])|\Z)|[。！？]")
ABBREVIATED = re.compile(
    r"\b(?:mr|mrs|ms|dr|prof|st|sr|jr|vs|etc|e\.g|i\.e|cf|no|vol|inc|ltd|co|approx|dept|fig|u\.s|u\.k|a\.m|p\.m|[a-z])\.\s",
    re.IGNORECASE,
)
NUMBERED = re.compile(r"^[ \t]*\**(\d{1,2})[.):]", re.MULTILINE)
BULLETED = re.compile(r"^([ \t]*)[-*•] +\S", re.MULTILINE)
QUOTE = re.compile(r"[\"“]|(?<!\w)['‘]")
SPEAKS_OF_CODE = re.compile(
    r"\b(?:api|curl|command|code|function|script|program|query|python|java\w*)\b", re.IGNORECASE
)
SLACK = 0.1


def words_in(text: str) -> int:
    """Words as a person counts them: what stands between white space and has a letter or digit."""
    return sum(any(map(str.isalnum, word)) for word in text.split())


def sentences_in(text: str) -> int:
    """Sentences by their end marks; abbreviations and single letters do not end one."""
    plain = ABBREVIATED.sub("x ", text.strip())
    ends = len(SENTENCE_END.findall(plain))
    return max(1, ends + (not SENTENCE_END.search(plain[-3:])))


def items_in(text: str) -> int | None:
    """Length of the one list in a text: numbered from 1 without gaps, or flat bullets; else None."""
    numbers = [int(number) for number in NUMBERED.findall(text)]
    if numbers:
        return len(numbers) if len(numbers) > 1 and numbers == list(range(1, len(numbers) + 1)) else None
    indents = BULLETED.findall(text)
    return len(indents) if len(indents) > 1 and len(set(indents)) == 1 else None


def _counted(unit: str) -> LookAtTurn:
    count = words_in if unit == "word" else sentences_in

    def look(turn: Turn, _limits: Limits) -> Hit | None:
        if not turn.text.strip() or turn.asks_for_code:
            return None
        for demand in demands.lengths_demanded(turn.asked):
            if demand.kind != unit:
                continue
            counted = count(turn.text)
            slack = max(2, round(SLACK * (demand.most or demand.least))) if unit == "word" else 0
            if counted < demand.least - slack or (demand.most is not None and counted > demand.most + slack):
                return Hit({"counted": counted, "at_least": demand.least, "at_most": demand.most or ""})
        return None

    return look


def _items(turn: Turn, _limits: Limits) -> Hit | None:
    if "\n" not in turn.text:
        return None
    counted = items_in(turn.text)
    demand = demands.items_demanded(turn.asked) if counted is not None else None
    if (
        counted is None
        or demand is None
        or (counted >= demand.least and (demand.most is None or counted <= demand.most))
    ):
        return None
    return Hit({"counted": counted, "at_least": demand.least, "at_most": demand.most or ""})


def _json(turn: Turn, _limits: Limits) -> Hit | None:
    if not demands.JSON.search(turn.asked) and not demands.JSON.search(turn.system):
        return None
    if SPEAKS_OF_CODE.search(turn.asked):
        return None
    text = turn.text
    for start in (position for position, character in enumerate(text[:2000]) if character in "{["):
        try:
            json.JSONDecoder(strict=False).raw_decode(text, start)
        except (ValueError, RecursionError):
            continue
        return None
    plain = "{" not in text and "[" not in text
    return Hit() if plain and text.strip() else None


def _one_word(turn: Turn, _limits: Limits) -> Hit | None:
    if not demands.ONE_WORD.search(turn.asked) and not demands.ONE_WORD.search(turn.system):
        return None
    counted = words_in(turn.text)
    return Hit({"counted": counted}) if counted > 2 else None


def _yes_no(turn: Turn, _limits: Limits) -> Hit | None:
    if not demands.YES_NO.search(turn.asked) and not demands.YES_NO.search(turn.system):
        return None
    first = re.findall(r"\w+", turn.lower[:80])[:6]
    return None if not first or {"yes", "no", "true", "false", "n", "y"} & set(first) else Hit()


def _case(turn: Turn, _limits: Limits) -> Hit | None:
    wanted = demands.case_demanded(turn.asked) or demands.case_demanded(turn.system)
    letters = [c for c in turn.text if c.isalpha() and c.lower() != c.upper()]
    if wanted is None or len(letters) < 4 or turn.asks_for_code:
        return None
    wrong = sum(c.islower() if wanted == "upper" else c.isupper() for c in letters) / len(letters)
    limit = 0.1 if wanted == "upper" else 0.01
    return Hit({"wanted": wanted, "share_wrong": round(wrong, 3)}) if wrong > limit else None


def _commas(turn: Turn, _limits: Limits) -> Hit | None:
    if "," not in turn.text or turn.asks_for_code or not demands.NO_COMMAS.search(turn.asked):
        return None
    return Hit({"commas": turn.text.count(",")})


def _stem(word: str) -> str:
    """Enough of a word to find it bent: conversing for converse."""
    return word if " " in word else word[: max(4, len(word) - 3)]


def _phrases(turn: Turn, _limits: Limits) -> Hit | None:
    if not QUOTE.search(turn.asked) or not turn.text.strip() or turn.is_code:
        return None
    for demand in demands.phrases_demanded(turn.asked):
        if demand.kind == "include" and not all(_stem(phrase) in turn.lower for phrase in demand.phrases):
            return Hit({"reason": "a phrase that was demanded is missing"})
        if demand.kind == "forbid" and any(
            re.search(rf"(?<!\w){re.escape(phrase)}(?!\w)", turn.lower) for phrase in demand.phrases
        ):
            return Hit({"reason": "a phrase that was forbidden is there"})
        ending = turn.lower.rstrip(" \n\"”'.!?*")
        if demand.kind == "end" and not ending.endswith(demand.phrases[0].lower().rstrip(" \"'.!?")):
            return Hit({"reason": "it does not end with the phrase that was demanded"})
    return None


ESSAY = "The sea is deep and it is cold, and the ships that cross it are many. "

CHECKS = (
    Check(
        "not_json",
        "JSON was demanded, the answer holds none",
        "flag",
        0.8,
        each_answer(_json),
        hits=(
            qa("Name two towns. Answer in JSON.", "Ulm and Bonn."),
            qa("Two towns?", "Ulm, Bonn.", system="Return all output as JSON."),
        ),
        misses=(
            qa("Name two towns. Answer in JSON.", 'Here: ["Ulm", "Bonn"]'),
            qa("What does it mean to store data in JSON?", "It is a text format."),
        ),
        needs=("json",),
        needs_in="prompt",
    ),
    Check(
        "not_one_word",
        "one word was demanded, the answer has more",
        "flag",
        0.8,
        each_answer(_one_word),
        hits=(qa("How is the sea? Answer in one word.", "The sea is cold."),),
        misses=(
            qa("How is the sea? Answer in one word.", "Cold."),
            qa("What is one word for a cold sea?", "It is arctic sea."),
        ),
        needs=("word",),
        needs_in="prompt",
    ),
    Check(
        "not_yes_or_no",
        "yes or no was demanded, the answer is neither",
        "flag",
        0.8,
        each_answer(_yes_no),
        hits=(qa("Is the sea cold? Answer yes or no.", "The sea is cold in winter."),),
        misses=(
            qa("Is the sea cold? Answer yes or no.", "Yes, mostly."),
            qa("Is the sea cold? Answer yes, no or maybe.", "Maybe."),
        ),
        needs=("yes",),
        needs_in="prompt",
    ),
    Check(
        "wrong_case",
        "capital or small letters were demanded, the answer has others",
        "flag",
        0.8,
        each_answer(_case),
        hits=(
            qa("How is the sea? Your answer should be in all capital letters.", "The sea is cold."),
            qa("How is the sea? Use only lowercase letters.", "The Sea is cold."),
        ),
        misses=(
            qa("How is the sea? Your answer should be in all capital letters.", "COLD. IT IS A SEA."),
            qa("Write the title in all caps, then a line.", "THE SEA\nIt is cold."),
        ),
        needs=("case", "capital", "caps"),
        needs_in="prompt",
    ),
    Check(
        "commas",
        "commas were forbidden, the answer has some",
        "flag",
        0.8,
        each_answer(_commas),
        hits=(qa("How is the sea? Do not use any commas.", "Cold, deep, wide."),),
        misses=(
            qa("How is the sea? Do not use any commas.", "Cold."),
            qa("Where do commas go?", "After each, always."),
        ),
        needs=("commas",),
        needs_in="prompt",
    ),
    Check(
        "word_count",
        "the answer has more or fewer words than demanded",
        "flag",
        0.85,
        each_answer(_counted("word")),
        hits=(
            qa("Describe the sea in at most 20 words.", ESSAY * 3),
            qa("Write at least 100 words on the sea.", ESSAY),
        ),
        misses=(
            qa("Describe the sea in 20 words.", ESSAY),
            qa("Summarise the article. Each paragraph has at most 5 words.", ESSAY),
        ),
        needs=("word",),
        needs_in="prompt",
    ),
    Check(
        "sentence_count",
        "the answer has more or fewer sentences than demanded",
        "flag",
        0.8,
        each_answer(_counted("sentence")),
        hits=(
            qa("Describe the sea in one sentence.", ESSAY * 3),
            qa("Describe the sea in at least 3 sentences.", ESSAY),
        ),
        misses=(
            qa("Describe the sea in one sentence.", "Mr. J. Doe saw it at 3 p.m. on Monday, e.g. from afar."),
            qa("Turn the text into one paragraph with two sentences each.", ESSAY * 3),
        ),
        needs=("sentence",),
        needs_in="prompt",
    ),
    Check(
        "item_count",
        "the list has more or fewer items than demanded",
        "flag",
        0.9,
        each_answer(_items),
        hits=(qa("List five seas.", "1. Baltic\n2. Black\n3. Red"), qa("Name 3 seas.", "- Baltic\n- Red")),
        misses=(
            qa("List five seas.", "1. Baltic\n2. Black\n3. Red\n4. White\n5. Dead"),
            qa("List at least two seas.", "- Baltic\n- Black\n- Red"),
            qa("Write two sentences on the sea.", "- It is deep.\n- It is cold.\n- It is wide."),
        ),
    ),
    Check(
        "phrase_demanded",
        "a demanded phrase is missing, or a forbidden one is there",
        "flag",
        0.8,
        each_answer(_phrases),
        hits=(
            qa('Write on the sea. Include the words "salt" and "foam".', ESSAY),
            qa('Write on the sea without using the word "deep".', ESSAY),
            qa('Write on the sea. End with the phrase "and so it is."', ESSAY),
        ),
        misses=(
            qa('Write on the sea. Include the words "colder" and "deep".', ESSAY),
            qa('Write on the sea. Do not use the word "ship".', ESSAY),
        ),
        needs=("word", "phrase", "term"),
        needs_in="prompt",
    ),
)
