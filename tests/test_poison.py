"""A page that kills whoever handles it is set aside and named; all the others are harvested."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from mailharvest import HarvestJob, harvest, simweb
from mailharvest.reason import Reason
from mailharvest.run import open_ledger
from mailharvest.simweb import World
from tests.harvesting import emails, job_on

if TYPE_CHECKING:
    from mailharvest.chunk import ChunkResult
    from mailharvest.queue.pool import Context

QUERY = "opticians in Luxor"


class Poisoned(HarvestJob):
    """Dies of pages at ``/poison``, as of one that makes a C library crash."""

    async def handle(self, ctx: Context) -> ChunkResult:
        result = await super().handle(ctx)
        if any(url.endswith("/poison") for url, *_ in ctx.data.get("urls", ())):
            os._exit(9)
        return result


def test_a_poisonous_page_is_set_aside_and_named_and_the_innocent_are_harvested(
    tmp_path: Path,
) -> None:
    world = World(
        seed=1,
        sites=8,
        pages_per_site=10,
        results_per_query=80,
        poison=1,
        slow=0,
        robots=0,
        errors=0,
        flaky=0,
    )
    with simweb.start(world) as web:
        (poison,) = (web.link(page) for page in range(world.poison))
        truth = world.truth([QUERY], without=[poison])
        assert truth < world.truth([QUERY])
        job = job_on(web, QUERY, kind=Poisoned)
        with harvest(job, home=tmp_path, workers=2, threads=3) as run:
            assert emails(run.result(timeout=150)) == truth
    assert (run.state, run.reason) == ("completed", Reason.EXHAUSTED)
    assert run.progress.errors["crash"] == 1
    assert run.progress.errors["worker_crash"] >= 3
    with open_ledger(tmp_path) as ledger:
        (error,) = ledger.errors(run.job_id, kind="crash")
    assert error.url == poison
    assert error.site == poison.split("/")[2]
