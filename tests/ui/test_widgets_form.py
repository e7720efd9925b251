"""The form: messages beside what is wrong, the plan before the start."""

from __future__ import annotations

import html
import re

import pytest

from mailharvest.errors import ClusterError
from mailharvest.job import HarvestJob
from mailharvest.ui.widgets import Panel
from mailharvest.ui.widgets_form import Form
from tests.ui.test_widgets import Pretend


def form(language: str = "en") -> tuple[Form, list[HarvestJob]]:
    started: list[HarvestJob] = []

    def start(job: HarvestJob) -> Pretend:
        started.append(job)
        run = Pretend()
        run.working = False  # so that its panel is drawn once and rests
        return run

    return Form(start, language), started  # type: ignore[arg-type]


def fill(form: Form, **values: object) -> None:
    for name, value in values.items():
        form.fields[name].value = value


def said(form: Form) -> dict[str, str]:
    return {name: m.value for name, m in form.messages.items() if m.value}


def test_an_empty_form_cannot_be_started():
    empty, started = form()
    assert set(said(empty)) == {"query"}
    assert empty.starting.disabled
    empty.start()
    assert started == []


def test_a_good_one_shows_its_plan_and_starts():
    good, started = form()
    fill(good, query="dentists {city}", expand="city: Cairo, Giza\n", country="EG")
    assert said(good) == {}
    plan = re.sub(r"<[^>]+>", "", good.plan.value)
    assert plan == "2 queries · 50 slots · 50 chunks to begin with · 100 API calls to begin with"
    good.starting.click()
    [job] = started
    assert (job.queries, job.country, job.max_emails) == (("dentists {city}",), "eg", 1000)
    assert len(good.under.children) == 1
    assert not good.starting.disabled


MANY = "\n".join(f"{name}: {', '.join(map(str, range(1001)))}" for name in "ab")
WRONG = [
    ({"query": ""}, "query"),
    ({"query": "in {city}"}, "expand"),
    ({"expand": "city: Cairo"}, "expand"),
    ({"expand": "Cairo, Giza"}, "expand"),
    ({"query": "{"}, "query"),
    ({"max_emails": "many"}, "max_emails"),
    ({"max_emails": "0"}, "max_emails"),
    ({"country": "uk"}, "country"),
    ({"slots": "0"}, "slots"),
    ({"slots": "²"}, "slots"),
    ({"provider": "serper", "api_key": "abc123"}, "api_key"),
    ({"provider": "searxng"}, "base_url"),
    ({"provider": "searxng", "base_url": "nowhere"}, "base_url"),
    ({"provider": "searxng", "base_url": "http://u:p@x"}, "base_url"),
    ({"query": "{city}", "expand": "city:"}, "expand"),
    ({"query": "{a} {b}", "expand": MANY}, "expand"),
]


@pytest.mark.parametrize(("values", "field"), WRONG, ids=lambda given: str(given)[:60])
def test_what_is_wrong_is_said_beside_its_field(values, field):
    wrong, started = form()
    fill(wrong, query="dentists")
    fill(wrong, **values)
    assert set(said(wrong)) == {field}
    assert wrong.starting.disabled and not wrong.plan.value
    wrong.start()
    assert started == []


def test_only_what_a_provider_needs_is_asked_for():
    asked, _ = form()
    shown = lambda: {n for n, cell in asked._cells.items() if cell.layout.display != "none"}  # noqa: E731
    assert not {"api_key", "base_url"} & shown()
    fill(asked, provider="serper")
    assert "api_key" in shown() and "base_url" not in shown()
    fill(asked, provider="searxng")
    assert "base_url" in shown() and "api_key" not in shown()


def test_a_key_is_never_repeated():
    wrong, _ = form()
    fill(wrong, query="dentists", provider="serper", api_key="secret-key-123")
    assert "secret" not in wrong.messages["api_key"].value


def test_what_a_person_writes_is_no_markup():
    wrong, _ = form()
    fill(wrong, query="dentists", country="<img src=x onerror=alert(1)>\u202e")
    assert "<img" not in wrong.messages["country"].value
    assert "\u202e" not in wrong.messages["country"].value


def test_a_cluster_that_is_not_there_is_said():
    def start(job: HarvestJob) -> Pretend:
        raise ClusterError("no Dask scheduler at <tcp>")

    broken = Form(start, "en")  # type: ignore[arg-type]
    fill(broken, query="dentists")
    broken.start()
    assert broken.trouble.value == "no Dask scheduler at &lt;tcp&gt;"
    assert not broken.starting.disabled


@pytest.mark.parametrize(("values", "field"), WRONG, ids=lambda given: str(given)[:60])
def test_what_is_wrong_is_said_in_arabic_too(values, field):
    arabic, _ = form("ar")
    fill(arabic, query="dentists")
    fill(arabic, **values)
    assert set(said(arabic)) == {field}
    message = html.unescape(arabic.messages[field].value)
    english, _ = form("en")
    fill(english, query="dentists")
    fill(english, **values)
    told = html.unescape(english.messages[field].value)
    # What is left of the Latin alphabet is names and examples, and not the English message.
    ours = {"eg", "sa", "de", "auto", "none", "ISO", "env", "SERPER", "API", "KEY", "http", "https"}
    latin = set(re.findall(r"[A-Za-z]{2,}", message)) - ours
    assert re.search("[\u0600-\u06ff]", message)
    assert latin <= {"city", "Cairo", "Giza"}, told
    assert "←" in message


def test_it_speaks_as_the_browser_does_and_keeps_what_was_filled_in():
    asked = Form(lambda _: Pretend(), None)
    [hidden] = [w for w in asked.widget.children if w.layout.display == "none"]
    field = hidden.children[0]
    fill(asked, query="dentists", max_emails="7")
    asked.fields["deep_scrape"].index = 2
    field.value = "ar-EG"
    assert asked.starting.description == "ابدأ"
    assert "mh-rtl" in asked.widget._dom_classes
    assert asked.job is not None and asked.job.max_emails == 7
    assert asked.fields["deep_scrape"].index == 2 and asked.job.deep_scrape == 1
    field.value = "de"
    assert asked.starting.description == "Start"
    assert "mh-rtl" not in asked.widget._dom_classes
    panel = Panel(Pretend())
    [hidden] = [w for w in panel.widget.children if w.layout.display == "none"]
    hidden.children[0].value = "ar"
    assert panel.pausing.description == "إيقاف مؤقت"
    assert 'dir="rtl"' in panel.picture.value


def test_a_language_that_was_asked_for_is_not_asked_of_the_browser():
    for shown in (form("ar")[0], Panel(Pretend(), "en")):
        assert all(w.layout.display != "none" for w in shown.widget.children)


def test_arabic():
    arabic, _ = form("ar")
    fill(arabic, query="عيادات {city}", expand="city: القاهرة، الجيزة")
    assert arabic.starting.description == "ابدأ"
    assert "mh-rtl" in arabic.widget._dom_classes
    assert "<b>2</b> عبارات بحث" in arabic.plan.value
