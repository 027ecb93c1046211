"""Secrets are found by their formats, and what only looks like one is left alone."""

from __future__ import annotations

import base64
import json
import math
import re
import time
from pathlib import Path
from urllib.parse import quote

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.secrets_found import measure
from tests.make import example, proposed, stored
from workbench.errors import InputError, NotFoundError, WorkbenchError
from workbench.examples import Example
from workbench.findings import Finding, read_findings
from workbench.personal_data.spans import without_overlaps
from workbench.projects import Project, init_project
from workbench.secret_rules.checks import BASE62, base62_crc
from workbench.secret_rules.examples import expanded
from workbench.secret_rules.gitleaks import rules_of
from workbench.secret_rules.placeholders import entropy
from workbench.secret_rules.re2 import from_re2
from workbench.secret_rules.repeats import with_repeats
from workbench.secret_rules.rules import Rule, own_rules
from workbench.secret_rules.scanning import scanner, scanner_of
from workbench.secret_rules.settings import Secrets
from workbench.versions import Dataset

TOKEN = expanded("⟨checksummed:ghp_⟩", "test")
PASSWORD = "tide" + "48" + "Sea!"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return init_project(tmp_path / "p")


def hits(text: str, **options: object) -> list[tuple[str, str]]:
    spans = scanner(Secrets.model_validate(options)).scan(text).spans
    return [(span.entity, text[span.start : span.end]) for span in spans]


def found(project: Project, rows: list[Example], steps: str) -> list[Finding]:
    dataset: Dataset = stored(project, "d", rows)
    proposed(project, dataset, steps)
    return list(read_findings(project, dataset))


def named(rule: Rule) -> str:
    return f"{rule.family}-{rule.name}"


@pytest.mark.parametrize("rule", own_rules(), ids=named)
def test_each_rule_finds_its_true_examples(rule: Rule) -> None:
    for number, true in enumerate(rule.true):
        text = expanded(true, f"{rule.name}/{number}")
        assert rule.name in [name for name, _ in hits(text)], number


@pytest.mark.parametrize("rule", own_rules(), ids=named)
def test_no_rule_takes_a_false_example_of_any(rule: Rule) -> None:
    for number, false in enumerate(rule.false):
        assert hits(expanded(false, f"{rule.name}/-{number}")) == [], number


def test_the_pack_covers_many_issuers_and_names_each() -> None:
    rules = own_rules()
    assert len({rule.name for rule in rules}) >= 90
    assert all(rule.issuer and rule.family and rule.keywords for rule in rules)


def test_the_pack_holds_no_secret_itself() -> None:
    """Examples are made when they are needed; as written none is a secret by its form."""
    for rule in own_rules():
        for true in rule.true:
            written = [name for name, value in hits(true) if "⟨" not in value and len(value) > 30]
            assert written == [], rule.name


def test_generated_secrets_and_look_alikes_meet_the_bar() -> None:
    result = measure(count=1500, seed=23)
    assert (result["recall"] >= 0.95, result["precision"] >= 0.95) == (True, True)
    assert all(family["recall"] >= 0.9 for family in result["families"].values() if family["secrets"] > 20)


def test_a_token_with_its_checksum_is_surer_than_one_without() -> None:
    wrong = TOKEN[:-1] + ("a" if TOKEN[-1] != "a" else "b")
    scores = [scanner(Secrets()).scan(text).spans[0].score for text in (TOKEN, wrong)]
    assert scores[0] > scores[1] > 0.5


def test_checksum_is_six_digits_of_base_62() -> None:
    number = sum(BASE62.index(digit) * 62**place for place, digit in enumerate(reversed(base62_crc("a"))))
    assert number == 0xE8B7BE43
    assert base62_crc("") == "000000"


def test_an_example_of_the_documentation_is_in_doubt() -> None:
    spans = scanner(Secrets()).scan("AKIA" + "IOSFODNN7" + "EXAMPLE").spans
    assert [span.score < 0.6 for span in spans] == [True]


@pytest.mark.parametrize("written", ["base64", "hex", "percent", "twice"])
def test_an_encoded_secret_is_found_and_its_token_covered(written: str) -> None:
    plain = f"token={TOKEN}"
    once = base64.b64encode(plain.encode()).decode()
    token = {
        "base64": once,
        "hex": plain.encode().hex(),
        "percent": quote(plain, safe="").replace("_", "%5F"),
        "twice": base64.b64encode(once.encode()).decode(),
    }[written]
    text = f"the value is {token} there"
    ((_, value),) = hits(text)
    assert value == (TOKEN.replace("_", "%5F") if written == "percent" else token)
    assert hits(text, encoded=False) == []


def test_hidden_characters_do_not_hide_a_secret() -> None:
    hidden = TOKEN[:9] + "\u200b" + TOKEN[9:]
    assert hits(f"use {hidden} now") == [("GITHUB_TOKEN", hidden)]


def test_a_key_in_escaped_lines_is_covered_whole() -> None:
    key = expanded("⟨pem:RSA⟩", "k")
    text = json.dumps({"private_key": key})
    assert hits(text) == [("PRIVATE_KEY", json.dumps(key)[1:-1])]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("my password is {}", PASSWORD),
        ("Mein Passwort lautet {}.", PASSWORD),
        ("mon mot de passe est {}", PASSWORD),
        ("mi contraseña es {}", PASSWORD),
        ('{{"password": "{}"}}', PASSWORD),
        ('{{"arguments": "{{\\"password\\": \\"{}\\"}}"}}', PASSWORD),
        ('{{"password": "{}"}}', "swordfish"),
        ("our wifi password is {}.", "swordfish"),
        ("redis://:{}@cache.example.com:6379/0", "tide48Sea"),
        ("User Id=lumen;Server=db.example.com;Password={};", PASSWORD),
    ],
)
def test_only_the_password_is_covered(text: str, value: str) -> None:
    assert [covered for _, covered in hits(text.format(value))] == [value]


@pytest.mark.parametrize(
    "text",
    [
        "commit 3f786850e387550fdab836ed7e6dc881de23001b",
        "550e8400-e29b-41d4-a716-446655440000",
        "sha512-"
        + "z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==",
        "color: #a1b2c3;",
        "my password is not working",
        "password = getpass.getpass()",
        "api_key = os.environ['API_KEY']",
        "token: <your-token>",
        "secret_key: ${SECRET_KEY}",
        "max_tokens=4096",
        "https://user:password@example.com",
        "def login(user: str, password: str = None) -> None:",
        "'password' => 'required|min:8'",
    ],
)
def test_what_only_looks_like_a_secret_is_left_alone(text: str) -> None:
    assert hits(text) == []


def test_what_is_no_secret_does_not_hide_one_within_it() -> None:
    text = json.dumps({"secret": f"api_key={'a1B2' + 'c3D4' + 'e5F6' + 'g7H8'}"})
    assert [name for name, _ in hits(text)] == ["ASSIGNED_SECRET"]


@pytest.mark.parametrize("piece", ["a.", "::", "A", "eyJ.", "password=", "https://a:b", "[", "secret key = "])
def test_a_long_text_is_read_or_said_not_to_be(piece: str) -> None:
    scan = scanner(Secrets(seconds=0.5)).scan(piece * (300_000 // len(piece)))
    assert scan.not_scanned is None or "0.5 s" in scan.not_scanned


def test_a_busy_machine_finds_what_an_idle_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    wall = iter(range(0, 10**9, 3600))
    monkeypatch.setattr(time, "monotonic", lambda: next(wall))
    scan = scanner(Secrets(seconds=1.5)).scan(f"use {TOKEN} now")
    assert ([span.entity for span in scan.spans], scan.not_scanned) == (["GITHUB_TOKEN"], None)


@given(st.text(max_size=200), st.text(max_size=50))
@settings(max_examples=150, deadline=None)
def test_spans_lie_in_the_text_apart_and_the_same_each_time(before: str, after: str) -> None:
    text = f"{before} {TOKEN} {after}"
    scan = scanner(Secrets()).scan(text)
    assert list(scan.spans) == without_overlaps(scan.spans)
    assert all(0 <= span.start < span.end <= len(text) for span in scan.spans)
    assert scanner(Secrets())._scan(text) == scan
    assert any(span.start <= text.index(TOKEN) and text.index(TOKEN) + 40 <= span.end for span in scan.spans)


def test_a_password_told_again_is_covered_there_too() -> None:
    texts = [f"my password is {PASSWORD}", f"I typed {PASSWORD} twice", f"not {PASSWORD}x"]
    scans = with_repeats(texts, [scanner(Secrets()).scan(text) for text in texts])
    assert [len(scan.spans) for scan in scans] == [1, 1, 0]


def test_an_ignored_rule_is_not_used_and_an_unknown_one_refused() -> None:
    assert hits(f"use {TOKEN} now", ignore=["GITHUB_TOKEN"]) == []
    with pytest.raises(NotFoundError, match="NO_SUCH_RULE"):
        scanner(Secrets(ignore=["NO_SUCH_RULE"]))


def test_entropy_is_that_of_shannon() -> None:
    assert entropy("aaaa") == 0
    assert math.isclose(entropy("abcd"), 2)


# --- rules in gitleaks' format

OWN = """
title = "ours"
[[rules]]
id = "lumen-key"
description = "keys of Lumen"
regex = '''(?i)lumen[ _]?key\\s*=\\s*([a-z0-9]{12})\\b'''
secretGroup = 1
entropy = 2.5
keywords = ["LUMEN"]
[[rules.allowlists]]
condition = "AND"
regexTarget = "line"
regexes = ['''# test''']
stopwords = ["abc"]
[allowlist]
paths = ['''vendor/''']
regexes = ['''^000''']
"""


def own(tmp_path: Path, text: str) -> tuple[Rule, ...]:
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")
    return rules_of(path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Lumen_Key = q7w2e9r4t1y6", ["q7w2e9r4t1y6"]),
        ("lumen key = aaaaaaaaaaaa", []),
        ("lumen key = 000w2e9r4t1y", []),
        ("lumen key = abcw2e9r4t1y # test", []),
        ("lumen key = abcw2e9r4t1y", ["abcw2e9r4t1y"]),
        ("other key = q7w2e9r4t1y6", []),
    ],
)
def test_a_rule_of_the_user_has_gate_group_entropy_and_allowlists(
    tmp_path: Path, text: str, expected: list[str]
) -> None:
    spans = scanner_of(own(tmp_path, OWN), Secrets()).scan(text).spans
    assert [text[s.start : s.end] for s in spans if s.entity == "LUMEN_KEY"] == expected


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("secretGroup = 1", "secretGroup = 4"), "groups.*lumen-key"),
        (("(?i)lumen", "(?U)lumen"), "flag U"),
        (("(?i)lumen", "(?i)lumen("), "not valid"),
        (("entropy = 2.5", "entropie = 2.5"), "entropie"),
        (('title = "ours"', "[extend]\nuseDefault = true"), "extends"),
        (('title = "ours"', 'title = "ours'), "TOML"),
        (('id = "lumen-key"', ""), "rule 1"),
    ],
)
def test_a_faulty_file_is_refused_with_rule_and_remedy(
    tmp_path: Path, change: tuple[str, str], message: str
) -> None:
    with pytest.raises(InputError) as caught:
        own(tmp_path, OWN.replace(*change))
    assert re.search(message, str(caught.value)), str(caught.value)
    assert caught.value.remedy
    assert "own.toml" in caught.value.where


def test_a_slow_rule_of_the_user_leaves_the_text_for_review(project: Project) -> None:
    project.folder("slow.toml").write_text(
        "[[rules]]\nid = \"slow\"\nregex = '''(?:x+x+)+y'''\n", encoding="utf-8"
    )
    rows = [example("x" * 4000, "fine"), example("clean", "fine")]
    (finding,) = found(project, rows, "[secrets: {rules: [slow.toml], seconds: 0.3}]")
    assert (finding.kind, finding.proposal, finding.source["line"]) == ("not_scanned", "flag", 1)


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        (r"a\z", "a", True),
        (r"a\z", "a\n", False),
        (r"a$", "a\n", False),
        (r"(?m)a$", "a\nb", True),
        (r"[[:alnum:]_]+\z", "ab1_", True),
        (r"^[[:alpha:]]\z", "é", False),
        (r"^\d\z", "٣", False),
        (r"x(?i)a|b", "B", True),
        (r"(x(?i)a)b", "xAB", False),
        (r"(?P<k>a)(?-i:B)", "aB", True),
        (r"\Qa.b\E", "axb", False),
        (r"^[[a]\z", "[", True),
        (r"^[a&&b]+\z", "a&", True),
        (r"^{a}\z", "{a}", True),
        (r"^\x{41}\z", "A", True),
    ],
)
def test_patterns_mean_what_they_mean_in_go(pattern: str, text: str, matches: bool) -> None:
    assert bool(regex.search(from_re2(pattern), text, regex.ASCII)) is matches


@given(st.text(alphabet="ab()[]{}|\\^$.*+?:<>Pimsxz-&~Q!", max_size=30))
@settings(max_examples=200, deadline=None)
def test_any_text_for_a_pattern_is_taken_or_refused(
    tmp_path_factory: pytest.TempPathFactory, pattern: str
) -> None:
    path = tmp_path_factory.mktemp("r") / "r.toml"
    path.write_text(f"[[rules]]\nid = 'r'\nregex = {json.dumps(pattern)}\n", encoding="utf-8")
    try:
        rules_of(path)
    except WorkbenchError as error:
        assert error.remedy


# --- the step


def test_one_finding_names_one_value_wherever_it_stands(project: Project) -> None:
    rows = [
        example(f"my token is {TOKEN} and the password is {PASSWORD}", f"I see {TOKEN} there."),
        example("What is a token?", "A word or a piece of one."),
    ]
    findings = found(project, rows, "[secrets]")
    kinds = {f.evidence["entity"]: f for f in findings}
    assert set(kinds) == {"GITHUB_TOKEN", "PASSWORD"}
    spans = kinds["GITHUB_TOKEN"].evidence["spans"]
    assert [(s["message"], s["replacement"]) for s in spans] == [(0, "<GITHUB_TOKEN>"), (1, "<GITHUB_TOKEN>")]
    for finding in findings:
        assert (finding.kind, finding.proposal, len(finding.evidence["value"])) == ("secret", "rewrite", 16)
        assert TOKEN not in str(finding.as_dict()) and PASSWORD not in str(finding.as_dict())


def test_an_edit_that_would_break_the_row_says_where_and_not_what_to_write(project: Project) -> None:
    rows = [example(json.dumps({TOKEN: 1}), "Fine.")]
    (finding,) = found(project, rows, "[secrets]")
    assert (finding.kind, finding.proposal) == ("secret", "flag")
    assert finding.evidence["reason"]
    assert "operator" not in finding.evidence
    for span in finding.evidence["spans"]:
        assert {"start", "end"} <= set(span)
        assert not {"operator", "replacement", "marks"} & set(span)


def test_rules_of_a_file_count_beside_our_own(project: Project) -> None:
    project.folder("own.toml").write_text(OWN, encoding="utf-8")
    rows = [example("lumen key = q7w2e9r4t1y6", f"and {TOKEN}")]
    findings = found(project, rows, "[secrets: {rules: [own.toml], ignore: [GITLAB_TOKEN]}]")
    assert {f.evidence["entity"] for f in findings} == {"LUMEN_KEY", "GITHUB_TOKEN"}


def test_a_missing_file_of_rules_stops_the_step(project: Project) -> None:
    with pytest.raises(WorkbenchError, match=r"gone\.toml|not there"):
        found(project, [example("a", "b")], "[secrets: {rules: [gone.toml]}]")


def test_a_higher_floor_of_entropy_leaves_less(project: Project) -> None:
    rows = [example(f"the password is {PASSWORD}", f"and {TOKEN}")]
    findings = found(project, rows, "[secrets: {min_entropy: 3.9}]")
    assert [f.evidence["entity"] for f in findings] == ["GITHUB_TOKEN"]
