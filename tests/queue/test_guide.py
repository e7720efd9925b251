"""docs/queue.md: what it shows can be parsed and used as it stands."""

from __future__ import annotations

import configparser
import contextlib
import os
import re
import shlex
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import mailharvest as mh
from mailharvest.cli import cli
from tests.queue.jobs import Echo

GUIDE = Path(__file__).parents[2] / "docs" / "queue.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE.read_text("utf-8"), re.S)


def parses(command: str) -> None:
    """The command line accepts these words."""
    words = shlex.split(command.partition("mailharvest ")[2].replace("%(process_num)s", "1"))
    verb = cli.commands[words[0]]
    verb.make_context(words[0], words[1:])


@pytest.mark.timeout(200)
def test_what_it_begins_with_runs_as_it_stands(tmp_path: Path) -> None:
    job, caller, _ = blocks("python")
    (tmp_path / "reports.py").write_text(job)
    (tmp_path / "caller.py").write_text(caller + "print(job.result, job.progress, job.logs())")
    (command,) = blocks("console")
    env = {**os.environ, "MAILHARVEST_HOME": str(tmp_path / "home")}
    words = [sys.executable, "-m", *command.removeprefix("$ ").split()]
    with subprocess.Popen(
        [*words, "--workers", "1"], cwd=tmp_path, env=env, stderr=subprocess.DEVNULL
    ) as dispatcher:
        try:
            said = subprocess.run(
                [sys.executable, "caller.py"],
                cwd=tmp_path, env=env, capture_output=True, text=True, check=True, timeout=120,
            ).stdout  # fmt: skip
        finally:
            dispatcher.terminate()
    assert said == "{'rows': 10} 1.0 ['ten rows written']\n"
    assert dispatcher.returncode == 0


def test_the_example_that_is_safe_to_run_twice_is(tmp_path: Path) -> None:
    names: dict[str, Any] = {"__name__": "invoices"}
    exec(blocks("python")[2], names)
    for _ in range(2):
        job = names["Invoice"](number=7, books=str(tmp_path / "books.db"), folder=str(tmp_path))
        mh.Queue.dispatch_sync(job)
    with contextlib.closing(sqlite3.connect(tmp_path / "books.db")) as books:
        assert books.execute("SELECT number, euros FROM invoice").fetchall() == [(7, 100)]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["7.txt", "books.db"]


def calls() -> list[str]:
    """What the table of calls says to write."""
    table = GUIDE.read_text("utf-8").partition("## In one place")[2].partition("\n## ")[0]
    spans = [span for line in table.splitlines() for span in re.findall(r"`(q\.[^`]*)`", line)]
    assert len(spans) > 12
    return spans


@pytest.mark.parametrize("call", calls())
def test_each_call_of_the_table_can_be_made(call: str, tmp_path: Path) -> None:
    echo = Echo(value=1)
    with mh.Queue(home=tmp_path) as q:
        names = {
            "q": q, "mh": mh, "job": echo, "jobs": [echo, echo], "handler": print,
            "Import": Echo, "Notify": Echo, "Alert": Echo, "id": q.dispatch(echo).id,
        }  # fmt: skip
        eval(call.replace("(...)", "()"), names)


def test_the_words_of_the_tables_are_there() -> None:
    text = GUIDE.read_text("utf-8")
    for name in set(re.findall(r"\bq\.(\w+)", text)):
        assert hasattr(mh.Queue, name), name
    for name in set(re.findall(r"\bmh\.(\w+)", text)):
        assert name in mh.__all__, name
    for name in set(re.findall(r"`mailharvest (\w+)", text)):
        assert name in cli.commands, name
    work = {option for param in cli.commands["work"].params for option in param.opts}
    said = text.partition("`--once`")[2].partition("|\n")[0]
    assert set(re.findall(r"--[a-z-]+", said)) - {"--memory", "--max-tasks-per-child"} <= work


def test_the_crontab_line_parses() -> None:
    from cronsim import CronSim

    (line,) = blocks("cron")
    fields, command = line.split(maxsplit=5)[:5], line.split(maxsplit=5)[5]
    from datetime import datetime

    assert next(CronSim(" ".join(fields), datetime(2026, 1, 1))) > datetime(2026, 1, 1)
    parses(command.partition("/bin/")[2])


@pytest.mark.parametrize("section", ["Service", "program:mailharvest"])
def test_the_service_files_parse(section: str) -> None:
    for block in blocks("ini"):
        parser = configparser.RawConfigParser()
        parser.read_string(block)
        if parser.has_section(section):
            command = parser[section].get("execstart") or parser[section]["command"]
            parses(command.partition("/bin/")[2])
            return
    raise AssertionError(section)


def test_the_console_line_parses() -> None:
    (line,) = blocks("console")
    parses(line.removeprefix("$ ").strip())
