"""The plug-in in a pytest of its own: a release test that fails when something was forgotten."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.make import write_jsonl

ROOT = Path(__file__).parent.parent


def scores(folder: Path, name: str, right: int, of: int = 400) -> Path:
    return write_jsonl(folder / name, [{"task": "t", "item": i, "score": int(i < right)} for i in range(of)])


def run_pytest(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    return subprocess.run(
        [*line, "--rootdir", ".", *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize(("right", "code"), [(389, 0), (250, 1)])
def test_two_options_add_the_gate_as_a_test(tmp_path: Path, right: int, code: int) -> None:
    scores(tmp_path, "old.jsonl", 390)
    scores(tmp_path, "new.jsonl", right)
    done = run_pytest(tmp_path, "--workbench-baseline", "old.jsonl", "--workbench-candidate", "new.jsonl")
    assert done.returncode == code, done.stdout
    assert ("FAIL: this adapter must not ship" in done.stdout) == bool(code)


def test_an_error_is_told_without_a_traceback(tmp_path: Path) -> None:
    scores(tmp_path, "old.jsonl", 390)
    scores(tmp_path, "new.jsonl", 390, of=399)
    done = run_pytest(tmp_path, "--workbench-baseline", "old.jsonl", "--workbench-candidate", "new.jsonl")
    assert done.returncode == 1
    assert "did not answer the same items" in done.stdout
    assert "Traceback" not in done.stdout


def test_one_option_alone_is_a_wrong_use(tmp_path: Path) -> None:
    assert run_pytest(tmp_path, "--workbench-baseline", "old.jsonl").returncode == 4


def test_a_test_can_ask_the_gate_itself(tmp_path: Path) -> None:
    scores(tmp_path, "old.jsonl", 390)
    scores(tmp_path, "new.jsonl", 389)
    scores(tmp_path, "bad.jsonl", 250)
    scores(tmp_path, "few.jsonl", 38, of=40)
    (tmp_path / "policy.yaml").write_text("gate: {default_margin: 0.3, macro_margin: 0.3}")
    (tmp_path / "test_release.py").write_text(
        """
import pytest
from workbench.pytest_gate import assert_gate

def test_ships(workbench_gate):
    assert workbench_gate("old.jsonl", "new.jsonl").exit_code == 0

def test_does_not_ship():
    with pytest.raises(pytest.fail.Exception, match="forgotten"):
        assert_gate("old.jsonl", "bad.jsonl")

def test_few_items_fail_unless_allowed():
    with pytest.raises(pytest.fail.Exception, match="INCONCLUSIVE"):
        assert_gate("few.jsonl", "few.jsonl")
    assert assert_gate("few.jsonl", "few.jsonl", inconclusive_passes=True).verdict == "inconclusive"

def test_the_policy_counts():
    assert assert_gate("few.jsonl", "few.jsonl", "policy.yaml").verdict == "pass"
"""
    )
    done = run_pytest(tmp_path, "test_release.py")
    assert done.returncode == 0, done.stdout
    assert "4 passed" in done.stdout
