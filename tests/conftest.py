"""What every test stands on: no folder and no port of the person who runs it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from distributed import Client

_SCRATCH = tempfile.mkdtemp(prefix="mailharvest-tests-")

# Set before anything imports dask: worker processes and commands that tests start inherit it.
os.environ["DASK_CONFIG"] = _SCRATCH
os.environ["MAILHARVEST_HOME"] = os.path.join(_SCRATCH, "home")  # noqa: PTH118
os.environ["DASK_MAILHARVEST__CLUSTER__DASHBOARD"] = "127.0.0.1:0"


@pytest.fixture(scope="session")
def client() -> Iterator[Client]:
    """Two worker processes, for the tests that need some and do no harm to them."""
    import dask  # not before the variables above are set
    from distributed import Client, LocalCluster

    from mailharvest.cluster.connect import OWN_CLUSTER

    with (
        dask.config.set(OWN_CLUSTER),
        LocalCluster(
            n_workers=2, threads_per_worker=100, host="127.0.0.1", dashboard_address="127.0.0.1:0"
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client
