"""Whole harvests against the truth: what is found, by how many processes, how often."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from distributed import Client

from mailharvest import harvest, simweb
from mailharvest.simweb import World
from tests.harvesting import emails, evidence, job_on

PLANTED = 20_000
LARGE = World(seed=11, sites=600, addresses=17, results_per_query=550, slow=0)
SMALL = World(seed=5, sites=120, results_per_query=250, slow=0, robots=0)


def test_twenty_thousand_planted_addresses_are_found_and_nothing_else(tmp_path: Path) -> None:
    queries = [f"{trade} in Cairo" for trade in ("bakers", "dentists", "notaries", "agents")]
    truth = LARGE.truth(queries)
    assert len(truth) >= PLANTED
    with simweb.start(LARGE) as web:
        with harvest(job_on(web, *queries), home=tmp_path, workers=2) as run:
            found = emails(run.result(timeout=150))
        stats = web.stats()
    assert (run.state, run.reason) == ("completed", "source exhausted")
    right = len(found & truth)
    assert right / len(truth) >= 0.995, f"missing: {sorted(truth - found)[:20]}"
    assert right / len(found) >= 0.995, f"wrong: {sorted(found - truth)[:20]}"
    assert stats["disallowed"] == stats["crawl_delay_violations"] == 0


def test_the_same_frame_from_any_number_of_processes_and_from_every_run(
    client: Client, tmp_path: Path
) -> None:
    frames: dict[str, pd.DataFrame] = {}
    sizes: dict[str, dict[str, Any]] = {
        "one": {"workers": 1, "threads": 50},
        "two": {"on": client},
        "two again": {"on": client},
        "four": {"workers": 4, "threads": 25},
    }
    with simweb.start(SMALL) as web:
        job = job_on(web, "translators in Giza")
        for name, size in sizes.items():
            web.reset()
            with harvest(job, home=tmp_path / name, **size) as run:
                frames[name] = evidence(run.result(timeout=120))
    truth = SMALL.truth(["translators in Giza"])
    assert len(set(frames["one"]["email"]) & truth) / len(truth) >= 0.995
    for name, frame in frames.items():
        pd.testing.assert_frame_equal(frame, frames["one"], obj=f"the frame of {name}")
