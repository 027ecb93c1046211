"""The language of each text of a conversation, as far as detection needs it.

Patterns and context words hold in all four languages at once, so only the search for names asks.
Long texts are told by py3langid (Lui and Baldwin 2012), short ones by the small words in them; a
text that shows nothing has the language of its conversation.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

LEAST_LETTERS = 40
LEAST_CONFIDENCE = 0.9
LONGEST = 2000
DEFAULT = "en"
WORD = re.compile(r"[^\W\d_]+")
# Words that are frequent in one of the languages and no words of the other three.
SMALL_WORDS = {
    "en": "the and is are of to you my your what with this that for it have has can please thanks hello hi would could was how we they",
    "de": "der die das und ist nicht ich mein meine meiner sie wir ein eine einen mit für auf bitte danke hallo wie dann stimmt guten tag"
    " sind haben wird kann dem den beides zum zur im am vom lautet heißt kein keine",
    "fr": "le les et est vous je mon ma votre une des du pour avec dans bonjour merci oui nous pouvez quel quelle sur au aux ce cette"
    " suis ai mes vos bien sont pas qui voici",
    "es": "el los las es y una mi su con para por hola gracias usted soy tengo qué cómo del está son buenos días puede nombre reinicie"
    " estoy vivo número pero muy",
}  # fmt: skip
LANGUAGE_OF = {word: language for language, words in SMALL_WORDS.items() for word in words.split()}


def languages_of(texts: Sequence[str], allowed: Sequence[str] | None = None) -> list[str]:
    """An ISO 639-1 code for each text of one conversation, in order.

    ``allowed`` None: whatever is found. Otherwise a text in another language counts as the first
    of the allowed ones, and where there is one only, nothing is looked at.
    """
    if allowed is not None and len(allowed) == 1:
        return [allowed[0]] * len(texts)
    own = [_language(text) for text in texts]
    if None not in own:
        usual = DEFAULT
    else:
        joined = "\n".join(sorted(texts, key=len, reverse=True)[:20])[:LONGEST]
        usual = _language(joined) or DEFAULT
    found = [code or usual for code in own]
    return found if allowed is None else [code if code in allowed else allowed[0] for code in found]


def _language(text: str) -> str | None:
    small = _by_small_words(text[:LONGEST])
    if small is not None or len(text) < LEAST_LETTERS:
        return small
    from workbench.steps.language import language_of

    found = language_of(text, LEAST_LETTERS, LEAST_CONFIDENCE)
    return None if found is None else found[0]


def _by_small_words(text: str) -> str | None:
    """The language whose small words are in the text at least twice as often as any other's."""
    counts = dict.fromkeys(SMALL_WORDS, 0)
    for word in WORD.findall(text.lower()):
        if (language := LANGUAGE_OF.get(word)) is not None:
            counts[language] += 1
    (first, most), (_, next_most) = sorted(counts.items(), key=lambda item: -item[1])[:2]
    return first if most and most >= 2 * next_most else None
