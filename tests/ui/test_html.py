"""The panel as HTML, and its words."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from mailharvest.errors import SpecError
from mailharvest.progress import Snapshot, WorkerStats
from mailharvest.reason import Reason
from mailharvest.ui.html import KINDS, WORKERS, panel, sparkline
from mailharvest.ui.words import Words

NOW = Snapshot(
    job_id="j1",
    title="dentists",
    state="running",
    elapsed_seconds=61,
    emails_found=5230,
    emails_wanted=10_000,
    pages=12_034,
    sites=812,
    errors={"dns": 4, "timeout": 8},
    chunks_pending=30,
    chunks_processing=50,
    chunks_completed=812,
    slots=500,
    active_slots=50,
    emails_per_minute=1302,
    eta_seconds=8130,
    emails_expected=10_000,
    workers=(WorkerStats("tcp://127.0.0.1:4000", 88, 200_000_000, 400_000_000, 10, 20, 0.4),),
)
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\x1b[2J\n\u202e\"'&"


def text_of(html: str) -> str:
    """What a reader sees; fails when the markup is not well formed."""
    body = html.partition("</style>")[2]
    return " ".join("".join(ET.fromstring(body).itertext()).split())


def test_the_panel_says_all_that_matters():
    seen = text_of(panel(NOW, [1.0, 2.0]))
    for part in (
        "dentists", "running", "10,000 in about 2 h 20 min", "5,230 of 10,000", "e-mails · 52%",
        "2h 15m 30s", "1m 1s", "12,034", "812", "50 of 500", "30 · 50 · 812",
        "waiting · active · done",
        "timeout 8", "dns 4", "127.0.0.1:4000", "88%", "200 MB (50%)",
    ):  # fmt: skip
        assert part in seen


@pytest.mark.parametrize("language", ["en", "ar"])
def test_nothing_from_elsewhere_is_markup(language):
    hostile = replace(NOW, title=HOSTILE, errors={HOSTILE: 1}, workers=(WorkerStats(HOSTILE),))
    ended = replace(hostile, state="failed", reason=HOSTILE)
    for now in (hostile, ended):
        html = panel(now, (), Words(language))
        assert "<script" not in html and "<img" not in html
        assert not {"\x1b", "\u202e"} & set(html)
        assert "alert(1)" in text_of(html)


def test_many_workers_and_kinds_are_cut():
    kinds = {f"kind{i}": 100 - i for i in range(50)}
    workers = tuple(WorkerStats(f"tcp://w:{i}", cpu=i) for i in range(1000))
    html = panel(replace(NOW, errors=kinds, workers=workers))
    assert html.count('class="chip"') == KINDS + 1
    assert html.count("<tr>") == WORKERS + 2
    assert "w:999" in html and "992 more" in text_of(html)


def test_a_curve_of_nothing_is_flat():
    assert 'points="0.0,40.0 300.0,40.0"' in sparkline([0.0, 0.0])


def test_a_failure_is_red():
    html = panel(replace(NOW, state="failed", reason="out of credits", chunks_failed=3))
    assert 'class="chip bad">out of credits' in html
    assert "chunks: 3 failed" in text_of(html)


def test_arabic_reads_from_the_right():
    html = panel(NOW, (), Words("ar"))
    assert 'dir="rtl"' in html
    seen = text_of(html)
    for part in ("عناوين بريد", "5,230 من 10,000", "2س 15د 30ث", "10,000 خلال نحو 2 س 20 د"):
        assert part in seen
    assert "e-mails" not in seen


@pytest.mark.parametrize(
    "now",
    [
        replace(NOW, eta_seconds=None),
        replace(NOW, idle_seconds=99),
        replace(NOW, out_of_reach=True, emails_expected=7412),
        replace(NOW, emails_wanted=None, emails_expected=7412),
        replace(NOW, emails_wanted=None, emails_expected=None),
        replace(NOW, eta_seconds=400_000),
        replace(NOW, eta_seconds=None, urls_known=1500, urls_done=1100),
        replace(NOW, urls_waiting=1, waits_until="9:05"),
        replace(NOW, urls_waiting=3000, waits_until="21:45"),
        *(replace(NOW, state=s) for s in ("queued", "paused", "completed", "cancelled")),
        *(replace(NOW, state="completed", reason=reason) for reason in Reason),
    ],
    ids=lambda now: now.outlook,
)
def test_every_outlook_is_translated(now):
    assert not any("a" <= c.lower() <= "z" for c in Words("ar")(now.outlook))


def test_a_language_that_is_none_is_refused():
    with pytest.raises(SpecError, match=r"'xx' is unknown \(write 'en' or 'ar'\)"):
        Words("xx")  # type: ignore[arg-type]


@pytest.mark.parametrize(("lang", "language"), [("ar_EG", "ar"), ("de_DE", "en"), ("", "en")])
def test_the_language_of_the_process(monkeypatch, lang, language):
    monkeypatch.setenv("LANGUAGE", lang)
    monkeypatch.setenv("LANG", "C")
    assert Words().language == language


@pytest.mark.parametrize(("language", "said"), [("en", "cluster.scale(2)"), ("ar", "لا يوجد عمال")])
def test_a_cluster_without_workers_is_told_what_it_lacks(language, said):
    idle = replace(NOW, state="queued", no_workers=True)
    assert panel(idle, (), Words(language)).count(said) == 1
    assert said not in panel(NOW, (), Words(language))
    assert said not in panel(replace(idle, no_workers=False, state="completed"))
