"""How far a job is, and when it will end: a `Snapshot`, and the `Meter` that completes it.

Nothing here has a clock. Whoever knows the counts makes a :class:`Snapshot` of them, hands it to
:meth:`Meter.see`, and gets it back with the rates and the estimates filled in; every display draws
the same value. The end is foreseen in :mod:`mailharvest.forecast`, from how new addresses fall off.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from mailharvest.forecast import EVIDENCE, Curves, Floats

MARKS = 256
"""Observations that a meter remembers; beyond that, every second one goes."""

RECENT = 15.0
"""Seconds over which the rates that a person watches are averaged."""

EARLY = 10.0
"""Seconds before anything is foreseen; three times as many while there are no pages, for a search
comes before them and says little about what they will bring."""

STALLED = 30.0
"""Seconds without a page after which the outlook says so."""


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
    """A job at one moment: what was counted, and what :class:`Meter` makes of it.

    Attributes
    ----------
    state : str
        queued, running, paused, stopped, completed, failed, cancelled.
    reason : str
        Why it ended; empty while it goes on.
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
    chunks_pending, chunks_processing, chunks_completed, chunks_failed : int
    slots, active_slots : int
        Chunks that may be, and are, in flight.
    workers : tuple of WorkerStats
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
    chunks_pending: int = 0
    chunks_processing: int = 0
    chunks_completed: int = 0
    chunks_failed: int = 0
    slots: int = 0
    active_slots: int = 0
    workers: tuple[WorkerStats, ...] = ()
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
        if self.state != "running":
            return self.state
        if self.idle_seconds >= STALLED:
            return f"nothing new for {about(self.idle_seconds)}"
        if self.eta_seconds is None:
            return "too early to say"
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


@dataclass(frozen=True, slots=True)
class _Mark:
    """An observation: seconds, unique addresses, and work done (pages, or else chunks)."""

    time: float
    found: int
    work: int


class Meter:
    """Completes the snapshots of one run: rates, and when it ends.

    Parameters
    ----------
    since : Snapshot, optional
        What there was when this run took up the job; nothing, by default.

    Examples
    --------
    >>> meter = Meter()
    >>> for second in range(1, 61):
    ...     seen = meter.see(Snapshot(state="running", elapsed_seconds=second, pages=50 * second,
    ...                               emails_found=20 * second, emails_wanted=6000))
    >>> round(seen.emails_per_minute), seen.outlook
    (1200, '6,000 in about 4 min')
    """

    def __init__(self, since: Snapshot | None = None) -> None:
        since = since or Snapshot()
        self._by_pages = [_Mark(since.elapsed_seconds, since.emails_found, since.pages)]
        self._by_chunks = [_Mark(since.elapsed_seconds, since.emails_found, since.chunks_completed)]
        self._out_of_reach = False
        self._last = since
        self._peak = 0

    def see(self, now: Snapshot) -> Snapshot:
        """`now` with its rates and estimates; moments come in order."""
        _remember(self._by_pages, _Mark(now.elapsed_seconds, now.emails_found, now.pages))
        _remember(
            self._by_chunks, _Mark(now.elapsed_seconds, now.emails_found, now.chunks_completed)
        )
        marks = self._by_pages if now.pages else self._by_chunks
        # Of a run that has ended the average is of interest: in effect, all seconds count the same.
        found_rate, page_rate = _rates(marks, 1e6 if now.ended else RECENT)
        now = replace(
            now,
            emails_per_minute=60 * found_rate,
            pages_per_second=page_rate if now.pages else 0.0,
            new_per_page=found_rate / page_rate if now.pages and page_rate else 0.0,
            idle_seconds=_idle(marks),
        )
        if now.system is not None:
            self._peak = max(self._peak, now.system.memory_used)
            now = replace(now, system=replace(now.system, memory_peak=self._peak))
        if now.ended:
            return replace(now, eta_seconds=0.0, emails_expected=now.emails_found)
        self._last = self._calm(self._foresee(now, marks))
        return self._last

    def _calm(self, now: Snapshot) -> Snapshot:
        """`now` with an ETA that moves from the last by a share: more, the longer ago that is."""
        last = self._last
        if None in (now.eta_seconds, last.eta_seconds) or now.out_of_reach != last.out_of_reach:
            return now
        assert now.eta_seconds is not None and last.eta_seconds is not None
        passed = now.elapsed_seconds - last.elapsed_seconds
        share = -math.expm1(-passed / min(max(now.elapsed_seconds / 30, 2.0), 30.0))
        # In ratios, as people feel it; five seconds more or less are nothing, even at the end.
        before, after = max(last.eta_seconds - passed, 0.0) + 5, now.eta_seconds + 5
        return replace(now, eta_seconds=before * (after / before) ** share - 5)

    def _foresee(self, now: Snapshot, marks: list[_Mark]) -> Snapshot:
        """`now` with its estimates, when there is enough to go by."""
        if now.remaining_emails == 0:
            return replace(now, eta_seconds=0.0, emails_expected=now.emails_found)
        if now.elapsed_seconds - marks[0].time < (EARLY if now.pages else 3 * EARLY):
            return now
        # Pages come unevenly: their pace is taken over half of the run, not over its last seconds.
        _, pace = _rates(marks, max(RECENT, (marks[-1].time - marks[0].time) / 2))
        if not pace:
            return now
        ahead = now.pages_ahead
        if not now.pages and now.emails_wanted is None:
            ahead = now.chunks_pending + now.chunks_processing
        _, found, work = _columns(marks)
        curves = Curves.fit(work, found)
        if curves is not None:
            return self._weigh(now, curves, pace, ahead)
        if ahead is not None and marks[-1].work >= EVIDENCE:
            return replace(now, eta_seconds=ahead / pace)
        return now

    def _weigh(self, now: Snapshot, curves: Curves, pace: float, ahead: int | None) -> Snapshot:
        """`now` with what comes first: the target, or the end of the source."""
        if now.remaining_emails is not None:
            work, doubt = curves.work_to(now.remaining_emails, ahead)
            # Two thresholds: a run on the edge must not say one thing and the other in turn.
            self._out_of_reach = doubt > (0.6 if self._out_of_reach else 0.9)
            if not self._out_of_reach:
                return replace(now, eta_seconds=work / pace, emails_expected=now.emails_wanted)
        work, new = curves.work_to_end(ahead)
        if not math.isfinite(work):
            return now
        expected = now.emails_found + round(new)
        if now.emails_wanted is not None:
            expected = min(expected, now.emails_wanted)
        return replace(
            now,
            eta_seconds=work / pace,
            emails_expected=expected,
            out_of_reach=self._out_of_reach,
        )


def _remember(marks: list[_Mark], mark: _Mark) -> None:
    """Add `mark`, in bounded memory: when full, every second one goes and the spacing doubles."""
    spacing = (marks[-1].time - marks[0].time) / MARKS * 2 if len(marks) > MARKS // 2 else 0.0
    if len(marks) > 1 and marks[-1].time - marks[-2].time < spacing:
        marks[-1] = mark
    else:
        marks.append(mark)
    if len(marks) >= MARKS:
        del marks[1:-1:2]


def _columns(marks: list[_Mark]) -> tuple[Floats, Floats, Floats]:
    table = np.array([(m.time, m.found, m.work) for m in marks], dtype=np.float64)
    return table[:, 0], table[:, 1], table[:, 2]


def _rates(marks: list[_Mark], span: float) -> tuple[float, float]:
    """Addresses and work a second, the last `span` seconds counting most (exponential weights)."""
    time, found, work = _columns(marks)
    decay = np.exp((time - time[-1]) / span)
    # Over each stretch the rate is constant, so its weight is the integral of the decay there.
    weight, stretch = np.diff(decay), np.diff(time)
    even = np.divide(weight, stretch, out=np.zeros_like(weight), where=stretch > 0)
    total = weight.sum()
    if not total > 0:
        return 0.0, 0.0
    return float(np.diff(found) @ even / total), float(np.diff(work) @ even / total)


def _idle(marks: list[_Mark]) -> float:
    """Seconds since the work last moved."""
    last = next((i for i in range(len(marks) - 1, 0, -1) if marks[i].work > marks[i - 1].work), 0)
    return marks[-1].time - marks[last].time
