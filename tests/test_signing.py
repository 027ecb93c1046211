"""The chain of a report and its signature: any change is found and named, growth is no change."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import Command
from tests.judged_project import judged, written_adapter
from workbench.errors import InputError, NotFoundError
from workbench.files import append_line, read_json, write_json
from workbench.projects import Project
from workbench.report.building import Report, build_report
from workbench.signing.chain import Chain, Source, extend, read_chain, whole, write_chain
from workbench.signing.keys import (
    VARIABLE,
    new_key,
    read_public,
    read_secret,
    read_signature,
    sign_file,
    signature_is_good,
)
from workbench.signing.verifying import sign_report, verify_report

MINISIGN_KEY = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3"
LEGACY = """untrusted comment: signature from minisign secret key
RWQf6LRCGA9i59SLOFxz6NxvASXDJeRtuZykwQepbDEGt87ig1BNpWaVWuNrm73YiIiJbq71Wi+dP9eKL8OC351vwIasSSbXxwA=
trusted comment: timestamp:1555779966\tfile:test
QtKMXWyYcwdpZAlPF7tE2ENJkRd1ujvKjlj1m9RtHTBnZPa5WKU5uWRs5GoP5M/VqE81QFuMKI5k/SfNQUaOAA==
"""
PREHASHED = """untrusted comment: signature from minisign secret key
RUQf6LRCGA9i559r3g7V1qNyJDApGip8MfqcadIgT9CuhV3EMhHoN1mGTkUidF/z7SrlQgXdy8ofjb7bNJJylDOocrCo8KLzZwo=
trusted comment: timestamp:1633700835\tfile:test\tprehashed
wLMDjy9FLAuxZ3q4NlEvkgtyhrr0gtTu6KC4KBJdITbbOeAi1zBIYo0v4iTgt8jJpIidRJnp94ABQkJAgAooBQ==
"""
"""The key and two signatures of the word `test` from the tests of the library minisign-verify."""


@pytest.fixture
def report(project: Project) -> Report:
    return build_report(project, judged(project))


def test_an_untouched_report_is_unchanged(project: Project, report: Report) -> None:
    found = verify_report(report.html, project.root)
    assert (found.verdict, found.exit_code, found.signature) == ("unchanged", 0, "none")
    assert found.head == report.sha256 != ""
    assert found.files > 15


@pytest.mark.parametrize(
    "file",
    [
        "runs/*/verdict.json",
        "runs/*/manifest.json",
        "runs/*/config.json",
        "runs/*/looks.json",
        "runs/*/arms/base/kept.jsonl",
        "runs/*/arms/sft/job.jsonl",
        "adapters/one/adapter_model.safetensors",
        "adapters/one/adapter_config.json",
        "reports/*/report.html",
        "reports/*/report.json",
        "reports/*/report.md",
    ],
)
def test_a_changed_file_is_named(project: Project, report: Report, file: str) -> None:
    path = next(project.root.glob(file))
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    found = verify_report(report.html, project.root)
    assert (found.verdict, found.exit_code) == ("changed", 1)
    assert [Path(name).name for name in found.changed] == [path.name]


def test_a_file_that_is_gone_is_named(project: Project, report: Report) -> None:
    next(project.root.glob("runs/*/arms/sft/kept.jsonl")).unlink()
    found = verify_report(report.html, project.root)
    assert found.verdict == "changed"
    assert [name.rsplit("/", 1)[1] for name in found.missing] == ["kept.jsonl"]


def test_a_log_may_grow_but_not_be_rewritten(project: Project, tmp_path: Path) -> None:
    run = judged(project)
    log = project.folder("decisions.jsonl")
    append_line(log, {"a": 1})
    report = build_report(project, run)
    append_line(log, {"b": 2})
    found = verify_report(report.html, project.root)
    assert (found.verdict, found.grown) == ("unchanged", ["decisions.jsonl"])
    log.write_text(log.read_text(encoding="utf-8").replace('"a"', '"c"'), encoding="utf-8")
    assert verify_report(report.html, project.root).changed == ["decisions.jsonl"]


def test_a_chain_that_was_edited_to_fit_does_not_hold(project: Project, report: Report) -> None:
    raw = read_json(report.chain)
    raw["links"][3]["sha256"] = "f" * 64
    write_json(report.chain, raw)
    found = verify_report(report.html, project.root)
    assert (found.verdict, found.chain_edited) == ("changed", True)


@pytest.mark.parametrize("left_out", [None, "report.html", "report.json", "report.md"])
def test_a_chain_that_does_not_list_the_report_does_not_verify(
    project: Project, report: Report, tmp_path: Path, left_out: str | None
) -> None:
    kept = [link for link in read_chain(report.html.parent)[0].links if left_out and link.name != left_out]
    sources = [Source(link.name, link.place, link.grows) for link in kept]
    write_chain(report.html.parent, extend(Chain(()), sources, project.root, report.html.parent))
    found = verify_report(report.html, project.root)
    assert (found.verdict, found.chain_edited, found.files) == ("changed", True, len(kept))
    assert (found.changed, found.missing) == ([], [])
    with pytest.raises(InputError, match="not as it was built"):
        sign_report(report.html, tmp_path / "none.key", "Eva", None)


def test_a_report_away_from_its_project_is_incomplete(report: Report, tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere"
    shutil.copytree(report.html.parent, copy)
    found = verify_report(copy, None)
    assert (found.verdict, found.exit_code) == ("incomplete", 3)
    assert "runs" in found.not_here[0]
    (copy / "report.html").write_text("other")
    assert verify_report(copy / "chain.json", None).changed == ["report.html"]


def test_building_again_gives_the_same_head_until_something_changes(project: Project, report: Report) -> None:
    run = next(project.folder("runs").iterdir())
    from workbench.runs import Run

    assert build_report(project, Run(run)).sha256 == report.sha256
    append_line(project.folder("decisions.jsonl"), {"a": 1})
    assert build_report(project, Run(run)).sha256 != report.sha256


def test_a_signature_holds_until_the_chain_changes(project: Project, report: Report, tmp_path: Path) -> None:
    key = new_key(tmp_path / "keys", "eva", None)
    sign_report(report.html, key.secret, "Eva Holm", None)
    found = verify_report(report.html, project.root, str(key.public))
    assert (found.verdict, found.signature, found.key) == ("unchanged", "good", key.key.name)
    assert found.comment is not None
    assert "by:Eva Holm" in found.comment
    raw = read_json(report.chain)
    report.chain.write_text(json.dumps(raw), encoding="utf-8")
    assert verify_report(report.html, project.root, key.key.line()).signature == "bad"


def test_with_a_key_an_unsigned_report_does_not_verify(
    project: Project, report: Report, tmp_path: Path
) -> None:
    key = new_key(tmp_path, "eva", None)
    found = verify_report(report.html, project.root, key.key.line())
    assert (found.verdict, found.signature) == ("changed", "none")


def test_another_key_is_not_believed(project: Project, report: Report, tmp_path: Path) -> None:
    mine, theirs = new_key(tmp_path, "mine", None), new_key(tmp_path, "theirs", None)
    sign_report(report.html, theirs.secret, "Somebody", None)
    assert verify_report(report.html, project.root).signature == "not checked"
    found = verify_report(report.html, project.root, mine.key.line())
    assert (found.verdict, found.signature) == ("changed", "bad")


def test_a_rebuilt_report_that_differs_loses_its_signature(project: Project, tmp_path: Path) -> None:
    run = judged(project)
    report = build_report(project, run)
    key = new_key(tmp_path, "eva", None)
    signature, _ = sign_report(report.html, key.secret, "Eva", None)
    build_report(project, run)
    assert signature.exists()
    append_line(project.folder("approvals.jsonl"), {"other": 1})
    build_report(project, run)
    assert not signature.exists()


def test_only_a_report_as_it_was_built_is_signed(report: Report, tmp_path: Path) -> None:
    key = new_key(tmp_path, "eva", None)
    report.markdown.write_text("another text", encoding="utf-8")
    with pytest.raises(InputError, match="not as it was built"):
        sign_report(report.html, key.secret, "Eva", None)


def test_a_secret_key_is_locked_by_its_password(tmp_path: Path) -> None:
    key = new_key(tmp_path, "eva", "quiet river stone")
    assert key.secret.stat().st_mode & 0o077 == 0
    assert b"ENCRYPTED" in key.secret.read_bytes()
    for wrong in (None, "another"):
        with pytest.raises(InputError, match="cannot be opened") as error:
            read_secret(key.secret, wrong)
        assert "quiet" not in str(error.value)
    assert read_secret(key.secret, "quiet river stone").public_key().public_bytes_raw() == key.key.raw
    with pytest.raises(InputError, match="there is a key"):
        new_key(tmp_path, "eva", None)


@pytest.mark.parametrize("text", [LEGACY, PREHASHED])
def test_signatures_of_minisign_are_read(tmp_path: Path, text: str) -> None:
    path = tmp_path / "test.minisig"
    path.write_text(text, encoding="utf-8")
    key, signature = read_public(MINISIGN_KEY), read_signature(path)
    assert key.name == "E7620F1842B4E81F"
    assert signature_is_good(signature, key, b"test")
    assert not signature_is_good(signature, key, b"Test")


@pytest.mark.skipif(shutil.which("minisign") is None, reason="minisign is not installed")
def test_minisign_believes_our_signatures(tmp_path: Path) -> None:
    key = new_key(tmp_path, "eva", None)
    path = tmp_path / "chain.json"
    path.write_text("{}", encoding="utf-8")
    sign_file(path, read_secret(key.secret, None), "by:Eva Holm")
    command = ["minisign", "-V", "-m", str(path), "-p", str(key.public)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "by:Eva Holm" in done.stdout
    path.write_text("{ }", encoding="utf-8")
    assert subprocess.run(command, capture_output=True, check=False).returncode != 0


@pytest.mark.parametrize("text", ["", "x", "a\nb\nc\nd\n", LEGACY.replace("RWQf", "AAAA"), LEGACY + "more\n"])
def test_a_damaged_signature_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.minisig"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="damaged"):
        read_signature(path)


@pytest.mark.parametrize("text", ["", "nothing", "AAAA", MINISIGN_KEY[:-4]])
def test_what_is_no_public_key_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="no public key"):
        read_public(text)


@pytest.mark.parametrize(
    "change",
    [{"format": "other"}, {"links": [{"name": 1}]}, {"links": None}],
)
def test_a_damaged_chain_is_an_error_with_a_remedy(report: Report, change: dict[str, object]) -> None:
    write_json(report.chain, {**read_json(report.chain), **change})
    with pytest.raises(InputError) as error:
        verify_report(report.html)
    assert error.value.remedy


def test_a_chain_never_reaches_out_of_the_reports_folder(report: Report) -> None:
    raw = read_json(report.chain)
    raw["links"][-1]["name"] = "../../secret"
    write_json(report.chain, raw)
    with pytest.raises(InputError, match="damaged"):
        verify_report(report.html)


def test_there_is_nothing_to_verify_without_a_chain(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no chain"):
        verify_report(tmp_path)
    with pytest.raises(NotFoundError, match="no such report"):
        verify_report(tmp_path / "absent")


@settings(max_examples=40, deadline=None)
@given(contents=st.lists(st.binary(max_size=20), min_size=1, max_size=6), data=st.data())
def test_any_edit_of_any_link_is_seen(
    tmp_path_factory: pytest.TempPathFactory, contents: list[bytes], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("chain")
    for number, content in enumerate(contents):
        (folder / f"{number}").write_bytes(content)
    chain = extend(Chain(()), [Source(f"{n}", "report") for n in range(len(contents))], folder, folder)
    write_chain(folder, chain)
    read, head = read_chain(folder)
    assert read == chain
    assert head == chain.head
    assert whole(read)
    raw = read_json(folder / "chain.json")
    link = raw["links"][data.draw(st.integers(0, len(contents) - 1))]
    name, value = data.draw(
        st.sampled_from(
            [("name", "z"), ("bytes", link["bytes"] + 1), ("sha256", "0"), ("grows", True), ("link", "0")]
        )
    )
    link[name] = value
    write_json(folder / "chain.json", raw)
    edited, head = read_chain(folder)
    assert not whole(edited) or edited.head != head


def test_the_commands_make_a_key_sign_and_verify(
    project: Project, here: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    report = build_report(project, judged(project, adapter=written_adapter(project, "two")))
    assert "needs a password" in here("keys", "new", "--to", tmp_path, "--json").data["error"]["what"]
    monkeypatch.setenv(VARIABLE, "quiet river stone")
    key = here("keys", "new", "--to", tmp_path, "--name", "eva", "--json").data
    signed = here("keys", "sign", report.html, "--key", key["secret"], "--by", "Eva Holm", "--json").data
    assert signed["key"] == key["key"]
    done = here("verify", report.html, "--key", key["public"])
    assert done.returncode == 0
    assert done.stdout.startswith("UNCHANGED")
    assert "signature good" in done.stdout
    report.markdown.write_text("other", encoding="utf-8")
    done = here("verify", report.html, "--json")
    assert (done.returncode, done.data["changed"]) == (1, ["report.md"])
