"""docs/queue.md: what it shows can be parsed and used as it stands."""

from __future__ import annotations

import ast
import configparser
import re
import shlex
from pathlib import Path

import click
import pytest

from mailharvest.verbs import VERBS

GUIDE = Path(__file__).parents[2] / "docs" / "queue.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE.read_text("utf-8"), re.S)


def parses(command: str) -> None:
    """The command line accepts these words."""
    words = shlex.split(command.partition("mailharvest ")[2].replace("%(process_num)s", "1"))
    verb = click.Group("mailharvest", commands=VERBS).commands[words[0]]
    verb.make_context(words[0], words[1:])


def test_python_blocks_are_python() -> None:
    assert len(blocks("python")) >= 2
    for block in blocks("python"):
        ast.parse(block)


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
