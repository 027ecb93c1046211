"""Every error a user can meet, as one tree.

WorkbenchError
├── InputError          a file, row, column or option the user gave is wrong
├── NotFoundError       a project, dataset, run, suite or model that was named is not there
├── BusyError           another process holds the lock, or a run is already going
├── StorageError        the disk refused a write (full, read-only, no permission)
├── MissingExtraError   an optional dependency is needed; names the extra
├── NotPassedError      the gate has no passing verdict, so the action is refused
└── RunFailedError      a worker process ended without a result
    └── RunCancelledError

A message says what happened, where (file and line, or an id) and what to do. It never
holds the text of an example.
"""

from __future__ import annotations

from typing import ClassVar


class WorkbenchError(Exception):
    """An error with what, where and remedy; ``exit_code`` is the command line's."""

    exit_code: ClassVar[int] = 2

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.remedy = remedy

    def __str__(self) -> str:
        """One readable line: what, then where and remedy when they are known."""
        where = f" ({self.where})" if self.where else ""
        remedy = f" — {self.remedy}" if self.remedy else ""
        return f"{self.what}{where}{remedy}"

    def as_dict(self) -> dict[str, str]:
        """The ``error`` object of the machine contract."""
        return {
            "type": type(self).__name__,
            "what": self.what,
            "where": self.where,
            "remedy": self.remedy,
        }


class InputError(WorkbenchError):
    """A file, row, column or option that the user gave is wrong."""


class NotFoundError(WorkbenchError):
    """Something that was named is not there."""


class BusyError(WorkbenchError):
    """Another process holds what this one needs."""


class StorageError(WorkbenchError):
    """The disk refused a write."""


class MissingExtraError(WorkbenchError):
    """An optional dependency is needed for this."""


class NotPassedError(WorkbenchError):
    """The gate has no passing verdict for this adapter."""

    exit_code: ClassVar[int] = 1


class RunFailedError(WorkbenchError):
    """A worker process ended without a result."""

    exit_code: ClassVar[int] = 4


class RunCancelledError(RunFailedError):
    """A run was cancelled before it finished."""

    exit_code: ClassVar[int] = 130
