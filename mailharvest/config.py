"""Defaults, by Dask's own idiom: a file in the package, a person's file, the environment.

``~/.config/dask/mailharvest.yaml`` is made at the first import, all of it commented out;
``DASK_MAILHARVEST__FETCH__TIMEOUT=30`` changes one value, and so does
``dask.config.set({"mailharvest.fetch.timeout": 30})``. A job reads them when it is made and keeps
what it read: changing a default changes no job that is already in a ledger.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dask.config
import platformdirs
import yaml

from mailharvest.errors import SpecError
from mailharvest.given import a_path

_SOURCE = Path(__file__).with_name("mailharvest.yaml")

dask.config.ensure_file(source=str(_SOURCE), comment=True)
dask.config.update_defaults(yaml.safe_load(_SOURCE.read_text("utf-8")))


def setting(name: str) -> Any:
    """The value of ``mailharvest.{name}`` now.

    >>> setting("fetch.robots")
    True
    """
    return dask.config.get(f"mailharvest.{name}")


def default(name: str) -> Callable[[], Any]:
    """:func:`setting`, for later: what a field's ``default_factory`` wants."""
    return lambda: setting(name)


def home_folder(home: str | Path | None = None) -> Path:
    """Where ledger and parts live: `home`, else ``MAILHARVEST_HOME``, else ``mailharvest.home`` of
    the configuration, else the user's data folder on this platform.
    """
    chosen = home or os.environ.get("MAILHARVEST_HOME") or setting("home")
    if chosen:
        return Path(a_path(chosen, "home")).expanduser().absolute()
    return platformdirs.user_data_path("mailharvest", appauthor=False)


def made(folder: Path) -> Path:
    """`folder`, made when it is not there.

    Raises
    ------
    SpecError
        It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SpecError(
            f"the folder {str(folder)!r} cannot be made: {error.strerror}",
            fix="name another in --home, MAILHARVEST_HOME or --ledger",
        ) from None
    return folder
