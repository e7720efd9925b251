"""A life of a ledger that is cut off: ``python -m tests.queue.killed HOME [for-ever]``.

A child of its own for each moment: number n lives in ``HOME/n`` and is killed at its n-th
statement or commit. Before it dies it writes into ``acked`` what it was told is durable. The last
child dies of nothing. With ``for-ever`` there is one life after the other, all in ``HOME``.
"""

from __future__ import annotations

import os
import signal
import sys
from itertools import count
from pathlib import Path

from sqlalchemy import Engine, event

from mailharvest.chunk import FoundURL
from mailharvest.queue.ledger import Ledger
from mailharvest.queue.queue import Queue
from tests.queue.desk import Clock, Desk
from tests.queue.jobs import Crawl, Echo, Many
from tests.queue.test_commit import sightings


def die_at(moment: int) -> None:
    """Kill this process at its n-th statement or commit."""
    moments = count(1)

    def passed(*_: object) -> None:
        if next(moments) == moment:
            os.kill(os.getpid(), signal.SIGKILL)

    for name in ("before_cursor_execute", "commit"):
        event.listen(Engine, name, passed)


def live(home: Path) -> None:
    """Some of everything that writes."""
    acked = os.open(home / "acked", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def ack(*facts: object) -> None:
        os.write(acked, (" ".join(map(str, facts)) + "\n").encode())

    clock = Clock()
    with Queue(home=home, clock=clock) as queue:
        ledger: Ledger = queue.ledger
        desk = Desk(ledger, clock, queue.parts)
        ack("there", queue.dispatch(Many(chunk_count=3)).id)
        for ticket in queue.bulk([Echo(value=n) for n in range(3)]):
            ack("there", ticket.id)
        crawl = ledger.add(
            Crawl(start=("http://a.example.com/", "http://b.example.com/"), enough=1)
        )
        ack("there", crawl)
        ledger.cut(10)
        for n, claim in enumerate(desk.claim(6)):
            if n == 1:
                desk.fail(claim)
                continue
            found = [FoundURL(f"http://c.example.com/{n}"), FoundURL("http://a.example.com/")]
            desk.finish(claim, records=sightings(f"a{claim.chunk_id}@example.com"), urls=found)
            ack("done", claim.job_id, claim.chunk_id)
        queue.retry()
        queue.cancel(crawl)
        ledger.reopen(crawl)
        ledger.close_dispatcher(desk.id, "stopped")


def main(home: Path) -> int:
    for moment in count(1):
        child = os.fork()
        if child == 0:
            (home / str(moment)).mkdir()
            die_at(moment)
            live(home / str(moment))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            return os.waitstatus_to_exitcode(status)
    raise AssertionError


if __name__ == "__main__":
    while "for-ever" in sys.argv:
        live(Path(sys.argv[1]))
    sys.exit(main(Path(sys.argv[1])))
