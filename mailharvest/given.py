"""What a person gives to a call, checked before anything starts; a model checks its own fields."""

from __future__ import annotations

import operator
import os
from collections.abc import Callable
from typing import Any

from mailharvest.errors import SpecError


def whole(given: Any, field: str, least: int = 1) -> int:
    """`given` as an int (numpy has its own), if it is no less than `least`; else a SpecError."""
    try:
        number = least - 1 if isinstance(given, bool) else operator.index(given)
    except TypeError:
        number = least - 1
    if number < least:
        said = f"{show(given)} is no whole number from {least} on"
        raise SpecError(said, field=field, fix=f"such as {field}=10")
    return number


def a_path(given: Any, field: str) -> str | os.PathLike[str]:
    """`given`, if it can be a path; else a SpecError."""
    if isinstance(given, str | os.PathLike):
        return given
    raise SpecError(f"{show(given)} is no path", field=field, fix="write a str or a pathlib.Path")


def a_function(given: Any, field: str) -> Callable[..., Any]:
    """`given`, if it can be called; else a SpecError."""
    if not callable(given):
        raise SpecError(f"{show(given)} is no function", field=field, fix="such as print")
    called: Callable[..., Any] = given
    return called


def show(given: Any) -> str:
    """`given` as one short line."""
    shown = " ".join(repr(given).split())
    return shown if len(shown) <= 60 else shown[:57] + "…"
