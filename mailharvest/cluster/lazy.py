"""Client side: a harvest as a lazy Dask bag or dataframe, for people who compose.

No ledger stands behind these: Dask alone runs them, on any of its schedulers. They cover what the
first plan of the job covers, without top-ups, and what a dead worker had begun is done anew.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import dask.bag as db
import dask.dataframe as dd
import pandas as pd
import pyarrow as pa
from dask.dataframe.utils import clear_known_categories
from dask.delayed import Delayed, delayed

from mailharvest import records
from mailharvest.chunk import ChunkResult, ChunkSpec, FoundURL
from mailharvest.queue.job import Job, kind_of, load_job
from mailharvest.queue.pool import Context
from mailharvest.queue.storable import args_of
from mailharvest.web import Web, shard_of, site_of

GROUPS = 32
"""Groups of sites: each is fetched by one task, which keeps the pace of its sites."""

Packed = tuple[str, str]
"""A job as it travels: ``module:Class`` and its JSON."""


def to_bag(job: Job) -> db.Bag:
    """The sightings of `job` as a bag of dicts with the fields of `records.SCHEMA`."""
    rows = delayed(pa.Table.to_pylist, pure=False)
    bag: db.Bag = db.from_delayed([rows(table) for table in _tables(job)])
    return bag


def to_dataframe(job: Job) -> dd.DataFrame:
    """The addresses of `job`, a row each as in ``Run.frame()``; each in one partition only."""
    split = delayed(_split, pure=False, nout=GROUPS)
    pieces = [list(split(table)) for table in _tables(job)]
    frame = delayed(_frame, pure=False)
    frames = [frame([piece[group] for piece in pieces]) for group in range(GROUPS)]
    # Each partition has categories of its own.
    meta = clear_known_categories(records.to_frame(records.SCHEMA.empty_table()))
    together: dd.DataFrame = dd.from_delayed(frames, meta=meta)
    return together


def _tables(job: Job) -> list[Delayed]:
    """One delayed Arrow table of sightings for each chunk of the plan and each group of sites."""
    packed = kind_of(job), args_of(job)
    # Not pure: Dask would answer a second harvest of the same job from the first.
    first = delayed(_first, pure=False, traverse=False)
    scrape = delayed(_scrape, pure=False)
    seeds: list[list[FoundURL]] = [[] for _ in range(GROUPS)]
    for url in job.seeds():
        seeds[_group(url)].append(url)
    begun = [first(packed, spec) for spec in job.chunks()]
    urls = [delayed(_urls, pure=False)(result) for result in begun]
    sightings = [delayed(_sightings, pure=False)(packed, result) for result in begun]
    grouped = [
        scrape(packed, group, delayed(seeds[group], traverse=False), urls)
        for group in range(GROUPS)
    ]
    return sightings + grouped


def _group(found: FoundURL) -> int:
    return shard_of(site_of(found.url)) % GROUPS


def _handle(packed: Packed, spec: ChunkSpec) -> ChunkResult:
    """Do one chunk here and now, with a fetcher of its own."""
    job = load_job(*packed)

    async def handle() -> Any:
        async with Web() as web:
            context = Context(
                job_id="lazy",
                chunk_id=0,
                kind=spec.kind,
                data=spec.data,
                attempt=1,
                deadline=time.time() + job.timeout,
                web=web,
            )
            return await job.handle(context)

    result: ChunkResult = asyncio.run(handle())
    return result


def _first(packed: Packed, spec: ChunkSpec) -> ChunkResult:
    return _handle(packed, spec)


def _urls(result: ChunkResult) -> list[FoundURL]:
    return result.urls


def _sightings(packed: Packed, result: ChunkResult) -> pa.Table:
    if result.records is None:
        return records.SCHEMA.empty_table()
    return load_job(*packed).sift(result.records)


def _scrape(
    packed: Packed, group: int, seeds: list[FoundURL], found: list[list[FoundURL]]
) -> pa.Table:
    """Fetch the URLs of one group until none is left.

    A redirect to a site of another group is followed here, so for such a site the pace is kept
    within this task alone.
    """
    waiting = {u.url: u for urls in [seeds, *found] for u in urls if _group(u) == group}
    seen = set(waiting)
    tables = [records.SCHEMA.empty_table()]
    pace: dict[str, float] = {}
    while waiting:
        rows = [[u.url, u.query, u.rank, u.hops, u.tries] for u in waiting.values()]
        result = _handle(packed, ChunkSpec("scrape", {"urls": rows, "pace": pace}))
        tables.append(_sightings(packed, result))
        pace = result.pace
        fresh = [u for u in result.urls if u.url not in seen]
        seen.update(u.url for u in fresh)
        waiting = {u.url: u for u in [*result.leftovers, *fresh]}
        pause = min((u.not_before for u in waiting.values()), default=0.0) - time.time()
        time.sleep(max(0.0, pause))
    return pa.concat_tables(tables)


def _split(table: pa.Table) -> Sequence[pa.Table]:
    group = pd.util.hash_array(table["email"].to_numpy(zero_copy_only=False)) % GROUPS
    return [table.filter(pa.array(group == i)) for i in range(GROUPS)]


def _frame(tables: list[pa.Table]) -> pd.DataFrame:
    return records.to_frame(pa.concat_tables(tables))
