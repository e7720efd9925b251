"""How far a job is at one moment: a `Snapshot`, the value that every display draws.

Whoever knows the counts makes one of them; :mod:`mailharvest.meter` adds rates and estimates.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

STALLED = 30.0
"""Seconds without a page after which the outlook says so."""

NO_WORKERS = "no workers: start some, or cluster.scale(2)"


@dataclass(frozen=True, slots=True)
class WorkerStats:
    """One worker process.

    Attributes
    ----------
    name : str
        Its address in the cluster.
    cpu : float
        Percent of one core.
    memory, memory_limit : int
        Bytes; a limit of 0 is none.
    pages, emails : int
        Since the process started.
    heartbeat : float
        Seconds since it was last heard of.
    """

    name: str
    cpu: float = 0.0
    memory: int = 0
    memory_limit: int = 0
    pages: int = 0
    emails: int = 0
    heartbeat: float = 0.0


@dataclass(frozen=True, slots=True)
class SystemStats:
    """The machine of the dispatcher: bytes, percent, and the load averages of 1, 5, 15 minutes.

    The peak is the meter's: of all that it saw.
    """

    memory_used: int = 0
    memory_peak: int = 0
    memory_percent: float = 0.0
    load_1: float = 0.0
    load_5: float = 0.0
    load_15: float = 0.0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A job at one moment: what was counted, and what :class:`mailharvest.meter.Meter` makes of it.

    Attributes
    ----------
    state : str
        queued, running, paused, stopped, interrupted, completed, failed, cancelled.
    reason : str
        Why it ended, or in a listing why it does not go on; empty while it goes on.
    elapsed_seconds : float
        Seconds that it has been running.
    emails_found : int
        Unique addresses.
    emails_wanted : int, optional
        The target; none is as many as there are.
    pages, bytes, sites, duplicates : int
        Fetched pages, their decoded bytes, distinct sites, sightings of known addresses.
    pages_ahead : int, optional
        Pages that wait, when no more can be found or planned; none while more may come.
    errors : mapping
        Kind to count.
    urls_known, urls_done : int
        URLs that were listed or found so far, and those that were fetched or given up.
    urls_waiting : int
        URLs that wait for their time while nothing else is to be done; else 0.
    waits_until : str
        The time of day, such as 21:45, when the first of them may be asked for; else empty.
    chunks_pending, chunks_processing, chunks_completed, chunks_failed : int
    slots, active_slots : int
        Chunks that may be, and are, in flight.
    workers : tuple of WorkerStats
    no_workers : bool
        The cluster has none, so nothing can run.
    system : SystemStats, optional

    emails_per_minute, pages_per_second : float
        Over the last seconds.
    new_per_page : float
        The yield: new addresses a page, over the same time.
    eta_seconds : float, optional
        Until the run ends, by reaching the target or the end of the source; none: not known yet.
    emails_expected : int, optional
        Addresses that it will have then.
    out_of_reach : bool
        The source will most likely be exhausted before the target.
    idle_seconds : float
        Since the last page (or, without pages, chunk).
    """

    job_id: str = ""
    title: str = ""
    state: str = "queued"
    reason: str = ""
    elapsed_seconds: float = 0.0
    emails_found: int = 0
    emails_wanted: int | None = None
    pages: int = 0
    bytes: int = 0
    sites: int = 0
    duplicates: int = 0
    pages_ahead: int | None = None
    errors: Mapping[str, int] = field(default_factory=dict)
    urls_known: int = 0
    urls_done: int = 0
    urls_waiting: int = 0
    waits_until: str = ""
    chunks_pending: int = 0
    chunks_processing: int = 0
    chunks_completed: int = 0
    chunks_failed: int = 0
    slots: int = 0
    active_slots: int = 0
    workers: tuple[WorkerStats, ...] = ()
    no_workers: bool = False
    system: SystemStats | None = None

    emails_per_minute: float = 0.0
    pages_per_second: float = 0.0
    new_per_page: float = 0.0
    eta_seconds: float | None = None
    emails_expected: int | None = None
    out_of_reach: bool = False
    idle_seconds: float = 0.0

    @property
    def ended(self) -> bool:
        """Nothing more will come of it."""
        return self.state in ("completed", "failed", "cancelled")

    @property
    def remaining_emails(self) -> int | None:
        """Addresses to go to the target; none without a target."""
        return (
            None if self.emails_wanted is None else max(self.emails_wanted - self.emails_found, 0)
        )

    @property
    def percentage(self) -> float | None:
        """Of the target, 0 to 100; none without a target."""
        if not self.emails_wanted:
            return None
        return min(100.0 * self.emails_found / self.emails_wanted, 100.0)

    @property
    def idle_slots(self) -> int:
        """Slots without a chunk."""
        return max(self.slots - self.active_slots, 0)

    @property
    def error_count(self) -> int:
        """Errors of all kinds."""
        return sum(self.errors.values())

    @property
    def eta_formatted(self) -> str:
        """``2h 15m 30s``; ``unknown`` while it is."""
        return "unknown" if self.eta_seconds is None else duration(self.eta_seconds)

    @property
    def elapsed_formatted(self) -> str:
        """``2h 15m 30s``."""
        return duration(self.elapsed_seconds)

    @property
    def outlook(self) -> str:
        """What to expect, in a few words."""
        if self.ended:
            return self.reason or self.state
        if self.no_workers:
            return NO_WORKERS
        if self.state != "running":
            return self.state
        if self.waits_until:
            urls = "URL" if self.urls_waiting == 1 else "URLs"
            return f"waiting for {self.urls_waiting:,} {urls} until {self.waits_until}"
        if self.idle_seconds >= STALLED:
            return f"nothing new for {about(self.idle_seconds)}"
        if self.eta_seconds is None:
            known = f"{self.urls_done:,} of {self.urls_known:,} known pages done"
            return known if self.urls_done else "too early to say"
        when = about(self.eta_seconds)
        if self.emails_wanted is not None and not self.out_of_reach:
            return f"{self.emails_wanted:,} in about {when}"
        if self.emails_expected is None:
            return f"done in about {when}"
        of = f" of {self.emails_wanted:,}" if self.emails_wanted is not None else ""
        return f"exhausts at about {rounded(self.emails_expected):,}{of} in {when}"

    def as_dict(self) -> dict[str, Any]:
        """Everything, for JSON."""
        plain = asdict(self)
        for name in ("remaining_emails", "percentage", "idle_slots", "error_count",
                     "eta_formatted", "elapsed_formatted", "outlook"):  # fmt: skip
            plain[name] = getattr(self, name)
        return plain


def duration(seconds: float) -> str:
    """Seconds as a person says them, exactly.

    >>> duration(8130), duration(59.6), duration(100_000)
    ('2h 15m 30s', '1m 0s', '1d 3h 46m 40s')
    """
    minutes, s = divmod(round(seconds), 60)
    hours, m = divmod(minutes, 60)
    days, h = divmod(hours, 24)
    parts = ((days, "d"), (h, "h"), (m, "m"), (s, "s"))
    first = next((i for i, (n, _) in enumerate(parts) if n), len(parts) - 1)
    return " ".join(f"{n}{unit}" for n, unit in parts[first:])


def about(seconds: float) -> str:
    """Seconds as a person says them who does not know exactly.

    >>> about(4), about(42), about(187), about(7900), about(400_000)
    ('4 s', '40 s', '3 min', '2 h 10 min', '5 days')
    """
    if seconds < 10:
        return f"{math.ceil(seconds)} s"
    if seconds < 55:
        return f"{round(seconds, -1):.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(round(minutes, -1), 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{round(hours / 24)} days"


def rounded(n: int) -> int:
    """To two digits that mean something.

    >>> rounded(7412), rounded(38), rounded(1_049_000)
    (7400, 38, 1000000)
    """
    return int(round(n, min(2 - len(str(n)), 0)))
