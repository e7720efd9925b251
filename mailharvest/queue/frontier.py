"""The frontier: the URLs that a job knows of, each once, and how chunks are cut from them.

A row is ``waiting`` (for its turn, from `due` on), ``taken`` (by an incomplete chunk, or by one
that failed) or ``done``. All URLs of a site are in one shard, and a shard has at most one
incomplete chunk; so whoever runs it keeps the pace of its sites without asking anybody.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import islice
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, Row, bindparam, text

from mailharvest.chunk import SHARDS, ChunkSpec, FoundURL
from mailharvest.queue.database import many
from mailharvest.queue.job import Cut
from mailharvest.queue.tally import Tally
from mailharvest.web.pace import TRIES
from mailharvest.web.urls import normalise_url, shard_of, site_of

BATCH = 5_000
"""URLs that go into the ledger in one statement."""

PATIENCE = 1.0
"""Seconds that a URL waits for company before it is cut alone."""

_PUT = text(
    "INSERT INTO frontier (job, digest, shard, state, due, url, query, rank, hops, tries)"
    " VALUES (:job, :digest, :shard, 'waiting', :due, :url, :query, :rank, :hops, :tries)"
    " ON CONFLICT (job, digest) DO NOTHING"
)
_IN_FLIGHT = text("SELECT in_flight FROM job WHERE no = :job")
_BACK = text(
    "UPDATE frontier SET state = 'waiting', chunk = NULL, due = :due, hops = :hops, tries = :tries"
    " WHERE job = :job AND digest = :digest AND state = 'taken' AND chunk = :chunk"
)
_DONE = text(
    "UPDATE frontier SET state = 'done', chunk = NULL WHERE chunk IN :chunks AND state = 'taken'"
).bindparams(bindparam("chunks", expanding=True))
# What is lost is done with all its tries used: nothing else that is done has.
_LOST = text(
    "UPDATE frontier SET tries = :tries"
    " WHERE job = :job AND digest = :digest AND state = 'taken' AND chunk = :chunk"
)
_AGAIN = text(
    "UPDATE frontier SET state = 'waiting', tries = 0, due = :now"
    " WHERE job = :job AND state = 'done' AND tries >= :tries"
)
_GIVE = text(
    "UPDATE frontier SET chunk = :new"
    " WHERE job = :job AND digest = :digest AND state = 'taken' AND chunk = :chunk"
)

# One step of the index for each shard, whatever the number of its rows; `enough` and `oldest`
# read at most as many entries as a chunk needs.
_SHARDS = text("""
    WITH RECURSIVE step (shard) AS (
        SELECT MIN(shard) FROM frontier
        WHERE job = :job AND state = 'waiting' AND shard >= :first
        UNION ALL
        SELECT (SELECT MIN(f.shard) FROM frontier f
                WHERE f.job = :job AND f.state = 'waiting' AND f.shard > step.shard)
        FROM step WHERE step.shard IS NOT NULL
    )
    SELECT step.shard FROM step
    WHERE step.shard IS NOT NULL
        AND NOT EXISTS (
            SELECT 1 FROM chunk c WHERE c.job = :job AND c.shard = step.shard
            AND c.state IN ('delayed', 'ready', 'running'))
        AND (
            (SELECT MIN(f.due) FROM frontier f
             WHERE f.job = :job AND f.shard = step.shard AND f.state = 'waiting') <= :oldest
            OR (SELECT f.due FROM frontier f
                WHERE f.job = :job AND f.shard = step.shard AND f.state = 'waiting'
                ORDER BY f.due, f.id LIMIT 1 OFFSET :enough) <= :now)
    LIMIT :room
""")
_NEXT = text("""
    SELECT id, url, query, rank, hops, tries FROM frontier
    WHERE job = :job AND shard = :shard AND state = 'waiting' AND due <= :now
    ORDER BY due, id LIMIT :limit
""")
_BUSY = text("""
    SELECT DISTINCT shard FROM chunk WHERE job = :job AND shard IN :shards
    AND state IN ('delayed', 'ready', 'running')
""").bindparams(bindparam("shards", expanding=True))
_TAKE = text("UPDATE frontier SET state = 'taken', chunk = :chunk WHERE id = :id")
_PACE = text("""
    SELECT c.shard, c.pace FROM chunk c
    WHERE c.job = :job AND c.shard IN :shards AND c.pace IS NOT NULL AND c.finished_at = (
        SELECT MAX(p.finished_at) FROM chunk p
        WHERE p.job = :job AND p.shard = c.shard AND p.pace IS NOT NULL)
""").bindparams(bindparam("shards", expanding=True))
_DUE = text("""
    WITH RECURSIVE step (shard) AS (
        SELECT MIN(shard) FROM frontier WHERE job = :job AND state = 'waiting'
        UNION ALL
        SELECT (SELECT MIN(f.shard) FROM frontier f
                WHERE f.job = :job AND f.state = 'waiting' AND f.shard > step.shard)
        FROM step WHERE step.shard IS NOT NULL
    )
    SELECT MIN((SELECT MIN(f.due) FROM frontier f
                WHERE f.job = :job AND f.shard = step.shard AND f.state = 'waiting'))
    FROM step WHERE step.shard IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM chunk c WHERE c.job = :job AND c.shard = step.shard
        AND c.state IN ('delayed', 'ready', 'running'))
""")


def digest(url: str) -> bytes:
    """What tells two URLs of a job apart: 16 bytes."""
    return blake2b(url.encode(), digest_size=16).digest()


def batches(urls: Iterable[FoundURL]) -> Iterator[list[FoundURL]]:
    """`urls` in lists of at most `BATCH`, however many there are."""
    source = iter(urls)
    while batch := list(islice(source, BATCH)):
        yield batch


def normal(batch: Sequence[FoundURL]) -> tuple[list[FoundURL], list[str]]:
    """The URLs in their one spelling, and those that are none."""
    good, bad = [], []
    for found in batch:
        url = normalise_url(found.url)
        if url is None:
            bad.append(found.url)
        else:
            good.append(found if url == found.url else found._replace(url=url))
    return good, bad


def shards_for(in_flight: int) -> int:
    """Shards of a job that may have so many chunks in flight: a power of two that keeps it busy.

    Each is a chunk at a time; with many more than may run, its chunks would be crumbs.

    >>> [shards_for(n) for n in (1, 2, 10, 50, 500, 1000)]
    [1, 2, 16, 64, 128, 128]
    """
    return min(1 << (in_flight - 1).bit_length(), SHARDS)


def put(
    connection: Connection, job: int, urls: Iterable[FoundURL], now: float, tally: Tally
) -> int:
    """Add URLs; those that the job knows already are ignored.

    Returns
    -------
    int
        How many were new.
    """
    added = 0
    shards = shards_for(int(connection.scalar(_IN_FLIGHT, {"job": job}) or 1))
    for batch in batches(urls):
        rows = [
            {
                "job": job,
                "digest": digest(found.url),
                "shard": shard_of(site_of(found.url)) % shards,
                "due": max(found.not_before, now),
                "url": found.url,
                "query": found.query,
                "rank": found.rank,
                "hops": found.hops,
                "tries": found.tries,
            }
            for found in batch
        ]
        added += many(connection, _PUT, rows)
    tally.add(job, "url", "waiting", added)
    return added


def finish(
    connection: Connection,
    job: int,
    chunks: Mapping[int, Sequence[FoundURL]],
    now: float,
    tally: Tally,
    lost: Mapping[int, Sequence[str]] = MappingProxyType({}),
) -> None:
    """The URLs of these chunks are done, but for those that each hands back.

    What is `lost` of a chunk is done as well, until :func:`again`.
    """
    leftovers = [left for handed in chunks.values() for left in handed]
    back = 0
    if leftovers:
        rows = [
            {
                "job": job,
                "digest": digest(left.url),
                "chunk": chunk,
                "due": max(left.not_before, now),
                "hops": left.hops,
                "tries": left.tries,
            }
            for chunk, handed in chunks.items()
            for left in handed
        ]
        back = many(connection, _BACK, rows)
    given_up = [
        {"job": job, "digest": digest(url), "chunk": chunk, "tries": TRIES}
        for chunk, urls in lost.items()
        for url in urls
    ]
    if given_up:
        tally.add(job, "url", "lost", many(connection, _LOST, given_up))
    done = connection.execute(_DONE, {"chunks": list(chunks)}).rowcount
    tally.add(job, "url", "taken", -back - done)
    tally.add(job, "url", "waiting", back)
    tally.add(job, "url", "done", done)
    if back < len(leftovers):
        # One that was not its own: it is kept all the same, unless it is known.
        put(connection, job, leftovers, now, tally)


def again(connection: Connection, job: int, now: float, tally: Tally) -> int:
    """What was lost waits again, with all its tries; how many URLs that is."""
    found = connection.execute(_AGAIN, {"job": job, "now": now, "tries": TRIES}).rowcount
    tally.add(job, "url", "lost", -found)
    tally.add(job, "url", "done", -found)
    tally.add(job, "url", "waiting", found)
    return int(found)


def give(connection: Connection, job: int, old: int, new: int, urls: Iterable[str]) -> None:
    """Chunk `new` takes over these URLs of chunk `old`, which was split."""
    rows = [{"job": job, "digest": digest(url), "chunk": old, "new": new} for url in urls]
    if rows:
        many(connection, _GIVE, rows)


def shards_to_cut(
    connection: Connection, job: int, cut: Cut, *, room: int, first: int, idle: bool, now: float
) -> list[int]:
    """Shards that have a chunk's worth of URLs and no incomplete chunk, from `first` on.

    Parameters
    ----------
    room : int
        How many are wanted.
    first : int
        Shard to begin with; the search goes on at 0, so that no shard is always the first.
    idle : bool
        The job has nothing else to do: no URL waits for company.
    """
    asked = {
        "job": job,
        "now": now,
        "oldest": now if idle else now - PATIENCE,
        "enough": cut.enough - 1,
    }
    found = list(connection.scalars(_SHARDS, {**asked, "first": first, "room": room}))
    if len(found) < room and first > 0:
        again = connection.scalars(_SHARDS, {**asked, "first": 0, "room": room - len(found)})
        found += [shard for shard in again if shard < first]
    return found


def next_urls(connection: Connection, job: int, shard: int, cut: Cut, now: float) -> list[Row[Any]]:
    """The URLs of the shard's next chunk: oldest first, at most `cut.per_site` of a site."""
    asked = {"job": job, "shard": shard, "now": now}
    chosen: list[Row[Any]] = []
    # Where a few sites have filled the head of the line, others are looked for behind them, once,
    # unless a chunk is half full without.
    for limit in (cut.urls, 5 * cut.urls):
        rows = connection.execute(_NEXT, {**asked, "limit": limit}).fetchall()
        if len(rows) <= cut.per_site:
            return list(rows[: cut.urls])  # however few sites they are of
        sites: Counter[str] = Counter()
        chosen = []
        for row in rows:
            site = site_of(row.url)
            sites[site] += 1
            if sites[site] <= cut.per_site:
                chosen.append(row)
        if len(chosen) >= cut.urls // 2 or len(rows) < limit:
            break
    return chosen[: cut.urls]


def busy(connection: Connection, job: int, shards: Sequence[int]) -> set[int]:
    """Those of the shards that have an incomplete chunk."""
    return set(connection.scalars(_BUSY, {"job": job, "shards": shards}))


def pauses(
    connection: Connection, job: int, shards: Sequence[int], now: float
) -> dict[int, dict[str, float]]:
    """Until when the sites of these shards are not to be asked, as their last chunks said."""
    rows = connection.execute(_PACE, {"job": job, "shards": shards})
    latest = {row.shard: row.pace for row in rows}
    return {
        shard: {site: until for site, until in json.loads(pace).items() if until > now}
        for shard, pace in latest.items()
    }


def scrape_spec(shard: int, urls: Sequence[Row[Any]], pace: Mapping[str, float]) -> ChunkSpec:
    """The chunk that fetches `urls`, with the pauses that the shard's sites still ask for."""
    listed = [[u.url, u.query, u.rank, u.hops, u.tries] for u in urls]
    return ChunkSpec("scrape", {"urls": listed, "pace": dict(pace)}, shard=shard)


def take(
    connection: Connection, job: int, chunks: Mapping[int, Sequence[Row[Any]]], tally: Tally
) -> None:
    """Each of these chunks has these URLs now."""
    rows = [{"chunk": chunk, "id": row.id} for chunk, urls in chunks.items() for row in urls]
    if rows:
        many(connection, _TAKE, rows)
    tally.add(job, "url", "waiting", -len(rows))
    tally.add(job, "url", "taken", len(rows))


def next_due(connection: Connection, job: int) -> float | None:
    """When the first URL that could be cut is due."""
    due = connection.scalar(_DUE, {"job": job})
    return None if due is None else float(due)
