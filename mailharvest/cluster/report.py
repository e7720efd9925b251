"""Client side: what the scheduler's dashboard is to show of a job is sent there.

Counts, site names and kinds of errors; never an address, nor a URL, which may hold one.
"""

from __future__ import annotations

import re
from typing import Any

from distributed import Client

from mailharvest.progress import Snapshot
from mailharvest.queue.ledger import Ledger

SITES = 12
ERRORS = 50
"""How many sites and unresolved errors are sent."""

EVERY = 4
"""Sites and errors are read from the ledger at every so manyth report, and at the last."""

_ADDRESS = re.compile(r"[^\s@<>\"']+(?:@|%40|&#64;)[^\s@<>\"']+", re.IGNORECASE)


def masked(text: str, limit: int = 200) -> str:
    """The beginning of `text` without the addresses in it.

    >>> masked("no answer from mailto:info@example.org: timeout")
    'no answer from …@… timeout'
    """
    return _ADDRESS.sub("…@…", text[: limit * 4])[:limit]


class Reporter:
    """Sends the views of one job to the scheduler.

    Parameters
    ----------
    client : distributed.Client
    ledger : Ledger
    job_id : str
    """

    def __init__(self, client: Client, ledger: Ledger, job_id: str) -> None:
        self.client = client
        self.ledger = ledger
        self.job_id = job_id
        self._told = 0
        self._slow: dict[str, Any] = {}

    def tell(self, now: Snapshot) -> None:
        """Send `now`, with the busiest sites and the unresolved errors.

        Raises
        ------
        OSError, TimeoutError
            The scheduler is gone.
        """
        if self._told % EVERY == 0 or now.ended:
            self._slow = self._look()
        self._told += 1
        told = {**view(now), **self._slow}
        # Not as a Dask event: of those the scheduler keeps the last thousand.
        assert self.client.scheduler is not None
        self.client.sync(self.client.scheduler.mailharvest_see, view=told)

    def _look(self) -> dict[str, Any]:
        errors = self.ledger.errors(self.job_id, resolved=False, limit=ERRORS)
        return {
            "top_sites": [[site, pages] for site, pages in self.ledger.sites(self.job_id, SITES)],
            "open_errors": [
                {
                    "id": error.id,
                    "job_id": self.job_id,
                    "worker": error.worker,
                    "chunk_id": error.chunk_id,
                    "severity": error.severity,
                    "kind": error.kind,
                    "site": error.site,
                    "message": masked(error.message),
                    "at": error.at,
                    "resolved": False,
                }
                for error in errors
            ],
        }


def view(now: Snapshot) -> dict[str, Any]:
    """`now` as it is sent: plain values, without the workers, which the scheduler knows itself."""
    plain = now.as_dict()
    del plain["workers"]
    plain["title"] = masked(now.title)
    plain["reason"] = masked(now.reason)
    return plain
