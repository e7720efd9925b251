"""The truth is what an honest harvest over HTTP finds, with a client and reader of our own."""

from __future__ import annotations

from mailharvest.simweb import Running, World, start
from mailharvest.simweb.world import Fate, Moved
from tests.simweb.client import harvest


def test_a_polite_harvest_finds_exactly_the_truth(web: Running) -> None:
    queries = [f"real estate agents {city}" for city in ("cairo", "giza", "luxor", "suez")]
    shown, cloaked = harvest(web, queries)
    assert shown == web.world.truth(queries, country="eg")
    assert shown | cloaked == web.world.truth(queries, country="eg", obfuscated=True)
    hits = {page for query in queries for page in web.world.results(query, "eg")}
    assert {web.world.fate(page) for page in hits} == set(Fate)
    assert {web.world.moved(page) for page in hits} == set(Moved)
    assert web.stats()["disallowed"] == 0


def test_a_second_harvest_finds_the_same() -> None:
    world = World(seed=8, sites=60, results_per_query=50, slow=0)
    with start(world) as one:
        first = harvest(one, ["dentists"])
        assert harvest(one, ["dentists"]) == first
    with start(world) as other:
        assert harvest(other, ["dentists"]) == first
