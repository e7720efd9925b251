"""`top`: the whole queue on one screen; in a real terminal, and where there is none."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console
from sqlalchemy import text

from mailharvest.cli import cli
from mailharvest.progress import Snapshot
from mailharvest.queue.lately import Worker
from mailharvest.queue.queue import Queue
from mailharvest.top import JOBS, Watch, top
from mailharvest.ui.overview import FEW, Overview, overview
from tests.cluster.jobs import Echo
from tests.noting import note

HOSTILE = "<b>[red]x[/red]\x1b[2J\x9b31m\r\nnext \u202eevil\u2028"


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Queue]:
    with Queue(home=tmp_path) as queue:
        yield queue


def drawn(now: Overview, height: int | None = None, width: int = 140) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    console.print(overview(now, height))
    said: str = console.file.getvalue()  # type: ignore[attr-defined]
    return said


def spoil(queue: Queue, job_id: str, **columns: object) -> None:
    """Write into the row of a job what no method would."""
    sets = ", ".join(f"{name} = :{name}" for name in columns)
    with queue.ledger.database.write() as connection:
        connection.execute(text(f"UPDATE job SET {sets} WHERE id = :id"), {"id": job_id, **columns})


def test_an_empty_queue_says_what_to_do(queue: Queue) -> None:
    said = drawn(Watch(queue).look())
    assert "mailharvest submit JOB.yaml" in said and "mailharvest work" in said
    assert "FAILED JOBS" not in said


def test_it_shows_the_whole_queue(queue: Queue) -> None:
    failed = queue.dispatch(Echo(text="x")).id
    spoil(queue, failed, state="failed", reason="out of luck", finished_at=time.time())
    going = queue.dispatch(Echo(text="x")).id
    spoil(queue, going, state="running", wanted=400, found=100, title="dentists")
    note(queue.ledger, going, "not a url", "nor this")
    queue.ledger.register("night", ["default", "slow"])
    queue.schedule("daily", Echo(text="x"), every="1h")
    queue.pause("slow")
    said = drawn(Watch(queue).look())
    for part in ("1 waiting", "1 failed", "2 pending", "paused: slow", "dentists", "running", "25%",
                 "100/400", "night", "default,slow", failed, "out of luck", "bad_url", "daily",
                 "every 3600 s", "next in 1 h"):  # fmt: skip
        assert part in said, part
    lines = said.splitlines()
    assert lines.index(next(x for x in lines if "dentists" in x)) < lines.index(
        next(x for x in lines if "failed  " in x and "Echo" in x)
    )


def test_rates_and_eta_come_with_the_looks(queue: Queue) -> None:
    job_id = queue.dispatch(Echo(text="x")).id
    watch = Watch(queue)
    for second in range(1, 60):
        spoil(queue, job_id, state="running", wanted=4000, found=20 * second, seconds=second)
        with queue.ledger.database.write() as connection:
            connection.execute(
                text("INSERT INTO tally (job, of, name, n) VALUES (1, 'stat', 'pages', :n)"
                     " ON CONFLICT (job, of, name) DO UPDATE SET n = :n"), {"n": 10 * second},
            )  # fmt: skip
        now = watch.look()
    assert "interrupted" in drawn(now) and "waits" in drawn(now)  # for nobody works on it
    queue.ledger.register("night", ["default"])
    said = drawn(watch.look())
    assert "interrupted" not in said
    assert "1,200/min" in said
    assert "ETA 2 min" in said


def test_who_did_the_chunks_is_known(queue: Queue) -> None:
    queue.bulk([Echo(text=str(i)) for i in range(3)])
    with queue.ledger.database.write() as connection:
        done = "UPDATE chunk SET worker = 'tcp://10.0.0.7:1234', finished_at = 1 WHERE id < 3"
        connection.execute(text(done))
    assert Watch(queue).look().workers == [Worker("tcp://10.0.0.7:1234", 2, 1.0)]
    assert "10.0.0.7:1234  2 of the newest chunks" in drawn(Watch(queue).look())


def test_a_thousand_jobs_fit_any_screen(queue: Queue) -> None:
    queue.bulk([Echo(text=str(i)) for i in range(1000)])
    for name in ("a", "b", "c", "d"):
        queue.ledger.register(name, ["default"])
        queue.schedule(name, Echo(text=name), every="1h")
    now = Watch(queue).look()
    assert len(now.jobs) == JOBS
    assert "1,000 waiting" in drawn(now)
    for height in (20, 24, 50):
        assert drawn(now, height).count("\n") <= height
        assert drawn(now, height).count("every 3600 s") == FEW
    assert drawn(now, 50).count("queued") > drawn(now, 24).count("queued") > 3


def test_nothing_from_elsewhere_moves_the_terminal(queue: Queue) -> None:
    job_id = queue.dispatch(Echo(text="x")).id
    spoil(queue, job_id, state="failed", title=HOSTILE, reason=f"a@example.org {HOSTILE}")
    note(queue.ledger, job_id, HOSTILE)
    now = Watch(queue).look()
    row, _ = now.jobs[0]
    everywhere = replace(
        now,
        place=HOSTILE,
        jobs=[(row, Snapshot(state=HOSTILE))],
        workers=[Worker(HOSTILE, 1, 0.0)],
        errors=[(HOSTILE, 1, 0.0, HOSTILE)],
        paused=[HOSTILE],
    )
    said = drawn(everywhere, width=1000)
    assert "[red]x[/red]\\x1b[2J\\x9b31m\\r\\n" in said
    assert not {"\x1b", "\x9b", "\r", "\u202e", "\u2028"} & set(said)
    assert said.count("\n") == drawn(now, width=1000).count("\n") + 2  # of the workers
    assert "example.org" not in said


def test_where_there_is_no_terminal_there_is_one_picture(queue: Queue, tmp_path: Path) -> None:
    queue.dispatch(Echo(text="x"))
    for words in (["top"], ["top", "--once"]):
        result = CliRunner().invoke(cli, [*words, "--home", str(tmp_path)], standalone_mode=False)
        assert result.exception is None and result.output.count("JOBS") == 1
    console = Console(file=io.StringIO(), force_terminal=True, legacy_windows=False)
    top(queue, console, once=True)
    assert "\x1b[?1049h" not in console.file.getvalue()  # type: ignore[attr-defined]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminal to test with")
@pytest.mark.parametrize("end", ["q", "Ctrl-C"])
def test_in_a_terminal_it_moves_until_it_is_ended(queue: Queue, tmp_path: Path, end: str) -> None:
    mine, its = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "mailharvest", "top", "--home", str(tmp_path)],
        stdin=its, stdout=its, stderr=its, start_new_session=True,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30"},
    )  # fmt: skip
    os.close(its)
    said = b""

    def read_until(part: bytes) -> None:
        nonlocal said
        while part not in said:
            said += os.read(mine, 65536)

    try:
        read_until(b"mailharvest submit JOB.yaml")
        assert b"\x1b[?1049h" in said  # the alternate screen
        queue.dispatch(Echo(text="x"))
        read_until(b"queued")
        if end == "q":
            os.write(mine, b"q")
        else:
            process.send_signal(signal.SIGINT)
        read_until(b"\x1b[?1049l")  # and back
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
        os.close(mine)
