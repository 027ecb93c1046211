"""The gate in a test run: a pytest plug-in, and one assertion for tests of your own.

``pytest --workbench-baseline OLD --workbench-candidate NEW`` adds one test that passes when
the gate does. In a test file: ``assert_gate(old, new)``, or the fixture ``workbench_gate``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from workbench.gate import Verdict


def assert_gate(
    baseline: Path | str,
    candidate: Path | str,
    policy: Path | str | None = None,
    *,
    inconclusive_passes: bool = False,
) -> Verdict:
    """Fail the test unless the gate passes; returns the verdict.

    ``baseline`` and ``candidate`` are output folders of lm-evaluation-harness or JSONL files
    of scores, ``policy`` a YAML file. With ``inconclusive_passes`` only a shown loss fails.
    Raises `InputError` for files that cannot be compared.
    """
    __tracebackhide__ = True
    from workbench.cli.judge import verdict_text
    from workbench.judging import judge_scores
    from workbench.policy import Policy, load_policy

    thresholds = load_policy(Path(policy)) if policy else Policy()
    verdict = judge_scores(Path(baseline), Path(candidate), thresholds)
    allowed = ("pass", "inconclusive") if inconclusive_passes else ("pass",)
    if verdict.verdict not in allowed:
        pytest.fail(verdict_text(verdict.as_dict()), pytrace=False)
    return verdict


@pytest.fixture
def workbench_gate() -> Callable[..., Any]:
    """Give a test `assert_gate`."""
    return assert_gate


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the gate."""
    group = parser.getgroup("workbench", "release gate of Finetune Workbench")
    group.addoption("--workbench-baseline", metavar="PATH", help="scores of the old model")
    group.addoption("--workbench-candidate", metavar="PATH", help="scores of the new model")
    group.addoption("--workbench-policy", metavar="FILE", help="thresholds of the gate (YAML)")


def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Add the gate as a test when both sides are named."""
    baseline, candidate = (config.getoption(f"--workbench-{side}") for side in ("baseline", "candidate"))
    if (baseline is None) != (candidate is None):
        raise pytest.UsageError("--workbench-baseline and --workbench-candidate go together")
    if baseline is not None:
        items.append(GateItem.from_parent(session, name="workbench gate"))


class GateItem(pytest.Item):
    """The gate as one test."""

    def runtest(self) -> None:
        """Judge; a verdict other than pass fails the test with its reasons."""
        option = self.config.getoption
        assert_gate(
            option("--workbench-baseline"), option("--workbench-candidate"), option("--workbench-policy")
        )

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show the verdict, or an error's what, where and remedy, without a traceback."""
        from workbench.errors import WorkbenchError

        if isinstance(excinfo.value, WorkbenchError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Where the test stands in the report."""
        return Path(str(self.config.rootpath)), None, "workbench gate"
