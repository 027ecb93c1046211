"""The fast engine finds what stock Presidio finds, in bounded time."""

from __future__ import annotations

import csv
import gzip
import json
import random
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import regex
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from presidio_analyzer import (
    AnalysisExplanation,
    AnalyzerEngine,
    EntityRecognizer,
    LocalRecognizer,
    Pattern,
    PatternRecognizer,
    RecognizerResult,
)

from workbench.personal_data import context as context_words
from workbench.personal_data.engine import default_recognizers, every_recognizer, stock_analyzer
from workbench.personal_data.fast import FastAnalyzer
from workbench.personal_data.gates import OPEN, gate_of, views
from workbench.personal_data.limits import Stopwatch
from workbench.personal_data.phones import phone_spans

SHARED = Path(__file__).parents[2] / "shared" / "data"
FILES = {
    "alpaca": "sft_single/alpaca_random_6000.json.gz",
    "code_alpaca": "sft_single/code_alpaca_2k.json.gz",
    "chinese": "sft_single/llamafactory_alpaca_zh_demo.json.gz",
    "hh_rlhf": "preference/hh_rlhf_harmless_test_0-1499.jsonl.gz",
    "glaive": "sft_multi/llamafactory_glaive_toolcall_en_demo.json.gz",
    "oasst": "sft_multi/oasst_en_trees_60.jsonl.gz",
    "sgd": "sft_multi/sgd_dev_dialogues_001.json.gz",
    "banking": "intents/banking77_train.csv.gz",
}
MANY = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
FLAGS = regex.IGNORECASE | regex.MULTILINE | regex.DOTALL


@lru_cache(maxsize=2)
def engines(which: str) -> tuple[AnalyzerEngine, FastAnalyzer]:
    recognizers = default_recognizers() if which == "default" else every_recognizer()
    return stock_analyzer(recognizers), FastAnalyzer(recognizers)


def stock_findings(engine: AnalyzerEngine, text: str, **options: Any) -> list[tuple[str, int, int, float]]:
    return as_tuples(engine.analyze(text, language="en", **options))


def as_tuples(results: list[RecognizerResult]) -> list[tuple[str, int, int, float]]:
    return [(result.entity_type, result.start, result.end, result.score) for result in results]


def assert_equal(which: str, text: str) -> int:
    stock, fast = engines(which)
    expected = stock_findings(stock, text)
    assert as_tuples(fast.analyze(text)) == expected
    found, reason = fast.scan(text)
    assert (as_tuples(found), reason) == (expected, None)
    return len(expected)


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from strings(part)


def shared_texts(name: str, most: int) -> list[str]:
    path = SHARED / FILES[name]
    if not path.exists():
        pytest.skip(f"the shared data sets are not here: {FILES[name]}")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        if path.name.endswith(".csv.gz"):
            texts = [row[0] for row in csv.reader(file)]
        elif path.name.endswith(".jsonl.gz"):
            texts = [text for line in file for text in strings(json.loads(line))]
        else:
            texts = list(strings(json.load(file)))
    unique = sorted({text for text in texts if 20 <= len(text) <= 4000})
    return random.Random(4).sample(unique, min(most, len(unique)))


@pytest.mark.parametrize("name", FILES)
def test_findings_equal_stock_on_real_text(name: str) -> None:
    for text in shared_texts(name, 80):
        assert_equal("default", text)


@pytest.mark.parametrize("name", ["code_alpaca", "oasst", "hh_rlhf", "glaive"])
def test_findings_equal_stock_with_the_recognizers_of_all_countries(name: str) -> None:
    for text in shared_texts(name, 40):
        assert_equal("every", text)


@pytest.mark.slow
@pytest.mark.parametrize("which", ["default", "every"])
@pytest.mark.parametrize("name", FILES)
def test_findings_equal_stock_on_much_real_text(name: str, which: str) -> None:
    for text in shared_texts(name, 1500):
        assert_equal(which, text)


def made_values(seed: int) -> list[str]:
    from faker import Faker

    made: list[str] = []
    for locale in ("en_US", "en_GB", "de_DE", "fr_FR", "es_ES", "en_IN"):
        fake = Faker(locale)
        fake.seed_instance(seed)
        made += [fake.phone_number(), fake.iban(), fake.email(), fake.url(), fake.ipv4(), fake.ipv6()]
        made += [fake.credit_card_number(), fake.date(), fake.mac_address(), fake.uuid4(), fake.postcode()]
        made += [fake.date(pattern="%d.%m.%Y"), fake.ssn(), fake.license_plate(), fake.bban(), fake.uri()]
    return made


FRAMES = (
    "My {} is not secret, call me on my cell phone.",
    "phone number: {}",
    "the bank account {}; transaction of 1640",
    '{{"amount": "{}", "date": "2021-04-05 10:00"}}',
    "passport no. {} / driver license {} (tax id)",
    "see <{}> or '{}', link \"{}\"",
    "my e-mail address is {}\tand the ip {}",
)


@pytest.mark.parametrize("which", ["default", "every"])
def test_findings_equal_stock_on_made_values(which: str) -> None:
    found = 0
    for seed in range(2 if which == "default" else 1):
        values = made_values(seed)
        random.Random(seed).shuffle(values)
        for at, value in enumerate(values):
            frame = FRAMES[at % len(FRAMES)]
            found += assert_equal(which, frame.format(*[value] * frame.count("{}")))
    assert found > 80


TELLING = """phone number Call: passport license bank iban the be is:the x:phone www.example.com a.b@example.org
192.0.2.7 ::1 2001:db8::1 4111-1111-1111-1111 GB82WEST12345698765432 A1234567 536-90-4399 12/31/1999 1640
01-JAN-20 \u017f \u212a \u0130 \u0131 Σ ß \u0661\u0662\u0663 \uff11\uff12 \u200b ' " : :: @ . .com - / ( ) # e.g. don't"""
SPACES = ["\n", "\n\n", "  ", " ", "\t", "\xa0"]
PIECES = st.sampled_from([*re.split(r"[ \n]", TELLING), "+49 30 123456", "(212) 555-0143", *SPACES])
SOUP = st.lists(
    st.one_of(
        PIECES,
        st.text(max_size=6),
        st.text("0123456789", max_size=13),
        st.text("0123456789 -./+()", max_size=20),
    ),
    max_size=14,
)


@MANY
@given(SOUP, st.sampled_from(["", " "]))
def test_findings_equal_stock_on_any_text(pieces: list[str], between: str) -> None:
    text = between.join(pieces)
    stock, fast = engines("default")
    try:
        expected = stock_findings(stock, text)
    except ValueError:  # stock stops at a finding that begins in white space with no word after it
        assume(False)
    assert as_tuples(fast.analyze(text)) == expected


@settings(MANY, max_examples=40)
@given(SOUP, st.sampled_from(["", " "]))
def test_findings_equal_stock_on_any_text_for_all_countries(pieces: list[str], between: str) -> None:
    text = between.join(pieces)
    stock, fast = engines("every")
    try:
        expected = stock_findings(stock, text)
    except ValueError:
        assume(False)
    assert as_tuples(fast.analyze(text)) == expected


@MANY
@given(st.text("0123456789 -./+()\n x", max_size=80), st.sampled_from([0, 1, 2, 3]))
def test_phone_numbers_are_the_librarys(text: str, leniency: int) -> None:
    import phonenumbers

    regions = ("US", "DE", "FR", "IL", "BR", "AR", "ZZ")
    expected = {
        (match.start, match.end)
        for region in regions
        for match in phonenumbers.PhoneNumberMatcher(text, region, leniency=leniency)
    }
    assert phone_spans(text, regions, leniency, Stopwatch(None)) == expected


@pytest.mark.parametrize("region", ["US", "GB", "DE", "FR", "ES", "IT", "AU", "JP", "IN", "MX", "KR", "FI"])
def test_every_example_number_is_found_however_it_is_written(region: str) -> None:
    import phonenumbers
    from phonenumbers import PhoneNumberFormat, PhoneNumberType

    for kind in PhoneNumberType.values():
        number = phonenumbers.example_number_for_type(region, kind)
        if number is None:
            continue
        for style in (PhoneNumberFormat.NATIONAL, PhoneNumberFormat.INTERNATIONAL, PhoneNumberFormat.E164):
            text = f"reach me: {phonenumbers.format_number(number, style)} ext. 12, or 0049 30 123456"
            expected = {
                (match.start, match.end)
                for match in phonenumbers.PhoneNumberMatcher(text, region, leniency=1)
            }
            assert phone_spans(text, [region], 1, Stopwatch(None)) == expected


@pytest.mark.slow
def test_the_library_giving_up_is_reproduced_and_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    import phonenumbers

    text = "77 " * 40_000 + "tel +1 212 555 0143"
    expected = {(m.start, m.end) for m in phonenumbers.PhoneNumberMatcher(text, "US", leniency=1)}
    assert phone_spans(text, ["US"], 1, Stopwatch(None)) == expected
    found = phone_spans(text, ["US"], 1, Stopwatch(None), to_the_end=True)
    assert (len(text) - 15, len(text)) in found


PATTERNS = sorted(
    {
        (pattern.regex, int(recognizer.global_regex_flags))
        for recognizer in every_recognizer()
        if isinstance(recognizer, PatternRecognizer)
        for pattern in recognizer.patterns
    }
)


def test_nearly_every_pattern_has_a_gate() -> None:
    assert sum(gate_of(*pattern) == OPEN for pattern in PATTERNS) <= 2


@settings(MANY, max_examples=200)
@given(st.data())
def test_a_gate_opens_for_all_that_its_pattern_matches(data: st.DataObject) -> None:
    pattern, flags = data.draw(st.sampled_from(PATTERNS))
    try:
        compiled = re.compile(pattern, re.IGNORECASE | re.MULTILINE | re.DOTALL)
    except re.error:
        assume(False)
    text = data.draw(st.from_regex(compiled))
    if regex.search(pattern, text, flags=flags):
        assert gate_of(pattern, flags).opens(views(text))


PARTS = st.recursive(
    st.sampled_from(
        ["a", "K", r"\d", "[0-9a-f]", "[- ]", r"\w", r"\s", "[^x]", ".", "[sS]t", "[ı-ſ]", "-", "@", "é"]
    ),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"(?:{'|'.join(parts)})"),
        st.tuples(inner, st.sampled_from(["?", "*", "+", "{2}", "{1,3}", "{3,}", "{,2}"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
        inner.map(lambda part: f"(?={part}){part}"),
        inner.map(lambda part: rf"\b{part}"),
    ),
    max_leaves=8,
)


@settings(MANY, max_examples=200)
@given(st.data(), PARTS)
def test_a_gate_opens_for_all_that_any_pattern_matches(data: st.DataObject, pattern: str) -> None:
    text = data.draw(st.from_regex(re.compile(pattern, re.IGNORECASE)))
    if regex.search(pattern, text, flags=FLAGS, timeout=5):
        assert gate_of(pattern, int(FLAGS)).opens(views(text))


@pytest.mark.parametrize(
    "pattern", [r"(?:abc){e<=1}", r"[[:alpha:]]{3}", r"\p{L}{3}", r"(?r)abc", r"a(?|b|c)"]
)
def test_syntax_that_only_the_pattern_library_knows_leaves_the_gate_open(pattern: str) -> None:
    assert gate_of(pattern, int(FLAGS)) == OPEN


def test_letters_that_match_without_case_look_alike() -> None:
    everything = "".join(map(chr, range(0x110000)))
    for letter in "abcdefghijklmnopqrstuvwxyz":
        for alike in set(regex.findall(f"(?i)[{letter}]", everything)):
            seen = views(alike)
            assert (seen.kinds, seen.folded) == (b"a", letter.encode())


def test_digits_and_spaces_are_those_of_the_pattern_library() -> None:
    everything = "".join(map(chr, range(0x110000)))
    assert {views(one).kinds for one in regex.findall(r"\d", everything)} == {b"0"}
    assert {views(one).kinds for one in regex.findall(r"\s", everything)} == {b" "}


def weak_recognizer(name: str = "WeakRecognizer", **options: Any) -> PatternRecognizer:
    chosen: dict[str, Any] = {"context": ["order", "the:", "invoice number", "nr"]} | options
    return PatternRecognizer("REFERENCE", name=name, patterns=[Pattern("four", r"\d{4}", 0.1)], **chosen)


WEAK = weak_recognizer()
WEAK_ENGINES = (stock_analyzer([WEAK]), FastAnalyzer([WEAK], remember=0))
NEAR = """order ORDER- 1234 (1234) the is a:the : be a don't nr.1234 x1234y word more ... re-order: Σorder orderΣ
é :) U.S. 1234:nr"""
WORDS = st.lists(st.sampled_from([*re.split(r"[ \n]", NEAR), *SPACES]), max_size=25)


@MANY
@given(WORDS, st.sampled_from(["", " "]))
def test_context_words_raise_the_same_scores_as_in_stock(words: list[str], between: str) -> None:
    text = between.join(words)
    stock, fast = WEAK_ENGINES
    assert as_tuples(fast.analyze(text)) == stock_findings(stock, text)


def test_entities_choose_recognizers_as_in_stock() -> None:
    stock, fast = engines("default")
    text = "mail jo@example.com, phone (212) 555-0143, card 4111 1111 1111 1111"
    for entities in (["EMAIL_ADDRESS"], ["PHONE_NUMBER", "CREDIT_CARD"], ["US_SSN"]):
        assert as_tuples(fast.analyze(text, entities)) == stock_findings(stock, text, entities=entities)


def test_thresholds_of_recognizers_are_kept() -> None:
    recognizer = weak_recognizer()
    recognizer.score_thresholds = {"REFERENCE": 0.3}
    stock, fast = stock_analyzer([recognizer]), FastAnalyzer([recognizer])
    for text, found in {"order 1234": 1, "about 1234": 0}.items():
        assert as_tuples(fast.analyze(text)) == stock_findings(stock, text)
        assert len(fast.analyze(text)) == found


def test_recognizers_of_another_language_are_left_out() -> None:
    assert FastAnalyzer([weak_recognizer(supported_language="de")]).analyze("order 1234") == []


class WordRecognizer(LocalRecognizer):
    """Reads the words it is given, as a model's recognizer does."""

    def load(self) -> None:
        """Nothing to load."""

    def analyze(self, text: str, entities: list[str], nlp_artifacts: Any = None) -> list[RecognizerResult]:
        return [
            RecognizerResult(
                "WORD", token.idx, token.idx + len(token), 0.2, AnalysisExplanation("Words", 0.2)
            )
            for token in nlp_artifacts.tokens
            if token.is_title
        ]

    def enhance_using_context(  # type: ignore[override]
        self, text: str, raw_recognizer_results: list[RecognizerResult], **_: Any
    ) -> list[RecognizerResult]:
        for result in raw_recognizer_results:
            result.score += 0.1 * (text[result.start] == "A")
        return raw_recognizer_results


def test_a_recognizer_of_ones_own_gets_words_and_changes_its_own_scores() -> None:
    recognizers: list[EntityRecognizer] = [WordRecognizer(["WORD"], context=["word"]), WEAK]
    text = "the word Ada, order 1234, Bob"
    stock, fast = stock_analyzer(recognizers), FastAnalyzer(recognizers)
    assert as_tuples(fast.analyze(text)) == stock_findings(stock, text)


def test_a_recognizer_with_a_shut_gate_is_not_run() -> None:
    recognizer = weak_recognizer()
    asked: list[str] = []

    def gate(text: str, lowered: str) -> bool:
        asked.append(lowered)
        return "ref" in lowered

    recognizer.gate = gate
    fast = FastAnalyzer([recognizer])
    assert fast.analyze("Order 1234") == []
    assert as_tuples(fast.analyze("REF 1234")) == [("REFERENCE", 4, 8, 0.1)]
    assert asked == ["order 1234", "ref 1234"]


def test_results_name_their_recognizer() -> None:
    [result] = FastAnalyzer([WEAK]).analyze("1234")
    assert result.recognition_metadata == {
        RecognizerResult.RECOGNIZER_NAME_KEY: "WeakRecognizer",
        RecognizerResult.RECOGNIZER_IDENTIFIER_KEY: WEAK.id,
    }


def test_what_is_remembered_is_bounded_and_holds_no_text() -> None:
    fast = FastAnalyzer([WEAK], remember=10)
    for number in range(1000, 1100):
        first, second = fast.analyze(f"order {number}"), fast.analyze(f"order {number}")
        assert first == second
        assert first[0] is not second[0]
    assert len(fast.remembered) == 10
    assert "order" not in repr(fast.remembered)


def test_a_changed_score_does_not_reach_what_is_remembered() -> None:
    fast = FastAnalyzer([WEAK])
    fast.analyze("order 1234")[0].score = 0.0
    assert fast.analyze("order 1234")[0].score == pytest.approx(0.45)


def test_words_seen_are_bounded_and_split_the_same_after_a_new_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context_words, "KNOWN_WORDS", 50)
    words = context_words.Words("en")
    before = words.tokens("can't-stop")
    pipeline = words.pipeline
    for number in range(200):
        words.tokens(f"word{number}")
    assert len(words.known) <= 51
    assert words.pipeline is not pipeline
    assert words.tokens("can't-stop") == before


def endless_recognizer() -> PatternRecognizer:
    return PatternRecognizer("ENDLESS", name="Endless", patterns=[Pattern("bomb", r"(a|aa)+$", 0.5)])


def test_a_pattern_that_does_not_end_is_named_and_the_others_still_find() -> None:
    fast = FastAnalyzer([endless_recognizer(), WEAK])
    found, reason = fast.scan("a" * 200 + "! order 1234", seconds=0.2)
    assert [(result.start, result.end) for result in found] == [(208, 212)]
    assert reason == "the pattern bomb of Endless took longer than 0.2 s"


def test_the_budget_grows_with_the_text() -> None:
    _, reason = FastAnalyzer([endless_recognizer()]).scan("a" * 200 + "! " + "b" * 200_000, seconds=0.1)
    assert reason == "the pattern bomb of Endless took longer than 0.3 s"


def test_a_search_for_phone_numbers_that_does_not_end_is_named() -> None:
    _, fast = engines("default")
    numbers = "".join(f"+{number} {number * 7} / " for number in range(10_000, 40_000))
    _, reason = fast.scan(numbers, ["PHONE_NUMBER"], seconds=0.01)
    assert reason == "the search for phone numbers took longer than 0.05 s"


def test_context_words_are_found_next_to_an_endless_word() -> None:
    fast = FastAnalyzer([WEAK])
    for text in ("order 1234" + "x" * 20_000, "x" * 20_000 + " order 1234"):
        found, reason = fast.scan(text)
        assert reason is None
        assert [result.score for result in found] == [pytest.approx(0.45)]


def test_half_characters_are_read_like_any_other() -> None:
    found, reason = engines("default")[1].scan(
        "\ud800 phone\udfff: (212) 555-0143 \udc00jo@example.com\ud800"
    )
    assert reason is None
    assert {"PHONE_NUMBER", "EMAIL_ADDRESS"} <= {result.entity_type for result in found}


HOSTILE = {
    "dots": "a." * 10_000,
    "colons": "::" * 10_000,
    "numbers": " ".join(str(number) for number in range(1, 7_000)),
    "phones": "+1 (212) 555-0143, " * 2800,
    "token": "x" * 1_000_000,
    "digits": "1" * 100_000,
    "spaces": " " * 1_000_000,
    "quotes": "'\"" * 50_000,
    "nulls and surrogates": "\x00\ud800\u202e" * 20_000,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_text_is_read_to_its_end(kind: str) -> None:
    text = HOSTILE[kind] + "\nmy card number is 4111 1111 1111 1111"
    found, reason = engines("default")[1].scan(text)
    assert reason is None
    cards = [result for result in found if result.entity_type == "CREDIT_CARD"]
    assert cards[-1].end == len(text)


@pytest.mark.slow
def test_a_message_of_a_megabyte_is_read_to_its_end() -> None:
    sentence = "It was 2:15 on 3 May 1999, e.g. in main.py, and self.name said so (see 12/3). "
    text = sentence * 13_000 + "write to jo@example.com"
    found, reason = engines("default")[1].scan(text)
    assert reason is None
    assert ("EMAIL_ADDRESS", len(text) - 14, len(text), 1.0) in as_tuples(found)
