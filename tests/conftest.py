"""What every test stands on: no folder and no port of the person who runs it."""

from __future__ import annotations

import os
import tempfile

_SCRATCH = tempfile.mkdtemp(prefix="mailharvest-tests-")

# Set before anything imports dask: worker processes and commands that tests start inherit it.
os.environ["DASK_CONFIG"] = _SCRATCH
os.environ["MAILHARVEST_HOME"] = os.path.join(_SCRATCH, "home")  # noqa: PTH118
os.environ["DASK_MAILHARVEST__CLUSTER__DASHBOARD"] = "127.0.0.1:0"
