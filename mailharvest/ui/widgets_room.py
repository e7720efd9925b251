"""The control room for a notebook: the whole queue, a page of each list at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import ipywidgets as W

from mailharvest.cluster.report import masked
from mailharvest.errors import MailharvestError
from mailharvest.progress import duration
from mailharvest.queue.control import resolve
from mailharvest.queue.lately import workers
from mailharvest.queue.ledger import JobRow
from mailharvest.queue.queue import Queue
from mailharvest.ui.html import safe
from mailharvest.ui.widgets import Ticker

PAGE = 10
"""Rows of a list that are drawn at once, however long the list is."""

STYLE = """<style>
.mh-room{max-width:72em}
.mh-room .mh-row{border-bottom:1px solid rgba(128,128,128,.25);align-items:center;padding:2px 0}
.mh-room .mh-row>.widget-html{flex:1 1 16em;min-width:0}
.mh-room .widget-html-content{line-height:1.4;white-space:normal;overflow-wrap:anywhere}
.mh-room .lm-TabBar-content{flex-wrap:wrap}
.mh-room .lm-TabBar-tab{flex:0 0 auto!important;min-width:0!important}
.mh-room .dim{opacity:.65}
.mh-room .bad{color:#c8453b}
.mh-room .mh-bar{height:4px;border-radius:2px;background:rgba(128,128,128,.25);margin:3px 0;
max-width:30em}
.mh-room .mh-bar>div{height:100%;border-radius:2px;background:#2a9d5c}
</style>"""

Action = tuple[str, Callable[[], object]]
"""What a button says and does."""


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a list: its HTML, and its buttons."""

    html: str
    actions: tuple[Action, ...] = ()


class Listing:
    """A list, a page at a time, in widgets that are made once.

    Parameters
    ----------
    read : callable
        Takes limit and offset; gives the rows.
    empty : str
        What is said of an empty list.
    done : callable
        Called with what an action said, after it was done.
    """

    def __init__(
        self,
        read: Callable[[int, int], Iterable[Line]],
        empty: str,
        done: Callable[[str], object],
    ) -> None:
        self._read = read
        self._empty = empty
        self._done = done
        self.page = 0
        self.lines: list[Line] = []
        self.rows = [self._row(i) for i in range(PAGE)]
        self.note = W.HTML()
        self.back = W.Button(description="‹", layout=W.Layout(width="3em"), tooltip="back")
        self.on = W.Button(description="›", layout=W.Layout(width="3em"), tooltip="on")
        self.back.on_click(lambda _: self.turn(-1))
        self.on.on_click(lambda _: self.turn(1))
        pages = W.HBox([self.back, self.note, self.on], layout=W.Layout(align_items="center"))
        self.widget = W.VBox([*self.rows, pages])

    def _row(self, i: int) -> W.HBox:
        buttons = [W.Button(layout=W.Layout(width="auto")) for _ in range(2)]
        for n, button in enumerate(buttons):
            button.on_click(lambda _, n=n: self.act(i, n))
        row = W.HBox([W.HTML(), *buttons], layout=W.Layout(flex_flow="row wrap"))
        row.add_class("mh-row")
        return row

    def turn(self, pages: int) -> None:
        """To another page."""
        self.page = max(0, self.page + pages)
        self.draw()

    def draw(self) -> None:
        """Read the page anew; only what has changed goes to the browser."""
        found = list(self._read(PAGE + 1, self.page * PAGE))
        if not found and self.page:
            self.page = 0
            found = list(self._read(PAGE + 1, 0))
        self.lines = found[:PAGE]
        for i, row in enumerate(self.rows):
            line = self.lines[i] if i < len(self.lines) else None
            row.layout.display = None if line else "none"
            if line:
                self._fill(row, line)
        first = self.page * PAGE + 1
        self.note.value = f"{first} – {first + len(self.lines) - 1}" if found else self._empty
        self.back.disabled = self.page == 0
        self.on.disabled = len(found) <= PAGE

    @staticmethod
    def _fill(row: W.HBox, line: Line) -> None:
        text, *buttons = row.children
        text.value = line.html
        for n, button in enumerate(buttons):
            there = n < len(line.actions)
            button.layout.display = None if there else "none"
            if there:
                button.description = line.actions[n][0]

    def act(self, row: int, button: int) -> None:
        """Do what a button of a row says."""
        said, do = self.lines[row].actions[button]
        try:
            do()
        except MailharvestError as error:
            self._done(safe(error, 300))
        else:
            self._done(safe(f"{said}: done"))


class ControlRoom:
    """The whole queue: its `widget` is what is displayed; `close` it when it is not needed.

    Parameters
    ----------
    queue : Queue
    """

    def __init__(self, queue: Queue) -> None:
        self.queue = queue
        self.counts = W.HTML()
        self.said = W.HTML()
        lists: dict[str, tuple[Callable[[int, int], Iterable[Line]], str]] = {
            "Jobs": (self._jobs, "no jobs"),
            "Failed": (self._failed, "nothing has failed"),
            "Errors": (self._errors, "no errors"),
            "Dispatchers": (self._dispatchers, "no dispatcher has been here"),
            "Workers": (self._workers, "no worker has done anything yet"),
            "Schedules": (self._schedules, "no schedules"),
        }
        self.lists = {name: Listing(*of, self._done) for name, of in lists.items()}
        self.tabs = W.Tab([listing.widget for listing in self.lists.values()])
        self.tabs.titles = tuple(lists)
        self.tabs.observe(lambda _: self.draw(), names="selected_index")
        self.widget = W.VBox([W.HTML(STYLE), self.counts, self.said, self.tabs])
        self.widget.add_class("mh-room")
        self._ticker = Ticker(self.draw)
        self.draw()

    def close(self) -> None:
        """Draw no more, and let go of the ledger."""
        self._ticker.stop()
        self.queue.close()

    def draw(self) -> bool:
        """Draw the counts and the list that is looked at."""
        counts = self.queue.counts()
        self.counts.value = " · ".join(f"<b>{n:,}</b> {safe(of)}" for of, n in counts.items())
        list(self.lists.values())[self.tabs.selected_index or 0].draw()
        return True

    def _done(self, said: str) -> None:
        self.said.value = said
        self.draw()

    def _ipython_display_(self) -> None:
        from IPython.display import display

        display(self.widget)  # type: ignore[no-untyped-call]
        self._ticker.start()

    # the lists

    def _jobs(self, limit: int, offset: int) -> Iterable[Line]:
        served = self.queue.ledger.served()
        for row in self.queue.ledger.jobs(limit=limit, offset=offset):
            cancel = ("Cancel", partial(self.queue.cancel, row.id))
            yield Line(_job(row, row.state_when(served)), () if row.ended else (cancel,))

    def _failed(self, limit: int, offset: int) -> Iterable[Line]:
        for row in self.queue.failed(limit=limit, offset=offset):
            retry = ("Retry", partial(self.queue.retry, row.id))
            forget = ("Forget", partial(self.queue.forget, row.id))
            yield Line(_job(row, row.state), (retry, forget))

    def _errors(self, limit: int, offset: int) -> Iterable[Line]:
        for error in self.queue.ledger.errors(resolved=False, limit=limit, offset=offset):
            where = f" · {safe(error.site, 60)}" if error.site else ""
            yield Line(
                f"<b>{safe(error.kind, 40)}</b>{where} · {safe(masked(error.message))}"
                f'<br><span class="dim">{safe(error.severity)} · job {safe(error.job_id)}'
                f" · {_ago(error.at)}</span>",
                (("Resolve", partial(resolve, self.queue.ledger, error.id)),),
            )

    def _dispatchers(self, limit: int, offset: int) -> Iterable[Line]:
        for row in self.queue.ledger.dispatchers(limit + offset)[offset:]:
            state = "works" if row.stopped_at is None else f"stopped: {row.reason}"
            host = row.host.partition("#")[0]
            yield Line(
                f"<b>{safe(row.name, 60)}</b> on {safe(host, 60)} · {safe(state)}"
                f'<br><span class="dim">{row.running:,} of {row.slots:,} slots ·'
                f" {row.done:,} chunks done, {row.failed:,} failed · {row.pages:,} pages ·"
                f" heard of {_ago(row.beat_at)}</span>"
            )

    def _workers(self, limit: int, offset: int) -> Iterable[Line]:
        for worker in workers(self.queue.ledger)[offset : offset + limit]:
            yield Line(
                f"<b>{safe(worker.name, 80)}</b><br>"
                f'<span class="dim">{worker.chunks:,} of the newest chunks ·'
                f" the last {_ago(worker.at)}</span>"
            )

    def _schedules(self, limit: int, offset: int) -> Iterable[Line]:
        for row in self.queue.schedules()[offset : offset + limit]:
            when = row.cron if row.cron else f"every {duration(row.every or 0)}"
            yield Line(
                f"<b>{safe(row.name, 60)}</b> · {safe(when)} {safe(row.tz)}"
                f'<br><span class="dim">next {_moment(row.next_at)}</span>',
                (
                    ("Run now", partial(self.queue.run_now, row.name)),
                    ("Remove", partial(self.queue.unschedule, row.name)),
                ),
            )


def _job(row: JobRow, state: str) -> str:
    of = f" of {row.wanted:,}" if row.wanted is not None else ""
    share = 100 * row.found / row.wanted if row.wanted else None
    if row.wanted is None and row.progress is not None:
        share = 100 * row.progress
    percent = "" if share is None else f" ({min(share, 100):.0f}%)"
    bar = ""
    if share is not None and row.state == "running":
        bar = f'<div class="mh-bar"><div style="width:{min(share, 100):.1f}%"></div></div>'
    reason = f": {safe(masked(row.reason or ''))}" if row.reason not in (None, row.state) else ""
    colour = ' class="bad"' if row.state == "failed" else ""
    return (
        f'<b dir="auto">{safe(row.title, 90)}</b>'
        f" <span{colour}>{safe(state)}{reason}</span>{bar or '<br>'}"
        f'<span class="dim">{safe(row.id)} · {safe(row.queue)} · {row.found:,}{of} e-mails{percent}'
        f" · {row.pages:,} pages · {row.errors:,} errors · {duration(row.seconds)}</span>"
    )


def _ago(at: float) -> str:
    return f"{duration(max(time.time() - at, 0.0))} ago"


def _moment(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
