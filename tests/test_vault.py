"""The vault: what publishing takes out can be put back by who has the key, and by nobody else."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import Command
from tests.make import example, pair, proposed, stored
from tests.planted import KEY, Planted, call, row, said
from workbench.editing import Replaced, apply_spans
from workbench.errors import InputError
from workbench.examples import Example
from workbench.findings import about, write_findings
from workbench.projects import Project
from workbench.publishing import publish
from workbench.reveals import read_reveals
from workbench.scrubbing.fields import fields_of
from workbench.scrubbing.proposing import value_edits
from workbench.scrubbing.settings import Scrubbing
from workbench.vault.keys import VARIABLE, key_from_environment, new_key
from workbench.vault.opening import Vault, taken, values_in
from workbench.vault.recording import RowRecord, restored
from workbench.vault.storing import VaultWriter, read_entries
from workbench.versions import Dataset, open_dataset

SECRET = b"s" * 32
VALUES = {
    "Ana Ruiz": "PERSON",
    "Ana": "PERSON",
    "ana.ruiz@example.com": "EMAIL_ADDRESS",
    "4155550199": "PHONE_NUMBER",
}


def rows() -> list[Example]:
    """Rows with planted values in every place that is edited, and clean ones between them."""
    return [
        row(
            said("I am Ana Ruiz.\u2028 Ana!", name="Ana"),
            call({"phone": 4155550199, "who": 'Ana Ruiz \\ "q"'}),
            said('{"m": "ana.ruiz\\u0040example.com"}', "tool", tool_call_id="call_1"),
            meta={"by": "Ana Ruiz", "n": 1},
            group="ana.ruiz@example.com",
            tags=["ana.ruiz@example.com"],
        ),
        example("nothing here", "ok"),
        pair("Ask Ana Ruiz", "Ana Ruiz says yes", "who is Ana"),
        example("nothing there", "fine"),
        example("Ana", "Ana Ruiz"),
    ]


def with_findings(project: Project, examples: list[Example], operator: str = "pseudonym") -> Dataset:
    """A version whose findings are those of planted values, in place of what a quick step found."""
    dataset = stored(project, "chats", examples)
    proposed(project, dataset, "[exact_duplicates]")
    chosen = Scrubbing.model_validate({"default": operator})
    findings = []
    for one in dataset.examples():
        fields = fields_of(one)
        scans = Planted(VALUES).scan([field.text for field in fields])
        for edit in value_edits(fields, scans, chosen, KEY):
            evidence: dict[str, Any] = {"entity": edit.entity, "value": edit.value, "spans": list(edit.spans)}
            findings.append(about(one, "exact_duplicates", "planted", 0.9, "rewrite", **evidence))
    path = project.folder("findings", "chats", "v0001") / "exact_duplicates.parquet"
    write_findings(path, findings, "planted")
    return dataset


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> bytes:
    monkeypatch.setenv(VARIABLE, base64.b64encode(SECRET).decode())
    return SECRET


@pytest.mark.parametrize("operator", ["tag", "redact", "pseudonym", "mask", "hash"])
def test_the_vault_gives_every_row_back_byte_for_byte(
    project: Project, tmp_path: Path, key: bytes, operator: str
) -> None:
    dataset = with_findings(project, rows(), operator)
    before = list(dataset.examples())
    result = publish(project, dataset, vault=tmp_path / "a.vault")
    after = open_dataset(project, result.dataset)
    assert "Ruiz" not in json.dumps(list(after.examples()))
    assert list(Vault(tmp_path / "a.vault", key).originals(after)) == before


def test_publishing_with_a_vault_gives_the_same_version_as_without(
    project: Project, tmp_path: Path, key: bytes
) -> None:
    dataset = with_findings(project, rows())
    with_vault = publish(project, dataset, vault=tmp_path / "a.vault")
    assert publish(project, dataset).dataset == with_vault.dataset


def test_the_file_holds_no_plain_text_and_belongs_to_its_owner(
    project: Project, tmp_path: Path, key: bytes
) -> None:
    publish(project, with_findings(project, rows()), vault=tmp_path / "a.vault")
    data = (tmp_path / "a.vault").read_bytes()
    assert not any(text in data.lower() for text in (b"ana", b"ruiz", b"4155550199", b"messages"))
    assert (tmp_path / "a.vault").stat().st_mode & 0o077 == 0
    assert [path.name for path in tmp_path.iterdir() if path.name != "p"] == ["a.vault"]


def test_a_wrong_key_is_told_from_a_damaged_file(tmp_path: Path) -> None:
    path = tmp_path / "a.vault"
    with VaultWriter(path, SECRET) as vault:
        vault.add({"new": "a", "replaced": []})
    with pytest.raises(InputError, match="key is not the one"):
        list(read_entries(path, b"x" * 32))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(InputError, match="changed or cut short"):
        list(read_entries(path, SECRET))


@pytest.fixture
def three_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("workbench.vault.storing.PIECE_BYTES", 60)
    path = tmp_path / "three.vault"
    with VaultWriter(path, SECRET) as vault:
        for number in range(3):
            vault.add({"new": str(number), "text": "x" * 50})
    assert len(list(read_entries(path, SECRET))) == 3
    return path


def pieces(data: bytes) -> list[bytes]:
    found, position = [], 56
    while position < len(data):
        length = 4 + int.from_bytes(data[position : position + 4], "big")
        found.append(data[position : position + length])
        position += length
    return found


@pytest.mark.parametrize("order", [[0, 1, 2], [1, 0, 2, 3], [0, 2, 3], [0, 1, 1, 2, 3], [3], [0, 1, 2, 3, 3]])
def test_pieces_cannot_be_left_out_moved_or_repeated(three_pieces: Path, order: list[int]) -> None:
    data = three_pieces.read_bytes()
    parts = pieces(data)
    assert len(parts) == 4
    three_pieces.write_bytes(data[:56] + b"".join(parts[index] for index in order))
    with pytest.raises(InputError, match="changed or cut short"):
        list(read_entries(three_pieces, SECRET))


def test_every_single_byte_counts(three_pieces: Path) -> None:
    data = three_pieces.read_bytes()
    for place in range(0, len(data), 7):
        changed = bytearray(data)
        changed[place] ^= 1
        three_pieces.write_bytes(bytes(changed))
        with pytest.raises(InputError):
            list(read_entries(three_pieces, SECRET))


def test_a_vault_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "a.vault").write_bytes(b"precious")
    with pytest.raises(InputError, match="already"), VaultWriter(tmp_path / "a.vault", SECRET):
        pass
    assert (tmp_path / "a.vault").read_bytes() == b"precious"


def test_a_vault_that_was_not_finished_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), VaultWriter(tmp_path / "a.vault", SECRET) as vault:
        vault.add({"text": "x"})
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_without_a_key_nothing_is_published(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    dataset = with_findings(project, rows())
    with pytest.raises(InputError, match=VARIABLE):
        publish(project, dataset, vault=tmp_path / "a.vault")
    assert open_dataset(project, "chats").version == 1
    assert not (tmp_path / "a.vault").exists()


@pytest.mark.parametrize("written", ["", "short", "!" * 44, base64.b64encode(b"x" * 31).decode()])
def test_what_is_no_key_is_refused_without_showing_it(written: str) -> None:
    with pytest.raises(InputError) as refused:
        key_from_environment({VARIABLE: written})
    assert not written or written not in str(refused.value)


def test_a_new_key_is_a_key_and_another_each_time() -> None:
    keys = {new_key() for _ in range(5)}
    assert len(keys) == 5
    assert all(len(key_from_environment({VARIABLE: key})) == 32 for key in keys)


def test_a_value_can_be_looked_up_by_its_name(project: Project, tmp_path: Path, key: bytes) -> None:
    dataset = with_findings(project, rows())
    publish(project, dataset, vault=tmp_path / "a.vault")
    found = taken(project, tmp_path / "a.vault", key, KEY.name_of("PERSON", "Ana Ruiz"))
    assert {entry.original for entry in found} == {"Ana Ruiz"}
    assert {entry.example for entry in found} <= {one["id"] for one in dataset.examples()}
    [look] = read_reveals(project)
    assert (look.dataset, look.value) == ("vault a.vault", KEY.name_of("PERSON", "Ana Ruiz"))
    originals = {piece.original for piece in values_in(tmp_path / "a.vault", key)}
    assert {"Ana", "Ana Ruiz", "ana.ruiz\\u0040example.com", "4155550199"} <= originals


def test_rows_of_another_version_are_left_alone(project: Project, tmp_path: Path, key: bytes) -> None:
    dataset = with_findings(project, rows())
    publish(project, dataset, vault=tmp_path / "a.vault")
    vault = Vault(tmp_path / "a.vault", key)
    assert vault.rows == 3
    assert list(vault.originals(dataset)) == list(dataset.examples())
    assert vault.entry("0" * 24) is None


def test_the_command_line_makes_a_key_keeps_a_vault_and_opens_it(
    here: Command, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = here("vault", "new-key", "--json")
    monkeypatch.setenv(made.data["variable"], made.data["key"])
    dataset = with_findings(project, rows())
    assert here("publish", "chats", "--vault", tmp_path / "a.vault").returncode == 0
    file, out = tmp_path / "a.vault", tmp_path / "o.jsonl"
    opened = here("vault", "open", file, "--dataset", "chats", "--out", out, "--kind", "sft", "--json")
    assert opened.data == {"path": str(out), "rows": 4, "restored": 3, "absent": 0}
    lines = out.read_text(encoding="utf-8").split("\n")
    assert json.loads(lines[0])["messages"][0]["content"] == "I am Ana Ruiz.\u2028 Ana!"
    whole = here("vault", "open", file, "--dataset", "chats", "--out", tmp_path / "o.parquet", "--json")
    assert whole.data["rows"] == 5
    rows_written = pq.read_table(tmp_path / "o.parquet").to_pylist()
    assert [one["messages"] for one in rows_written] == [one["messages"] for one in dataset.examples()]
    value = KEY.name_of("PERSON", "Ana Ruiz")
    shown = here("vault", "show", tmp_path / "a.vault", "--value", value, "--json")
    assert {entry["original"] for entry in shown.data["taken"]} == {"Ana Ruiz"}
    wrong = here(
        "vault", "open", tmp_path / "a.vault", "--dataset", f"{dataset.ref}", "--out", tmp_path / "x.jsonl"
    )
    assert wrong.returncode == 2
    assert not (tmp_path / "x.jsonl").exists()
    assert len(read_reveals(project)) == 3
    monkeypatch.setenv(VARIABLE, new_key())
    assert here("vault", "show", tmp_path / "a.vault", "--value", value).returncode == 2


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_edits_can_be_undone(data: st.DataObject) -> None:
    texts = st.text(max_size=30).map(lambda text: text.encode("utf-8", "replace").decode())
    given = row(said(data.draw(texts) + "x"), call({"a": data.draw(texts), "b": [data.draw(texts)]}))
    spans = []
    for field in fields_of(given):
        for _ in range(data.draw(st.integers(0, 4))):
            start = data.draw(st.integers(0, len(field.value)))
            end = data.draw(st.integers(start, len(field.value)))
            spans.append(
                {**field.coordinates(start, end), "operator": "tag", "replacement": data.draw(texts)}
            )
    record = RowRecord(given["id"], given["meta"], given["tags"])
    pieces_told: list[Replaced] = record.replaced
    clean = apply_spans(given, spans, pieces_told.append)
    entry = json.loads(json.dumps(record.entry("new")))
    assert restored(clean, entry) == given


def test_a_row_whose_tags_were_changed_since_is_made_again() -> None:
    given = row(said("Ana is here"), tags=["ana", "old"])
    record = RowRecord(given["id"], given["meta"], given["tags"])
    spans = [
        {
            "part": "messages",
            "message": 0,
            "start": 0,
            "end": 3,
            "operator": "tag",
            "replacement": "<PERSON_1>",
        },
        {"part": "tags", "message": 0, "start": 0, "end": 3, "operator": "tag", "replacement": "<PERSON_1>"},
    ]
    clean = apply_spans(given, spans, record.replaced.append)
    entry = json.loads(json.dumps(record.entry("new")))
    assert clean["tags"] == ["<PERSON_1>", "old"]
    for tags in (["x"], [], None):
        clean["tags"] = tags
        assert restored(clean, entry) == given
