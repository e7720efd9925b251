"""Each benchmark at a hundredth of its size or less: its results are checked, not its times."""

from __future__ import annotations

import json

import pytest

from benchmarks import clients, dedup, layers, million, pages, peers, scaling, sockets


def test_million(capsys) -> None:
    argv = ["--scenario", "flat", "--scale", "2k", "--workers", "1", "--json", "--quiet"]
    assert million.main(argv) == 0
    row = json.loads(capsys.readouterr().out)["rows"][0]
    assert (row["found"], row["twice"]) == (2_000, 0)
    assert float(row["recall"]) >= 0.995
    assert row["planted nowhere"] < 20


def test_million_with_a_hundredth_of_its_waiting(monkeypatch) -> None:
    slow = million.world("spec", 2_000)
    quick = {**slow.__getstate__(), "latency": 0.02, "search_latency": 0.001, "slow": 0}
    monkeypatch.setattr(million, "world", lambda *_: million.World(**quick))
    monkeypatch.setitem(million.PACE, "spec", "10ms")
    one = million.measure("spec", 2_000, workers=1, shown=False)
    assert (one.found, one.duplicates) == (2_000, 0)
    assert one.recall >= 0.985  # of a few hundred pages
    assert one.wrong < 20
    assert 0 < one.client < one.memory


def test_layers(capsys) -> None:
    assert layers.main(["--sites", "30", "--rounds", "1", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [row["requests a page"] for row in rows] == pytest.approx([1.5] * 5, abs=0.25)


def test_dedup(capsys) -> None:
    assert dedup.main(["--scale", "20k", "--rounds", "1", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert {row["way"]: row["lost"] for row in rows}["64-bit hash index (ours)"] == 0


def test_scaling(capsys) -> None:
    options = ["--pages", "60", "--workers", "1", "--chunks", "20", "--rounds", "1", "--json"]
    assert scaling.main(options) == 0
    assert json.loads(capsys.readouterr().out)["rows"][0]["pages"] == 60


def test_sockets(capsys) -> None:
    assert sockets.main(["--sites", "300", "--latency", "0.5", "--json"]) == 0
    row = json.loads(capsys.readouterr().out)["rows"][0]
    assert row["pages"] == 300
    assert 32 <= row["sockets"] <= 300


def test_clients_find_the_addresses_of_the_pages() -> None:
    numbers = range(40)
    expected = {n for number in numbers for n in _addresses(number)}
    with pages.serving(4_000, packed=True) as (port, _):
        for make in (clients.by_hand, clients.with_requests):
            pytest.importorskip("requests")
            done, emails = make(port, len(numbers))()
            assert (done, emails) == (40, expected)
        done, emails = clients.bare(port, len(numbers))()
        assert (done, emails) == (40, set())


def _addresses(number: int) -> set[str]:
    return set(clients.ADDRESS.findall(pages.page(number, 4_000).decode()))


def test_mailharvest_finds_them_as_well() -> None:
    with pages.serving(4_000, packed=False) as (port, _):
        found = peers.ours(port, 100)
    assert (found["pages"], found["emails"]) == (100, 400)
