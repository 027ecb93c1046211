"""Steps find what is planted and leave clean rows alone."""

from __future__ import annotations

import importlib
import os
from pathlib import Path

import pytest

import workbench
from tests.make import chat, example, imported, proposed, sentence, stored, write_jsonl
from workbench.examples import Example
from workbench.findings import Finding, read_findings
from workbench.fingerprints import code_hash, step_fingerprint
from workbench.names.settings import Names
from workbench.projects import Project, init_project
from workbench.recipes import Step, step_names
from workbench.secret_rules.scanning import TOO_LONG, scanner
from workbench.secret_rules.settings import Secrets
from workbench.steps import personal_data, secrets
from workbench.value_lists import Wanted, add_values


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return init_project(tmp_path / "p")


def found(project: Project, rows: list[Example], steps: str) -> list[Finding]:
    dataset = stored(project, "d", rows)
    proposed(project, dataset, steps)
    return list(read_findings(project, dataset))


LONG = "We have sent your parcel today. It will arrive on Friday in the morning."


SECRETS = [
    ("AWS_ACCESS_KEY", "AKIA" + "IOSFODNN7EXAMPLE"),
    ("GITHUB_TOKEN", "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"),
    ("SLACK_TOKEN", "xoxb-" + "123456789012-abcdefABCDEF"),
    ("JWT", "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxMjM0NTY3ODkwIn0" + ".dozjgNryP4J3jVmNHl0w5N"),
    ("PRIVATE_KEY", "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----"),
]


@pytest.mark.parametrize(("name", "value"), SECRETS)
def test_a_secret_is_found_with_its_exact_place(name: str, value: str) -> None:
    text = f"please use {value} for it"
    (span,) = secrets.scan(text)
    assert (span["entity"], text[int(str(span["start"])) : int(str(span["end"]))]) == (name, value)


@pytest.mark.parametrize(
    "text",
    [
        "my order is 48213",
        "https://example.com/a/b?c=d",
        "the token was lost",
        "password: please reset it",
        "AKIA",
    ],
)
def test_what_only_looks_like_a_secret_is_left_alone(text: str) -> None:
    assert secrets.scan(text) == []


def test_password_in_a_url_is_only_the_password() -> None:
    text = "use postgres://lumen:hunter22@db.example.com/shop"
    (span,) = secrets.scan(text)
    assert text[int(str(span["start"])) : int(str(span["end"]))] == "hunter22"


PERSONAL = [
    ("EMAIL_ADDRESS", "jane.doe@example.com"),
    ("EMAIL_ADDRESS", "root@corp.internal"),
    ("CREDIT_CARD", "4111 1111 1111 1111"),
    ("CREDIT_CARD", "2223003122003222"),
    ("IBAN_CODE", "DE89370400440532013000"),
    ("IBAN_CODE", "AT093721570349930394"),
    ("US_SSN", "536-90-4399"),
    ("PHONE_NUMBER", "+1 212 555 0187"),
    ("IP_ADDRESS", "192.168.10.14"),
]


@pytest.mark.parametrize(("entity", "value"), PERSONAL)
def test_personal_data_is_found_and_never_quoted(project: Project, entity: str, value: str) -> None:
    text = f"my social security number or contact is {value} only"
    (finding,) = found(project, [example(text, LONG)], "[personal_data]")
    span = finding.evidence["spans"][0]
    assert span["entity"] == entity
    assert value.startswith(text[span["start"] : span["end"]][:6])
    assert value not in str(finding.as_dict())


def test_order_numbers_and_years_are_no_phone_numbers(project: Project) -> None:
    rows = [example("order 48213 of 2024 cost 1680 euros", "It was sent in 1999, invoice 10442.")]
    assert found(project, rows, "[personal_data]") == []


PATTERNS = "[personal_data: {names: {backend: none}}]"
CODE = "Kilo" + "77Nine"


def test_what_identifies_a_person_counts_within_a_secret_too(project: Project) -> None:
    """A recipe need not look for secrets: only digits that are a part of a key are left to it."""
    add_values(project, [Wanted(list="deny", value=CODE, entity="EMPLOYEE_ID")])
    rows = [
        example('password = "jane.doe@example.com"', LONG),
        example(f'password = "{CODE}"', LONG),
        example("my phone: password = " + "Xq7!4155552671", LONG),
    ]
    hits = found(project, rows, PATTERNS)
    assert [(h.source["line"], h.proposal, h.evidence["entity"]) for h in hits] == [
        (1, "rewrite", "EMAIL_ADDRESS"),
        (2, "rewrite", "EMPLOYEE_ID"),
    ]


def test_digits_that_may_be_of_a_key_are_reported_when_keys_were_not_looked_for_to_the_end(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    hasty = scanner(Secrets(seconds=1e-9))
    monkeypatch.setattr(secrets, "scan_texts", lambda texts: [hasty.scan(text) for text in texts])
    options = personal_data.Options(names=Names(backend="none"))
    rows = [example(f"password, write to {value}", LONG) for value in ("+1 212 555 0187", "jane@example.com")]
    context = personal_data.prepare(options, project, stored(project, "d", rows))
    hits = [list(personal_data.find([row], options, context)) for row in rows]
    assert [[h.kind for h in each] for each in hits] == [["not_scanned", "personal_data"], ["personal_data"]]
    assert hits[0][0].evidence["reason"] == TOO_LONG.format(seconds=1e-9)


def test_a_denied_name_or_place_is_scrubbed_in_a_story_and_by_itself(project: Project) -> None:
    denied = [("Zorblax Quint", "PERSON"), ("Albert Einstein", "PERSON"), ("Projectville", "LOCATION")]
    add_values(project, [Wanted(list="deny", value=value, entity=entity) for value, entity in denied])
    rows = [
        example("Write a short poem about friends.", "Zorblax Quint waves."),
        example("Ask Albert Einstein about it.", LONG),
        example("Ask in Projectville about it.", LONG),
    ]
    hits = found(project, rows, "[personal_data: {names: {backend: none, public_figures: keep}}]")
    assert [(h.source["line"], h.kind, h.proposal) for h in hits] == [
        (line, "personal_data", "rewrite") for line in (1, 2, 3)
    ]


def test_personal_data_is_looked_for_again_when_a_model_of_names_is_another(
    project: Project, tmp_path: Path
) -> None:
    dataset = stored(project, "d", [example("a", "b")])
    model = tmp_path / "model" / "ner" / "weights"
    model.parent.mkdir(parents=True)
    model.write_text("one")
    names = Names(backend="spacy", model=str(tmp_path / "model"))
    step = Step(name="personal_data", options=personal_data.Options(names=names))
    before = step_fingerprint(project, dataset, step, [])
    assert step_fingerprint(project, dataset, step, []) == before
    os.utime(model, ns=(1, 1))
    newer = step_fingerprint(project, dataset, step, [])
    model.write_text("retrained")
    assert len({before, newer, step_fingerprint(project, dataset, step, [])}) == 3


def test_code_that_is_imported_by_its_place_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "placed"
    (package / "inner").mkdir(parents=True)
    for name, text in {
        "__init__": "",
        "first": "from .inner import last\n",
        "inner/__init__": "from .other import ONE\n",
        "inner/last": "from ..near import TWO\n",
        "inner/other": "ONE = 1\n",
        "near": "TWO = 2\n",
    }.items():
        (package / f"{name}.py").write_text(text)
    monkeypatch.setattr(workbench, "__path__", [*workbench.__path__, str(tmp_path)])
    importlib.invalidate_caches()
    seen = set()
    for changed in ("first", "inner/last", "inner/other", "near"):
        code_hash.cache_clear()
        seen.add(code_hash("workbench.placed.first"))
        path = package / f"{changed}.py"
        path.write_text(path.read_text() + "# changed\n")
    code_hash.cache_clear()
    assert len(seen | {code_hash("workbench.placed.first")}) == 5


def test_evaluation_items_are_found_inside_rows(project: Project) -> None:
    question = "Which shelf of the old library holds the green book about rivers and ships"
    folder = project.folder("evalsuites")
    folder.mkdir()
    write_jsonl(folder / "items.jsonl", [{"question": question, "answer": "top"}])
    (folder / "task.yaml").write_text(
        "task: own\ndataset_path: json\ndataset_kwargs: {data_files: {test: items.jsonl}}\n"
        'test_split: test\noutput_type: generate_until\ndoc_to_text: "{{question}}"\n'
    )
    (folder / "own.yaml").write_text("tasks: [{task: task.yaml, role: target}]\n")
    rows = [
        example(f"{question}?", "The top one."),
        example(f"Please tell me. {question} today?", "The top one."),
        example("Which shelf holds the red book about trains and planes today?", "The lower one."),
    ]
    hits = found(project, rows, "[leakage: {suites: [own]}]")
    assert [(h.source["line"], h.kind, h.evidence["item"]) for h in hits] == [
        (1, "exact", 1),
        (2, "ngram", 1),
    ]


def test_balance_caps_the_crowded_label_only(project: Project) -> None:
    rows = [
        example(sentence(i), LONG, label="big" if i < 80 else "small" if i < 100 else "tiny")
        for i in range(110)
    ]
    hits = found(project, rows, "[balance: {cap_share: 0.5}]")
    assert {h.evidence["label"] for h in hits} == {"big"}
    assert 80 - len(hits) == 55


def test_balance_does_not_count_rows_that_go_anyway(project: Project) -> None:
    rows = [example("Same question here?", LONG, label="big") for _ in range(50)]
    rows += [example(sentence(i), LONG, label="ab"[i % 2]) for i in range(20)]
    hits = found(project, rows, "[exact_duplicates, balance: {cap_share: 0.5}]")
    assert {h.step for h in hits} == {"exact_duplicates"}


def test_clusters_put_like_questions_together(project: Project) -> None:
    refunds = [
        f"I want my money back for the {w} refund please" for w in ("lamp", "chair", "table", "desk", "bed")
    ]
    logins = [
        f"I cannot log in to my account on the {w} password"
        for w in ("phone", "laptop", "tablet", "app", "site")
    ]
    rows = [example(q, LONG) for q in refunds + logins]
    hits = found(project, rows, "[clusters: {clusters: 2, embedder: lexical}]")
    names = [h.evidence["cluster"] for h in sorted(hits, key=lambda h: h.source["line"])]
    assert len(set(names[:5])) == len(set(names[5:])) == 1
    assert names[0] != names[5]


def test_worker_processes_find_the_same_bit_for_bit(project: Project, tmp_path: Path) -> None:
    from workbench.proposing import propose
    from workbench.recipes import parse_recipe

    rows = [chat(sentence(i % 400), LONG) for i in range(1200)]
    dataset = imported(project, write_jsonl(tmp_path / "a.jsonl", rows), "d")
    recipe = parse_recipe("steps: [quality, exact_duplicates, near_duplicates]", "t", where="t")
    propose(project, dataset, recipe, workers=1)
    alone = [f.as_dict() for f in read_findings(project, dataset)]
    for path in project.folder("findings", "d", "v0001").glob("*.parquet"):
        path.unlink()
    propose(project, dataset, recipe, workers=2)
    assert [f.as_dict() for f in read_findings(project, dataset)] == alone
    assert len(alone) == 800


def test_every_step_says_what_it_is() -> None:
    from workbench.recipes import step_module

    for name in step_names():
        module = step_module(name)
        assert module.TITLE
        assert module.__doc__
        assert module.SCOPE in ("map", "group")
