"""What tests of displays share: errors in a ledger, as a run would note them."""

from __future__ import annotations

from mailharvest.queue.ledger import Ledger
from mailharvest.queue.notes import note_job
from mailharvest.queue.tally import Tally


def note(ledger: Ledger, job_id: str, *messages: str, kind: str = "bad_url") -> None:
    """Note one error of the job for each message."""
    no, now, tally = ledger.job(job_id).no, ledger.clock(), Tally()
    with ledger.database.write() as connection:
        for message in messages:
            note_job(connection, no, kind, message, now, tally)
        tally.flush(connection)
