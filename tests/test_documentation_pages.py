"""Thousands of real pages: installed documentation, from a web server and from disk."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

import mailharvest as mh
from mailharvest.sources import files

# Debian package, folder of its HTML, and how many pages it has at least.
PACKAGES = [
    ("mailman3-doc", "/usr/share/doc/mailman3/html", 100),
    ("postfix-doc", "/usr/share/doc/postfix/html", 100),
    ("linux-doc-6.1", "/usr/share/doc/linux-doc-6.1/html", 3000),
]


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """A real web server on loopback; its address."""
    server = subprocess.Popen(
        [sys.executable, "-u", "-m", "http.server", "--bind", "127.0.0.1", "--protocol", "HTTP/1.1",
         "--directory", str(folder), "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
    )  # fmt: skip
    try:
        assert server.stdout is not None
        port = re.search(r"port (\d+)", server.stdout.readline())
        assert port
        yield f"http://127.0.0.1:{port[1]}"
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


def harvested(job: mh.HarvestJob, home: Path) -> tuple[set[str], int]:
    """The addresses that `job` finds, and the pages that it read."""
    with mh.harvest(job, home=home, workers=1) as run:
        return set(run.result()["email"]), run.progress.pages


@pytest.mark.parametrize(("package", "folder", "least"), PACKAGES, ids=[p[0] for p in PACKAGES])
def test_over_http_and_from_disk_the_same_addresses(tmp_path, package, folder, least):
    pattern = f"{folder}/**/*.html"
    pages = [str(path) for path in files.paths([pattern])]
    if not pages:
        pytest.skip(f"no pages in {folder}: apt-get install {package}")
    assert len(pages) >= least
    by_disk, read = harvested(mh.HarvestJob(files=[pattern]), tmp_path / "disk")
    with served(Path(folder)) as address:
        urls = [f"{address}/{quote(Path(page).relative_to(folder).as_posix())}" for page in pages]
        fetch = mh.Fetch(allow_private=True, per_site_delay=0)
        by_http, fetched = harvested(mh.HarvestJob(urls=urls, fetch=fetch), tmp_path / "http")
    assert (read, fetched) == (len(pages), len(pages))
    # Counts, not sets: these addresses are people's, and a failed test prints what it compares.
    assert (len(by_http - by_disk), len(by_disk - by_http)) == (0, 0)
    assert len(by_disk) >= 5
