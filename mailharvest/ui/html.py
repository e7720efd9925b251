"""A snapshot as HTML, for notebooks: live in a widget, and readable where no widget runs.

Colours are those of the page around it, so it is light in a light notebook and dark in a dark
one. Every text from elsewhere is made visible (no control characters, one line) and escaped.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from mailharvest.progress import NO_WORKERS, Snapshot, WorkerStats
from mailharvest.ui.text import visible
from mailharvest.ui.words import Words

WORKERS = 8
"""Rows of the workers table; of more workers the busiest are shown."""

KINDS = 8
"""Kinds of errors that are shown."""

STYLE = """<style>
.mh{font:14px/1.5 system-ui,sans-serif;color:inherit;max-width:60em;padding:4px;
overflow-wrap:anywhere}
.mh *{box-sizing:border-box}
.mh b{font-weight:650}
.mh .dim{opacity:.65}
.mh .bar{height:10px;border-radius:5px;background:rgba(128,128,128,.25);margin:6px 0;
overflow:hidden}
.mh .bar>div{height:100%;border-radius:5px;background:#2a9d5c}
.mh .bar>.bad{background:#c8453b}
.mh .figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(112px,1fr));gap:4px 12px}
.mh .figures b{font-size:1.15em;display:block}
.mh .figures>:first-child,.mh .figures>:last-child{grid-column:span 2}
.mh .chip{display:inline-block;border-radius:9px;padding:0 8px;margin:2px;font-size:.92em;
border:1px solid #d9922e;background:rgba(217,146,46,.16)}
.mh .chip.bad{border-color:#c8453b;background:rgba(200,69,59,.18)}
.mh table{border-collapse:collapse;margin:6px 0;width:100%;color:inherit;font-size:.93em;
white-space:nowrap;overflow-wrap:normal}
.mh td,.mh th{padding:2px 8px;text-align:start;border-bottom:1px solid rgba(128,128,128,.25)}
.mh .wide{overflow-x:auto;width:0;min-width:100%}
.mh[dir=rtl] svg{transform:scaleX(-1)}
.mh svg{display:block;width:100%;height:42px;margin:6px 0 2px}
</style>"""


def panel(now: Snapshot, rates: Sequence[float] = (), words: Words | None = None) -> str:
    """The whole panel of a job.

    Parameters
    ----------
    now : Snapshot
    rates : sequence of float
        E-mails a minute, oldest first: the sparkline.
    words : Words, optional
        Its language; English.
    """
    say = words or Words("en")
    parts = (
        _head(now, say),
        _bar(now),
        sparkline(rates),
        _figures(now, say),
        _alerts(now, say),
        _workers(now.workers, say),
    )
    return f'{STYLE}<div class="mh" dir="{say.direction}">{"".join(parts)}</div>'


def safe(text: object, limit: int = 200) -> str:
    r"""`text` harmless as HTML, on one line.

    >>> safe('<b>"x"\n\u202e')
    '&lt;b&gt;&quot;x&quot;\\n\\u202e'
    """
    return escape(visible(str(text), limit))


def _head(now: Snapshot, say: Words) -> str:
    outlook = say(now.outlook)
    state = say(now.state)
    said = state if outlook == state or now.no_workers else f"{state} · {outlook}"
    title = safe(now.title or say("job"))
    return f'<div><b dir="auto">{title}</b> <span class="dim">{safe(said)}</span></div>'


def _bar(now: Snapshot) -> str:
    percent = now.percentage if now.percentage is not None else 100.0 * now.ended
    kind = ' class="bad"' if now.state == "failed" else ""
    return (
        f'<div class="bar" role="progressbar" aria-valuenow="{percent:.0f}" aria-valuemin="0"'
        f' aria-valuemax="100"><div{kind} style="width:{percent:.1f}%"></div></div>'
    )


def sparkline(rates: Sequence[float]) -> str:
    """A small curve; nothing while there is none.

    >>> sparkline([1.0])
    ''
    """
    if len(rates) < 2:
        return ""
    top = max(rates) or 1.0
    step = 300 / (len(rates) - 1)
    points = " ".join(f"{i * step:.1f},{40 - 36 * rate / top:.1f}" for i, rate in enumerate(rates))
    return (
        '<svg viewBox="0 0 300 42" preserveAspectRatio="none" aria-hidden="true"><polyline'
        f' points="{points}" fill="none" stroke="#2a9d5c" stroke-width="2"'
        ' vector-effect="non-scaling-stroke"/></svg>'
    )


def _figures(now: Snapshot, say: Words) -> str:
    of = f" {say('of')} {now.emails_wanted:,}" if now.emails_wanted is not None else ""
    share = f" · {now.percentage:.0f}%" if now.percentage is not None else ""
    left = "" if now.ended else say.time(now.eta_formatted)
    figures = [
        (say("e-mails") + share, f"{now.emails_found:,}{of}"),
        ("per minute", f"{now.emails_per_minute:,.0f}"),
        ("time left", left),
        ("elapsed", say.time(now.elapsed_formatted)),
        (f"{say('pages')} · {now.pages_per_second:,.0f}/{say('s')}", f"{now.pages:,}"),
        ("sites", f"{now.sites:,}"),
        ("new per page", f"{now.new_per_page:.2f}"),
        ("duplicates", f"{now.duplicates:,}"),
        ("slots", f"{now.active_slots:,} {say('of')} {now.slots:,}"),
        (
            " · ".join(say(state) for state in ("waiting", "active", "done")),
            f"{now.chunks_pending:,} · {now.chunks_processing:,} · {now.chunks_completed:,}",
        ),
    ]
    cells = "".join(
        f"<div><b>{safe(value)}</b><span class='dim'>{safe(say(label))}</span></div>"
        for label, value in figures
        if value
    )
    return f'<div class="figures">{cells}</div>'


def _alerts(now: Snapshot, say: Words) -> str:
    kinds = sorted(now.errors.items(), key=lambda kind: (-kind[1], kind[0]))
    chips = [f'<span class="chip">{safe(kind, 40)} {n:,}</span>' for kind, n in kinds[:KINDS]]
    if len(kinds) > KINDS:
        chips.append(f'<span class="chip">{len(kinds) - KINDS} {safe(say("more"))}</span>')
    if now.chunks_failed:
        failed = f"{say('chunks')}: {now.chunks_failed:,} {say('failed')}"
        chips.insert(0, f'<span class="chip bad">{safe(failed)}</span>')
    if now.state == "failed":
        chips.insert(0, f'<span class="chip bad">{safe(say(now.reason))}</span>')
    shown = "".join(chips) or safe(say("none"))
    idle = f'<div class="chip">{safe(say(NO_WORKERS))}</div>' if now.no_workers else ""
    label = f'<span class="dim">{safe(say("errors"))}</span>'
    return f'{idle}<div style="margin-top:6px">{label} {shown}</div>'


def _workers(workers: Sequence[WorkerStats], say: Words) -> str:
    if not workers:
        return ""
    busiest = sorted(workers, key=lambda worker: -worker.cpu)[:WORKERS]
    head = "".join(
        f"<th>{safe(say(label))}</th>"
        for label in ("worker", "CPU", "memory", "pages", "e-mails", "heard of")
    )
    rows = "".join(f"<tr>{_worker(worker, say)}</tr>" for worker in busiest)
    rest = len(workers) - len(busiest)
    if rest:
        rows += f'<tr><td colspan="6">{rest:,} {safe(say("more"))}</td></tr>'
    return f'<div class="wide"><table><tr>{head}</tr>{rows}</table></div>'


def _worker(worker: WorkerStats, say: Words) -> str:
    memory = f"{worker.memory / 1e6:,.0f} MB"
    if worker.memory_limit:
        memory += f" ({100 * worker.memory / worker.memory_limit:.0f}%)"
    cells = (
        worker.name.rpartition("/")[2],
        f"{worker.cpu:.0f}%",
        memory,
        f"{worker.pages:,}",
        f"{worker.emails:,}",
        say.time(f"{worker.heartbeat:.0f} s"),
    )
    return "".join(f"<td><bdi>{safe(cell)}</bdi></td>" for cell in cells)
