"""What a policy says against what is judged: names of tasks, and which way scores are better."""

from __future__ import annotations

from collections.abc import Collection

from workbench.errors import InputError
from workbench.policy import Policy


def check_names(policy: Policy, scored: Collection[str], planned: Collection[str] = ()) -> None:
    """Raise `InputError` for a task that the policy names and nothing else does.

    ``scored`` are the tasks with scores, ``planned`` those of the suite, of which an evaluation
    may have answered a part. A task with several filters can be named with or without one.
    """
    bases = {task.split(":")[0] for task in scored}
    known = {*scored, *bases, *planned}
    named = [*policy.tasks, *(policy.require if isinstance(policy.require, list) else [])]
    for name in named:
        base = name.split(":")[0]
        if name not in known and (base in bases or base not in planned):
            raise InputError(
                f"the policy names a task '{name[:80]}' that is not there",
                where=policy.name,
                remedy=f"tasks: {', '.join(sorted(known))}"[:400],
            )


def check_direction(task: str, oriented: Collection[bool | None], policy: Policy) -> None:
    """Raise `InputError` for scores that would be turned twice, or that nobody can say how to turn.

    ``oriented`` is what the scores say: True turned by their reader, False not known, None untold.
    """
    told = policy.higher_is_better(task)
    if True in oriented and told is False:
        raise InputError(
            f"task '{task}': its scores are already turned so that higher is better",
            remedy="leave out higher_is_better: the harness's own metrics tell it themselves",
        )
    if False in oriented and told is None:
        raise InputError(
            f"task '{task}': it is not known whether more or less of its metric is better",
            remedy="keep the harness's results_*.json beside its samples, or say higher_is_better in the policy",
        )
