"""A dispatcher as a process: ``python -m tests.queue.dispatch PLACE HOME [SCHEDULER]``.

Works until no job is left. Without a scheduler its chunks run in its own threads.
"""

from __future__ import annotations

import sys
from pathlib import Path

from mailharvest.queue.dispatcher import Dispatcher
from mailharvest.queue.inline import InlinePool
from mailharvest.queue.ledger import Ledger


def main(place: str, home: str, scheduler: str | None = None) -> None:
    if scheduler is not None:
        from mailharvest.work import work

        print(work(place=place, home=home, scheduler=scheduler, drain=True, sleep=0.5))  # noqa: T201
        return
    with Ledger(place) as ledger:
        pool = InlinePool(32)
        dispatcher = Dispatcher(ledger, pool, parts=Path(home) / "parts", sleep=0.2)
        left = lambda: ledger.left(["default"], delayed=True)  # noqa: E731
        dispatcher.run(until=lambda: None if dispatcher.in_flight or left() else "empty")
        pool.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
