"""The panel of a run: buttons and drawing without a kernel, and in a real one."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from mailharvest.progress import Snapshot
from mailharvest.ui.widgets import POINTS, Panel, Ticker

NOW = Snapshot(job_id="j1", title="dentists", state="running", emails_found=5, emails_wanted=10)
MIME = "application/vnd.jupyter.widget-view+json"


class Pretend:
    """A run whose course a test writes."""

    job_id = "j1"

    def __init__(self) -> None:
        self.progress = NOW
        self.working = True
        self.client = SimpleNamespace(dashboard_link="http://127.0.0.1:8787/status")
        self.asked: list[str] = []

    def pause(self) -> None:
        self.asked.append("pause")
        self.progress = replace(self.progress, state="paused")

    def resume(self) -> None:
        self.asked.append("resume")
        self.progress = replace(self.progress, state="running")

    def cancel(self) -> None:
        self.asked.append("cancel")


def test_the_buttons_do_what_they_say():
    run = Pretend()
    panel = Panel(run, "en")
    assert (panel.pausing.description, panel.cancelling.description) == ("Pause", "Cancel")
    panel.pausing.click()
    panel.draw()
    assert panel.pausing.description == "Resume"
    panel.pausing.click()
    panel.draw()
    assert panel.pausing.description == "Pause"
    panel.cancelling.click()
    assert run.asked == ["pause", "resume", "cancel"]


def test_the_end_is_drawn_and_the_buttons_rest():
    run = Pretend()
    panel = Panel(run, "en")
    assert panel.draw()
    run.progress, run.working = replace(NOW, state="completed", reason="target reached"), False
    assert not panel.draw()
    assert "target reached" in panel.picture.value
    assert panel.pausing.disabled and panel.cancelling.disabled


def test_it_links_the_harvest_tab():
    assert 'href="http://127.0.0.1:8787/harvest"' in Panel(Pretend(), "en").link.value


def test_where_no_widget_runs_there_is_a_picture():
    bundle = Panel(Pretend(), "en").bundle()
    assert set(bundle) == {MIME, "text/html", "text/plain"}
    assert "dentists" in bundle["text/html"]


def test_the_curve_is_bounded():
    panel = Panel(Pretend(), "en")
    for _ in range(3 * POINTS):
        panel.draw()
    assert len(panel.rates) <= POINTS + 1


def test_a_ticker_ends_with_the_last_drawing():
    drawn: list[int] = []
    ticker = Ticker(lambda: drawn.append(1) or len(drawn) < 2)  # type: ignore[func-returns-value]
    ticker.start()
    ticker._thread.join(30)
    assert len(drawn) == 2


def test_a_ticker_can_be_stopped():
    ticker = Ticker(lambda: True)
    ticker.start()
    ticker.stop()
    assert not ticker._thread.is_alive()


# in a real kernel

CODE = """
import mailharvest as mh
run = mh.harvest(
    mh.HarvestJob(query="dentists {city}", expand={"city": ["Cairo", "Giza", "Luxor"]},
                  search=mh.Search(provider="simweb")),
    workers=1, threads=10)
run
"""


@contextmanager
def kernel(home: str) -> Iterator[Any]:
    """Calls of it run a cell and give the messages that it sent."""
    manager = pytest.importorskip("jupyter_client.manager")
    pytest.importorskip("ipykernel")
    variables = {**os.environ, "MAILHARVEST_HOME": home, "JUPYTER_PLATFORM_DIRS": "1"}
    given, client = manager.start_new_kernel(kernel_name="python3", env=variables)

    def run(code: str, seconds: float = 90.0) -> list[dict[str, Any]]:
        asked, end, said = client.execute(code), time.monotonic() + seconds, []
        while time.monotonic() < end:
            message = client.get_iopub_msg(timeout=seconds)
            said.append(message)
            content = message["content"]
            assert message["msg_type"] != "error", content["traceback"]
            of_this_cell = message["parent_header"].get("msg_id") == asked
            if of_this_cell and content.get("execution_state") == "idle":
                return said
        raise AssertionError(f"no end of {code!r}")

    try:
        yield run
    finally:
        client.stop_channels()
        given.shutdown_kernel()


def pictures(messages: list[dict[str, Any]]) -> int:
    """Drawings among what a kernel sent."""
    return sum(
        message["msg_type"] == "comm_msg" and "value" in message["content"]["data"].get("state", {})
        for message in messages
    )


@pytest.mark.filterwarnings("ignore")  # of jupyter_client: unencrypted loopback
def test_it_is_drawn_while_a_cell_blocks_the_kernel(tmp_path):
    with kernel(str(tmp_path)) as run:
        shown = [m for m in run(CODE) if m["msg_type"] == "display_data"]
        assert set(shown[0]["content"]["data"]) == {MIME, "text/html", "text/plain"}
        assert pictures(run("import time; time.sleep(3)")) >= 5
        last = run("run.cancel(); run.wait(); time.sleep(2); run.close()")
        saved = [m["content"]["data"] for m in last if m["msg_type"] == "update_display_data"]
        assert "cancelled" in saved[-1]["text/html"]
