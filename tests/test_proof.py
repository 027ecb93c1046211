"""Proof by the command line and on the data card: what commands answer, and what the card says."""

from __future__ import annotations

import base64
import json

import pytest

from tests.conftest import Command
from tests.make import example, proposed, stored
from tests.test_leak_audit import MAIL, NAME, one_row, scrubbed, spans
from workbench.canaries.planting import plant
from workbench.decisions import decide
from workbench.export.cards import data_card
from workbench.export.proof_card import canary_warning
from workbench.files import write_json
from workbench.findings import Finding, findings_folder, write_findings
from workbench.leak_audit.auditing import audit
from workbench.leak_audit.counting import replaced_counts
from workbench.leak_audit.results import audit_file
from workbench.projects import Project
from workbench.publishing import publish
from workbench.quasi_identifiers import quasi_identifiers
from workbench.value_lists import Wanted, add_values
from workbench.versions import open_dataset

# --- audit -----------------------------------------------------------------------------------


def test_a_clean_audit_exits_with_zero(project: Project, here: Command) -> None:
    one_row(project)
    answered = here("audit", "d")
    assert answered.returncode == 0
    assert answered.stdout.startswith("CLEAN: d@v0002")


def test_a_leak_exits_with_one_and_is_told_without_the_value(project: Project, here: Command) -> None:
    row = example(f"I am {NAME}.", f"Hello {NAME}.")
    dataset = scrubbed(project, [row], [spans(row, NAME, times=1)])
    words = here("audit", "d")
    assert words.returncode == 1
    assert "message" not in words.stderr
    told = here("audit", "d", "--json")
    assert told.returncode == 1
    assert told.data == json.loads(audit_file(project, dataset).read_text())
    for text in (words.stdout, told.stdout):
        assert "quimby" not in text.lower()
        assert next(iter(dataset.examples()))["id"] in text


def test_an_audit_without_scrubbing_exits_with_three(project: Project, here: Command) -> None:
    stored(project, "d", [example("Hello there", "Hi.")])
    assert here("audit", "d").returncode == 3


def test_a_folder_that_is_not_there_is_named(project: Project, here: Command) -> None:
    one_row(project)
    answered = here("audit", "d", "--also", "nowhere")
    assert answered.returncode == 2
    assert "nowhere" in answered.stderr


def test_the_values_of_a_vault_are_searched(
    project: Project, here: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKBENCH_VAULT_KEY", base64.b64encode(bytes(range(32))).decode())
    dataset = stored(project, "d", [example(f"I am {NAME}.", "Noted.")])
    row = next(iter(dataset.examples()))
    evidence = {"spans": spans(row, NAME), "value": "0" * 16, "entity": "PERSON"}
    finding = Finding("personal_data", "personal_data", row["id"], row["source"], 0.9, "rewrite", evidence)
    folder = findings_folder(project, dataset)
    write_findings(folder / "personal_data.parquet", [finding], "f")
    write_json(folder / "propose.json", {"recipe": {"name": "r", "steps": [{"personal_data": {}}]}})
    publish(project, dataset, vault=project.root / "kept.vault")
    write_findings(folder / "personal_data.parquet", [], "g")
    (project.root / "notes.txt").write_text(f"ask {NAME}")
    without = here("audit", "d", "--json").data
    assert (without["verdict"], without["values"]["searched"]) == ("not complete", 0)
    told = here("audit", "d", "--vault", "kept.vault", "--json").data
    assert (told["verdict"], told["leaks"]["by_place"]) == ("leaks", {"other files": 1})


# --- quasi-identifiers and canaries -----------------------------------------------------------


def test_quasi_identifiers_are_told_in_words_and_as_json(project: Project, here: Command) -> None:
    stored(project, "d", [example("I'm a 43 year old woman and I work as a nurse.", "Noted.")])
    answered = here("quasi-identifiers", "d")
    assert answered.returncode == 0
    assert "age, gender, job" in answered.stdout
    told = here("quasi-identifiers", "d", "--attributes", "2", "--names", "--json").data
    assert (told["unique"], told["at_least"]) == (1, 2)
    assert here("quasi-identifiers", "d", "--attributes", "30").returncode == 2


def test_canaries_are_planted_checked_and_removed(project: Project, here: Command) -> None:
    stored(project, "d", [example("Hello there", "Hi.")])
    planted = here(
        "canaries", "plant", "d", "--count", "2", "--repeats", "1,2", "--controls", "2", "--json"
    ).data
    assert planted["dataset"] == "d@v0002"
    arguments = ("d", "--base", "tiny-chat", "--candidates", "99", "--samples", "1")
    words = here("canaries", "check", *arguments)
    assert words.returncode == 0
    assert words.stdout.startswith("NOT REMEMBERED")
    told = here("canaries", "check", *arguments, "--set", planted["id"], "--json")
    assert (told.data["verdict"], told.data["candidates"]) == ("not remembered", 99)
    assert here("canaries", "remove", "d", "--json").data == {
        "dataset": "d@v0003",
        "parent": "d@v0002",
        "removed": 3,
    }


@pytest.mark.parametrize("repeats", ["1,many", "0", ""])
def test_repeats_that_are_no_numbers_are_refused(project: Project, here: Command, repeats: str) -> None:
    stored(project, "d", [example("Hello there", "Hi.")])
    assert here("canaries", "plant", "d", "--repeats", repeats).returncode == 2


# --- the data card ----------------------------------------------------------------------------


def card(project: Project) -> str:
    return data_card(project, open_dataset(project, "d").ref)


def test_the_card_counts_what_was_replaced_and_kept(project: Project) -> None:
    rows = [example(f"I am {NAME}, write to {MAIL}.", "One."), example(f"Mail {MAIL} now.", "Two.")]
    dataset = stored(project, "d", rows)
    findings = [
        Finding("personal_data", "personal_data", row["id"], row["source"], 0.9, "rewrite", {"spans": own})
        for row, own in zip(rows, [spans(rows[0], NAME, MAIL), spans(rows[1], MAIL)], strict=True)
    ]
    folder = findings_folder(project, dataset)
    write_findings(folder / "personal_data.parquet", findings, "f")
    recipe = {"name": "r", "steps": [{"personal_data": {"names": {"backend": "none"}}}]}
    write_json(folder / "propose.json", {"recipe": recipe})
    decide(project, [findings[1].id], "reject", dataset=dataset.ref, who="me", why="it is ours")
    add_values(project, [Wanted(list="allow", value=MAIL, entity="EMAIL_ADDRESS", reason="ours")])
    publish(project, dataset)
    text = card(project)
    assert "- EMAIL_ADDRESS: 1 replaced (tag 1), 1 kept by a person" in text
    assert "- PERSON: 1 replaced (tag 1)" in text
    assert "backend none" in text
    assert "1 values or patterns allowed, 0 values denied" in text
    assert NAME not in text
    assert MAIL not in text


def test_the_card_names_the_backend_and_what_it_misses(project: Project) -> None:
    one_row(project)
    text = card(project)
    assert "backend embedded, preset balanced. What it misses: English only" in text


def test_the_card_says_what_was_not_proven(project: Project) -> None:
    one_row(project)
    text = card(project)
    assert "Leak audit: **none was made**" in text
    assert "Double check: none was made" in text
    assert "Combinations that single people out: not counted." in text


def test_the_card_tells_the_audit_and_the_warning(project: Project) -> None:
    dataset = one_row(project)
    audit(project, dataset)
    quasi_identifiers(project, dataset)
    text = card(project)
    assert "Leak audit: **clean**." in text
    assert "for 3 replaced values" in text
    assert "No conversation tells 3 attributes or more" in text


def test_the_card_of_rows_without_scrubbing_says_so(project: Project) -> None:
    stored(project, "d", [example("Hello there", "Hi.")])
    assert "No step for personal data or secrets was published" in card(project)


def test_the_card_warns_of_canaries(project: Project) -> None:
    dataset = stored(project, "d", [example("Hello there", "Hi.")])
    assert "- Canaries: none among these rows." in card(project)
    plant(project, dataset, count=1, repeats=(2,))
    assert "- **Canaries**: 2 rows of d@v0002" in card(project)
    assert canary_warning(dataset) is None


def test_the_shipped_step_is_counted_by_entity(project: Project) -> None:
    dataset = stored(project, "d", [example("Write to jane.doe@brindlewick.co please", "Noted.")])
    proposed(project, dataset, "[personal_data]")
    publish(project, dataset)
    counts = replaced_counts(project, open_dataset(project, "d"))
    assert sum(counts.replaced.values()) == 1
    assert {entity for entity, _ in counts.replaced} == {"EMAIL_ADDRESS"}
