"""In every worker of our own cluster: a Dask preload module.

Ctrl-C reaches all processes of a terminal. The client answers it by stopping in order, and for
that it needs its workers; they end when it does.
"""

from __future__ import annotations

import signal

from distributed import Worker


def dask_setup(worker: Worker) -> None:  # noqa: ARG001 - Dask calls it so
    """Leave Ctrl-C to the client."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
