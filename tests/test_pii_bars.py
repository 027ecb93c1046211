"""The bars for personal data, on a small seeded set of generated chats; and the set and the counting themselves."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import make
from workbench.projects import Project

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))

import pii  # noqa: E402
import pii_generated  # noqa: E402
from pii_end_to_end import compare  # noqa: E402
from pii_scores import Labelled, Mark, Scores, scored  # noqa: E402
from pii_sets import from_conll, from_json_lines, from_tokens  # noqa: E402

CHECKED = (
    "CREDIT_CARD",
    "IBAN_CODE",
    "CRYPTO",
    "US_SSN",
    "UK_NHS",
    "FR_NIR",
    "DE_TAX_ID",
    "ES_NIF",
    "ES_NIE",
)
CHECKED += ("IT_FISCAL_CODE", "PL_PESEL", "TR_NATIONAL_ID", "FI_PERSONAL_IDENTITY_CODE", "SE_PERSONNUMMER")
CHECKED += ("IN_AADHAAR", "NL_BSN", "BR_CPF")
SEED = 11


@pytest.fixture(scope="module")
def presets() -> dict[str, Scores]:
    """What each preset finds in chats of every template."""
    source = pii.Source("generated", rows=345, seed=SEED)
    return {preset: pii.measured(preset, source).scores for preset in ("strict", "balanced", "light")}


def test_there_are_many_templates_of_many_kinds() -> None:
    templates = pii_generated.templates()
    assert len(templates) >= 250
    assert len({one.domain for one in templates}) >= 12
    assert len(templates) == len(set(templates))
    assert {one.language for one in templates} == {"en", "de", "fr", "es"}


def test_the_templates_share_no_five_words_with_those_the_names_were_trained_on() -> None:
    trained_on = set(_grams((ROOT / "workbench" / "names" / "templates.txt").read_text(encoding="utf-8")))
    assert len(trained_on) > 200
    own = {gram for one in pii_generated.templates() for gram in _grams(one.text)}
    assert len(own) > 1000
    assert own & trained_on == set()


def test_the_same_seed_gives_the_same_files(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        pii_generated.write(tmp_path / name, 60, seed)
    texts = {name: (tmp_path / name / "chats.jsonl").read_bytes() for name in "abc"}
    assert texts["a"] == texts["b"] != texts["c"]
    assert (tmp_path / "a" / "gold.jsonl").read_bytes() == (tmp_path / "b" / "gold.jsonl").read_bytes()


@settings(max_examples=40, deadline=None)
@given(number=st.integers(0, 344), seed=st.integers(0, 10_000))
def test_every_place_lies_in_its_text_and_the_text_in_its_message(number: int, seed: int) -> None:
    chat = pii_generated.filled(pii_generated.templates()[number], str(seed))
    texts = {(text.message, text.path): text.text for text in chat.texts}
    for (message, path), text in texts.items():
        assert _standing(chat.messages[message], path) == text
    for place in (*chat.gold, *chat.look_alikes):
        shown = texts[place.message, place.path][place.start : place.end]
        assert shown and shown == shown.strip()
        assert "[[" not in shown


def test_places_do_not_overlap() -> None:
    for chat in pii_generated.generated(345, SEED):
        ends: dict[Any, int] = {}
        for place in sorted((*chat.gold, *chat.look_alikes), key=lambda one: one.start):
            where = (place.message, place.path)
            assert place.start >= ends.get(where, 0)
            ends[where] = place.end


def test_generated_chats_are_imported_whole(project: Project, tmp_path: Path) -> None:
    chats, _ = pii_generated.write(tmp_path / "made", 345, SEED)
    assert make.imported(project, chats, "made").rows == 345


def test_identity_numbers_pass_the_checks_of_their_country() -> None:
    from presidio_analyzer import predefined_recognizers as known

    checks = {
        "CREDIT_CARD": known.CreditCardRecognizer(),
        "IBAN_CODE": known.IbanRecognizer(),
        "CRYPTO": known.CryptoRecognizer(),
        "UK_NHS": known.NhsRecognizer(),
        "ES_NIF": known.EsNifRecognizer(),
        "ES_NIE": known.EsNieRecognizer(),
        "PL_PESEL": known.PlPeselRecognizer(),
        "DE_TAX_ID": known.DeTaxIdRecognizer(),
        "IN_AADHAAR": known.InAadhaarRecognizer(),
        "FI_PERSONAL_IDENTITY_CODE": known.FiPersonalIdentityCodeRecognizer(),
    }
    seen = set()
    for chat in pii_generated.generated(600, SEED, having=r"\.(crypto|id_name|card)\b"):
        texts = {(text.message, text.path): text.text for text in chat.texts}
        for place in chat.gold:
            if place.entity in checks and "case" not in place.kind:
                value = texts[place.message, place.path][place.start : place.end]
                assert checks[place.entity].validate_result(value) is not False, place
                seen.add(place.entity)
    assert seen == set(checks)


def test_a_find_counts_as_exact_overlapping_or_masked() -> None:
    labelled = _labelled("Jane Roe of Leeds", (0, 8, "PERSON"), (12, 17, "LOCATION"))
    counts = _counts(labelled, (0, 4, "PERSON"), (12, 17, "PERSON"))
    assert counts["PERSON"]["precision"] == 0
    assert counts["PERSON"]["overlap precision"] == 0.5
    assert counts["PERSON"]["overlap recall"] == 1
    assert counts["PERSON"]["masked"] == 0
    assert counts["LOCATION"]["recall"] == 0
    assert counts["LOCATION"]["masked"] == 1


def test_three_quarters_in_common_are_exact_enough() -> None:
    labelled = _labelled("0123456789", (0, 8, "ID"))
    assert _counts(labelled, (0, 6, "ID"))["ID"]["recall"] == 1
    assert _counts(labelled, (0, 5, "ID"))["ID"]["recall"] == 0


def test_one_find_answers_one_true_span() -> None:
    labelled = _labelled("aaaa", (0, 4, "ID"))
    counts = _counts(labelled, (0, 4, "ID"), (0, 3, "ID"))["ID"]
    assert (counts["precision"], counts["recall"]) == (0.5, 1)


def test_recall_weighs_four_times_in_f2() -> None:
    labelled = _labelled("abcdef", (0, 1, "ID"), (1, 2, "ID"), (2, 3, "ID"), (3, 4, "ID"))
    counts = _counts(labelled, (0, 1, "ID"), (1, 2, "ID"))["ID"]
    assert counts["f2"] == pytest.approx(5 * 1 * 0.5 / (4 * 1 + 0.5))


def test_titles_and_possessives_count_in_neither_direction() -> None:
    labelled = _labelled("Dr. Roe's desk", (4, 7, "PERSON"))
    assert _counts(labelled, (0, 9, "PERSON"))["PERSON"]["precision"] == 1


def test_public_figures_are_no_wrong_names() -> None:
    labelled = _labelled("Hamlet met Jane", (0, 6, "PUBLIC_FIGURE"), (11, 15, "PERSON"))
    assert _counts(labelled, (0, 6, "PERSON"), (11, 15, "PERSON"))["PERSON"]["overlap precision"] == 1


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 6)), min_size=1, max_size=5))
def test_what_is_found_as_labelled_is_perfect(cuts: list[tuple[int, int]]) -> None:
    spans = {(start, start + length) for start, length in cuts}
    apart = [one for one in spans if not any(o != one and o[0] < one[1] and one[0] < o[1] for o in spans)]
    labelled = _labelled("x" * 30, *((start, end, "ID") for start, end in apart))
    counts = scored([(labelled, labelled.gold)]).entities["ID"]
    assert counts.gold == counts.exact == counts.masked == len(apart)


def test_tokens_are_joined_as_they_would_have_been_written() -> None:
    tokens = ["@", "jane", "'s", "mail", "(", "at", "Acme", ")", "did", "n't", "bounce", ",", "Roe", "."]
    tags = ["O", "B-PER", "O", "O", "O", "O", "B-org", "O", "O", "O", "O", "O", "B-PER", "O"]
    made = from_tokens(tokens, tags)
    assert made.texts == ["@jane's mail (at Acme) didn't bounce, Roe."]
    assert [(made.texts[0][mark.start : mark.end], mark.entity) for mark in made.gold] == [
        ("jane", "PERSON"),
        ("Acme", "ORGANIZATION"),
        ("Roe", "PERSON"),
    ]


def test_a_possessive_split_in_two_is_joined() -> None:
    assert from_tokens(["Jane", "'", "s", "'", "old", "'", "cat"], ["O"] * 7).texts == ["Jane's ' old ' cat"]


def test_published_sets_are_read_in_each_format(tmp_path: Path) -> None:
    tokens, tags = ["Ask", "Jane", "Roe", "now", "."], ["O", "B-PER", "I-PER", "O", "O"]
    jsonl, conll, ner = tmp_path / "a.jsonl", tmp_path / "b.conll", tmp_path / "c.iob2"
    spans = {"text": "Ask Jane Roe now.", "spans": [{"start": 4, "end": 12, "label": "person"}]}
    jsonl.write_text(json.dumps({"tokens": tokens, "tags": tags}) + "\n" + json.dumps(spans) + "\n")
    conll.write_text("".join(f"{token} NN {tag}\n" for token, tag in zip(tokens, tags, strict=True)) + "\n")
    numbered = [
        f"{at}\t{token}\t{tag}\t-\t-" for at, (token, tag) in enumerate(zip(tokens, tags, strict=True), 1)
    ]
    ner.write_text("# text = Ask\n" + "\n".join(numbered) + "\n")
    read = [*from_json_lines(jsonl), *from_conll(conll), *from_conll(ner)]
    assert len(read) == 4
    for labelled in read:
        assert labelled.texts == ["Ask Jane Roe now."]
        assert [mark[:4] for mark in labelled.gold] == [(0, 4, 12, "PERSON")]


def test_numbers_with_check_digits_reach_the_bar() -> None:
    source = Wanted(rows=400, having=r"\.(card|iban|crypto|id_name)\b|n\.not(card|iban)")
    counts = scored(source.found("balanced")).entities
    exact = sum(counts[entity].exact for entity in CHECKED)
    assert sum(counts[entity].gold for entity in CHECKED) > 200
    assert exact / sum(counts[entity].gold for entity in CHECKED) >= 0.98
    assert exact / sum(counts[entity].found for entity in CHECKED) >= 0.98


def test_secrets_reach_the_bar() -> None:
    done = pii.measured("secrets", pii.Source("generated", rows=1_380, seed=SEED)).scores
    counts = done.entities["SECRET"]
    assert counts.gold > 60
    assert counts.masked / counts.gold >= 0.95
    assert counts.overlap_found / counts.found >= 0.95


def test_names_reach_the_bar_at_balanced(presets: dict[str, Scores]) -> None:
    people = presets["balanced"].entities["PERSON"].ratios()
    assert people["masked"] is not None and people["masked"] >= 0.9
    assert people["overlap precision"] is not None and people["overlap precision"] >= 0.85


def test_strict_hides_most_names_and_light_is_surest(presets: dict[str, Scores]) -> None:
    hidden = [presets[preset].entities["PERSON"].masked for preset in ("strict", "balanced", "light")]
    assert hidden[0] > hidden[1] > hidden[2]
    sure = [
        presets[preset].entities["PERSON"].ratios()["overlap precision"] for preset in ("strict", "light")
    ]
    assert sure[0] < sure[1]


def test_look_alikes_are_left_alone(presets: dict[str, Scores]) -> None:
    told = presets["balanced"].look_alikes
    numbers = [tally for kind, tally in told.items() if not kind.startswith("word")]
    assert sum(true for true, _ in numbers) > 150
    assert sum(hit for _, hit in numbers) / sum(true for true, _ in numbers) <= 0.02


def test_words_that_could_be_names_are_mostly_left_alone(presets: dict[str, Scores]) -> None:
    true, hit = presets["balanced"].look_alikes["word"]
    assert true > 30
    assert hit / true <= 0.35


@pytest.mark.slow
def test_the_command_line_and_the_library_find_the_same() -> None:
    agreement = compare(60, SEED)
    assert agreement.both > 60
    assert agreement.command_line_alone.total() <= 0.01 * agreement.places
    assert agreement.library_alone.total() <= 0.01 * agreement.places


class Wanted:
    """Generated chats of the templates that have something."""

    def __init__(self, rows: int, having: str) -> None:
        self.rows, self.having = rows, having

    def found(self, system: str) -> Iterator[tuple[Labelled, list[Mark]]]:
        find = pii.found_by(system)
        for labelled in pii.chats(self.rows, SEED, self.having):
            yield labelled, find(labelled)[0]


def _grams(text: str) -> Iterator[tuple[str, ...]]:
    for part in re.split(r"\[\[[^\]]*\]\]|\{[^}]*\}", text):
        words = re.findall(r"\w+", part.lower())
        yield from zip(*(islice(words, at, None) for at in range(5)), strict=False)


def _standing(message: dict[str, Any], path: tuple[str | int, ...]) -> str:
    if not path:
        return str(message["content"])
    value = json.loads(message["tool_calls"][0]["function"]["arguments"])
    for step in path:
        value = value[step]
    return str(value)


def _labelled(text: str, *gold: tuple[int, int, str]) -> Labelled:
    return Labelled([text], ["user"], [Mark(0, *one) for one in gold])


def _counts(labelled: Labelled, *found: tuple[int, int, str]) -> dict[str, dict[str, float | None]]:
    done = scored([(labelled, [Mark(0, *one) for one in found])])
    return {entity: counts.ratios() for entity, counts in done.entities.items()}
