"""Why a job ended: the words that a person reads, and the exit code that a script reads."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why a job ended.

    >>> Reason.TARGET, Reason.TARGET.exit_code, Reason("out of credits").exit_code
    (<Reason.TARGET: 'target reached'>, 0, 4)
    """

    TARGET = "target reached"
    EXHAUSTED = "source exhausted"
    BLOCKED = "blocked by the provider"
    CREDITS = "out of credits"
    KEY = "bad API key"
    SILENT = "the provider does not answer"
    UNREACHABLE = "most pages could not be reached"
    CANCELLED = "cancelled"
    FAILED = "failed"

    @property
    def exit_code(self) -> int:
        """0: it did what it could; 1: it failed; 3: interrupted; 4: the provider refused."""
        return _EXIT.get(self, 1)


_EXIT = {
    Reason.TARGET: 0,
    Reason.EXHAUSTED: 0,
    Reason.CANCELLED: 3,
    Reason.BLOCKED: 4,
    Reason.CREDITS: 4,
    Reason.KEY: 4,
}

REFUSALS = {
    "blocked": Reason.BLOCKED,
    "out_of_credits": Reason.CREDITS,
    "bad_key": Reason.KEY,
    "refused": Reason.BLOCKED,
}
"""Reason by the kind of a :class:`mailharvest.errors.Refused`."""
