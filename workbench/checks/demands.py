"""What a prompt plainly demands of the form of its answer, read with patterns that rarely err.

The kinds follow the verifiable instructions of IFEval (Zhou et al. 2023, arXiv 2311.07911); how
many of its demands are recognised, and how many are misread, stands in docs/quality.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_NUMBERS = (
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
    "fourteen", "fifteen",
)  # fmt: skip
WORDS_FOR_NUMBERS = {word: number for number, word in enumerate(_NUMBERS, 1)} | {
    "a single": 1,
    "twenty": 20,
    "thirty": 30,
    "fifty": 50,
    "hundred": 100,
    "a hundred": 100,
}
NUMBER = r"(\d{1,4}|a single|" + "|".join(word for word in WORDS_FOR_NUMBERS if word != "a single") + r")"
UNIT = r"(?:\s|-)(?:\w+\s)?(word|sentence)s?\b(?!:| (?:that|which|from|starting|ending|beginning|or phrases?|each|per|problem|search|(?:\w+ ){0,2}(?:all )?(?:capital|caps|upper)))"
COUNTED = re.compile(
    r"\b(no more than|not more than|at most|a maximum of|maximum(?: of)?|max\.?|fewer than|less than|under|below|within|up to"
    r"|(?:not |doesn't )?exceed(?:ing)?|limited? (?:\w+ ){0,3}to|in|into|exactly|with|at least|a minimum of|minimum(?: of)?"
    r"|no (?:less|fewer) than|more than|over)"
    rf"\s+(?:only |just |exactly |about |around )?{NUMBER}(?:\s?(?:-|–|to|or)\s?{NUMBER}| (or more|or less|or fewer))?{UNIT}"
    r"(?:,? (or (?:less|fewer|more)))?",
    re.IGNORECASE,
)
UNITS = re.compile(r"word|sentence", re.IGNORECASE)
LEAST = ("at least", "minimum", "a minimum of", "minimum of", "no less than", "no fewer than")
STRICT = ("fewer than", "less than", "under", "below")
OVER = ("more than", "over")
EXACT = ("exactly",)
NOT_THE_ANSWER = re.compile(
    r"\b(?:each|every|per|title|headline|paragraphs?|first|last|previous|lines?|stanzas?"
    r"|subject|caption|bullets?|points?|these|those|his|her|add(?:ing)?|keywords?|stories|ideas|names|titles|slogans|examples|i|he|she|they|divided|split|combin\w+|join\w*|merg\w+)\b"
    r"[^.\n]{0,50}\Z",
    re.IGNORECASE,
)
ITEMS = re.compile(
    r"(?:\A|[.!?:\n] {0,3}|please )(?:list|give|name|provide|write|generate|suggest|come up with|create|identify|describe|state"
    r"|brainstorm|propose|offer|tell me|outline|make|produce|compile)(?: me| us)?(?: out| down| up)?(?: a)?(?: list of)?"
    rf"( at least| exactly| a minimum of| up to)?(?: the)?(?: top| best| only)? {NUMBER}"
    r"((?: [a-z-]+){0,4}? [a-z]+s)\b(?! long| or more|-)",
    re.IGNORECASE,
)
AND_MORE = re.compile(rf"\b(?:and|or|plus) {NUMBER}\b", re.IGNORECASE)
NOT_ITEMS = re.compile(
    r"\b(?:words?|sentences?|paragraphs?|minutes?|hours?|days?|years?|weeks?|months?|lines?|stanzas?|dollars?|pages?|characters?"
    r"|digits?|people|persons?|pieces|syllables|verses|times|percent|sets?|pairs?|vers|groups?|types|numbers?|people's)\b",
    re.IGNORECASE,
)
JSON = re.compile(
    r"\b(?:answers?|respond|reply|output|return|response|results?|everything|format(?:ted)?|present|wrapp?(?:ed|ing)?)\b"
    r"[^.\n]{0,50}\b(?:in|as|with|using|to|into|inside)\s+(?:a |an |one |the |valid |single )*json\b"
    r"(?! (?:file|schema|api|parser|string to))",
    re.IGNORECASE,
)
ONE_WORD = re.compile(
    r"\b(?:answer|respond|reply|describe|summari[sz]e|classify|label|say)\b[^.?!\n]{0,60}?\b(?:in|with|using)\s+"
    r"(?:just |only |exactly )?(?:one|a single|1)[ -]word\b(?!s| (?:or|per|for each|each))|\b(?:one|single)[- ]word (?:answer|response|reply)\b",
    re.IGNORECASE,
)
YES_NO = re.compile(
    r"\b(?:answer|respond|reply|output|say|return)(?: only| simply| just)?(?: with| using| by saying)?(?: either| only| just| a| simply)*"
    r"\s*[\"'“(]?yes[\"'”]?\s?(?:/|or)\s?[\"'“]?no\b[\"'”)]?(?!,? ?(?:or|/|and|,|with|then|plus)| \w+ (?:why|reason))",
    re.IGNORECASE,
)
UPPER = re.compile(
    r"\b(?:in|using|with|only|all)(?: english and in| only| all)* (?:capital(?:i[sz]ed)?|upper-?case) letters\b|\bin all[- ]caps\b"
    r"|\bno lower-?case letters\b",
    re.IGNORECASE,
)
LOWER = re.compile(
    r"\b(?:in|using|use|with|only|all)(?: only| all)* lower-?case(?: letters)?\b|\b(?:no|without(?: any)?|not use(?: any)?|don't use(?: any)?) (?:capital|upper-?case) letters\b",
    re.IGNORECASE,
)
PART_ONLY = re.compile(
    r"\b(?:words?|titles?|headings?|headlines?|sections?|first letters?|names?|acronyms?|variables?|each|the letter|less than|at least"
    r"|more than|times|column|characters?|string|convert|change|transform|contains?|numbers?|special|password|passphrase)\b",
    re.IGNORECASE,
)
TELLS_HOW = re.compile(
    r"\b(?:answers?|respon[sd]\w*|repl(?:y|ies)|output|write|writing|compose|must|should|please|use|only|entire|everything|make sure|and)\b",
    re.IGNORECASE,
)
NO_COMMAS = re.compile(
    r"\b(?:do not|don't|not|without|avoid|refrain from|never|cannot|no)\s+(?:\w+\s){0,4}?commas\b(?! splic)",
    re.IGNORECASE,
)
QUOTED = r"((?:(?:,|and|or|&|\s)*[\"“'‘][^\"”'’\n]{1,40}[\"”'’])+)"
INCLUDE = re.compile(
    rf"\b(?:include|use|contain|mention|containing|using|including)\s+(?:\w+\s){{0,2}}?(?:key)?(?:words?|phrases?|terms?):?\s*{QUOTED}"
    r"(?!\s*(?:at least|less|more|exactly|fewer|\d|twice|once|as a|in place|instead))",
    re.IGNORECASE,
)
FORBID = re.compile(
    r"\b(?:do not|don't|without|avoid|never|must not|should not|not allowed to)\s+(?:\w+\s){0,2}?"
    rf"(?:include|includ|use|using|mention|mentioning|contain|say|saying)?\s*(?:\w+\s){{0,2}}?(?:key)?(?:words?|phrases?|terms?):?\s*{QUOTED}",
    re.IGNORECASE,
)
NEGATION = re.compile(r"(?:\b(?:not|without|avoid|never|refrain)\b|n['’]t\b)[^.\n]{0,30}\Z", re.IGNORECASE)
END_WITH = re.compile(
    r"\b(?:finish|end|conclude)\s+(?:\w+\s){0,4}?with\s+(?:this|the)\s+(?:exact\s+)?(?:phrase|words)(?: of)?:?\s*[\"“]([^\"”\n]{2,160})[\"”]",
    re.IGNORECASE,
)
QUOTES = re.compile(r"[\"“'‘]([^\"”'’\n]{1,40})[\"”'’]")
LONGEST = 4000
REACH = 60


class Demand(NamedTuple):
    """One demand: its kind, bounds for what is counted, phrases for what must or must not stand there."""

    kind: str
    least: int = 0
    most: int | None = None
    phrases: tuple[str, ...] = ()


def lengths_demanded(asked: str) -> list[Demand]:
    """Bounds on the words or sentences of the whole answer."""
    demands = []
    for found in _near_units(asked[:LONGEST]):
        relation, low, high, infix, unit, suffix = found.groups()
        before = asked[max(0, found.start() - 60) : found.start()]
        if NOT_THE_ANSWER.search(before) or "definition:" in asked.lower():
            continue
        number, top = _number(low), _number(high) if high else None
        least, most = _bounds(relation.lower(), number, top, (infix or suffix or "").lower())
        demands.append(Demand(unit.lower(), least, most))
    return demands


def _near_units(asked: str) -> Iterator[re.Match[str]]:
    """Search only beside the words that are counted: the pattern is slow on long prompts."""
    done = 0
    for unit in UNITS.finditer(asked):
        found = COUNTED.search(asked, max(done, unit.start() - REACH), min(len(asked), unit.end() + REACH))
        if found:
            done = found.end()
            yield found


def _bounds(relation: str, number: int, top: int | None, suffix: str) -> tuple[int, int | None]:
    if relation in LEAST or suffix == "or more":
        return number, None
    if relation in OVER:
        return number + 1, None
    if top is not None:
        return number, top
    if relation in STRICT:
        return 0, number - 1
    if relation in EXACT:
        return number, number
    return 0, number


def items_demanded(asked: str) -> Demand | None:
    """How many things to list, when that is the prompt's one count."""
    found = ITEMS.search(asked[:LONGEST])
    if not found or NOT_ITEMS.search(found[3]) or len(ITEMS.findall(asked[:LONGEST])) > 1:
        return None
    number = _number(found[2])
    if number < 2 or AND_MORE.search(asked, found.end(2), found.end(2) + 80):
        return None
    relation = (found[1] or "").strip().lower()
    if relation in ("at least", "a minimum of"):
        return Demand("item", number, None)
    return Demand("item", 0 if relation == "up to" else number, number)


def case_demanded(asked: str) -> str | None:
    """``upper``, ``lower`` or None, for the whole answer."""
    for name, pattern in (("upper", UPPER), ("lower", LOWER)):
        found = pattern.search(asked[:LONGEST])
        if found:
            start = max(asked.rfind(end, 0, found.start()) for end in ".!?\n") + 1
            if TELLS_HOW.search(asked, start, found.end()) and not PART_ONLY.search(
                asked[start : found.end() + 40]
            ):
                return name
    return None


def phrases_demanded(asked: str) -> list[Demand]:
    """Quoted phrases that the answer must hold (``include``), must not (``forbid``), or ends with."""
    demands = []
    for found in INCLUDE.finditer(asked[:LONGEST]):
        before = asked[max(0, found.start() - 40) : found.start()]
        if not NEGATION.search(before) and " or " not in found[1]:
            demands.append(Demand("include", phrases=_quoted(found[1])))
    for found in FORBID.finditer(asked[:LONGEST]):
        demands.append(Demand("forbid", phrases=_quoted(found[1])))
    demands += [Demand("end", phrases=(found[1],)) for found in END_WITH.finditer(asked[:LONGEST])]
    return demands


def _quoted(text: str) -> tuple[str, ...]:
    return tuple(phrase.strip(" ,.").lower() for phrase in QUOTES.findall(text))


def _number(text: str) -> int:
    text = text.lower()
    return int(text) if text.isdigit() else WORDS_FOR_NUMBERS[text]
