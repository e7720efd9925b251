"""The Harvest tab: what it draws, and that nothing from a page gets out of its text."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from mailharvest.cluster.report import view
from mailharvest.cluster.scheduler import Board
from mailharvest.progress import Snapshot
from mailharvest.ui.dashboard import headline
from mailharvest.ui.dashboard_page import BARS, NEWEST, Drawing

NOW = Snapshot(
    job_id="j1",
    title="dentists",
    state="running",
    elapsed_seconds=10,
    emails_found=4200,
    emails_wanted=10_000,
    pages=20,
    errors={"dns": 3, "timeout": 9},
    chunks_pending=3,
    chunks_completed=5,
)
HOSTILE = "<script>alert(1)</script>\x1b[2J\nnext \u202eevil & \"quoted\" 'too'"


def worker(name: str) -> SimpleNamespace:
    return SimpleNamespace(
        address=f"tcp://{name}", metrics={"memory": 5_000_000}, memory_limit=1, last_seen=0.0
    )


def drawing(*snapshots: Snapshot, workers: int = 1) -> tuple[Drawing, Board]:
    board = Board()
    for snapshot in snapshots:
        board.see({**view(snapshot), "top_sites": [["one.example.org", 7], ["two.example.org", 2]]})
    known = {f"w{i}": worker(f"127.0.0.1:{i}") for i in range(workers)}
    page = Drawing(SimpleNamespace(workers=known), board)  # type: ignore[arg-type]
    page.update()
    return page, board


def test_without_a_job_it_says_so():
    page, _ = drawing()
    assert "No harvest" in page.head.text


def test_it_draws_what_the_board_has():
    page, board = drawing(NOW, replace(NOW, elapsed_seconds=11, emails_found=4300))
    assert "4,300 of 10,000" in page.head.text
    assert list(page.curve.data["emails_found"]) == [4200, 4300]
    assert list(page.chunks.source.data["n"]) == [0, 5, 0, 3]  # from the bottom
    assert list(page.errors.source.data["label"]) == ["3", "9"]
    assert list(page.sites.source.data["name"]) == ["two.example.org", "one.example.org"]
    assert list(page.memory.source.data["label"]) == ["5 MB"]
    board.see(view(replace(NOW, elapsed_seconds=12, emails_found=4400)))
    page.update()
    assert "4,400 of 10,000" in page.head.text


def test_a_job_can_be_chosen():
    page, _ = drawing(replace(NOW, job_id="old", emails_found=1, state="completed"), NOW)
    assert [option[0] for option in page.choice.options] == [NEWEST, "j1", "old"]
    assert "4,200 of" in page.head.text
    page.choice.value = "old"
    page.update()
    assert "1 of 10,000" in page.head.text


def test_a_thousand_workers_are_a_few_bars():
    page, _ = drawing(NOW, workers=1000)
    assert len(page.memory.source.data["n"]) == BARS


@pytest.mark.parametrize("field", ["title", "reason"])
def test_the_headline_is_escaped(field):
    state = "completed" if field == "reason" else "running"
    html = headline(view(replace(NOW, state=state, **{field: HOSTILE})))
    assert "&lt;script&gt;" in html and "<script" not in html
    assert not {"\x1b", "\n", "\u202e"} & set(html)


def test_names_of_bars_and_jobs_are_harmless():
    page, _ = drawing(replace(NOW, title=HOSTILE, errors={HOSTILE: 3}))
    shown = [page.errors.source.data["name"][0], page.choice.options[1][1]]
    for name in shown:
        assert not {"\x1b", "\n", "\u202e"} & set(name)
