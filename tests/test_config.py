"""Defaults come from Dask's configuration, once, and stay with the job."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import dask.config
import platformdirs
import pytest

from mailharvest.config import home_folder, setting
from mailharvest.errors import SpecError
from mailharvest.job import HarvestJob
from mailharvest.spec import Fetch


def test_fetch_takes_its_defaults_when_it_is_made() -> None:
    assert (Fetch().timeout, Fetch().max_bytes, Fetch().robots) == (20.0, 5_000_000, True)
    with dask.config.set(
        {"mailharvest.fetch.timeout": "1m", "mailharvest.fetch.per-site-delay": 2}
    ):
        job = HarvestJob(urls="https://a.example.com")
        assert (job.fetch.timeout, job.fetch.per_site_delay) == (60.0, 2.0)
        assert Fetch(timeout=3).timeout == 3.0
    assert HarvestJob.model_validate_json(job.model_dump_json()).fetch.timeout == 60.0


def test_a_default_that_cannot_be_is_refused_like_any_value() -> None:
    with (
        dask.config.set({"mailharvest.fetch.timeout": "soon"}),
        pytest.raises(SpecError, match=r"fetch\.timeout: 'soon' is no duration"),
    ):
        HarvestJob(urls="https://a.example.com")


def test_the_environment_and_a_file_change_defaults(tmp_path: Path) -> None:
    """As a person meets it: a fresh process. The file appears, commented out."""
    env = {
        **os.environ,
        "DASK_CONFIG": str(tmp_path),
        "DASK_MAILHARVEST__FETCH__TIMEOUT": "7",
    }
    code = "from mailharvest.spec import Fetch; print(Fetch().timeout, Fetch().max_redirects)"

    def run() -> str:
        return subprocess.run(
            [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
        ).stdout.strip()

    assert run() == "7.0 5"
    made = tmp_path / "mailharvest.yaml"
    lines = made.read_text("utf-8").splitlines()
    assert lines
    assert all(line.startswith("#") or not line.strip() for line in lines)
    made.write_text("mailharvest:\n  fetch:\n    max_redirects: 2\n")
    assert run() == "7.0 2"


def test_home_is_what_is_said_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MAILHARVEST_HOME", raising=False)
    assert home_folder() == platformdirs.user_data_path("mailharvest", appauthor=False)
    with dask.config.set({"mailharvest.home": str(tmp_path / "config")}):
        assert home_folder() == tmp_path / "config"
        monkeypatch.setenv("MAILHARVEST_HOME", str(tmp_path / "env"))
        assert home_folder() == tmp_path / "env"
        assert home_folder(tmp_path / "said") == tmp_path / "said"
    assert setting("home") is None
    assert home_folder("~/x") == Path("~/x").expanduser()
    with pytest.raises(SpecError, match=r"^home: 5 is no path \(write a str or a pathlib\.Path\)"):
        home_folder(5)  # type: ignore[arg-type]
