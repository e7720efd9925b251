"""The notebooks: run from the top by a real kernel, and kept without outputs."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
SECONDS = 60
"""A person waits no longer for a whole notebook; nor does a single cell here."""


def name_of(path: Path) -> str:
    return path.stem


def test_they_are_there():
    assert [path.stem[:2] for path in NOTEBOOKS] == ["01", "02", "03", "04"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_outputs_are_stripped(path):
    for cell in json.loads(path.read_text("utf-8"))["cells"]:
        assert not cell.get("outputs") and cell.get("execution_count") is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_what_a_notebook_links_is_there(path):
    text = path.read_text("utf-8")
    for other in ("01", "02", "03", "04"):
        for name in [part.split(")")[0] for part in text.split("](")[1:]]:
            if name.startswith(other):
                assert (FOLDER / name).is_file()


@pytest.mark.filterwarnings("ignore")  # of the kernel's machinery: unencrypted loopback
@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_it_runs_from_the_top(path, tmp_path, monkeypatch):
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    monkeypatch.setenv("MAILHARVEST_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    monkeypatch.setenv("PYTHONPATH", str(FOLDER.parent), prepend=os.pathsep)
    book = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(book, timeout=SECONDS, resources=resources).execute()
    outputs = [output for cell in book.cells for output in cell.get("outputs", ())]
    assert outputs
    assert not [output for output in outputs if output.get("name") == "stderr"]
