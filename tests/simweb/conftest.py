"""Simulated webs to ask, one for the tests that leave no trace."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mailharvest.simweb import Running, World, start


@pytest.fixture(scope="module")
def web() -> Iterator[Running]:
    """A world with every kind of trouble but slowness."""
    world = World(
        seed=21,
        sites=250,
        pages_per_site=4,
        results_per_query=45,
        slow=0,
        errors=0.15,
        flaky=0.05,
        redirects=0.2,
        robots=0.3,
        poison=1,
    )
    with start(world) as running:
        yield running
