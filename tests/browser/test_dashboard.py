"""The tab Harvest of Dask's dashboard, during a run, in a real browser."""

from __future__ import annotations

import re
from typing import Any

import pytest

from mailharvest import Fetch, HarvestJob, Search
from mailharvest.run import harvest

from .conftest import overflow, until, wrong

# What the page says: Bokeh draws in shadow roots, one within the other.
TEXT = """
function text(node) {
    let all = '';
    for (const e of node.querySelectorAll('*'))
        if (e.shadowRoot) all += text(e.shadowRoot);
    return all + ' ' + (node.textContent || '');
}
return text(document)
"""


def found(browser: Any) -> int:
    """Addresses that the headline tells; 0 while there is none."""
    said = re.search(r"([\d,]+) of [\d,]+ e-mails", browser.execute_script(TEXT))
    return int(said[1].replace(",", "")) if said else 0


@pytest.mark.parametrize("page", ["harvest", "individual-harvest"])
def test_its_numbers_move(browser, page, tmp_path):
    job = HarvestJob(
        query="{trade} {city}",
        expand={"trade": ["dentists", "architects"], "city": ["Cairo", "Giza", "Luxor"]},
        max_emails=50_000,
        search=Search(provider="simweb"),
        fetch=Fetch(per_site_delay=0.5),
        slots=20,
    )
    browser.set_window_size(1440, 1000)
    with harvest(job, workers=1, threads=20, home=tmp_path) as run:
        browser.get("about:blank")  # a page of a cluster that is closed tries to reach it
        browser.get_log("browser")  # what other pages complained of
        browser.get(f"{run.client.dashboard_link.rpartition('/')[0]}/{page}")
        first = until(lambda: found(browser))
        until(lambda: found(browser) > first)
        said = browser.execute_script(TEXT)
        assert "{trade} {city}" in said
        assert "@" not in said
        for width in (1440, 390):
            browser.set_window_size(width, 1000)
            until(lambda: overflow(browser, "body > .content *, body > div") == [], 10)
        assert wrong(browser) == []
        run.cancel()
