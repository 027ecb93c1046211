"""Lost answers: the knowledge gone, or only the form in which it was asked for.

An answer that the base had right and the candidate has wrong is looked at again. It has lost
its form when nothing could be read from it, or when the right answer stands in it. And the
right answer's likelihood is compared with that of other right answers of the task: a candidate
that still finds it the likeliest knows it. "Knowledge kept, form lost" has another cure than
forgetting (spurious forgetting, arXiv 2501.13453: loss of task alignment, which few examples
bring back).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from workbench.paired import Interval
from workbench.red_flags.bounds import paired_change, told
from workbench.red_flags.candidate import Candidate
from workbench.red_flags.flag import ALPHA, Flag, level_of, not_measured
from workbench.red_flags.pools import LEAST, sampled, written_pairs
from workbench.scores import Score

NAME = "format"
WARN, BLOCK = 0.02, 0.2
RESCORED, OTHERS = 30, 4
LONGEST_TARGET = 200
RIGHT = 0.5


class Lost(NamedTuple):
    """How an answer was lost: unread, said in another form, or wrong."""

    unread: list[Score]
    elsewhere: list[Score]
    wrong: list[Score]

    @property
    def all(self) -> list[Score]:
        """Every one."""
        return [*self.unread, *self.elsewhere, *self.wrong]


def measure(candidate: Candidate) -> Flag:
    """The change of the share of answers whose form was lost, in the worst task.

    Form is lost when a filter reads nothing, or when a wrong answer holds the right one.
    """
    found: dict[str, Interval] = {}
    tasks: dict[str, Any] = {}
    pairs = {
        task: own
        for task in candidate.tasks
        if len(own := written_pairs(candidate.old[task], candidate.new[task], candidate.settings.items))
        >= LEAST
    }
    arm = candidate.arm.name
    if not pairs:
        return not_measured(NAME, arm, "there are too few written answers")
    for task, own in pairs.items():
        found[task] = paired_change(
            [float(_form_lost(before)) for before, _ in own],
            [float(_form_lost(after)) for _, after in own],
            [before.cluster or before.item for before, _ in own],
            ALPHA / len(pairs),
        )
        tasks[task] = _task(candidate, own)
    name, change = max(found.items(), key=lambda pair: (pair[1].low, pair[1].value))
    lost = {
        key: sum(task["lost"][key] for task in tasks.values()) for key in ("unread", "elsewhere", "wrong")
    }
    knows = sum(task["rescored"]["candidate_right"] for task in tasks.values())
    looked = sum(task["rescored"]["items"] for task in tasks.values())
    total = sum(lost.values())
    statement = f"no answer of the base was lost among {sum(map(len, pairs.values()))}"
    if total:
        statement = (
            f"of {total} lost answers {lost['unread']} cannot be read, {lost['elsewhere']} hold the right one "
            f"in another form, {lost['wrong']} are wrong; it still finds {knows} of {looked} the likeliest"
        )
    evidence = {
        "unit": "share of answers whose form was lost",
        "thresholds": {"warn": WARN, "block": BLOCK},
        "task": name,
        "change": {key: told(value) for key, value in found.items()},
        "lost": lost,
        "tasks": tasks,
        "method": f"paired; right answer against at most {OTHERS} other right answers, log-likelihood a token",
    }
    return Flag(NAME, arm, level_of(change.low, WARN, BLOCK), statement, *change, evidence)


def _form_lost(score: Score) -> bool:
    return score.parsed is False or (score.score < RIGHT and _said(score))


def _said(score: Score) -> bool:
    """Whether a right answer of more than one letter stands in the answer by itself."""
    target, response = (_plain(text or "") for text in (score.target, score.response))
    if len(target) < 2:
        return False
    return re.search(rf"(?<!\w){re.escape(target)}(?!\w)", response) is not None


def _plain(text: str) -> str:
    return " ".join(text.casefold().split()).strip(" .")


def _task(candidate: Candidate, pairs: Sequence[tuple[Score, Score]]) -> dict[str, Any]:
    lost = [after for before, after in pairs if before.score >= RIGHT > after.score]
    split = Lost(
        [one for one in lost if one.parsed is False],
        [one for one in lost if one.parsed is not False and _said(one)],
        [one for one in lost if one.parsed is not False and not _said(one)],
    )
    return {
        "answers": len(pairs),
        "gained": sum(before.score < RIGHT <= after.score for before, after in pairs),
        "lost": {"unread": len(split.unread), "elsewhere": len(split.elsewhere), "wrong": len(split.wrong)},
        "rescored": _rescored(candidate, split.all, [before for before, _ in pairs]),
    }


def _rescored(candidate: Candidate, lost: list[Score], everyone: Sequence[Score]) -> dict[str, int]:
    """Of lost items: how often base and candidate find the right answer likelier than others."""
    targets = sorted({one.target for one in everyone if one.target and len(one.target) <= LONGEST_TARGET})
    by_item = {one.item: one for one in lost if one.target in targets and one.question}
    chosen = [by_item[item] for item in sampled(list(by_item), RESCORED)]
    if len(targets) < 2 or not chosen:
        return {"items": 0, "choices": 0, "base_right": 0, "candidate_right": 0}
    choices = [[str(one.target), *_others(one, targets)] for one in chosen]
    prompts = [(str(one.question), is_rendered(one)) for one in chosen]
    right = {
        name: sum(
            max(range(len(own)), key=lambda n: own[n].logprob / own[n].tokens) == 0
            for own in candidate.asking.likelihood(arm, prompts, choices)
        )
        for name, arm in (("base_right", candidate.base), ("candidate_right", candidate.arm))
    }
    return {"items": len(chosen), "choices": max(map(len, choices)), **right}


def _others(score: Score, targets: Sequence[str]) -> list[str]:
    """Other right answers of the task, the same ones each time for an item."""
    rest = [target for target in targets if target != score.target]
    rest.sort(
        key=lambda target: hashlib.sha256(f"{score.item}\t{target}".encode("utf-8", "replace")).digest()
    )
    return rest[:OTHERS]


def is_rendered(score: Score) -> bool:
    """Whether the question is the whole prompt, template and all: the prompt's hash says so."""
    question = (score.question or "").encode("utf-8", "surrogatepass")
    return score.prompt_hash in (None, hashlib.sha256(question).hexdigest())
