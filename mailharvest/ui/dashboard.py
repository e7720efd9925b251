"""The tab "Harvest" on the scheduler's own dashboard, and ``/individual-harvest`` for JupyterLab.

``client.register_plugin(Dashboard())`` adds both to a scheduler that runs; ``dask scheduler
--preload mailharvest.ui.dashboard`` to one that starts.
"""

from __future__ import annotations

from html import escape
from typing import Any

from distributed import Scheduler

from mailharvest.cluster.scheduler import Board, Seen
from mailharvest.ui.text import visible

TAB = "harvest"
ALONE = "individual-harvest"
TITLE = "Individual Harvest"


class Dashboard(Seen):
    """Keeps the views of the jobs in the scheduler, serves them as JSON and metrics, draws them."""

    async def start(self, scheduler: Scheduler) -> None:
        """Add routes, metrics and pages, without Bokeh no pages."""
        await super().start(scheduler)
        try:
            from bokeh.server.tornado import BokehTornado
        except ImportError:
            return
        # A scheduler that was told to show no dashboard shows none.
        web = scheduler.http_application
        if any(isinstance(app, BokehTornado) for app in web.applications):
            add_pages(scheduler, self.board)


async def dask_setup(scheduler: Scheduler) -> None:
    """Dask calls this in a scheduler that preloads this module."""
    scheduler.add_plugin(Dashboard(), idempotent=True)  # it is started with the scheduler


def add_pages(scheduler: Scheduler, board: Board) -> None:
    """Serve the tab and the page of its own, and list both where people look for them."""
    from distributed.dashboard.core import BokehApplication
    from distributed.dashboard.scheduler import template_variables
    from distributed.http.scheduler.info import IndividualPlots
    from tornado.ioloop import IOLoop

    from mailharvest.ui.dashboard_page import page

    class Plots(IndividualPlots):
        """Dask's own list looks at the first Bokeh application only, and ours is another."""

        def write(self, chunk: Any) -> None:
            if isinstance(chunk, dict):
                chunk = {**chunk, TITLE: f"/{ALONE}"}
            super().write(chunk)

    shared = template_variables(scheduler)  # of all pages: their navigation bar and their menu
    if TAB not in shared["pages"]:
        shared["pages"].append(TAB)
        shared["plots"].append({"url": ALONE, "name": "Harvest"})
    web = scheduler.http_application
    pages = {f"/{TAB}": page(board, framed=True), f"/{ALONE}": page(board, framed=False)}
    application = BokehApplication(pages, scheduler, prefix="/", template_variables=shared)
    web.add_application(application)
    application.initialize(IOLoop.current())
    application.start()
    web.add_handlers(r".*", [(r"/individual-plots.json", Plots, {"dask_server": scheduler})])


def headline(view: dict[str, Any]) -> str:
    """What stands above the curves, as HTML: every text from elsewhere is made visible, escaped."""
    of = "" if view["emails_wanted"] is None else f" of {view['emails_wanted']:,}"
    figures = [
        ("e-mails", f"{view['emails_found']:,}{of}"),
        ("per minute", f"{view['emails_per_minute']:,.0f}"),
        ("ETA", view["eta_formatted"] if view["state"] == "running" else view["state"]),
        ("pages", f"{view['pages']:,}"),
        ("sites", f"{view['sites']:,}"),
        ("slots", f"{view['active_slots']:,} of {view['slots']:,}"),
        ("errors", f"{view['error_count']:,}"),
    ]
    cells = "".join(
        f'<span style="display:inline-block;margin:0 1.6em 0 0"><b style="font-size:1.4em">'
        f"{text(value)}</b> <span>{text(label)}</span></span>"
        for label, value in figures
    )
    return (
        f'<div style="font:14px sans-serif;line-height:1.7"><b dir="auto">{text(view["title"])}</b>'
        f" · {text(view['outlook'])}<br>{cells}</div>"
    )


def text(value: object) -> str:
    """`value` harmless as HTML, on one line."""
    return escape(visible(str(value)))
