"""A harvest as a lazy bag or dataframe gives what a run of the job gives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from distributed import Client

from mailharvest import HarvestJob, harvest, simweb
from mailharvest.simweb import Running, World
from tests.harvesting import emails, evidence, job_on

WORLD = World(seed=6, sites=40, results_per_query=100, slow=0, robots=0, errors=0, redirects=0.3)
QUERY = "architects in Aswan"


@pytest.fixture(scope="module")
def web() -> Iterator[Running]:
    with simweb.start(WORLD) as web:
        yield web


@pytest.fixture(scope="module")
def frame(web: Running, client: Client, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    with harvest(job_on(web, QUERY), client, home=tmp_path_factory.mktemp("home")) as run:
        return run.result(timeout=120)


def test_a_bag_has_the_sightings(web: Running, client: Client, frame: pd.DataFrame) -> None:
    bag = job_on(web, QUERY).to_bag()
    assert bag.npartitions > 1
    rows = client.compute(bag).result(timeout=120)
    assert set(rows[0]) == set(frame.columns) - {"sightings"}
    assert {row["email"] for row in rows} == emails(frame)
    assert len(rows) == frame["sightings"].sum()
    assert set(bag.pluck("domain").distinct().compute(scheduler="threads")) == set(frame["domain"])


def test_a_dataframe_has_the_frame(web: Running, client: Client, frame: pd.DataFrame) -> None:
    lazy = job_on(web, QUERY).to_dataframe()
    assert list(lazy.columns) == list(frame.columns)
    found = client.compute(lazy).result(timeout=120)
    assert found.dtypes.astype(str).to_dict() == frame.dtypes.astype(str).to_dict()
    assert emails(found) == emails(frame)
    pd.testing.assert_frame_equal(
        evidence(found).sort_values("email", ignore_index=True),
        evidence(frame).sort_values("email", ignore_index=True),
    )


def test_files_and_suppression_hold_lazily_too(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("<p>info@firm.example.com, ceo@other.example.org", "utf-8")
    (tmp_path / "not.txt").write_text("@other.example.org\n", "utf-8")
    job = HarvestJob(files=[str(tmp_path / "*.html")], suppress=[str(tmp_path / "not.txt")])
    bag = job.to_bag()
    assert [row["email"] for row in bag.compute(scheduler="threads")] == ["info@firm.example.com"]
    assert emails(job.to_dataframe().compute(scheduler="threads")) == {"info@firm.example.com"}
