"""What the terminal shows, read back as text."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import pytest
from rich.console import Console, RenderableType

from mailharvest.progress import Snapshot
from mailharvest.ui import console as ui
from mailharvest.ui.text import visible

NOW = Snapshot(
    job_id="j1",
    title="real estate agents {city}",
    state="running",
    elapsed_seconds=61,
    emails_found=5230,
    emails_wanted=10_000,
    pages=12_034,
    sites=812,
    duplicates=77,
    errors={"dns": 4, "timeout": 8},
    chunks_pending=30,
    chunks_processing=50,
    chunks_completed=812,
    chunks_failed=2,
    slots=500,
    active_slots=50,
    emails_per_minute=1302,
    pages_per_second=50,
    new_per_page=0.43,
    eta_seconds=200,
    emails_expected=10_000,
)
FACTS = {
    "job_id": "j1",
    "state": "completed",
    "reason": "target reached",
    "emails": 10_000,
    "pages": 23_110,
    "errors": 12,
    "seconds": 451.0,
    "emails_per_minute": 1330.4,
    "outputs": ["leads.csv", "leads.parquet"],
}
HOSTILE = "[red]bad[/red] \x1b[2J\x9b31m\r\nnext \u202eevil\u2066 \ud800 \u2028"


def drawn(renderable: RenderableType, width: int = 120) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    console.print(renderable)
    return console.file.getvalue()


class Scripted:
    """A run that shows one snapshot after the other and then ends."""

    def __init__(self, *snapshots: Snapshot, at_each: Callable[[], None] = lambda: None) -> None:
        self.left = list(snapshots)
        self.at_each = at_each

    @property
    def progress(self) -> Snapshot:
        return self.left[0]

    def wait(self, timeout: float | None = None) -> bool:
        self.at_each()
        if len(self.left) > 1:
            self.left.pop(0)
            return False
        return True


def test_the_block_says_all_that_matters():
    text = drawn(ui.block(NOW))
    for part in (
        "real estate agents {city}",
        "52%  5,230 of 10,000 e-mails",
        "ETA 3m 20s",
        "elapsed 1m 1s",
        "e-mails/min 1,302",
        "10,000 in about 3 min",
        "pages 12,034 (50/s)",
        "sites 812",
        "new per page 0.43",
        "duplicates 77",
        "slots 50 active of 500",
        "30 waiting, 50 running, 812 done",
        "failed 2",
        "errors 12: timeout 8, dns 4",
    ):
        assert part in text


def test_the_block_keeps_its_height():
    """A block that grows and shrinks makes a terminal jump."""
    quiet = Snapshot(state="running")
    for width in (40, 80, 200):
        heights = {drawn(ui.block(s), width).count("\n") for s in (NOW, quiet)}
        assert heights == {6}


def test_without_a_target_there_is_no_percentage():
    text = drawn(ui.block(replace(NOW, emails_wanted=None)))
    assert "%" not in text
    assert "5,230 e-mails" in text


def test_out_of_reach_is_said():
    text = drawn(ui.block(replace(NOW, out_of_reach=True, emails_expected=7412)))
    assert "exhausts at about 7,400 of 10,000 in 3 min" in text


@pytest.mark.parametrize("show", [ui.block, ui.line])
def test_a_cluster_without_workers_is_told_what_it_lacks(show):
    idle = replace(NOW, state="queued", no_workers=True)
    assert "no workers: start some, or cluster.scale(2)" in drawn(show(idle), width=200)
    assert "no workers" not in drawn(show(NOW), width=200)


def test_the_line_is_one_line():
    text = drawn(ui.line(NOW), width=1000)
    assert text.count("\n") == 1
    assert text.startswith("[1m 1s] 52%  5,230 of 10,000 e-mails · 1,302/min · ETA 3m 20s")


def test_the_summary_gives_reason_figures_and_files():
    text = drawn(ui.summary(FACTS, NOW))
    for part in ("target reached", "10,000 (1,330 a minute)", "23,110", "7m 31s", "leads.parquet"):
        assert part in text


def test_a_file_in_this_folder_is_named_as_one_would_type_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    outputs = [str(tmp_path / "here.csv"), str(tmp_path.parent / "there.csv")]
    text = drawn(ui.summary({**FACTS, "outputs": outputs}, NOW), width=1000)
    assert "written  here.csv" in text
    assert f"written  {outputs[1]}" in text


@pytest.mark.parametrize(
    "show",
    [
        lambda s: ui.block(replace(NOW, title=s, errors={s: 3})),
        lambda s: ui.line(replace(NOW, state="completed", reason=s, errors={s: 3})),
        lambda s: ui.summary({**FACTS, "reason": s, "outputs": [s]}, replace(NOW, errors={s: 1})),
    ],
    ids=["block", "line", "summary"],
)
def test_nothing_from_a_page_moves_the_terminal(show):
    text = drawn(show(HOSTILE), width=1000)
    assert "[red]bad[/red] \\x1b[2J\\x9b31m\\r\\n" in text
    assert not {"\x1b", "\x9b", "\r", "\u202e", "\u2066", "\ud800", "\u2028"} & set(text)
    assert text.count("\n") == drawn(show("harmless"), width=1000).count("\n")


def test_visible_is_bounded_before_it_is_walked():
    assert len(visible("\x00" * 10_000_000, 50)) == 50
    assert visible("a" * 50, 50) == "a" * 50


def test_a_terminal_gets_the_block_and_the_last_one_stays():
    console = Console(file=io.StringIO(), width=100, force_terminal=True, legacy_windows=False)
    ui.watch(Scripted(NOW, replace(NOW, emails_found=9999)), console)
    text = console.file.getvalue()
    assert "5,230 of 10,000" in text
    assert "9,999 of 10,000" in text
    assert text.rindex("9,999") > text.rindex("5,230")


def test_a_log_gets_lines_a_few_seconds_apart(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(ui, "time", SimpleNamespace(monotonic=lambda: clock[0]))

    def tick():
        clock[0] += 1.0

    console = Console(file=io.StringIO(), width=100)
    snapshots = [replace(NOW, emails_found=1000 + i) for i in range(12)]
    ui.watch(Scripted(*snapshots, at_each=tick), console)
    lines = console.file.getvalue().splitlines()
    assert [part.split()[3] for part in lines] == ["1,005", "1,010"]


@pytest.mark.parametrize("force", [True, False])
def test_quiet_is_quiet(force):
    console = Console(file=io.StringIO(), quiet=True, force_terminal=force)
    ui.watch(Scripted(NOW, NOW), console)
    console.print(ui.summary(FACTS, NOW))
    assert console.file.getvalue() == ""


def test_nobody_wants_to_see_more():
    looks = iter([False, False, True])
    run = Scripted(*[NOW] * 100)
    ui.watch(run, Console(file=io.StringIO()), left=lambda: next(looks))
    assert len(run.left) == 98
