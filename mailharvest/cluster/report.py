"""Client side: what the scheduler's dashboard is to show is sent there.

Counts, site names and kinds of errors; never an address, nor a URL, which may hold one.
"""

from __future__ import annotations

import hashlib
import re
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any

from distributed import Client, SchedulerPlugin

from mailharvest.progress import Snapshot
from mailharvest.queue.control import stats
from mailharvest.queue.ledger import ErrorRow, Ledger

SITES = 12
ERRORS = 50
"""How many sites of a job, and errors of the ledger, are sent."""

EVERY = 4
"""Sites, errors and totals are read from the ledger at every so manyth report, and at each end."""

PATIENCE = 10.0
"""Seconds that a report may take."""

AGAIN = 60.0
"""Seconds at most between two tries to register with a scheduler that does not have us."""

_ADDRESS = re.compile(r"[^\s@<>\"']+(?:@|%40|&#64;)[^\s@<>\"']+", re.IGNORECASE)


def masked(text: str, limit: int = 200) -> str:
    """The beginning of `text` without the addresses in it.

    >>> masked("no answer from mailto:info@example.org: timeout")
    'no answer from …@… timeout'
    """
    return _ADDRESS.sub("…@…", text[: limit * 4])[:limit]


class Reporter:
    """Sends views of jobs, and totals of their ledger, to the scheduler.

    A scheduler without our plugin (mailharvest is not installed there, or it was restarted and has
    forgotten it) is asked to take it, at growing intervals; that it does not changes nothing else.

    Parameters
    ----------
    client : distributed.Client
    ledger : Ledger
    plugin : callable
        Makes the scheduler's side: `mailharvest.ui.dashboard.Dashboard`.
    """

    def __init__(
        self, client: Client, ledger: Ledger, plugin: Callable[[], SchedulerPlugin]
    ) -> None:
        self.client = client
        self.ledger = ledger
        self._plugin = plugin
        self._key = _key(ledger)
        self._known = False  # the scheduler has our plugin, as far as we know
        self._pause = self._next = 0.0
        self._told = 0
        self._sites: dict[str, list[tuple[str, int]]] = {}

    def tell(self, now: Sequence[Snapshot]) -> bool:
        """Send `now`, with the busiest sites, and now and then the totals; say whether it came.

        Raises
        ------
        LedgerError
            The ledger cannot be read.
        """
        full = self._told % EVERY == 0 or any(each.ended for each in now)
        message: dict[str, Any] = {"ledger": self._key, "totals": self._totals() if full else None}
        if full:
            self._sites = {each.job_id: self.ledger.sites(each.job_id, SITES) for each in now}
        message["views"] = [
            {**view(each), "top_sites": [list(site) for site in self._sites.get(each.job_id, ())]}
            for each in now
        ]
        came = self._send(message)
        self._told = self._told + 1 if came else 0  # who was away is told everything
        return came

    def _send(self, message: dict[str, Any]) -> bool:
        # A client that looks for its scheduler would keep us waiting.
        if self.client.status != "running" or time.monotonic() < self._next:
            return False
        try:
            if not self._known:
                self.client.register_plugin(self._plugin())
            # Not as a Dask event: of those the scheduler keeps the last thousand.
            assert self.client.scheduler is not None
            answer = self.client.sync(
                self.client.scheduler.mailharvest_see, **message, callback_timeout=PATIENCE
            )
        except Exception:  # whatever a scheduler raises that is gone, or that cannot load us
            answer = None
        # One that does not know the call answers it with nothing.
        self._known = answer is True
        self._pause = 0.0 if self._known else min(2 * self._pause + 1.0, AGAIN)
        self._next = time.monotonic() + self._pause
        return self._known

    def _totals(self) -> dict[str, Any]:
        """Of the whole ledger: what ``mailharvest stats`` says, and the newest errors."""
        errors = {
            error.id: error
            for resolved in (None, False)  # the newest of all, and of those that are open
            for error in self.ledger.errors(resolved=resolved, limit=ERRORS)
        }
        newest = sorted(errors.values(), key=lambda error: -error.id)
        return {**stats(self.ledger), "errors": [_told(error) for error in newest]}


def view(now: Snapshot) -> dict[str, Any]:
    """`now` as it is sent: plain values, without the workers, which the scheduler knows itself."""
    plain = now.as_dict()
    del plain["workers"]
    plain["title"] = masked(now.title)
    plain["reason"] = masked(now.reason)
    return plain


def _told(error: ErrorRow) -> dict[str, Any]:
    return {
        "id": error.id,
        "job_id": error.job_id,
        "worker": error.worker,
        "chunk_id": error.chunk_id,
        "severity": error.severity,
        "kind": error.kind,
        "site": error.site,
        "message": masked(error.message),
        "at": error.at,
        "resolved": error.resolved_at is not None,
    }


def _key(ledger: Ledger) -> str:
    """Tells ledgers apart without saying where they are."""
    url = ledger.database.url
    place = f"{socket.gethostname() if ledger.database.sqlite else url.host} {url.database}"
    return hashlib.blake2b(place.encode(), digest_size=8).hexdigest()
