"""Limits: how long one text may take, and what is said when it takes longer.

A hostile text can make a pattern run for hours. Each text has a budget of seconds of this process's
own time (not of the clock on the wall, so that a busy machine finds the same as an idle one). Who
runs out of it says so, and the text goes to a person: it is never passed over in silence.
"""

from __future__ import annotations

import time

CHARACTERS = 100_000
GRACE = 0.1


class TooSlow(Exception):
    """Something used up the time of a text. Carries what it was, never the text."""


class Budget:
    """Seconds of processor time for one text, of ``length`` characters.

    ``seconds`` are given for each 100,000 characters begun. When they are spent, whatever is still
    to be run gets a tenth of a second each, so that one bad pattern does not hide what the others
    would have found.
    """

    def __init__(self, seconds: float, length: int) -> None:
        self.seconds = seconds * (1 + max(length - 1, 0) // CHARACTERS)
        self.until = time.process_time() + self.seconds
        self.reasons: list[str] = []

    def left(self) -> float:
        """Seconds for the next thing to be run."""
        return max(self.until - time.process_time(), GRACE)

    def spent(self, what: str) -> None:
        """Note that ``what`` did not come to its end."""
        self.reasons.append(f"{what} took longer than {self.seconds:g} s")

    def reason(self) -> str | None:
        """Why the text was not wholly scanned, or None."""
        return "; ".join(dict.fromkeys(self.reasons)) or None


class Stopwatch:
    """Tells one long search when its share of the budget is over."""

    def __init__(self, budget: Budget | None) -> None:
        self.until = None if budget is None else time.process_time() + budget.left()

    def check(self) -> None:
        """Raise `TooSlow` when the time is over."""
        if self.until is not None and time.process_time() > self.until:
            raise TooSlow
