"""Pages say what the world plants: read by a reader that knows nothing of how they are made."""

from __future__ import annotations

import gzip
import re
from statistics import mean, median

import pytest

from mailharvest.simweb import World
from mailharvest.simweb.page import build, content_type, language_of
from mailharvest.simweb.plant import FIRST_CLOAK, Way
from tests.simweb.reader import decode, read

WORLD = World(seed=11, sites=700, pages_per_site=3)
PAGES = range(0, WORLD.pages, 2)


def test_each_page_shows_exactly_what_is_planted() -> None:
    ways = set()
    for page in PAGES:
        built = build(WORLD, page)
        shown, cloaked = read(decode(built.plain(), content_type(WORLD.site(page % 700))))
        planted = WORLD.planted(page)
        ways |= {way for _, way, _ in planted}
        assert shown == {email for email, way, _ in planted if way < FIRST_CLOAK}, page
        assert cloaked == {email for email, way, _ in planted if way >= FIRST_CLOAK}, page
    assert ways == set(Way)


def test_gzip_holds_the_same_bytes() -> None:
    for page in range(120):
        built = build(WORLD, page)
        assert gzip.decompress(built.gzip()) == built.plain()
        assert len(built.gzip()) < 0.6 * len(built.plain())


def test_the_checksum_is_the_same_without_isal(monkeypatch: pytest.MonkeyPatch) -> None:
    import zlib

    built = build(WORLD, 5)
    before = built.gzip()
    monkeypatch.setattr("mailharvest.simweb.page.crc32", zlib.crc32)
    assert built.gzip() == before


def test_pages_are_of_real_size_and_differ() -> None:
    bodies = [build(WORLD, page).plain() for page in PAGES]
    sizes = sorted(map(len, bodies))
    assert sizes[0] > 10_000 and sizes[-1] < 70_000
    assert 20_000 < median(sizes) < 45_000
    assert len(set(bodies)) == len(bodies)


def test_languages_and_charsets_are_all_there() -> None:
    spoken = {language_of(WORLD.site(index)) for index in range(700)}
    assert {say.code for say, _ in spoken} == {"en", "ar", "de", "fr", "es"}
    assert {charset for _, charset in spoken} == {"utf-8", "windows-1256", "iso-8859-1"}
    assert any(WORLD.site(index).wide for index in range(700))


def test_decoys_stand_among_the_addresses() -> None:
    everything = b"".join(build(WORLD, page).plain() for page in PAGES).decode("utf-8", "replace")
    for decoy in (
        "logo@2x.png",
        r"slider@4\.1\.\d",
        r"https://[0-9a-f]{32}@o44",
        "// loader .*@scripts",
        "<!-- .*@themes",
        "git@code.example.org:",
        'placeholder="you@example.com"',
        "display:none.*@traps",
        r"@\w+@social",
        "ftp://guest@files",
        "@media",
    ):
        assert re.search(decoy, everything), decoy


def test_addresses_per_page_are_as_many_as_asked_for() -> None:
    world = World(addresses=4.5, duplicates=0.2, cloaked=0.1)
    planted = [world.planted(page) for page in range(6000)]
    total = sum(map(len, planted))
    assert mean(map(len, planted)) == pytest.approx(4.5 / 0.8, rel=0.05)
    cloaked = sum(way >= FIRST_CLOAK for found in planted for _, way, _ in found)
    assert cloaked / total == pytest.approx(0.1 * 0.8, rel=0.15)


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5])
def test_duplicates_are_the_share_of_sightings_that_repeat(share: float) -> None:
    world = World(sites=2000, pages_per_site=5, duplicates=share)
    seen = [email for page in range(world.pages) for email, _, _ in world.planted(page)]
    # The first sighting of a shared address is none: a site's own one, on most sites.
    assert 1 - len(set(seen)) / len(seen) == pytest.approx(share, abs=0.05)
    assert share or len(set(seen)) == len(seen)
