"""The e-mail addresses that the web publishes, as a pandas DataFrame with the evidence for each.

>>> import mailharvest as mh
>>> job = mh.HarvestJob(query="real estate agents {city}", expand={"city": ["Cairo", "Giza"]},
...                     max_emails=2000, search=mh.Search(provider="simweb"))
>>> run = mh.harvest(job)                      # doctest: +SKIP
>>> run.result()                               # doctest: +SKIP
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

# Not lazily: the folder has the name of the function, and whoever imports it first would win.
from mailharvest.extract import Address, extract

if TYPE_CHECKING:
    from mailharvest.chunk import ChunkResult, ChunkSpec
    from mailharvest.errors import Fail, Interrupted, JobFailed, MailharvestError, Release
    from mailharvest.job import HarvestJob
    from mailharvest.notebook import ControlRoom, JobForm
    from mailharvest.queue.job import Backoff, Exponential, Job, env
    from mailharvest.queue.queue import Queue
    from mailharvest.run import Run, harvest, resume
    from mailharvest.spec import Fetch, Search, Seconds

__all__ = [
    "Address",
    "Backoff",
    "ChunkResult",
    "ChunkSpec",
    "ControlRoom",
    "Exponential",
    "Fail",
    "Fetch",
    "HarvestJob",
    "Interrupted",
    "Job",
    "JobFailed",
    "JobForm",
    "MailharvestError",
    "Queue",
    "Release",
    "Run",
    "Search",
    "Seconds",
    "env",
    "extract",
    "harvest",
    "resume",
]

_HOMES = {
    "chunk": ("ChunkResult", "ChunkSpec"),
    "errors": ("Fail", "Interrupted", "JobFailed", "MailharvestError", "Release"),
    "job": ("HarvestJob",),
    "notebook": ("ControlRoom", "JobForm"),
    "queue.job": ("Backoff", "Exponential", "Job", "env"),
    "queue.queue": ("Queue",),
    "run": ("Run", "harvest", "resume"),
    "spec": ("Fetch", "Search", "Seconds"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used (PEP 562).

    Dask and pandas take two seconds to import; the extractor, ``mailharvest --help`` and the
    processes of the simulated web need neither.
    """
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
