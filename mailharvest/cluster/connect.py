"""Client side: the Dask cluster that a run uses, the person's or one of our own."""

from __future__ import annotations

import logging
import multiprocessing
import os
import sys
import warnings
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field
from typing import Any

import dask
from distributed import Client, LocalCluster, default_client
from distributed.comm.addressing import get_address_host_port, parse_address
from distributed.utils import silence_logging_cmgr

from mailharvest.cluster.worker import Harvester
from mailharvest.config import setting
from mailharvest.errors import ClusterError, SpecError
from mailharvest.given import show, whole

OWN_CLUSTER = {
    # A worker that dies takes its chunks with it once; the ledger decides what comes next, so Dask
    # must not run them again by itself (its default is three more times, on three more workers).
    "distributed.scheduler.allowed-failures": 0,
    # Its sampling profiler walks the stacks of all threads, and ours are hundreds that wait.
    "distributed.worker.profile.enabled": False,
    # Every server of Dask looks fifty times a second how late its loop is, which costs an idle
    # cluster 5 % of a core. A lateness of seconds, of which it warns, is noticed as well by five.
    "distributed.admin.tick.interval": "200 ms",
}

OWN_WHILE_IT_RUNS = {
    # Dask looks once, this long after a worker died, whether it is back, and if it is not (it may
    # have died a second time and be on its way again) it gives that worker up for good. Nannies do
    # not fail, and a page that kills kills often: ours may take their time.
    "distributed.deploy.lost-worker-timeout": "365 days",
    # The last thousand messages to each worker are kept for debugging; ours are chunks with all
    # their URLs, some 100 MB in the end.
    "distributed.admin.low-level-log-length": 20,
}

# Threads of a worker only wait: the work is on its event loop. They start when first used.
SLOTS = 1000

GUARD = 'In a script, put the call under `if __name__ == "__main__":`'


@dataclass
class Connection:
    """A client, and what has to be closed with it.

    Attributes
    ----------
    client : distributed.Client
    owned : contextlib.ExitStack
        What was opened here. A client or cluster that was given is not in it, so it stays open.
    """

    client: Client
    owned: ExitStack = field(default_factory=ExitStack)

    def close(self) -> None:
        """Close what was opened here, and nothing else."""
        self.owned.close()


def connect(
    on: Any = None, *, workers: int | None = None, threads: int | None = None
) -> Connection:
    """The cluster to run on.

    Parameters
    ----------
    on : distributed.Client, cluster, str or None
        A client or cluster is used as it is and never closed; a string is the address of a
        scheduler. None is the current default client, else ``DASK_SCHEDULER_ADDRESS``, else a
        `LocalCluster` of our own on 127.0.0.1.
    workers, threads : int, optional
        Worker processes of our own cluster, and chunks that each takes at once.

    Raises
    ------
    SpecError
        See `check`.
    ClusterError
        The scheduler does not answer, the client is asynchronous, its workers cannot run us, or
        those of our own cannot import the script that calls this.
    """
    with ExitStack() as stack:
        client = _client(on, stack, workers, threads)
        if client.asynchronous:
            raise ClusterError("an asynchronous Client cannot be used; give Client(address)")
        try:
            client.register_plugin(Harvester())
        except Exception as error:
            raise ClusterError(
                f"the workers of {client} cannot run mailharvest: {error};"
                " install the same version of mailharvest there"
            ) from error
        return Connection(client, stack.pop_all())


def need(variable: str | None, client: Client) -> None:
    """See that the workers there are have this environment variable; with None nothing is needed.

    Raises
    ------
    SpecError
    """
    if variable is not None and any(client.run(_lacks, variable).values()):
        raise SpecError(
            f"the environment variable {variable} is not set where the workers run",
            field="search.api_key",
            fix=f"export {variable}=… before they start",
        )


def _lacks(variable: str) -> bool:
    return not os.environ.get(variable)  # whether, not what: its value stays where it is


def check(on: Any, workers: int | None, threads: int | None) -> None:
    """Refuse what `connect` cannot use, without connecting.

    Raises
    ------
    SpecError
        `on` is nothing to connect to, or a number is none.
    ClusterError
        `on` is closed.
    """
    for name, given in (("workers", workers), ("threads", threads)):
        if given is not None:
            whole(given, name)
    if isinstance(on, str):
        _check_address(on)
    elif on is not None:
        status = getattr(on, "status", None)
        if status is None or isinstance(on, type):
            said = f"{show(on)} is neither a Client, a cluster nor the address of a scheduler"
            raise SpecError(said, field="on", fix='such as on="tcp://HOST:8786"')
        if str(getattr(status, "name", status)) in ("closing", "closed", "failed"):
            raise ClusterError(f"{show(on)} is closed; give one that is open, or its address")


def _client(on: Any, stack: ExitStack, workers: int | None, threads: int | None) -> Client:
    if on is None and workers is None and threads is None:
        try:
            found: Client = default_client()
            return found
        except ValueError:
            on = dask.config.get("scheduler-address", None)
    check(on, workers, threads)
    if isinstance(on, Client):
        return on
    if on is None:
        on = _local_cluster(stack, workers, threads)
    try:
        client = Client(on, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise ClusterError(
            f"no Dask scheduler at {on}: {error}; start one: dask scheduler"
        ) from None
    stack.callback(_close, client)
    return client


def _check_address(address: str) -> None:
    """Refuse what cannot be the address of a scheduler.

    Dask would, too, but leaves a client behind that takes a minute to find out that it has nothing
    to close.

    Raises
    ------
    SpecError
    """
    try:
        if parse_address(address)[0] == "inproc":
            return
        _, port = get_address_host_port(address)
        if not 0 < port < 1 << 16:
            raise ValueError(f"{port} is no port")
    except ValueError as error:
        raise SpecError(
            f"{address!r} is no address of a Dask scheduler: {error}",
            field="scheduler",
            fix="write tcp://HOST:8786",
        ) from None


def _close(client: Client) -> None:
    """Close a client; one that looks for a scheduler that is gone would say at length how."""
    with nullcontext() if client.status == "running" else silence_logging_cmgr(logging.CRITICAL):
        client.close()


def _local_cluster(stack: ExitStack, workers: int | None, threads: int | None) -> LocalCluster:
    _may_start_processes()
    workers = workers or setting("cluster.workers") or dask.system.CPU_COUNT
    threads = threads or setting("cluster.threads") or -(-SLOTS // workers)
    # The scheduler reads its limits when it is built: only our own cluster sees these.
    with dask.config.set(OWN_CLUSTER | OWN_WHILE_IT_RUNS), warnings.catch_warnings():
        # Where the dashboard's port is taken, Dask takes another; its address is shown anyway.
        warnings.filterwarnings("ignore", r"\s*Port \d+ is already in use", UserWarning)
        try:
            cluster = LocalCluster(
                n_workers=workers,
                threads_per_worker=threads,
                host="127.0.0.1",
                dashboard_address=setting("cluster.dashboard"),
                silence_logs=50,
                preload="mailharvest.cluster.ours",
            )
        except RuntimeError as error:
            why = error.__cause__ or error
            raise ClusterError(f"our workers did not start: {why}. {GUARD}") from None
    stack.enter_context(cluster)
    stack.enter_context(dask.config.set(OWN_WHILE_IT_RUNS))
    return cluster


def _may_start_processes() -> None:
    """Each worker imports the program that starts it, so that must not start workers when it is
    imported, and must be a file."""
    me = multiprocessing.current_process()
    if getattr(me, "_inheriting", False):  # as multiprocessing itself knows that it imports
        if me.name.startswith("Dask Worker"):
            raise SystemExit(1)  # quietly: who started the workers says it, and only once
        raise ClusterError(f"this process is still importing its program. {GUARD}")
    if getattr(sys.modules["__main__"], "__file__", None) == "<stdin>":
        raise ClusterError(f"workers cannot import a program from stdin; save it. {GUARD}")
