"""What tests of whole harvests share: jobs on a simulated web, what two runs must agree on."""

from __future__ import annotations

from typing import Any

import pandas as pd

from mailharvest import Fetch, HarvestJob, Search
from mailharvest.simweb import Running

EAGER = Fetch(per_site_delay=0)
"""No pause between two requests to a site, unless its robots.txt asks for one."""


def job_on(web: Running, *queries: str, kind: type[HarvestJob] = HarvestJob, **more: Any) -> Any:
    """A job that asks `web` these queries, and hurries."""
    search = Search(provider="simweb", base_url=web.url, results_per_page=100)
    return kind(**{"queries": queries, "search": search, "fetch": EAGER, **more})


def emails(frame: pd.DataFrame) -> set[str]:
    """The addresses of a frame, each of which it has once."""
    assert frame["email"].is_unique
    return set(frame["email"])


def evidence(frame: pd.DataFrame) -> pd.DataFrame:
    """What is the same whenever, wherever and how often a harvest is done, with its order."""
    return frame.drop(columns=["found_at", "job_id"]).astype(str)
