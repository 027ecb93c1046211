"""The pattern wizard: from two or three reference numbers of one's own to a pattern that finds them all.

"Our ticket numbers look like these": the examples are cut into runs of letters, digits and signs,
aligned, and each run is made as general as the examples show and no more. What is proposed is tried
against counterexamples and against texts of the data set before anybody saves it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from workbench.errors import InputError
from workbench.personal_data.recognizers.checks import compact, digits_of, luhn, mod97
from workbench.personal_data.settings import Check, UserPattern

SECONDS = 0.2
MOST_HITS = 1000
SHOWN = 8
LONGEST_TEXT = 100_000
RUNS = re.compile(r"[A-Z]+|[a-z]+|\d+|[^\W\d_]+|\s+|.", re.DOTALL)
KINDS: Sequence[tuple[str, Callable[[str], bool], str]] = (
    (r"\d", lambda run: run.isascii() and run.isdigit(), "digits"),
    ("[A-Z]", lambda run: run.isascii() and run.isalpha() and run.isupper(), "capitals"),
    ("[a-z]", lambda run: run.isascii() and run.isalpha() and run.islower(), "small letters"),
    ("[A-Za-z]", lambda run: run.isascii() and run.isalpha(), "letters"),
    ("[A-Z0-9]", lambda run: run.isascii() and run.isalnum() and run == run.upper(), "capitals or digits"),
    ("[A-Za-z0-9]", lambda run: run.isascii() and run.isalnum(), "letters or digits"),
)
CHECKS: Sequence[tuple[Check, Callable[[str], bool]]] = (("luhn", luhn), ("mod97", mod97))
LEAST_FOR_CHECK = 6
TOO_BROAD = {
    "it matches years": ("1999", "2024"),
    "it matches plain numbers": ("7", "42", "123", "12345", "100000", "1234567"),
    "it matches common words": ("the", "and", "House", "OK", "Hello", "message", "ID", "USA"),
    "it matches dates": ("2024-05-17", "17.05.2024", "05/17/2024"),
    "it matches versions": ("1.2.3", "v2.0", "3.11"),
}
# Texts on which a pattern that tries too many ways to match does not come to an end.
ADVERSARIAL = ("a", "A", "0", "1", " ", "-", "_", "a1", "A-", "0-", "0 ", "aA0", "1.", "ab ", "\t", "é")


@dataclass(frozen=True)
class ProposedPattern:
    """A pattern for a set of examples. ``sample_hits``: matches in the texts tried; ``masked`` shows a few.

    ``warnings`` say in words why the pattern may find too much.
    """

    pattern: UserPattern
    description: str
    sample_texts: int
    sample_hits: int
    masked: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Tried:
    """What a pattern hits in some texts: how many of them, how often, and masked examples."""

    texts: int
    texts_hit: int
    hits: int
    masked: tuple[str, ...]


def propose_pattern(
    examples: Sequence[str],
    counterexamples: Sequence[str] = (),
    sample_texts: Iterable[str] = (),
    name: str = "REFERENCE_NUMBER",
) -> ProposedPattern:
    """The narrowest pattern by runs that all examples match and no counterexample does.

    Raises `InputError` with fewer than two different examples, with examples that share no form,
    and when a counterexample matches too.
    """
    given = list(dict.fromkeys(example.strip() for example in examples if example.strip()))
    if len(given) < 2:
        raise InputError("too few examples", remedy="give at least two different ones; three are better")
    if any(len(example) > 80 or "\n" in example for example in given):
        raise InputError("an example is too long", remedy="give the reference numbers alone, one each")
    regex, description = _generalised(given)
    check = next((name for name, holds in CHECKS if _proves(given, holds)), None)
    if check is not None:
        description += f", with {'Luhn' if check == 'luhn' else 'mod 97'} check digits"
    pattern = UserPattern(name=name, regex=regex, check=check, description=description)
    refused = [n for n, text in enumerate(counterexamples, 1) if _whole(pattern, text.strip())]
    if refused:
        raise InputError(
            f"counterexample {refused[0]} has the same form as the examples",
            remedy="take examples that show the difference, or give the pattern context words",
        )
    tried = try_pattern(pattern, sample_texts)
    return ProposedPattern(
        pattern, description, tried.texts, tried.hits, tried.masked, tuple(_warnings(pattern, tried))
    )


def try_pattern(pattern: UserPattern, texts: Iterable[str]) -> Tried:
    """What a pattern hits in texts, one text in memory at a time; every match is shown masked.

    Raises `InputError` when the pattern is not safe to run (`check_safe`).
    """
    check_safe(pattern.regex)
    count = hit = hits = 0
    masked: dict[str, None] = {}
    for text in texts:
        count += 1
        found = matches(pattern, text)
        hit += bool(found)
        hits += len(found)
        for start, end in found:
            if len(masked) < SHOWN:
                masked[masked_form(text[start:end])] = None
    return Tried(count, hit, hits, tuple(masked))


def matches(pattern: UserPattern, text: str) -> list[tuple[int, int]]:
    """Where a pattern matches in one text, its check digits counted.

    Raises `InputError` when that takes longer than 0.2 seconds of a hundred thousand characters.
    """
    import regex

    holds = dict(CHECKS).get(pattern.check) if pattern.check is not None else None
    compiled = regex.compile(pattern.regex)
    found: list[tuple[int, int]] = []
    try:
        for match in compiled.finditer(text, timeout=SECONDS * (1 + len(text) // LONGEST_TEXT)):
            if holds is None or holds(match.group()):
                found.append(match.span())
            if len(found) == MOST_HITS:
                break
    except TimeoutError as error:
        raise _slow() from error
    return found


def check_safe(expression: str) -> None:
    """Raise `InputError` when a pattern does not compile, matches nothing, or may run for ever.

    It is run on long texts of few signs, on which patterns that can match one text in many ways
    ("catastrophic backtracking") take exponential time.
    """
    import regex

    try:
        compiled = regex.compile(expression)
    except regex.error as error:
        raise InputError(f"this is no regular expression: {error}", remedy="correct the pattern") from error
    pieces = [*ADVERSARIAL, *dict.fromkeys(re.findall(r"[A-Za-z]{2,10}|\d+", expression)[:8])]
    for piece in pieces:
        # Engines pass over a text that lacks a letter the pattern asks for, so it is put at the end.
        signs = " ".join(dict.fromkeys(re.findall(r"\S", expression)))
        for end in ("", "!", "\n", f"{signs}", f" {signs}"):
            text = piece * (4000 // len(piece)) + end
            try:
                for _ in compiled.finditer(text, timeout=SECONDS):
                    pass
            except TimeoutError as error:
                raise _slow() from error


def masked_form(value: str) -> str:
    """A value with its form and without its content: ``AB-1234`` as ``XX-9999``."""
    forms = ("9" if c.isdigit() else "X" if c.isupper() else "x" if c.isalpha() else c for c in value[:60])
    return "".join(forms)


def _generalised(examples: Sequence[str]) -> tuple[str, str]:
    """A pattern and its description, from examples cut into runs; finest cut that all share first."""
    cuts = [RUNS.findall(example) for example in examples]
    if len({_shape(cut) for cut in cuts}) > 1:
        cuts = [re.findall(r"[^\W_]+|\s+|.", example, re.DOTALL) for example in examples]
    if len({len(cut) for cut in cuts}) > 1 or len({_signs(cut) for cut in cuts}) > 1:
        raise InputError(
            "the examples have no form in common",
            remedy="give examples of one kind of number, written the same way",
        )
    columns = [list(column) for column in zip(*cuts, strict=True)]
    pieces = [_column(column) for column in columns]
    inner = "".join(regex for regex, _ in pieces)
    before = r"(?<![\w-])" if examples[0][0].isalnum() else r"(?<!\w)"
    behind = r"(?![\w-])" if examples[0][-1].isalnum() else ""
    return f"{before}{inner}{behind}", ", ".join(words for _, words in pieces)


def _shape(cut: Sequence[str]) -> tuple[str, ...]:
    return tuple("a" if run[0].isalpha() else "0" if run[0].isdigit() else run for run in cut)


def _signs(cut: Sequence[str]) -> tuple[str, ...]:
    return tuple(run if not run[0].isalnum() else "" for run in cut)


def _column(column: Sequence[str]) -> tuple[str, str]:
    """One run: as written when it is a sign, or letters that all share; else its kind and lengths."""
    import regex

    first = column[0]
    same = len(set(column)) == 1
    if same and not first[0].isdigit():
        return regex.escape(first, literal_spaces=True), f"“{first}”"
    least, most = min(map(len, column)), max(map(len, column))
    for sign, fits, words in KINDS:
        if all(fits(run) for run in column):
            size = f"{{{least}}}" if least == most else f"{{{least},{most}}}"
            return f"{sign}{size}", f"{least if least == most else f'{least} to {most}'} {words}"
    return rf"\w{{{least},{most}}}", f"{least} to {most} letters or digits of any script"


def _proves(examples: Sequence[str], holds: Callable[[str], bool]) -> bool:
    """Whether the check holds for all, by more than chance: enough examples, and enough digits."""
    enough = all(len(digits_of(example)) >= LEAST_FOR_CHECK for example in examples)
    return enough and len(examples) >= 3 and all(holds(compact(example)) for example in examples)


def _whole(pattern: UserPattern, text: str) -> bool:
    return any((start, end) == (0, len(text)) for start, end in matches(pattern, text))


def _warnings(pattern: UserPattern, tried: Tried) -> list[str]:
    found = [what for what, texts in TOO_BROAD.items() if any(_whole(pattern, text) for text in texts)]
    if tried.texts >= 20 and tried.texts_hit > tried.texts / 4:
        found.append(f"it is in {tried.texts_hit} of the {tried.texts} texts tried")
    if not re.search(r"\\d|0-9", pattern.regex):
        found.append("it asks for no digit")
    if found:
        found.append("context words and a score below the threshold make it count only next to them")
    return found


def _slow() -> InputError:
    return InputError(
        "the pattern takes too long",
        where="on a text made to try it",
        remedy="repeat single signs, not groups that can match in several ways, and give every repetition a limit",
    )
