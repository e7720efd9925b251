"""The world as a value: the same everywhere, bounded, and consistent with itself."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections import Counter
from hashlib import sha256
from urllib.parse import urlsplit

import pytest

from mailharvest.errors import SpecError
from mailharvest.simweb import World
from mailharvest.simweb.page import build
from mailharvest.simweb.site import Robots
from mailharvest.simweb.world import Fate, Moved

WORLD = World(seed=3, sites=500, pages_per_site=5)


def test_the_same_numbers_for_ever() -> None:
    """A change of these is a change of every recorded benchmark: make it on purpose."""
    world = World(seed=1, sites=1000, results_per_query=100)
    assert world.link(17, 80) == "http://falcon-textiles-00017.simweb.localhost:80/"
    assert world.results("real estate cairo", "eg")[:5] == [3973, 2064, 155, 3246, 1337]
    truth = sorted(world.truth(["real estate cairo"], country="eg"))
    assert (len(truth), truth[0], truth[-1]) == (
        434,
        "accounts@cairo-flowers-00798.example.net",
        "ziadlombardi@tiger-energy-00701.example.com",
    )
    body = build(world, 17).plain()
    assert sha256(body).hexdigest()[:16] == "3e36582119828cf8"


def test_another_process_with_another_hash_seed_agrees() -> None:
    code = (
        "from mailharvest.simweb import World; import hashlib;"
        "t = World(seed=3, sites=500, pages_per_site=5).truth(['a', 'b']);"
        "print(hashlib.sha256(repr(sorted(t)).encode()).hexdigest())"
    )
    found = {
        subprocess.check_output(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed}
        )
        for seed in ("1", "77")
    }
    assert len(found) == 1


def test_a_world_travels_as_a_small_value() -> None:
    world = World(seed=9, sites=10**7)
    world.truth(["a"])
    sent = pickle.dumps(world)
    assert len(sent) < 1000
    assert pickle.loads(sent) == world
    assert hash(pickle.loads(sent)) == hash(world)


def test_seeds_make_worlds_apart() -> None:
    one, other = World(seed=1).truth(["a"]), World(seed=2).truth(["a"])
    assert len(one & other) < 0.01 * len(one)


def test_every_url_leads_back_to_its_page() -> None:
    world = World(seed=3, sites=60, pages_per_site=40, poison=3)
    urls = list(world.urls(8400))
    assert len(set(urls)) == world.pages == 2400
    assert list(world.pages_of(urls)) == list(range(world.pages))
    for page in range(world.pages):
        site = world.site(page % world.sites)
        number = page // world.sites
        assert world.route(site, site.path(number)) == (page, Moved.NOWHERE)


@pytest.mark.parametrize(
    "url",
    [
        "http://elsewhere.example.com/",
        "http://nile-homes-00000.simweb.localhost:1/",
        "http://PLACE.simweb.localhost/nowhere-77",
        "http://PLACE.simweb.localhost/team-99999999999999999999999",
        "http://PLACE.simweb.localhost/go/5",
        "http://PLACE.simweb.localhost/poison",
        "http://-00001.simweb.localhost/",
        "http://a-99999999999999999999.simweb.localhost/",
        "http://a-²³.simweb.localhost/",
        "mailto:info@example.com",
        "",
    ],
)
def test_unknown_urls_give_nothing(url: str) -> None:
    url = url.replace("PLACE", WORLD.site(1).name)
    assert WORLD.site_truth([url]) == set()


def test_a_query_finds_pages_once_and_ends() -> None:
    found = WORLD.results("agents in cairo")
    assert len(found) == len(set(found)) == WORLD.result_count() == 300
    assert found == [
        page
        for start in range(0, 400, 10)
        for page in WORLD.results("agents in cairo", None, start, start + 10)
    ]
    assert WORLD.results("  Agents  in CAIRO ") == found
    assert WORLD.results("agents in cairo", "eg") != found
    assert WORLD.results("agents in cairo", "EG") == WORLD.results("agents in cairo", "eg")


def test_a_small_world_is_found_whole() -> None:
    world = World(sites=7, pages_per_site=3, results_per_query=1000)
    assert sorted(world.results("anything")) == list(range(21))


def test_one_query_leads_to_many_sites() -> None:
    world = World(sites=5000, pages_per_site=5, results_per_query=100)
    assert len({page % world.sites for page in world.results("dentists giza")}) > 90


def test_queries_overlap_a_little() -> None:
    def repeats(duplicates: float) -> float:
        world = World(sites=100_000, results_per_query=100, duplicates=duplicates)
        found = Counter(page for turn in range(300) for page in world.results(f"query {turn}"))
        return 1 - len(found) / found.total()

    apart, near = repeats(0.0), repeats(0.4)
    assert apart < 0.06
    assert apart + 0.02 < near < apart + 0.25


def test_shares_are_what_was_asked_for() -> None:
    world = World(sites=4000, errors=0.02, flaky=0.01, redirects=0.06, robots=0.1, slow=0.03)
    pages = range(world.pages)
    fates = Counter(map(world.fate, pages))
    lost = sum(count for fate, count in fates.items() if fate > Fate.FALTERS)
    assert set(fates) == set(Fate)
    assert lost / world.pages == pytest.approx(0.02, rel=0.2)
    assert fates[Fate.FALTERS] / world.pages == pytest.approx(0.01, rel=0.2)
    moved = Counter(map(world.moved, pages))
    assert set(moved) == set(Moved)
    assert 1 - moved[Moved.NOWHERE] / world.pages == pytest.approx(0.06, rel=0.2)
    sites = [world.site(index) for index in range(world.sites)]
    robots = Counter(site.robots for site in sites)
    assert set(robots) == set(Robots)
    biting = sum(count for rule, count in robots.items() if rule > Robots.PLAIN)
    assert biting / world.sites == pytest.approx(0.1, rel=0.2)
    assert sum(site.slow for site in sites) / world.sites == pytest.approx(0.03, rel=0.3)


def test_a_world_without_trouble_loses_nothing() -> None:
    world = World(sites=300, errors=0, robots=0, redirects=0, slow=0, flaky=0)
    assert not any(map(world.lost, range(world.pages)))
    assert {urlsplit(url).path[:4] for url in world.urls(80)}.isdisjoint({"/go/", "/old"})


def test_truth_is_what_the_arguments_say() -> None:
    queries = ["a", "b"]
    whole = WORLD.truth(queries)
    assert whole < WORLD.truth(queries, obfuscated=True)
    assert WORLD.truth(queries[:1]) < whole
    assert WORLD.truth(queries, max_results=40) < whole
    assert WORLD.truth(queries, country="eg") != whole
    snippets = WORLD.truth(queries, pages=False)
    assert 0 < len(snippets) < len(whole)
    assert WORLD.truth(queries, snippets=False) | snippets == whole
    hits = {page for query in queries for page in WORLD.results(query)}
    links = [WORLD.link(page, 1) for page in hits]
    assert WORLD.site_truth(links) == WORLD.truth(queries, snippets=False)
    assert WORLD.truth(queries, without=links) == snippets
    assert WORLD.truth([]) == set()


def test_pages_that_robots_or_errors_keep_are_not_in_the_truth() -> None:
    world = World(seed=5, sites=2000, duplicates=0)
    lost = [page for page in range(world.pages) if world.lost(page)]
    for page in lost:
        assert world.page_truth([page]) == set()
        assert not world.fate(page) <= Fate.FALTERS or world.disallowed(page)
    assert {world.site(page % world.sites).robots for page in lost} == set(Robots)


def test_poisoned_sites_are_ordinary_and_answer() -> None:
    world = World(sites=50, poison=4, errors=1, robots=1, redirects=1)
    for page in range(4):
        assert world.link(page, 80).endswith("-0000" + f"{page}.simweb.localhost:80/poison")
        assert not world.lost(page)
        assert world.page_truth([page]) == {
            email for email, way, _ in world.planted(page) if way < 12
        }
    assert world.lost(4)


@pytest.mark.parametrize(
    ("field", "value"),
    [("sites", 0), ("duplicates", 1.0), ("errors", -0.1), ("latency", float("nan")), ("slow", 2)],
)
def test_numbers_out_of_range_are_refused(field: str, value: float) -> None:
    with pytest.raises(SpecError, match=field):
        World(**{field: value})  # type: ignore[arg-type]
