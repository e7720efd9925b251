"""What the dispatcher needs of whatever runs chunks: one protocol, so that it knows no Dask."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from mailharvest.chunk import ChunkResult
from mailharvest.queue.storable import legible

if TYPE_CHECKING:
    from mailharvest.web import Web


@dataclass(frozen=True, slots=True)
class Claim:
    """A chunk in the hands of a dispatcher: everything a worker needs, all of it plain data.

    Attributes
    ----------
    lease : int
        Fencing token; a finish with an old one changes nothing.
    attempt : int
        1 at the first.
    crashes : int
        Deaths of a worker that this chunk was part of.
    spec : str
        JSON of the chunk's data. As text: between ledger and worker nobody has to read it.
    job_kind, job_args : str
        ``module:Class`` and its JSON, of what :meth:`Job.lean` leaves.
    deadline : float
        Epoch seconds at which the attempt is over.
    shard : int, optional
        Its place in the frontier; a pool may keep a shard where its connections are warm.
    """

    chunk_id: int
    job_id: str
    lease: int
    attempt: int
    crashes: int
    kind: str
    spec: str
    job_kind: str
    job_args: str
    priority: int
    timeout: float
    deadline: float
    shard: int | None = None

    @property
    def data(self) -> dict[str, Any]:
        """What the chunk is about, read anew each time."""
        return dict(json.loads(self.spec))

    @property
    def key(self) -> str:
        """The Dask key: fresh at every claim."""
        return f"harvest-{self.job_id}-{self.chunk_id}-{self.lease}"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt gave no result.

    Attributes
    ----------
    kind : str
        ``exception``, ``timeout``, ``fail`` (no more tries), ``release`` (no try used),
        ``refused`` (the provider will not answer), ``crash`` (the worker died),
        ``lost`` (the scheduler went away: released).
    error : str
        Kind for the error table: ``chunk_error``, ``timeout``, ``worker_crash``, ``bad_key``, …
    delay : float
        Seconds until a released chunk may run again.
    alone : bool
        The worker that died had no other chunk: it was this one.
    """

    kind: str
    error: str
    message: str
    traceback: str = ""
    delay: float = 0.0
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the attempt of a claim ended: a result or a failure."""

    claim: Claim
    result: ChunkResult | None = None
    failure: Failure | None = None
    worker: str = ""


@dataclass(slots=True)
class Context:
    """What :meth:`Job.handle` is given.

    Attributes
    ----------
    kind, data
        The chunk's own.
    attempt : int
        1 at the first.
    deadline : float
        Epoch seconds by which it must be back.
    web : Web or None
        The fetcher of this process: one session, one event loop.
    """

    job_id: str
    chunk_id: int
    kind: str
    data: dict[str, Any]
    attempt: int
    deadline: float
    web: Web | None = None
    tell: Callable[[dict[str, Any]], None] = field(default=lambda _: None)

    def progress(self, fraction: float, note: str = "") -> None:
        """Say how far this chunk is: 0 to 1, and a word."""
        done = min(1.0, max(0.0, float(fraction)))  # in this order a nan is 0
        self.tell({"progress": done, "note": legible(note[:200])})

    def log(self, line: str) -> None:
        """Add a line to the job's log."""
        self.tell({"log": legible(line[:2000])})


class Pool(Protocol):
    """Where chunks run: Dask (`cluster.bag.DaskPool`), or threads here (`inline.InlinePool`)."""

    def subscribe(self, listener: Callable[[dict[str, Any]], None]) -> None:
        """Tell `listener` what chunks say of themselves, with their ``chunk`` and ``lease``."""

    def free(self) -> int:
        """Ordinary chunks (``crashes == 0``) that may be submitted now."""

    def quarantine(self, wanted: bool) -> bool:
        """Keep a worker for suspects (``crashes > 0``), or no longer.

        A worker that died takes every chunk it had with it, and all of them are suspects. The
        dispatcher finds the culprit by halves: while the ledger has suspects it calls
        ``quarantine(True)``, and when that says yes it claims half of those with the most crashes
        (at least one) and submits them; ordinary chunks never share that worker. So only a chunk
        that died alone (`Failure.alone`) is ever split or set aside.

        Returns
        -------
        bool
            The worker is reserved and empty: a group of suspects may be submitted.
        """

    def submit(self, claims: Sequence[Claim]) -> None:
        """Start them."""

    def outcomes(self, timeout: float) -> list[Outcome]:
        """Those that ended, waiting at most `timeout` seconds for the first.

        Raises
        ------
        ClusterError
            The scheduler is gone; everything in flight is lost.
        """

    def drop(self, claims: Sequence[Claim]) -> None:
        """Forget them: nobody wants their outcome."""

    def replace_worker(self, claim: Claim) -> list[Claim]:
        """The claim is past its deadline and does not come back: replace its worker process.

        Returns
        -------
        list of Claim
            Its neighbours on that worker, which are lost through no fault of their own.
        """

    def close(self) -> None:
        """Let go of what the pool itself opened."""
