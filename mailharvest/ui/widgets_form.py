"""The form "New job" for a notebook: what is wrong stands beside its field, and the plan and its
cost below, before anything starts."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import ipywidgets as W

from mailharvest.errors import MailharvestError, SpecError
from mailharvest.job import HarvestJob
from mailharvest.queue.job import Job
from mailharvest.spec import EmailType, Provider
from mailharvest.ui.browser import ask
from mailharvest.ui.html import safe
from mailharvest.ui.widgets import RTL, Panel, Shown, turn
from mailharvest.ui.words import Language, Words

STYLE = """<style>
.mh-form{max-width:60em}
.mh-form .widget-label{opacity:.75}
.mh-wrong,.mh-wrong .widget-html-content{color:#c8453b;line-height:1.35;white-space:normal}
.mh-plan .widget-html-content{line-height:1.6;white-space:normal}
</style>"""

KEY = "env:SERPER_API_KEY"

LABELS = {
    "query": "Query", "expand": "Values for {names}", "max_emails": "Most e-mails",
    "country": "Country", "email_type": "E-mail type", "provider": "Provider", "api_key": "Key",
    "base_url": "Address of the provider", "deep_scrape": "Deep scrape", "slots": "Slots",
}  # fmt: skip
CHOICES: dict[str, list[tuple[str, object]]] = {
    "email_type": [(kind, kind) for kind in get_args(EmailType)],
    "deep_scrape": [
        ("fetch the pages", True),
        ("snippets only", False),
        ("only without an address in the snippet", 1),
    ],
}

# The field that a refusal names, where the form calls it otherwise.
PLACES = {"queries": "query", "search": "provider", "search.provider": "provider",
          "search.api_key": "api_key", "search.base_url": "base_url"}  # fmt: skip


class Form:
    """The form; its `widget` is what is displayed.

    Parameters
    ----------
    start : callable
        Takes the job and starts it; what it returns is shown under the form.
    language : {"en", "ar"}, optional
        None is the browser's, and until that is known the one of this process.
    """

    def __init__(self, start: Callable[[Job], Shown], language: Language | None = None) -> None:
        self._start = start
        self._language = language
        wide = W.Layout(width="auto")  # 100 % and a margin would be wider than the cell
        self.fields: dict[str, W.ValueWidget] = {
            "query": W.Textarea(
                placeholder="real estate agents {city}", layout=wide, continuous_update=True
            ),
            "expand": W.Textarea(placeholder="city: Cairo, Giza", layout=wide),
            "max_emails": W.Text("1000", layout=wide),
            "country": W.Text(placeholder="eg", layout=wide),
            "email_type": W.Dropdown(options=CHOICES["email_type"], layout=wide),
            "provider": W.Dropdown(options=sorted(get_args(Provider)), value="simweb", layout=wide),
            "api_key": W.Text(KEY, layout=wide),
            "base_url": W.Text(placeholder="http://127.0.0.1:8888", layout=wide),
            # By number: True and 1 are the same to a dropdown.
            "deep_scrape": W.Dropdown(options=CHOICES["deep_scrape"], index=0, layout=wide),
            "slots": W.Text("auto", layout=wide),
        }
        self.labels = {name: W.Label() for name in self.fields}
        self.messages = {name: W.HTML() for name in self.fields}
        self._cells = {name: self._cell(name) for name in self.fields}
        self.head = W.HTML()
        self.plan = W.HTML()
        self.plan.add_class("mh-plan")
        self.starting = W.Button(button_style="success")
        self.starting.on_click(lambda _: self.start())
        self.trouble = W.HTML()
        self.trouble.add_class("mh-wrong")
        self.under = W.VBox()
        self.widget = self._whole()
        self.run: Shown | None = None
        self.job: HarvestJob | None = None
        self.speak(language)
        for field in self.fields.values():
            field.observe(lambda _: self.check(), names="value")

    def _cell(self, name: str) -> W.VBox:
        self.messages[name].add_class("mh-wrong")
        return W.VBox([self.labels[name], self.fields[name], self.messages[name]])

    def _whole(self) -> W.VBox:
        grid = W.GridBox(
            list(self._cells.values()),
            layout=W.Layout(
                grid_template_columns="repeat(auto-fit, minmax(min(250px, 100%), 1fr))",
                grid_gap="8px 16px",
                width="100%",
            ),
        )
        asking = [] if self._language else [ask(self.speak)]
        whole = W.VBox(
            [self.head, grid, self.plan, self.starting, self.trouble, self.under, *asking]
        )
        whole.add_class("mh-form")
        return whole

    def speak(self, language: Language | None) -> None:
        """Go on in this language; what was filled in stays."""
        self.words = say = Words(language)
        self.head.value = f"{STYLE}{RTL}<b>{safe(say('New job'))}</b>"
        for name, label in self.labels.items():
            each = f" ({say('one a line')})" if name in ("query", "expand") else ""
            label.value = say(LABELS[name]) + each
        for name, choices in CHOICES.items():
            chosen = self.fields[name].index
            self.fields[name].options = [(say(label), value) for label, value in choices]
            self.fields[name].index = chosen
        self.starting.description = say("Start")
        turn(self.widget, say)
        self.check()

    # what is in it

    def check(self) -> HarvestJob | None:
        """Read the form: the job, or messages beside what is wrong."""
        provider = self.fields["provider"].value
        self._cells["api_key"].layout.display = None if provider == "serper" else "none"
        self._cells["base_url"].layout.display = None if provider == "searxng" else "none"
        for message in self.messages.values():
            message.value = ""
        self.plan.value = ""
        self.job = None
        try:
            job = self._read()
            self.plan.value = self._cost(job)
            self.job = job
        except SpecError as error:
            self._refuse(error)
        self.starting.disabled = self.job is None
        return self.job

    def _read(self) -> HarvestJob:
        given = {name: field.value for name, field in self.fields.items()}
        queries = [line.strip() for line in given["query"].splitlines() if line.strip()]
        if not queries:
            raise SpecError("is empty", field="query", fix="real estate agents {city}")
        search = {"provider": given["provider"]}
        if given["provider"] == "serper":
            search["api_key"] = given["api_key"].strip()
        if given["provider"] == "searxng":
            search["base_url"] = given["base_url"].strip() or None
        slots = given["slots"].strip()
        return HarvestJob(
            queries=queries,
            expand=_lists(given["expand"]),
            max_emails=given["max_emails"].strip() or "none",
            country=given["country"].strip() or None,
            email_type=given["email_type"],
            deep_scrape=given["deep_scrape"],
            slots=int(slots) if slots.isascii() and slots.isdigit() else slots,
            search=search,
        )

    def _cost(self, job: HarvestJob) -> str:
        """The plan as it begins; how much more is needed shows the yield."""
        chunks = list(job.chunks())
        facts = [
            ("queries", len(job.asked())),
            ("slots", job.in_flight()),
            ("chunks to begin with", len(chunks)),
            ("API calls to begin with", sum(chunk.cost for chunk in chunks)),
        ]
        return " · ".join(f"<b>{n:,}</b> {safe(self.words(what))}" for what, n in facts)

    def _refuse(self, error: SpecError) -> None:
        named = error.field or "query"
        place = PLACES.get(named, named.split(".")[0].split("[")[0])
        cell = self.messages.get(place, self.messages["query"])
        message, fix = self.words.refusal(place, error.message, error.fix)
        arrow = "←" if self.words.direction == "rtl" else "→"
        cell.value = safe(message) + (f" {arrow} {safe(fix)}" if fix else "")

    # start

    def start(self) -> None:
        """Start the job and show its panel under the form."""
        job = self.check()
        if job is None:
            return
        self.trouble.value = ""
        self.starting.disabled = True
        self.starting.description = self.words("starting…")
        try:
            self.run = self._start(job)
        except MailharvestError as error:
            self.trouble.value = safe(error, 500)
        else:
            panel = Panel(self.run, self.words.language)
            self.under.children = (panel.widget, *self.under.children)
            panel.follow()
        finally:
            self.starting.description = self.words("Start")
            self.starting.disabled = False

    def _ipython_display_(self) -> None:
        from IPython.display import display

        display(self.widget)  # type: ignore[no-untyped-call]


def _lists(text: str) -> dict[str, list[str]]:
    """``name: value, value`` lines.

    >>> _lists("city: Cairo, Giza")
    {'city': ['Cairo', 'Giza']}
    """
    lists: dict[str, list[str]] = {}
    for line in filter(str.strip, text.splitlines()):
        name, colon, values = line.partition(":")
        if not colon or not name.strip():
            raise SpecError(f"{line.strip()[:60]!r} has no name", field="expand",
                            fix="write city: Cairo, Giza")  # fmt: skip
        lists[name.strip()] = [v.strip() for v in values.replace("،", ",").split(",") if v.strip()]
    return lists
