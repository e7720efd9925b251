"""The e-mail addresses that the web publishes, as a pandas DataFrame with the evidence for each.

>>> import mailharvest as mh
>>> job = mh.HarvestJob(query="real estate agents {city}", expand={"city": ["Cairo", "Giza"]},
...                     max_emails=2000, search=mh.Search(provider="simweb"))
>>> run = mh.harvest(job)                      # doctest: +SKIP
>>> run.result()                               # doctest: +SKIP
"""

from __future__ import annotations

from mailharvest.chunk import ChunkResult, ChunkSpec
from mailharvest.errors import Fail, MailharvestError, Release
from mailharvest.extract import Address, extract
from mailharvest.job import HarvestJob
from mailharvest.queue.job import Backoff, Exponential, Job
from mailharvest.run import Run, harvest, resume
from mailharvest.spec import Fetch, Search

__all__ = [
    "Address",
    "Backoff",
    "ChunkResult",
    "ChunkSpec",
    "Exponential",
    "Fail",
    "Fetch",
    "HarvestJob",
    "Job",
    "MailharvestError",
    "Release",
    "Run",
    "Search",
    "extract",
    "harvest",
    "resume",
]
