"""Panel, form and control room in JupyterLab, in a real browser, with a real kernel."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from .conftest import chromium_that_speaks, overflow, until, wrong
from .notebook import Notebook

LAB = ("favicon", "/api/kernels", "WebSocket", "lsp")  # what JupyterLab complains of by itself

PANEL = """
import mailharvest as mh
job = mh.HarvestJob(
    query="{trade} {city}", max_emails=50_000, slots=20,
    expand={"trade": ["dentists", "architects"], "city": ["Cairo", "Giza", "Luxor"]},
    search=mh.Search(provider="simweb"), fetch=mh.Fetch(per_site_delay=0.5))
run = mh.harvest(job, workers=1, threads=20)
run
"""
FORM = """
import mailharvest as mh
form = mh.JobForm(workers=1, threads=10{language})
form
"""
ROOM = """
import tempfile
import mailharvest as mh
room = mh.ControlRoom(home=tempfile.mkdtemp())
room.tabs.selected_index = 1
job = mh.HarvestJob(urls=["http://127.0.0.1:9/"], tries=1)
ticket = room.queue.dispatch(job)
with room.queue.ledger.database.write() as connection:
    from sqlalchemy import text
    connection.execute(text("UPDATE job SET state = 'failed', reason = '<b>it</b> failed'"))
room
"""
SEEN = ".jp-OutputArea"


@pytest.fixture
def notebook(browser, lab) -> Iterator[Callable[[str], Notebook]]:
    opened: list[Notebook] = []

    def open_(cell: str) -> Notebook:
        browser.set_window_size(1440, 1000)
        browser.get("about:blank")
        browser.get_log("browser")  # what other pages complained of
        opened.append(Notebook(browser, lab, cell))
        return opened[0]

    yield open_
    for book in opened:
        book.close()


def test_the_panel_moves_and_its_buttons_work(browser, notebook):
    book = notebook(PANEL)
    until(lambda: "running" in book.text(SEEN))
    before = book.text(SEEN)
    until(lambda: book.text(SEEN) != before)
    book.button("Pause").click()
    until(lambda: "paused" in book.text(SEEN))
    book.button("Resume").click()
    until(lambda: "running" in book.text(SEEN))
    for theme in ("JupyterLab Dark", "JupyterLab Light"):
        book.command("apputils:change-theme", theme=theme)
        light = theme.endswith("Light")
        until(lambda light=light: _lightness(browser, ".mh b") < 0.5 if light
              else _lightness(browser, ".mh b") > 0.5)  # fmt: skip
        # JupyterLab's splash screen fades out. A second theme within that time has Lab remove it
        # twice, and complain of that ('removeChild'), whatever the notebook shows.
        until(lambda: not book.find("#jupyterlab-splash"))
    browser.set_window_size(390, 900)
    until(lambda: overflow(browser, ".mh, .mh .figures *") == [], 10)
    browser.set_window_size(1440, 1000)
    assert "@" not in book.text(SEEN)
    book.button("Cancel").click()
    until(lambda: "cancelled" in book.text(SEEN))
    assert wrong(browser, LAB) == []


def _lightness(browser, selector: str) -> float:
    """Of the colour in which an element is written: 0 is black, 1 is white."""
    colour = browser.execute_script(
        "return getComputedStyle(document.querySelector(arguments[0])).color", selector
    )
    red, green, blue = (float(part) for part in colour[colour.index("(") + 1 : -1].split(",")[:3])
    return (red + green + blue) / 3 / 255


def test_bad_input_is_told_and_good_input_starts_a_job(browser, notebook):
    book = notebook(FORM.format(language=""))
    query, expand = until(lambda: book.find(".mh-form textarea"))
    query.send_keys("dentists {city}")
    until(lambda: "{city} has no values" in book.text(SEEN))
    assert not book.button("Start").is_enabled()
    expand.send_keys("city: Cairo, Giza")
    until(lambda: "2 queries" in book.text(SEEN))
    assert "has no values" not in book.text(SEEN)
    browser.set_window_size(390, 900)
    until(lambda: overflow(browser, ".mh-form, .mh-form *") == [], 10)
    browser.set_window_size(1440, 1000)
    until(book.button("Start").is_enabled)
    book.button("Start").click()
    until(lambda: "dentists {city}" in book.text(".mh-form .mh"))
    book.button("Cancel").click()
    until(lambda: "cancelled" in book.text(".mh-form .mh"))
    assert wrong(browser, LAB) == []


def test_the_form_speaks_arabic_from_the_right(browser, notebook):
    book = notebook(FORM.format(language=', language="ar"'))
    until(lambda: "مهمة جديدة" in book.text(SEEN))
    first, second = (cell.rect["x"] for cell in book.find(".mh-form textarea")[:2])
    assert first > second


def test_the_form_speaks_as_the_browser_does(lab):
    with chromium_that_speaks("ar") as browser:
        browser.set_window_size(1440, 1000)
        book = Notebook(browser, lab, FORM.format(language=""))
        until(lambda: "مهمة جديدة" in book.text(SEEN))
        query, expand = book.find(".mh-form textarea")[:2]
        assert query.rect["x"] > expand.rect["x"]
        query.send_keys("عيادات {city}")
        until(lambda: "لا قيم للاسم" in book.text(SEEN))
        expand.send_keys("city: القاهرة، الجيزة")
        until(lambda: "2 عبارات بحث" in book.text(SEEN))
        until(book.button("ابدأ").is_enabled)
        book.button("ابدأ").click()
        until(lambda: "قيد التشغيل" in book.text(".mh-form .mh"))
        book.button("إلغاء").click()
        until(lambda: "ملغاة" in book.text(".mh-form .mh"))
        browser.set_window_size(390, 900)
        until(lambda: overflow(browser, ".mh-form, .mh-form *") == [], 10)
        assert wrong(browser, LAB) == []
        book.close()


def test_the_control_room_lets_a_failed_job_go_on(browser, notebook):
    book = notebook(ROOM)
    until(lambda: "<b>it</b> failed" in book.text(SEEN))
    browser.set_window_size(390, 900)
    until(lambda: overflow(browser, ".mh-room, .mh-room *") == [], 10)
    browser.set_window_size(1440, 1000)
    book.button("Retry").click()
    until(lambda: "Retry: done" in book.text(SEEN) and "nothing has failed" in book.text(SEEN))
    assert wrong(browser, LAB) == []
