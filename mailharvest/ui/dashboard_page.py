"""The page itself, in Bokeh: it draws what the board has, twice a second."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bokeh.core.properties import without_property_validation
from bokeh.layouts import column, row
from bokeh.models import ColumnDataSource, DataRange1d, FactorRange, LayoutDOM, LinearAxis, Range1d
from bokeh.models.widgets import Div, Select
from bokeh.plotting import figure
from distributed import Scheduler
from distributed.dashboard.components import add_periodic_callback
from distributed.dashboard.components.scheduler import BOKEH_THEME, env
from distributed.dashboard.utils import update

from mailharvest.cluster.scheduler import RATES, STATES, Board, View, workers
from mailharvest.ui.dashboard import headline
from mailharvest.ui.text import visible

INTERVAL = 500
"""Milliseconds between two drawings."""

BARS = 12
"""Bars of a chart at most; what there is more of is left out."""

GREEN, BLUE, RED, AMBER, GREY = "#2a9d5c", "#3b7dd8", "#c8453b", "#d9922e", "#8a8f98"
COLOURS = dict(zip(STATES, (GREY, BLUE, GREEN, RED), strict=True))
NEWEST = "newest"
WAITING = "<p style='font:14px sans-serif'>No harvest has been seen on this cluster yet.</p>"

Document = Callable[[Scheduler, Mapping[str, Any], Any], None]


def page(board: Board, *, framed: bool) -> Document:
    """A document for Dask's dashboard; `framed` with its navigation bar."""

    def document(scheduler: Scheduler, extra: Mapping[str, Any], doc: Any) -> None:
        drawing = Drawing(scheduler, board)
        drawing.update()
        add_periodic_callback(doc, drawing, INTERVAL)
        doc.title = "Dask: Harvest"
        doc.add_root(drawing.root)
        doc.theme = BOKEH_THEME
        if framed:
            doc.template = env.get_template("simple.html")
            doc.template_variables.update(extra)

    return document


class Bars:
    """Horizontal bars with a name each; `most` is what a full bar stands for, at least."""

    def __init__(self, title: str, colour: str, suffix: str = "", most: float = 0.0) -> None:
        self.most = most
        self.source = ColumnDataSource({"name": [], "n": [], "label": [], "colour": []})
        self.shown: list[tuple[str, float]] = []
        self.suffix = suffix
        self.colour = colour
        self.names = FactorRange(factors=[])
        self.range = Range1d(start=0, end=1)
        self.root = figure(
            title=title, x_range=self.range, y_range=self.names, toolbar_location=None, **_size()
        )
        self.root.hbar(y="name", right="n", height=0.7, color="colour", source=self.source)
        self.root.text(
            x=0, y="name", text="label", source=self.source, x_offset=6, text_font_size="12px",
            text_baseline="middle",
        )  # fmt: skip
        self.root.grid.visible = self.root.xaxis.visible = False

    @without_property_validation  # type: ignore[untyped-decorator]
    def draw(
        self, values: Sequence[tuple[str, float]], colours: Mapping[str, str] | None = None
    ) -> None:
        """Draw the first of `values`, from the top, if they are not drawn already."""
        shown = [(visible(name, 40), n) for name, n in values[:BARS]][::-1]
        if shown == self.shown:
            return
        self.shown = shown
        names = list(dict.fromkeys(name for name, _ in shown))
        self.names.factors = names
        self.range.end = max([self.most, *(n for _, n in shown)]) * 1.05 or 1
        update(
            self.source,
            {
                "name": [name for name, _ in shown],
                "n": [n for _, n in shown],
                "label": [f"{n:,.0f}{self.suffix}" for _, n in shown],
                "colour": [(colours or {}).get(name, self.colour) for name, _ in shown],
            },
        )


class Drawing:
    """The whole page, for one document."""

    def __init__(self, scheduler: Scheduler, board: Board) -> None:
        self.scheduler = scheduler
        self.board = board
        self.choice = Select(value=NEWEST, width=320)
        self.head = Div(text=WAITING, sizing_mode="stretch_width")
        self.curve = ColumnDataSource({name: [] for name in RATES})
        self.points: list[tuple[float, ...]] = []
        self.chunks = Bars("Chunks", GREY)
        self.memory = Bars("Memory of workers", BLUE, " MB")
        self.cpu = Bars("CPU of workers", AMBER, " %", most=100)
        self.errors = Bars("Errors by kind", RED)
        self.sites = Bars("Pages by site", GREEN)
        charts = [self._curve(), *(bars.root for bars in self._bars())]
        self.root: LayoutDOM = column(
            self.choice,
            self.head,
            # A row that wraps: one column of charts on a telephone, two or three on a wide screen.
            row(*charts, sizing_mode="stretch_width", styles={"flex-wrap": "wrap"}),
            sizing_mode="stretch_width",
            styles={"padding": "8px", "box-sizing": "border-box"},
        )

    def _bars(self) -> tuple[Bars, ...]:
        return self.chunks, self.memory, self.cpu, self.errors, self.sites

    def _curve(self) -> Any:
        emails = DataRange1d(start=0)
        plot = figure(
            title="E-mails, and e-mails a minute",
            y_range=emails,
            toolbar_location=None,
            **_size(share=2),
        )
        plot.xaxis.axis_label = "seconds"
        self.rates = Range1d(start=0, end=1)
        plot.extra_y_ranges = {"rate": self.rates}
        plot.add_layout(LinearAxis(y_range_name="rate", axis_label="per minute"), "right")
        plot.line("elapsed_seconds", "emails_per_minute", source=self.curve, color=AMBER,
                  y_range_name="rate", line_width=1.5, legend_label="per minute")  # fmt: skip
        found = plot.line("elapsed_seconds", "emails_found", source=self.curve, color=GREEN,
                          line_width=2.5, legend_label="e-mails")  # fmt: skip
        emails.renderers = [found]  # the rate has its own axis
        plot.add_layout(plot.legend[0], "above")  # beside the curves it would cover them
        plot.legend.orientation = "horizontal"
        plot.legend.border_line_color = None
        return plot

    @without_property_validation  # type: ignore[untyped-decorator]
    def update(self) -> None:
        """Draw the job that is chosen; Dask calls this."""
        options: list[str | tuple[Any, str]] = [(NEWEST, "newest job")]
        options += [
            (job_id, visible(f"{view['title']} ({job_id})", 80))
            for job_id, view in reversed(self.board.views.items())
        ]
        if self.choice.options != options:
            self.choice.options = options
        view = self.board.views.get(self.choice.value) or self.board.newest()
        if view is not None:
            self._draw(view)

    def _draw(self, view: View) -> None:
        if self.head.text != (head := headline(view)):
            self.head.text = head
        points = self.board.curves[view["job_id"]]
        if points != self.points:
            self.points = list(points)
            columns = zip(*points, strict=True)
            curve = {name: list(values) for name, values in zip(RATES, columns, strict=True)}
            self.rates.end = max(curve["emails_per_minute"]) * 1.1 or 1
            update(self.curve, curve)
        self.chunks.draw([(state, view[f"chunks_{state}"]) for state in STATES], COLOURS)
        known = workers(self.scheduler)
        self.memory.draw([(_short(w["name"]), w["memory"] / 1e6) for w in known])
        self.cpu.draw([(_short(w["name"]), w["cpu"]) for w in known])
        self.errors.draw(sorted(view["errors"].items(), key=lambda kind: -kind[1]))
        self.sites.draw([(site, pages) for site, pages in view.get("top_sites", ())])


def _size(share: int = 1) -> dict[str, Any]:
    """Of a chart: on a wide screen `share` columns of it, on a narrow one all there is."""
    return {
        "sizing_mode": "stretch_width",
        "min_width": 330,
        "height": 260,
        "frame_align": False,
        "styles": {"flex": f"{share} 1 {share * 400}px"},
    }


def _short(address: str) -> str:
    return address.rpartition("/")[2]
