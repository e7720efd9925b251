"""The small values that a job is written with."""

from __future__ import annotations

from typing import Any

import pytest

from mailharvest.errors import SpecError
from mailharvest.refusal import EXAMPLES
from mailharvest.spec import Env, Fetch, Rate, Search


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        (20, 20.0),
        (1.5, 1.5),
        ("20s", 20.0),
        ("500ms", 0.5),
        ("10m", 600.0),
        ("1h", 3600.0),
        ("7", 7),
    ],
)
def test_durations_are_seconds(written: Any, seconds: float) -> None:
    assert Fetch(timeout=written).timeout == seconds


@pytest.mark.parametrize(
    "written",
    ["soon", "", "-1s", -1, float("inf"), float("nan"), "10 x", [], 1e300, 10**400, "9" * 400],
)
def test_what_is_no_duration_is_refused(written: Any) -> None:
    with pytest.raises(SpecError, match=r"^timeout: "):
        Fetch(timeout=written)


@pytest.mark.parametrize(
    ("written", "size"), [(1000, 1000), ("5MB", 5_000_000), ("1 MiB", 2**20), ("500kB", 500_000)]
)
def test_sizes_are_bytes(written: Any, size: int) -> None:
    assert Fetch(max_bytes=written).max_bytes == size


@pytest.mark.parametrize("written", ["big", 0, "-5MB", "", 10**13, "1e40MB", "1e400MB"])
def test_what_is_no_size_is_refused(written: Any) -> None:
    with pytest.raises(SpecError, match=r"^max_bytes: "):
        Fetch(max_bytes=written)


@pytest.mark.parametrize(
    ("written", "limit", "seconds"),
    [("10/s", 10, 1.0), ("300/m", 300, 60.0), ("1000/h", 1000, 3600.0), ("5/2s", 5, 2.0)],
)
def test_rates(written: str, limit: int, seconds: float) -> None:
    rate = Search(provider="simweb", rate=Rate(written)).rate
    assert rate is not None
    assert (rate.limit, rate.seconds) == (limit, seconds)


@pytest.mark.parametrize(
    "written",
    [
        *("10", "10/", "0/s", "10/0s", "/s", "ten/s", "10/s/s", "-1/s"),
        *("9" * 20 + "/s", "9" * 5000 + "/s", "1/" + "9" * 500 + "s"),
    ],
)
def test_what_is_no_rate_is_refused(written: str) -> None:
    with pytest.raises(SpecError, match=r"^rate: "):
        Search(provider="simweb", rate=written)  # type: ignore[arg-type]


def test_a_key_is_read_where_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "value")
    key = Search(provider="serper", api_key=Env("env:MY_KEY")).api_key
    assert key is not None
    assert (str(key), key.resolve()) == ("env:MY_KEY", "value")
    monkeypatch.delenv("MY_KEY")
    with pytest.raises(SpecError, match="MY_KEY is not set"):
        key.resolve()


@pytest.mark.parametrize("written", ["value", "env:", "env:1A", "env:A B", "ENV:A", "env:A\n"])
def test_a_key_itself_is_refused_and_not_repeated(written: str) -> None:
    with pytest.raises(SpecError, match=r"^api_key: a key is never written") as error:
        Search(provider="serper", api_key=written)  # type: ignore[arg-type]
    assert "value" not in repr(error.value)


def test_parts_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Fetch().timeout = 3.0  # type: ignore[misc]


def test_every_example_is_of_a_field_that_there_is() -> None:
    from mailharvest.job import HarvestJob

    for name in EXAMPLES:
        top, _, part = name.partition(".")
        assert top in HarvestJob.model_fields
        assert not part or part in {"search": Search, "fetch": Fetch}[top].model_fields
