"""Steps find what is planted and leave clean rows alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.make import chat, example, imported, proposed, sentence, stored, write_jsonl
from workbench.examples import Example
from workbench.findings import Finding, read_findings
from workbench.projects import Project, init_project
from workbench.recipes import step_names
from workbench.steps import secrets


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
