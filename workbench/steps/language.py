"""Language of prompt and answer (py3langid: Lui & Baldwin 2012, langid.py)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from workbench.checks.turns import CODE_SIGNS, without_code
from workbench.examples import Example, answer_text, prompt_text
from workbench.findings import Finding, about
from workbench.recipes import StepOptions

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

TITLE = "Language"
SCOPE = "map"

CODES = {
    "english": "en", "french": "fr", "german": "de", "spanish": "es", "italian": "it", "portuguese": "pt",
    "dutch": "nl", "chinese": "zh", "mandarin": "zh", "japanese": "ja", "korean": "ko", "russian": "ru",
    "arabic": "ar", "hindi": "hi", "turkish": "tr", "polish": "pl", "swedish": "sv", "danish": "da",
    "norwegian": "no", "finnish": "fi", "greek": "el", "czech": "cs", "hungarian": "hu", "romanian": "ro",
    "ukrainian": "uk", "vietnamese": "vi", "thai": "th", "indonesian": "id", "hebrew": "he", "latin": "la",
    "bengali": "bn", "urdu": "ur", "tamil": "ta", "telugu": "te", "marathi": "mr", "gujarati": "gu",
    "kannada": "kn", "punjabi": "pa", "nepali": "ne", "persian": "fa", "farsi": "fa", "swahili": "sw",
    "bulgarian": "bg", "croatian": "hr", "catalan": "ca", "malay": "ms", "tagalog": "tl", "filipino": "tl",
}  # fmt: skip
NAME = "|".join(CODES)
NAMED = re.compile(
    rf"\b(?:{NAME}|translat\w*|bilingual|multilingual|languages?|dialect|loanword|idiom|tradu\w+|überset\w+|перевед\w*|перевод\w*"
    r"|deutsch\w*|englisch\w*|français\w*|anglais\w*|español\w*|inglés|italiano|inglese|inglês|português)\b"
    r"|翻译|英文|英语|中文|汉语|法语|德语|日语|韩语|西班牙语|俄语|双语|語"
)
DEMANDED = re.compile(
    rf"\b(?:answer|respond|reply|response|write|output)\b[^.?!\n]{{0,40}}\bin ({NAME})\b"
    rf"|\btranslate\b[^.?!\n]{{0,60}}?\b(?:in)?to ({NAME})\b(?! (?:and|or|then|&|,))"
)
ALIKE = (
    {"da", "no", "nb", "nn", "sv", "fo"},
    {"hr", "sr", "bs", "sl"},
    {"id", "ms", "jv"},
    {"es", "gl", "ca", "an", "pt", "oc"},
    {"cs", "sk"},
    {"ru", "uk", "be", "bg", "mk"},
    {"nl", "af", "li"},
    {"hi", "mr", "ne"},
)
ENGLISH = frozenset((
    "the", "of", "and", "that", "was", "with", "this", "which", "have", "from", "they", "you", "your", "what", "are",
    "is", "for", "it", "how", "would", "their", "be", "by",
))  # fmt: skip
ENOUGH = 4
LINK = re.compile(r"https?://\S+|\S+@\S+")
QUOTED = re.compile(r"[\"“«„](.{8,300}?)[\"”»“]")
MOST_CHARACTERS = 2000
NO_LANGUAGE = "zxx"


class Options(StepOptions):
    """``allowed``: ISO 639-1 codes to keep (none: all). Short texts are not judged."""

    allowed: list[str] = []
    min_letters: int = Field(40, ge=1)
    min_confidence: float = Field(0.9, ge=0, le=1)
    mismatch: bool | Literal["drop", "flag"] = True
    not_demanded: bool | Literal["drop", "flag"] = True


def find(rows: list[Example], options: Options, _context: object = None) -> list[Finding]:
    """Propose to drop foreign rows; flag answers in another language than the prompt's, or than demanded."""
    return [finding for row in rows if (finding := _look(row, options)) is not None]


def _look(row: Example, options: Options) -> Finding | None:
    prompt, answer = prompt_text(row), answer_text(row)
    asked = language_of(prompt, options.min_letters, options.min_confidence)
    given = language_of(answer, options.min_letters, options.min_confidence)
    for part, detected in (("prompt", asked), ("answer", given)):
        if options.allowed and detected and detected[0] not in options.allowed:
            code, confidence = detected
            return about(row, "language", "not_allowed", confidence, "drop", language=code, part=part)
    if given is None or not (options.mismatch or options.not_demanded):
        return None
    lower = (
        prompt + "\n" + "\n".join(m["content"] for m in row["messages"] if m["role"] == "system")
    ).lower()
    demanded = language_demanded(lower)
    if demanded is not None:
        turns = sum(m["role"] == "user" for m in row["messages"])
        if options.not_demanded is False or turns > 1 or _holds(answer, demanded, given[0]):
            return None
        proposal = options.not_demanded if isinstance(options.not_demanded, str) else "flag"
        found = {"demanded": demanded, "answer": given[0]}
        return about(row, "language", "not_demanded", min(0.9, given[1]), proposal, **found)
    if asked is None or options.mismatch is False or not _differ(prompt, lower, answer, asked[0], given[0]):
        return None
    proposal = options.mismatch if isinstance(options.mismatch, str) else "flag"
    score = min(asked[1], given[1])
    return about(row, "language", "mismatch", score, proposal, prompt=asked[0], answer=given[0])


def language_of(text: str, min_letters: int, min_confidence: float) -> tuple[str, float] | None:
    """``(ISO 639-1 code, confidence)``, or None when too short or not sure. Code and links do not count."""
    text = text[:MOST_CHARACTERS]
    text = LINK.sub(" ", without_code(text)) if "`" in text or "@" in text or "://" in text else text
    if sum(map(str.isalpha, text)) < min_letters:
        return None
    if text.isascii() and len(ENGLISH.intersection(text.lower().split())) >= ENOUGH:
        return "en", 1.0  # the model agrees, and takes a hundred times as long
    code, confidence = _identifier().classify(text)
    return (str(code), float(confidence)) if confidence >= min_confidence and code != NO_LANGUAGE else None


def language_demanded(asked: str) -> str | None:
    """The one language that a lower-case prompt demands of its answer, or None."""
    found = {CODES[one or two] for one, two in DEMANDED.findall(asked)}
    return found.pop() if len(found) == 1 else None


def _holds(answer: str, demanded: str, given: str) -> bool:
    """Whether the answer, a line of it or a quotation in it is in the language that is demanded."""
    if _alike(demanded, given) or CODE_SIGNS.search(answer):
        return True
    pieces = [*answer[:MOST_CHARACTERS].splitlines(), *QUOTED.findall(answer[:MOST_CHARACTERS])]
    return any(_alike(_identifier().classify(piece)[0], demanded) for piece in pieces if piece.strip())


def _differ(prompt: str, lower: str, answer: str, asked: str, given: str) -> bool:
    """Whether nothing in the prompt calls for an answer in another language."""
    if asked == given or _alike(asked, given) or NAMED.search(lower) or CODE_SIGNS.search(answer):
        return False
    # The instruction may be in one language and the text that it is about in another.
    pieces = [piece for piece in (prompt.split("\n", 1)[0], prompt.rsplit("\n", 1)[-1]) if piece.strip()]
    return all(_identifier().classify(piece[:MOST_CHARACTERS])[0] != given for piece in pieces)


def _alike(one: str, two: str) -> bool:
    return one == two or any(one in group and two in group for group in ALIKE)


@lru_cache(maxsize=1)
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
