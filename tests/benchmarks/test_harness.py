from __future__ import annotations

import os
from argparse import Namespace

from benchmarks import harness
from benchmarks.harness import Missing, Report, Watch, alternate, middle, sizes


def test_kinds_take_turns_and_what_is_missing_is_left_out(capsys) -> None:
    order: list[str] = []

    def run(name: str):
        order.append(name)
        return {"seconds": len(order)}

    def missing():
        raise Missing("install it")

    found = alternate({"a": lambda: run("a"), "b": lambda: run("b"), "c": missing}, 2)
    assert order == ["a", "b", "a", "b"]
    assert found == {"a": [{"seconds": 1}, {"seconds": 3}], "b": [{"seconds": 2}, {"seconds": 4}]}
    assert capsys.readouterr().err.count("install it") == 1


def test_a_report_is_printed_and_written(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(harness, "RESULTS", tmp_path)
    report = Report("one", "One", "python -m one", [{"a": 1234, "b": 0.5}, {"a": 2}])
    report.goal("fast", "slow", False)
    report.close(Namespace(json=False, write=True))
    written = (tmp_path / "one.md").read_text()
    assert written.strip() == capsys.readouterr().out.strip()
    assert "| 1,234 | 0.5 |\n| 2 |  |" in written
    assert "| fast | slow | **no** |" in written
    assert "- python: 3." in written


def test_medians_and_sizes() -> None:
    assert middle([3.0, 1.0, 2.0], 1) == "2.0 [1.0-3.0]"
    assert sizes("1.5k,2M") == [1500, 2_000_000]


def test_memory_and_cpu_are_those_of_this_process_by_what_it_is() -> None:
    with Watch({os.getpid(): "me"}) as used:
        sum(n * n for n in range(300_000))
    assert used.peak["me"] > 1_000_000
    assert used.cpu["me"] > 0
