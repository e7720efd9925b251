"""The live panel of a run in a notebook (ipywidgets)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Protocol

import ipywidgets as W
from IPython.display import display

from mailharvest.progress import Snapshot
from mailharvest.ui.browser import ask
from mailharvest.ui.html import panel, safe
from mailharvest.ui.words import Language, Words

TICK = 0.4
"""Seconds between two drawings: at least five in three seconds, even when a drawing is slow."""

POINTS = 240
"""Points of the sparkline; beyond that every second one goes."""

RTL = "<style>.mh-rtl,.mh-rtl :not([dir],bdi,button){direction:rtl;text-align:start}</style>"
WIDGET = "application/vnd.jupyter.widget-view+json"


def turn(widget: W.DOMWidget, words: Words) -> None:
    """Let `widget` run in the direction of `words`; a style `RTL` must be on the page."""
    (widget.add_class if words.direction == "rtl" else widget.remove_class)("mh-rtl")


class Shown(Protocol):
    """What a panel shows: a `Run`."""

    job_id: str
    client: Any

    @property
    def progress(self) -> Snapshot:
        """How far it is now."""

    @property
    def working(self) -> bool:
        """Whether `progress` still changes."""

    def pause(self) -> None:
        """Begin nothing more."""

    def resume(self) -> None:
        """Go on."""

    def cancel(self) -> None:
        """End it."""


class Ticker:
    """Calls `draw` every `TICK` seconds until it returns False.

    In a thread of its own: neither a cell that blocks the kernel nor a drawing that takes long
    (the ledger is slow, the browser far away) holds up anything else. A draw that fails is the
    last one, for it would fail for ever.
    """

    def __init__(self, draw: Callable[[], bool]) -> None:
        self._draw = draw
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mailharvest-panel", daemon=True)

    def start(self) -> None:
        """Begin; at most once."""
        self._thread.start()

    def stop(self) -> None:
        """Draw no more, and wait for the last."""
        self._stopped.set()
        if self._thread is not threading.current_thread() and self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(TICK) and self._draw():
            pass


class Panel:
    """The live panel of a run; `show` puts it under the cell.

    Parameters
    ----------
    run : Run
    language : {"en", "ar"}, optional
        None is the browser's, and until that is known the one of this process.
    """

    def __init__(self, run: Shown, language: Language | None = None) -> None:
        self.run = run
        self.rates: list[float] = []
        self.picture = W.HTML()
        self.pausing = self._button(self._pause)
        self.cancelling = self._button(self._cancel)
        self.link = W.HTML()
        controls = W.HBox(
            [self.pausing, self.cancelling, self.link],
            layout=W.Layout(flex_flow="row wrap", align_items="center"),
        )
        asking = [] if language else [ask(self.speak)]
        self.widget = W.VBox([self.picture, controls, *asking], layout=W.Layout(width="100%"))
        self._handle: Any = None
        self._ticker = Ticker(self.draw)
        self.speak(language)

    @staticmethod
    def _button(pressed: Callable[[Any], None]) -> W.Button:
        button = W.Button(layout=W.Layout(width="auto"))
        button.on_click(pressed)
        return button

    def speak(self, language: Language | None) -> None:
        """Go on in this language."""
        self.words = Words(language)
        self.link.value = self._dashboard() + RTL
        self.cancelling.description = self.words("Cancel")
        turn(self.widget, self.words)
        self.draw()

    def _dashboard(self) -> str:
        link = getattr(self.run.client, "dashboard_link", None)
        if not link:
            return ""
        page = safe(link.rpartition("/")[0] + "/harvest", 1000)
        label = safe(self.words("Dask dashboard"))
        return f'<a href="{page}" target="_blank" rel="noopener" style="margin:0 8px">{label}</a>'

    def show(self) -> None:
        """Display it, and keep it drawn until the run has ended."""
        self._handle = display(self.bundle(), raw=True, display_id=True)  # type: ignore[no-untyped-call]
        self.follow()

    def follow(self) -> None:
        """Keep it drawn until the run has ended."""
        self._ticker.start()

    def bundle(self) -> dict[str, Any]:
        """What goes into the notebook: the widget, and its picture for where no widget runs."""
        view = self.widget._repr_mimebundle_() or {}
        return {
            WIDGET: view.get(WIDGET),
            "text/html": self.picture.value,
            "text/plain": repr(self.run),
        }

    def draw(self) -> bool:
        """Draw the run as it is now; False when it will not change any more."""
        working = self.run.working  # asked first: what is drawn after the end is of the end
        now = self.run.progress
        self.rates.append(now.emails_per_minute)
        if len(self.rates) > POINTS:
            del self.rates[1:-1:2]
        self.picture.value = panel(now, self.rates, self.words)
        self.pausing.description = self.words("Resume" if now.state == "paused" else "Pause")
        if not working:
            self.pausing.disabled = self.cancelling.disabled = True
            if self._handle is not None:  # what is saved with the notebook is the end
                self._handle.update(self.bundle(), raw=True)
        return working

    def _pause(self, _: object) -> None:
        if self.run.progress.state == "paused":
            self.run.resume()
        else:
            self.run.pause()

    def _cancel(self, _: object) -> None:
        self.run.cancel()
        self.cancelling.disabled = True
