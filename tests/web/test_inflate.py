from __future__ import annotations

import gzip
import random
import zlib

import pytest

from mailharvest.web import inflate
from mailharvest.web.inflate import NotInflated, inflater_for

TEXT = b"".join(b"line %d of a page\n" % n for n in range(5000))
PLENTY = 10**9

CODED = {
    "gzip": ("gzip", gzip.compress(TEXT)),
    "x-gzip": (" X-GZip ", gzip.compress(TEXT)),
    "members": (
        "gzip",
        b"".join(gzip.compress(TEXT[n : n + 999]) for n in range(0, len(TEXT), 999)),
    ),
    "trailing garbage": ("gzip", gzip.compress(TEXT) + b"garbage"),
    "deflate": ("deflate", zlib.compress(TEXT)),
    "bare deflate": ("deflate", zlib.compress(TEXT, wbits=-15)),
}


@pytest.fixture(params=["fastest", "zlib"], autouse=True)
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "zlib":
        monkeypatch.setattr(inflate, "_zlib", zlib)


@pytest.mark.parametrize("name", CODED)
def test_however_the_blocks_fall(name: str) -> None:
    encoding, data = CODED[name]
    seed = random.randrange(2**32)
    rng = random.Random(seed)
    for longest in (1, 7, 500, len(data)):
        inflater = inflater_for(encoding)
        assert inflater is not None
        parts, at = [], 0
        while at < len(data):
            step = rng.randint(1, longest)
            parts.append(inflater.feed(data[at : at + step], PLENTY))
            at += step
        assert b"".join(parts) == TEXT, f"seed {seed}"
        assert inflater.ended


@pytest.mark.parametrize("name", CODED)
@pytest.mark.parametrize("room", [0, 1, 998, 1000, 4096])
def test_no_more_than_there_is_room_for(name: str, room: int) -> None:
    encoding, data = CODED[name]
    inflater = inflater_for(encoding)
    assert inflater is not None
    assert inflater.feed(data, room) == TEXT[:room]


def test_a_body_that_breaks_off_is_known() -> None:
    inflater = inflater_for("gzip")
    assert inflater is not None
    assert TEXT.startswith(inflater.feed(gzip.compress(TEXT)[:-9], PLENTY))
    assert not inflater.ended


def test_an_empty_body_is_whole() -> None:
    inflater = inflater_for("gzip")
    assert inflater is not None
    assert inflater.feed(b"", PLENTY) == b""
    assert inflater.ended


@pytest.mark.parametrize(
    ("encoding", "data"),
    [
        ("gzip", b"plain text"),
        ("gzip", gzip.compress(TEXT)[:50] + b"\xff" * 500),
        ("deflate", b"\xff" * 100),
        ("gzip", gzip.compress(b"") * 5000),
        ("gzip", gzip.compress(TEXT) + b"\x1f\x8b\x08broken member"),
    ],
)
def test_what_is_not_what_it_says(encoding: str, data: bytes) -> None:
    inflater = inflater_for(encoding)
    assert inflater is not None
    with pytest.raises(NotInflated):
        inflater.feed(data, PLENTY)


@pytest.mark.parametrize("encoding", ["br", "zstd", "compress", "gzip, gzip", "gzip, br", "BR"])
def test_codings_that_were_not_asked_for(encoding: str) -> None:
    with pytest.raises(NotInflated, match="not asked for"):
        inflater_for(encoding)


@pytest.mark.parametrize("encoding", ["identity", "utf-8", "none", ""])
def test_nothing_to_undo(encoding: str) -> None:
    assert inflater_for(encoding) is None
