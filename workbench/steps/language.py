"""Language of prompt and answer (py3langid: Lui & Baldwin 2012, langid.py)."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from workbench.examples import Example, answer_text, prompt_text
from workbench.findings import Finding, about
from workbench.recipes import StepOptions

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

TITLE = "Language"
SCOPE = "map"


class Options(StepOptions):
    """``allowed``: ISO 639-1 codes to keep (none: all). Short texts are not judged."""

    allowed: list[str] = []
    min_letters: int = 40
    min_confidence: float = 0.9


def find(rows: list[Example], options: Options, _context: object = None) -> list[Finding]:
    """Propose to drop foreign rows, and flag answers not in the prompt's language."""
    findings = []
    for row in rows:
        asked = language_of(prompt_text(row), options.min_letters, options.min_confidence)
        given = language_of(answer_text(row), options.min_letters, options.min_confidence)
        for part, detected in (("prompt", asked), ("answer", given)):
            if options.allowed and detected and detected[0] not in options.allowed:
                findings.append(
                    about(
                        row, "language", "not_allowed", detected[1], "drop", language=detected[0], part=part
                    )
                )
                break
        else:
            if asked and given and asked[0] != given[0]:
                findings.append(
                    about(
                        row,
                        "language",
                        "mismatch",
                        min(asked[1], given[1]),
                        "flag",
                        prompt=asked[0],
                        answer=given[0],
                    )
                )
    return findings


def language_of(text: str, min_letters: int, min_confidence: float) -> tuple[str, float] | None:
    """``(ISO 639-1 code, confidence)``, or None when too short or not sure."""
    text = text[:2000]
    if sum(map(str.isalpha, text)) < min_letters:
        return None
    code, confidence = _identifier().classify(text)
    return (str(code), float(confidence)) if confidence >= min_confidence else None


@lru_cache(maxsize=1)
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
