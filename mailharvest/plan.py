"""Which questions to ask, in how many spans, and how many more when the yield fell short.

All of it is arithmetic on values: the same plan from the same job, on every machine.
"""

from __future__ import annotations

import bisect
import itertools
import math
import string
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mailharvest.errors import SpecError
from mailharvest.reason import REFUSALS, Reason

EMAILS_A_SLOT = 20
"""Addresses that one slot is there for: 50 slots for 1,000."""

MAX_SLOTS = 1_000
"""Slots of a job that does not say how many; beyond 20,000 addresses each takes more."""

MAX_SPAN = 100
"""Results that one chunk asks for at most, so that it lasts 1 to 10 seconds."""

MAX_DEPTH = 100_000
"""Results of one query after which it counts as exhausted; a provider could go on for ever."""

AHEAD = 2
"""Spans of a query that are asked for at once while nobody knows where its results end: each one
beyond the end is a call to the provider for nothing."""

BUSY = 4
"""With one slot in so many at work, a job has enough to do for now."""

PATIENCE = 20
"""Spans that fail in a row, each after all its tries, before the provider is given up."""

MAX_QUERIES = 1_000_000
"""Queries of one job."""


def slots(max_emails: int | None) -> int:
    """Chunks that a job may have in flight, by the addresses it wants; None is all there are.

    >>> [slots(n) for n in (1, 1_000, 10_000, 100_000, 1_000_000, None)]
    [1, 50, 500, 1000, 1000, 1000]
    """
    if max_emails is None:
        return MAX_SLOTS
    return min(max(math.ceil(max_emails / EMAILS_A_SLOT), 1), MAX_SLOTS)


def expand(templates: Sequence[str], names: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Each template once for every combination of its ``{names}``; what comes twice is asked once.

    Raises
    ------
    SpecError
        A name has no list, a list is not used, braces are no name, or there would be more than
        :data:`MAX_QUERIES`.

    >>> expand(["{trade} in {city}"], {"city": ["Cairo", "Giza"], "trade": ["bakers"]})
    ('bakers in Cairo', 'bakers in Giza')
    """
    parsed = [_parse(template) for template in templates]
    used = {name for parts in parsed for _, name in parts if name is not None}
    if missing := sorted(used - names.keys()):
        raise SpecError(
            f"{{{missing[0]}}} has no values",
            field="expand",
            fix=f"add expand: {{{missing[0]}: [...]}}, or write {{{{ and }}}} for plain braces",
        )
    if unused := sorted(names.keys() - used):
        raise SpecError(
            f"no query uses {{{unused[0]}}}",
            field=f"expand.{unused[0]}",
            fix=f"write {{{unused[0]}}} into the query, or leave the list out",
        )
    if empty := sorted(name for name, values in names.items() if not values):
        raise SpecError(
            f"the list of {{{empty[0]}}} is empty", field=f"expand.{empty[0]}", fix="give values"
        )
    total = sum(math.prod(len(names[name]) for name in _names(parts)) for parts in parsed)
    if total > MAX_QUERIES:
        raise SpecError(
            f"this makes {total:,} queries; a job takes at most {MAX_QUERIES:,}",
            field="expand",
            fix="shorten a list, or make several jobs of it",
        )
    return tuple(dict.fromkeys(query for parts in parsed for query in _filled(parts, names)))


Parts = list[tuple[str, str | None]]


def _parse(template: str) -> Parts:
    try:
        parts = [
            (
                text,
                None
                if name is None
                else name + (f"!{conversion}" if conversion else "") + (f":{spec}" if spec else ""),
            )
            for text, name, spec, conversion in string.Formatter().parse(template)
        ]
        if all(name is None or name.isidentifier() for _, name in parts):
            return parts
    except ValueError:
        pass
    raise SpecError(
        f"the braces in {template[:80]!r} are no names",
        field="query",
        fix="write {city}, and {{ or }} where a brace is meant",
    )


def _names(parts: Parts) -> list[str]:
    return list(dict.fromkeys(name for _, name in parts if name is not None))


def _filled(parts: Parts, lists: Mapping[str, Sequence[str]]) -> Iterator[str]:
    names = _names(parts)
    pattern = "".join(
        text.replace("{", "{{").replace("}", "}}")
        + ("" if name is None else f"{{{names.index(name)}}}")
        for text, name in parts
    )
    fill = _spaced(pattern).format
    values = itertools.product(*([_spaced(value) for value in lists[name]] for name in names))
    return itertools.starmap(fill, values)


def _spaced(text: str) -> str:
    return " ".join(text.split())


@dataclass(frozen=True, slots=True)
class Span:
    """Results `start` to `start` + `size` of one query, 0-based."""

    query: int
    start: int
    size: int


@dataclass(slots=True)
class Progress:
    """How far the search of a job has come; what :class:`Plan` decides by, and the job remembers.

    Attributes
    ----------
    cursor : int
        Spans that were planned, counted over all queries in turn, ended ones included.
    ended : int
        One bit for each query that has no more results.
    results : int
        Results that the provider gave.
    failures : int
        Chunks that failed for good since the last that did not.
    refused : str or None
        Why the provider will not answer any more.
    """

    cursor: int = 0
    ended: int = 0
    results: int = 0
    failures: int = 0
    refused: str | None = None

    def note(
        self, done: Iterable[Mapping[str, Any]], failed: Iterable[tuple[Mapping[str, Any], str]]
    ) -> None:
        """Take down how spans ended.

        Parameters
        ----------
        done : iterable of dict
            ``{"query": int, "results": int, "exhausted": bool}``.
        failed : iterable of (dict, str)
            ``{"query_index": int}`` and the kind of the error.
        """
        for value in done:
            self.results += value["results"]
            self.failures = 0
            if value["exhausted"]:
                self.ended |= 1 << value["query"]
        for data, kind in failed:
            self.ended |= 1 << data["query_index"]  # or a provider that is down would end no job
            if kind in REFUSALS:
                self.refused = REFUSALS[kind]
            elif kind in ("api_error", "timeout"):
                self.failures += 1
        if self.refused is None and self.failures >= PATIENCE:
            self.refused = Reason.SILENT

    def save(self, memo: dict[str, Any]) -> None:
        """Into the memo of a job, as JSON; :meth:`Plan.progress` reads it."""
        memo.update(
            cursor=self.cursor,
            ended=f"{self.ended:x}",
            results=self.results,
            failures=self.failures,
            refused=self.refused,
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """The spans of `queries` queries, in rounds: every query's first, every query's second, …

    Attributes
    ----------
    queries : int
    size : int
        Results of one span.
    slots : int
        Spans that may be outstanding.
    wanted : int or None
        Unique addresses; None is all there are.
    """

    queries: int
    size: int
    slots: int
    wanted: int | None = None

    @classmethod
    def of(cls, queries: int, *, wanted: int | None, slots: int, page: int) -> Plan:
        """With spans of a slot's share of the addresses, in whole pages of `page` results.

        As long as nothing is known of the yield, a result counts as one address.
        """
        share = MAX_SPAN if wanted is None else min(math.ceil(wanted / slots), MAX_SPAN)
        size = min(math.ceil(share / page), max(MAX_SPAN // page, 1)) * page
        return cls(queries, size, slots, wanted)

    def first(self) -> list[Span]:
        """The spans to begin with: one a slot; without a target, at most :data:`AHEAD` a query."""
        return self.take(Progress(), self._most(self.queries))

    def _most(self, alive: int) -> int:
        """Spans that may be outstanding while so many queries have more results."""
        return self.slots if self.wanted is not None else min(self.slots, AHEAD * alive)

    def progress(self, memo: Mapping[str, Any]) -> Progress:
        """How far a job with this memo has come; with an empty one, as far as :meth:`first`."""
        if memo:
            return Progress(**{**memo, "ended": int(memo["ended"], 16)})
        begun = Progress()
        self.take(begun, self._most(self.queries))
        return begun

    def take(self, progress: Progress, most: int) -> list[Span]:
        """The next spans, at most so many; moves the cursor past them."""
        alive = self._alive(progress.ended) if most > 0 else ()
        if not len(alive):
            return []
        rounds, query = divmod(progress.cursor, self.queries)
        place = bisect.bisect_left(alive, query)
        spans: list[Span] = []
        while len(spans) < most:
            if place == len(alive):
                rounds, place = rounds + 1, 0
            if rounds * self.size >= MAX_DEPTH:
                break
            query = int(alive[place])
            spans.append(Span(query, rounds * self.size, self.size))
            progress.cursor = rounds * self.queries + query + 1
            place += 1
        return spans

    def _alive(self, ended: int) -> npt.NDArray[np.intp]:
        """The queries that have more results, in order."""
        packed = np.frombuffer(ended.to_bytes(self.queries // 8 + 1, "little"), np.uint8)
        return np.flatnonzero(np.unpackbits(packed, count=self.queries, bitorder="little") == 0)

    def top_up(
        self, progress: Progress, *, found: int, frontier: int, outstanding: int, fetching: int = 0
    ) -> list[Span]:
        """The spans that the yield so far says are still needed.

        Parameters
        ----------
        progress : Progress
            Its cursor is moved.
        found : int
            Unique addresses so far.
        frontier : int
            URLs that wait to be fetched.
        outstanding : int
            Spans that were planned and have not ended.
        fetching : int
            Chunks that fetch pages now.
        """
        most = self.needed(progress, found, frontier, outstanding, fetching)
        return self.take(progress, most)

    def needed(
        self, progress: Progress, found: int, frontier: int, outstanding: int, fetching: int = 0
    ) -> int:
        """How many more spans that are: at most what the slots have room for.

        While the slots are busy, what waits in the frontier takes up room as well: a call that is
        made before its results are wanted may turn out to have been paid for nothing. When they
        are not, the sites that wait ask for patience, and others may not.
        """
        if progress.refused is not None:
            return 0
        alive = self.queries - progress.ended.bit_count()
        busy = (outstanding + fetching) * BUSY >= self.slots
        ahead = outstanding + (frontier // self.size if busy else 0)
        room = max(self._most(alive) - ahead, 0)
        if self.wanted is None:
            return room
        # One address a result, before anything is known, with the weight of one span.
        fetched = max(progress.results - frontier, 0)
        rate = (found + self.size) / (fetched + self.size)
        expected = found + (frontier + outstanding * self.size) * rate
        missing = math.ceil((self.wanted - expected) / (rate * self.size))
        return min(max(missing, 0), room)
