"""Flips: the items that the baseline got right and the candidate does not, worst first."""

from __future__ import annotations

from typing import Any

from workbench.scores import Score, Scores

WORST = 10
TEXT_LIMIT = 600


def worst_flips(old: Scores, new: Scores, verdict: dict[str, Any], most: int = WORST) -> list[dict[str, Any]]:
    """The worst losses over all tasks of a verdict.

    Ordered by how much of the score is gone, then by how much less likely the right answer
    became (nats, where it was measured), then by the task's own loss.
    """
    judged = {task["task"]: task for task in verdict["tasks"] if task["against"] == "base"}
    lost: list[tuple[tuple[float, float, float, str, str], Score, Score]] = []
    for task in sorted(set(judged) & set(old) & set(new)):
        delta, sign = (
            float(judged[task]["delta"]),
            1.0 if judged[task].get("higher_is_better", True) else -1.0,
        )
        for item in sorted(set(old[task]) & set(new[task])):
            before, after = old[task][item], new[task][item]
            gain = sign * (after.score - before.score)
            if gain < 0:
                lost.append(((gain, -_less_likely(before, after), delta, task, item), before, after))
    lost.sort(key=lambda entry: entry[0])
    return [_told(order[3], before, after) for order, before, after in lost[:most]]


def flip_counts(old: Scores, new: Scores, verdict: dict[str, Any]) -> dict[str, dict[str, int | None]]:
    """By task: items lost, items gained, and of the lost those whose answer has not the form asked for.

    The last is null where the form was not measured.
    """
    lower = {task["task"] for task in verdict["tasks"] if not task.get("higher_is_better", True)}
    counts: dict[str, dict[str, int | None]] = {}
    for task in sorted(set(old) & set(new)):
        pairs = [(old[task][item], new[task][item]) for item in old[task] if item in new[task]]
        pairs = [(after, before) if task in lower else (before, after) for before, after in pairs]
        lost = [new[task][after.item] for before, after in pairs if after.score < before.score]
        known = [after for after in lost if after.parsed is not None]
        counts[task] = {
            "lost": len(lost),
            "gained": sum(after.score > before.score for before, after in pairs),
            "unparsed": sum(not after.parsed for after in known) if known or not lost else None,
        }
    return counts


def _less_likely(before: Score, after: Score) -> float:
    return after.nll - before.nll if before.nll is not None and after.nll is not None else 0.0


def _told(task: str, before: Score, after: Score) -> dict[str, Any]:
    return {
        "task": task,
        "item": after.item,
        "question": _short(after.question or before.question),
        "target": _short(before.target),
        "base": _short(before.response),
        "adapter": _short(after.response),
        "base_score": before.score,
        "adapter_score": after.score,
        "unparsed": None if after.parsed is None else not after.parsed,
    }


def _short(text: str | None) -> str:
    text = text or ""
    return text if len(text) <= TEXT_LIMIT else text[:TEXT_LIMIT] + " …"
