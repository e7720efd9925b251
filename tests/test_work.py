"""A dispatcher that works until nothing is left."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from mailharvest.queue.dispatcher import Dispatcher
from mailharvest.queue.inline import InlinePool
from mailharvest.queue.ledger import Ledger
from mailharvest.work import _Until
from tests.queue.jobs import Many


def die(ledger: Ledger, dispatcher: str) -> None:
    """As if its process had been killed."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pid = process.pid
    with ledger.database.write() as connection:
        connection.execute(
            text("UPDATE dispatcher SET pid = :pid WHERE id = :id"), {"pid": pid, "id": dispatcher}
        )


@pytest.mark.parametrize("inline", [False, True])
@pytest.mark.parametrize("drain", [False, True])
def test_what_a_killed_dispatcher_of_this_machine_held_is_work(
    inline: bool, drain: bool, tmp_path: Path
) -> None:
    with Ledger(tmp_path / "ledger.db") as ledger:
        job_id = ledger.add(Many(chunk_count=2))
        dead = ledger.register("dead", ["default"], inline=inline)
        assert len(ledger.claim(dead, 2, ["default"])) == 2
        die(ledger, dead)
        pool = InlinePool(2)
        dispatcher = Dispatcher(ledger, pool, parts=tmp_path / "parts")
        until = _Until(dispatcher, ledger, ["default"], None, None, not drain, drain)
        assert dispatcher.run(until) == "empty"
        pool.close()
        assert ledger.job(job_id).state == "completed"
        crashes = [error for error in ledger.errors(job_id) if error.kind == "worker_crash"]
        assert len(crashes) == (2 if inline else 0)  # each is charged once


def test_what_a_live_dispatcher_elsewhere_holds_is_none(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.db") as ledger:
        ledger.add(Many(chunk_count=1))
        alive = ledger.register("alive", ["default"])
        ledger.claim(alive, 1, ["default"])
        with ledger.database.write() as connection:
            connection.execute(text("UPDATE dispatcher SET host = 'far.example.com', pid = 1"))
        pool = InlinePool(1)
        dispatcher = Dispatcher(ledger, pool, parts=tmp_path / "parts")
        until = _Until(dispatcher, ledger, ["default"], None, None, True, False)
        assert dispatcher.run(until) == "empty"
        pool.close()
        assert len(ledger.mine(alive)) == 1
