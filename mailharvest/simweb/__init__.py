"""A simulated web with a search API and planted truth: demo, tests and benchmarks run on it.

>>> from mailharvest.simweb import World
>>> world = World(seed=7, sites=50)
>>> len(world.truth(["real estate agents cairo"])) > 100
True

``start(world)`` serves it from a process of its own::

    with simweb.start(world) as web:
        job = mh.HarvestJob(query="…", search=mh.Search(provider="simweb", base_url=web.url))
"""

from __future__ import annotations

from mailharvest.simweb.process import DEMO, Running, ensure, main, serve, start
from mailharvest.simweb.world import World

__all__ = ["DEMO", "Running", "World", "ensure", "main", "serve", "start"]
