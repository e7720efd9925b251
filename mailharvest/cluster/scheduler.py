"""In the scheduler: the last views of each job, as JSON routes and as Prometheus metrics.

The scheduler cannot open the ledger of a client on another machine. So the process that runs a
job sends its snapshots (:mod:`mailharvest.cluster.report`), and `Seen` keeps them here. The page
that draws them is :mod:`mailharvest.ui.dashboard`.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

from distributed import Scheduler, SchedulerPlugin
from distributed.http.utils import RequestHandler, get_handlers

JOBS = 50
"""Jobs, and ledgers, whose views are kept: those that were seen last."""

POINTS = 600
"""Points of a curve that are kept; beyond that every second one goes."""

RATES = ("elapsed_seconds", "emails_found", "emails_per_minute", "pages", "pages_per_second")
ETA = (
    "job_id", "state", "emails_found", "emails_wanted", "percentage", "remaining_emails",
    "emails_per_minute", "elapsed_seconds", "elapsed_formatted", "eta_seconds", "eta_formatted",
    "emails_expected", "out_of_reach", "outlook",
)  # fmt: skip
STATES = ("pending", "processing", "completed", "failed")
WORKERS = ("active_workers", "idle_workers", "total_pages", "total_emails", "avg_runtime")

View = dict[str, Any]


class Board:
    """The last view of each job with its curve so far, and the totals of each ledger; bounded."""

    def __init__(self) -> None:
        self.views: dict[str, View] = {}
        self.curves: dict[str, list[tuple[float, ...]]] = {}
        self.totals: dict[str, dict[str, Any]] = {}

    def see(self, view: View) -> None:
        """Keep `view`; forget the job that was seen least lately when there are too many."""
        job_id = view["job_id"]
        _renew(self.views, job_id, view)
        curve = self.curves.setdefault(job_id, [])
        point = tuple(float(view[name]) for name in RATES)
        if curve and curve[-1][0] >= point[0]:  # paused, or ended
            curve[-1] = point
        else:
            curve.append(point)
        if len(curve) > POINTS:
            del curve[1:-1:2]
        for oldest in self.curves.keys() - self.views.keys():
            del self.curves[oldest]

    def count(self, ledger: str, totals: dict[str, Any]) -> None:
        """Keep what a whole ledger has."""
        _renew(self.totals, ledger, totals)

    def newest(self) -> View | None:
        """The job that was heard of last, of those that go on if there are any."""
        views = list(reversed(self.views.values()))
        going = (view for view in views if view["state"] == "running")
        return next(going, views[0] if views else None)

    def queue_stats(self) -> dict[str, int]:
        """Chunks by state, over all jobs of the ledgers that were seen here."""
        return {
            state: sum(totals["queue-stats"][state] for totals in self.totals.values())
            for state in STATES
        }

    def worker_stats(self) -> dict[str, float]:
        """Dispatchers that have chunks and that wait, and what they did; their mean runtime."""
        stats = [totals["worker-stats"] for totals in self.totals.values()]
        sums = {name: sum(each[name] for each in stats) for name in WORKERS}
        return {**sums, "avg_runtime": sums["avg_runtime"] / max(len(stats), 1)}

    def errors(self, *, unresolved_only: bool = False) -> list[dict[str, Any]]:
        """The newest errors, newest first; those only that nobody has resolved, if asked."""
        found = [error for totals in self.totals.values() for error in totals["errors"]]
        wanted = [error for error in found if not (unresolved_only and error["resolved"])]
        return sorted(wanted, key=lambda error: -error["at"])


def _renew(kept: dict[str, Any], key: str, value: Any) -> None:
    """Make `key` the last of `kept`; the first goes when there are more than `JOBS`."""
    kept.pop(key, None)
    kept[key] = value
    while len(kept) > JOBS:
        del kept[next(iter(kept))]


class Seen(SchedulerPlugin):
    """Keeps a `Board` in the scheduler and serves it; `client.register_plugin(Seen())`."""

    name = "mailharvest-seen"
    idempotent = True

    board: Board

    async def start(self, scheduler: Scheduler) -> None:
        """Add the routes and the metrics."""
        self.board = Board()
        METRICS.add(self.board)
        scheduler.handlers["mailharvest_see"] = self.see
        handlers = get_handlers(scheduler, [__name__], prefix="/")
        scheduler.http_application.add_handlers(
            r".*",
            [
                (url, page, {**extra, "extra": {"board": self.board}})
                for url, page, extra in handlers
            ],
        )

    def see(self, views: list[View], ledger: str, totals: dict[str, Any] | None) -> bool:
        """Called by :class:`mailharvest.cluster.report.Reporter`, twice a second.

        Returns
        -------
        bool
            True; a scheduler that does not know this call answers with nothing.
        """
        for view in views:
            self.board.see(view)
        if totals is not None:
            self.board.count(ledger, totals)
        return True

    async def close(self) -> None:
        """Take the metrics back: the process may start another scheduler."""
        METRICS.remove(self.board)


def workers(scheduler: Scheduler) -> list[dict[str, Any]]:
    """The workers as the scheduler knows them."""
    now = time.time()
    return [
        {
            "name": state.address,
            "cpu": state.metrics.get("cpu", 0.0),
            "memory": state.metrics.get("memory", 0),
            "memory_limit": state.memory_limit or 0,
            "pages": int(state.metrics.get("mailharvest", {}).get("pages", 0)),
            "emails": int(state.metrics.get("mailharvest", {}).get("emails", 0)),
            "heartbeat": max(0.0, now - state.last_seen),
        }
        for state in scheduler.workers.values()
    ]


# JSON, GET only: tornado answers 405 to every other method


class _JSON(RequestHandler):
    @property
    def board(self) -> Board:
        board: Board = self.extra["board"]
        return board

    def set_default_headers(self) -> None:
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Cache-Control", "no-store")

    def view(self) -> View | None:
        """The job that is asked for; without ``job_id`` the newest. None was answered with 404."""
        job_id = self.get_query_argument("job_id", None)
        view = self.board.newest() if job_id is None else self.board.views.get(job_id)
        if view is None:
            self.set_status(404)
            self.write({"error": "no such job was seen on this cluster"})
        return view


class Jobs(_JSON):
    def get(self) -> None:
        fields = (*ETA, "title", "reason", "pages", "sites", "duplicates", "errors",
                  *(f"chunks_{state}" for state in STATES))  # fmt: skip
        views = reversed(self.board.views.values())
        self.write({"jobs": [{name: view[name] for name in fields} for view in views]})


class QueueStats(_JSON):
    def get(self) -> None:
        self.write(self.board.queue_stats())


class WorkerStats(_JSON):
    def get(self) -> None:
        self.write(self.board.worker_stats())


class JobETA(_JSON):
    def get(self) -> None:
        if view := self.view():
            self.write({name: view[name] for name in ETA})


class JobWorkerStatus(_JSON):
    def get(self) -> None:
        if view := self.view():
            slots = {name: view[name] for name in ("slots", "active_slots", "idle_slots")}
            self.write({"job_id": view["job_id"], **slots, "workers": workers(self.server)})


class SystemResources(_JSON):
    def get(self) -> None:
        if view := self.view():
            self.write(view["system"] or {})


class WorkerErrors(_JSON):
    def get(self) -> None:
        asked = self.get_query_argument("unresolved_only", "0").lower()
        only = asked not in ("0", "false", "no", "")
        self.write({"errors": self.board.errors(unresolved_only=only)})


routes: list[tuple[str, type[_JSON], dict[str, Any]]] = [
    ("mailharvest/api/jobs", Jobs, {}),
    ("mailharvest/api/queue-stats", QueueStats, {}),
    ("mailharvest/api/worker-stats", WorkerStats, {}),
    ("mailharvest/api/job-eta", JobETA, {}),
    ("mailharvest/api/job-worker-status", JobWorkerStatus, {}),
    ("mailharvest/api/system-resources", SystemResources, {}),
    ("mailharvest/api/worker-errors", WorkerErrors, {}),
]


class Metrics:
    """``mailharvest_*`` on ``/metrics``: one collector for all boards of this process.

    The registry of `prometheus_client` is of the process, which may have several schedulers.
    Without `prometheus_client` nothing is collected.
    """

    def __init__(self) -> None:
        self.boards: list[Board] = []

    def add(self, board: Board) -> None:
        """Collect from `board` too."""
        self.boards.append(board)
        if len(self.boards) == 1 and (registry := _registry()):
            registry.register(self)

    def remove(self, board: Board) -> None:
        """Collect from `board` no more."""
        self.boards.remove(board)
        if not self.boards and (registry := _registry()):
            registry.unregister(self)

    def collect(self) -> Iterator[Any]:
        """One family after the other; a job is a label, so there are at most `JOBS` of each."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        views = [view for board in self.boards for view in board.views.values()]
        for name, field, help in (
            ("emails", "emails_found", "Unique addresses found"),
            ("pages", "pages", "Pages fetched"),
            ("bytes", "bytes", "Decoded bytes of pages"),
            ("duplicates", "duplicates", "Sightings of known addresses"),
        ):
            family = CounterMetricFamily(f"mailharvest_{name}", help, labels=["job"])
            for view in views:
                family.add_metric([view["job_id"]], view[field])
            yield family
        errors = CounterMetricFamily("mailharvest_errors", "Errors", labels=["job", "kind"])
        chunks = GaugeMetricFamily("mailharvest_chunks", "Chunks", labels=["job", "state"])
        rate = GaugeMetricFamily("mailharvest_emails_per_minute", "Rate", labels=["job"])
        for view in views:
            for kind, n in view["errors"].items():
                errors.add_metric([view["job_id"], kind], n)
            for state in STATES:
                chunks.add_metric([view["job_id"], state], view[f"chunks_{state}"])
            rate.add_metric([view["job_id"]], view["emails_per_minute"])
        yield from (errors, chunks, rate)
        states = GaugeMetricFamily("mailharvest_jobs", "Jobs seen here", labels=["state"])
        for state, n in Counter(view["state"] for view in views).items():
            states.add_metric([state], n)
        yield states


METRICS = Metrics()


def _registry() -> Any:
    try:
        import prometheus_client
    except ImportError:
        return None
    return prometheus_client.REGISTRY
