"""Rates and estimates: the `Meter` completes the snapshots of a run.

Nothing here has a clock. Whoever knows the counts makes a `Snapshot` of them, hands it to
:meth:`Meter.see`, and gets it back with the rates and the estimates filled in. The end is foreseen
in :mod:`mailharvest.forecast`, from how new addresses fall off.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from mailharvest.forecast import EVIDENCE, Curves, Floats
from mailharvest.progress import Snapshot

MARKS = 256
"""Observations that a meter remembers; beyond that, every second one goes."""

RECENT = 15.0
"""Seconds over which the rates that a person watches are averaged."""

EARLY = 10.0
"""Seconds before anything is foreseen; three times as many while there are no pages, for a search
comes before them and says little about what they will bring."""


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
        # Of a job that has ended the average is of interest: over all its runs, as its counts are.
        found_rate, page_rate = _averages(now) if now.ended else _rates(marks, RECENT)
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
        return replace(now, eta_seconds=max(before * (after / before) ** share - 5, 0.0))

    def _foresee(self, now: Snapshot, marks: list[_Mark]) -> Snapshot:
        """`now` with its estimates, when there is enough to go by."""
        if now.remaining_emails == 0:
            return replace(now, eta_seconds=0.0, emails_expected=now.emails_found)
        if now.waits_until:
            return now  # no pace says how long a site wants to be left alone
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


def _averages(now: Snapshot) -> tuple[float, float]:
    """Addresses and work a second, over all runs of a job."""
    if not now.elapsed_seconds > 0:
        return 0.0, 0.0
    work = now.pages or now.chunks_completed
    return now.emails_found / now.elapsed_seconds, work / now.elapsed_seconds


def _idle(marks: list[_Mark]) -> float:
    """Seconds since the work last moved."""
    last = next((i for i in range(len(marks) - 1, 0, -1) if marks[i].work > marks[i - 1].work), 0)
    return marks[-1].time - marks[last].time
