"""The Arabic README says what the English one says, and what it shows can be run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from mailharvest import HarvestJob

ROOT = Path(__file__).parent.parent
ARABIC = (ROOT / "README.ar.md").read_text("utf-8")
ENGLISH = (ROOT / "README.md").read_text("utf-8")


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_the_first_command_is_the_same():
    assert blocks(ARABIC, "sh") == blocks(ENGLISH, "sh")[:1]


def test_its_job_is_one():
    [shown] = blocks(ARABIC, "yaml")
    job = HarvestJob.model_validate(yaml.safe_load(shown))
    assert job.asked()[0] == "عيادات القاهرة"


def test_its_notebook_lines_are_python():
    [shown] = blocks(ARABIC, "python")
    compile(shown, "README.ar.md", "exec")


@pytest.mark.parametrize("path", re.findall(r"\]\(([^):]+)\)", ARABIC))
def test_what_it_links_is_there(path):
    assert (ROOT / path).is_file()


def test_it_reads_from_the_right():
    assert ARABIC.startswith('<div dir="rtl">')
    assert ARABIC.count("<div") == ARABIC.count("</div>")
