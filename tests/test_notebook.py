"""The form and the control room: what they cannot be made with is refused when they are."""

from __future__ import annotations

from typing import Any

import pytest

from mailharvest import ControlRoom, JobForm
from mailharvest.errors import SpecError


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"on": 5}, "^on: 5 is neither a Client"),
        ({"on": "x"}, "'x' is no address of a Dask scheduler"),
        ({"workers": -1}, "^workers: -1 is no whole number"),
        ({"home": 5}, "^home: 5 is no path"),
        ({"language": "de"}, "^language: 'de' is unknown .write 'en' or 'ar'"),
    ],
)
def test_a_form_that_could_start_nothing_is_not_shown(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        JobForm(**wrong)


def test_a_control_room_is_of_a_ledger() -> None:
    with pytest.raises(SpecError, match=r"^ledger: 5 is no path"):
        ControlRoom(5)  # type: ignore[arg-type]
