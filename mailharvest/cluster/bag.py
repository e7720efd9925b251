"""Client side: chunks as Dask bags, and their outcomes back."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid4

import dask.bag as db
from distributed import Client, Future, KilledWorker, futures_of

from mailharvest.cluster.parcel import unpack
from mailharvest.cluster.worker import TOPIC, Harvester, run_chunk
from mailharvest.errors import ClusterError
from mailharvest.queue.pool import Claim, Failure, Outcome

LOOK = 0.5
"""Seconds between two looks at which workers there are."""

RESTART = 5.0
"""Seconds that a nanny gives a worker to close by itself before it kills it."""

GATHER = 10.0
"""Seconds for results to come from the workers."""


def bag_of(claims: Sequence[Claim], topic: str = TOPIC) -> db.Bag:
    """The claims as a bag of one partition each: how its attempt ended.

    The keys are fresh at every claim: Dask answers a key that it knows from memory, and a chunk
    that is tried again must really run again.
    """
    name = claims[0].key
    return db.Bag(
        {(name, i): (run_chunk, claim, topic) for i, claim in enumerate(claims)}, name, len(claims)
    )


class DaskPool:
    """Runs chunks on a Dask cluster; the queue's `Pool`.

    Each chunk is placed on a worker by us and not by the scheduler, for three reasons: a chunk
    that outlives its deadline or kills its worker must be found; suspects must run apart; and
    Dask, asked to place few long tasks, was seen to put two on one worker while another idled.
    The window is bounded by the workers' threads, so nothing queues in the scheduler.

    Parameters
    ----------
    client : distributed.Client
        Never closed here.
    """

    def __init__(self, client: Client) -> None:
        self.client = client
        self.paused = False
        """Nothing more is taken while this is true; a person decides."""
        self._done: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._flying: dict[str, tuple[Claim, Future[Any], str]] = {}
        self._at: dict[str, set[str]] = defaultdict(set)  # worker address → keys
        self._workers: dict[str, int] = {}  # worker address → threads
        self._looked = 0.0
        self._scheduler = ""  # its id: one that was restarted has another, and knows nothing of us
        # Of its own: a client has one handler a topic, and chunks of other ledgers have our ids.
        self._topic = f"{TOPIC}-{uuid4().hex}"
        self._listener: Callable[[dict[str, Any]], None] = lambda _: None
        self._reserved: str | None = None
        self._retired: set[str] = set()  # being replaced: nothing more goes there
        self._died: dict[str, int] = {}  # worker address → chunks that it took with it

    def subscribe(self, listener: Callable[[dict[str, Any]], None]) -> None:
        """Call `listener` with what running chunks say of themselves."""
        self._listener = listener

    # what there is room for

    def free(self) -> int:
        return 0 if self.paused else sum(self._room(address) for address in self._ordinary())

    def quarantine(self, wanted: bool) -> bool:
        workers = {} if self.paused else self._look()
        if not wanted:
            self._reserved = None
            return False
        if self._reserved not in workers:
            self._reserved = min(workers, key=lambda w: len(self._at[w]), default=None)
        return self._reserved is not None and not self._at[self._reserved]

    def _ordinary(self) -> list[str]:
        return [address for address in self._look() if address != self._reserved]

    def _room(self, address: str) -> int:
        return max(0, self._workers[address] - len(self._at[address]))

    def _look(self) -> dict[str, int]:
        """The workers that take chunks now, as the scheduler knows them, at most `LOOK` s old."""
        now = time.monotonic()
        if now - self._looked > LOOK:
            info = self._ask()
            self._greet(info["id"])
            known = info["workers"]
            self._looked = now
            self._workers = {
                address: info["nthreads"]
                for address, info in known.items()
                if info["status"] == "running" and address not in self._retired
            }
            for address in self._at.keys() - known.keys():
                self._bury(address)
        return self._workers

    def status(self) -> dict[str, dict[str, Any]]:
        """Dask's own view of the workers: address to threads, status, metrics, memory limit.

        Raises
        ------
        ClusterError
            The scheduler is gone.
        """
        return dict(self._ask()["workers"])

    def _ask(self) -> dict[str, Any]:
        if self.client.status != "running":
            raise ClusterError(f"the Dask scheduler is gone (client {self.client.status})")
        assert self.client.scheduler is not None
        try:
            # Not client.scheduler_info(): the client asks for itself now and then, without the
            # workers, and who asks at the same moment may be given that answer.
            info = dict(self.client.sync(self.client.scheduler.identity, n_workers=-1))
        except (OSError, TimeoutError) as error:
            raise ClusterError(f"the Dask scheduler does not answer: {error}") from None
        if "workers" not in info:
            raise ClusterError("the Dask scheduler does not answer")
        return info

    def _greet(self, scheduler: str) -> None:
        """Make ourselves known to a scheduler that does not know us.

        A client finds its way to a scheduler that was restarted by itself, but the plugin of the
        workers and the subscription are forgotten with the old one, and so are our chunks.
        """
        if scheduler == self._scheduler:
            return
        self.client.register_plugin(Harvester())
        self.client.subscribe_topic(self._topic, lambda event: self._listener(event[1]))
        self._scheduler = scheduler
        if self._flying:
            raise ClusterError("the Dask scheduler was restarted")

    # out and back

    def submit(self, claims: Sequence[Claim]) -> None:
        placed: dict[tuple[str, int], list[Claim]] = defaultdict(list)
        for claim in claims:
            address = self._place(claim)
            self._at[address].add(claim.key)
            placed[address, claim.priority].append(claim)
        for (address, priority), group in placed.items():
            bag = self.client.persist(
                bag_of(group, self._topic),
                optimize_graph=False,
                workers=[address],
                allow_other_workers=False,
                priority=-priority,  # Dask runs the higher first, we the lower
                retries=0,
            )
            for claim, future in zip(group, futures_of(bag), strict=True):
                self._flying[claim.key] = (claim, future, address)
                future.add_done_callback(lambda _, key=claim.key: self._done.put(key))

    def _place(self, claim: Claim) -> str:
        if claim.crashes and self._reserved is not None:
            return self._reserved
        workers = sorted(self._ordinary())
        if not workers:
            raise ClusterError("the Dask cluster has no workers; start some: cluster.scale(2)")
        if claim.shard is not None:
            # Where the shard was before its connections, robots.txt and pace are still at hand.
            home = workers[claim.shard % len(workers)]
            if self._room(home):
                return home
        return max(workers, key=self._room)

    def outcomes(self, timeout: float) -> list[Outcome]:
        keys = self._drain(timeout)
        self._look()
        flying = [self._flying.pop(key) for key in keys if key in self._flying]
        if not flying:
            return []
        finished = [entry for entry in flying if entry[1].status == "finished"]
        values = self._gather([future for _, future, _ in finished])
        found = dict(zip((claim.key for claim, _, _ in finished), values, strict=True))
        outcomes = []
        for claim, future, address in flying:
            parcel = found.get(claim.key)
            ended = unpack(parcel) if parcel else (None, self._why(future, address), address)
            outcomes.append(Outcome(claim, *ended))
        # Only now: until the whole batch is judged, who shared a worker with whom must be known.
        for claim, future, address in flying:
            self._at[address].discard(claim.key)
            if not self._at[address]:
                self._died.pop(address, None)
            future.release()
        return outcomes

    def _drain(self, timeout: float) -> list[str]:
        keys = []
        try:
            keys.append(self._done.get(timeout=timeout))
            while True:
                keys.append(self._done.get_nowait())
        except queue.Empty:
            return keys

    def _gather(self, futures: list[Future[Any]]) -> list[bytes | None]:
        """Their values in one round trip; None for what was lost with its worker meanwhile."""
        if not futures:
            return []
        try:
            return self._fetch(futures)
        except Exception:  # one is lost: ask one by one, so that the others are kept
            return [value for future in futures for value in self._fetch_one(future)]

    def _fetch(self, futures: list[Future[Any]]) -> list[bytes | None]:
        async def gather() -> list[bytes | None]:
            return list(await self.client.gather(futures, direct=True, asynchronous=True))

        # Bounded: for a result that died with its worker Dask would wait for that worker.
        values: list[bytes | None] = self.client.sync(gather, callback_timeout=GATHER)
        return values

    def _fetch_one(self, future: Future[Any]) -> list[bytes | None]:
        try:
            return self._fetch([future])
        except Exception:  # whatever it was, the outcome is the same: it is not to be had
            return [None]

    def _why(self, future: Future[Any], address: str) -> Failure:
        """Why there is no value: the worker died, the scheduler lost it, or a bug of ours."""
        if future.status == "error":
            error = future.exception()
            if not isinstance(error, KilledWorker):
                return Failure("exception", "chunk_error", f"{type(error).__name__}: {error}")
            return self._crash(address)
        if self.client.status == "running" and address not in self._look():
            return self._crash(address)
        return Failure("lost", "scheduler_lost", "the Dask scheduler lost the chunk")

    def _crash(self, address: str) -> Failure:
        # Deaths are reported one by one: who shared the worker is counted at the first.
        alone = self._died.setdefault(address, len(self._at[address])) == 1
        # Now, not at the next look: a chunk that is sent there would be charged with this death.
        self._workers.pop(address, None)
        return Failure("crash", "worker_crash", f"the worker {address} died", alone=alone)

    def _bury(self, address: str) -> None:
        """A worker is gone: what it had ends now, where Dask would wait for it to come back."""
        for key in self._at[address]:
            self._done.put(key)
        if not self._at[address]:
            del self._at[address]

    def drop(self, claims: Sequence[Claim]) -> None:
        futures = [entry[1] for claim in claims if (entry := self._forget(claim.key))]
        if futures:
            self.client.cancel(futures, force=True)

    def _forget(self, key: str) -> tuple[Claim, Future[Any], str] | None:
        entry = self._flying.pop(key, None)
        if entry is not None:
            self._at[entry[2]].discard(key)
        return entry

    def replace_worker(self, claim: Claim) -> list[Claim]:
        entry = self._forget(claim.key)
        if entry is None:
            return []
        address = entry[2]
        self._retired.add(address)
        self._workers.pop(address, None)
        neighbours = [self._flying[key][0] for key in self._at[address]]
        # The futures go first: a task that is still wanted would be charged with the death.
        self.client.cancel([entry[1]], force=True)
        self.drop(neighbours)
        # A nanny kills the process and starts another; that takes seconds, so not in our loop.
        threading.Thread(target=self._restart, args=(address,), daemon=True).start()
        return neighbours

    def _restart(self, address: str) -> None:
        # A scheduler that goes away meanwhile is noticed, and told, by whoever asks it next.
        with contextlib.suppress(OSError, TimeoutError):
            self.client.restart_workers([address], timeout=RESTART, raise_for_error=False)
        self._retired.discard(address)  # a nanny starts the new process at the old address

    def close(self) -> None:
        self.drop([claim for claim, _, _ in self._flying.values()])
        if self._scheduler and self.client.status == "running":
            self.client.unsubscribe_topic(self._topic)
