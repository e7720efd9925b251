"""Extraction beside its peers: how fast on one core, and how right.

::

    python -m benchmarks.extraction /usr/share/doc            # speed, real pages and simweb's
    python -m benchmarks.extraction --cases dev.jsonl         # quality on a corpus of cases
    python -m benchmarks.extraction --agreement /usr/share/doc  # quality on real pages
    python -m benchmarks.extraction … --json > result.json

Peers come from PyPI (``pip install mailharvest[bench]``); one that is not installed is named and
left out. All read the same bytes in one process, pinned to one core where the system can do that,
alternating within each round; medians and ranges of the rounds, ratios round by round.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

from benchmarks.harness import machine
from mailharvest.extract import extract, normalise

NAIVE = re.compile(r"[a-zA-Z0-9._%+-]+@[a-zA-Z0-9.-]+\.[a-zA-Z]{2,}")
PACKAGES = ("mailharvest", "hyperscan", "lxml", "extract-emails", "linkify-it-py", "urlextract",
            "parsel", "resiliparse")  # fmt: skip
Read = Callable[[bytes], Iterable[str]]


class Page(NamedTuple):
    """Bytes as they were served."""

    data: bytes
    content_type: str


# -- the peers: each from bytes to addresses, as its own documentation uses it ----------------


def ours() -> Read:
    return lambda data: (address.email for address in extract(data, content_type="text/html"))


def naive_re() -> Read:
    return lambda data: NAIVE.findall(data.decode("utf-8", "replace"))


def _lxml_text(data: bytes) -> tuple[str, list[str]]:
    from lxml import etree, html

    try:
        page = html.fromstring(data)
    except (etree.ParserError, ValueError):
        return "", []
    etree.strip_elements(page, "script", "style", with_tail=False)
    links = [unquote(link[7:].partition("?")[0]) for link in page.xpath("//a/@href")
             if link[:7].lower() == "mailto:"]  # fmt: skip
    return page.text_content(), links


def lxml_text_re() -> Read:
    import lxml.html  # noqa: F401  here, so that a missing peer is known at once

    def read(data: bytes) -> list[str]:
        text, links = _lxml_text(data)
        return NAIVE.findall(text) + links

    return read


def extract_emails() -> Read:
    from extract_emails.data_extractors import EmailExtractor

    extractor = EmailExtractor()
    return lambda data: extractor.get_data(data.decode("utf-8", "replace"))


def linkify_it() -> Read:
    from linkify_it import LinkifyIt

    linkify = LinkifyIt()

    def read(data: bytes) -> list[str]:
        text, links = _lxml_text(data)
        found = linkify.match(text) or []
        return [m.url.removeprefix("mailto:") for m in found if m.schema == "mailto:"] + links

    return read


def urlextract() -> Read:
    from urlextract import URLExtract

    extractor = URLExtract(extract_email=True)

    def read(data: bytes) -> list[str]:
        text, links = _lxml_text(data)
        return [found for found in extractor.find_urls(text) if "@" in found] + links

    return read


def scrapy_selectors() -> Read:
    from parsel import Selector

    def read(data: bytes) -> list[str]:
        page = Selector(text=data.decode("utf-8", "replace") or "<p>")
        texts = page.xpath("//body//text()[not(parent::script or parent::style)]").getall()
        links = page.xpath("//a[starts-with(@href, 'mailto:')]/@href").getall()
        return NAIVE.findall(" ".join(texts)) + [unquote(x[7:].partition("?")[0]) for x in links]

    return read


def resiliparse_re() -> Read:
    from resiliparse.extract.html2text import extract_plain_text
    from resiliparse.parse.html import HTMLTree

    def read(data: bytes) -> list[str]:
        return NAIVE.findall(extract_plain_text(HTMLTree.parse_from_bytes(data, "utf-8")))

    return read


PEERS: dict[str, Callable[[], Read]] = {
    "mailharvest": ours,
    "naive re": naive_re,
    "lxml text + re": lxml_text_re,
    "extract-emails": extract_emails,
    "linkify-it-py": linkify_it,
    "urlextract": urlextract,
    "Scrapy selectors": scrapy_selectors,
    "resiliparse + re": resiliparse_re,
}
SLOW = {"urlextract": 20, "extract-emails": 10, "linkify-it-py": 10, "Scrapy selectors": 5,
        "naive re": 5, "lxml text + re": 5, "resiliparse + re": 5}  # fmt: skip
"""Which part of the pages a slow peer reads in a round: one in so many, spread over all."""
RIPGREP = "ripgrep -o"


def peers() -> tuple[dict[str, Read], list[str]]:
    """The peers that are installed, and the names of the others."""
    there, missing = {}, []
    for name, make in PEERS.items():
        try:
            there[name] = make()
        except ImportError:
            missing.append(name)
    return there, missing


# -- pages ---------------------------------------------------------------------------------------


def real_pages(directory: Path, limit: int) -> list[Page]:
    """HTML files below `directory`: up to `limit`, drawn with a fixed seed."""
    files = sorted(path for path in directory.rglob("*.htm*") if path.is_file())
    random.Random(1).shuffle(files)
    data = (path.read_bytes() for path in files[:limit])
    return [Page(page, "text/html") for page in data if page]


def simweb_pages(limit: int) -> list[Page]:
    """Pages of the simulated web."""
    from mailharvest.simweb.page import build, content_type
    from mailharvest.simweb.world import World

    world = World(seed=1, sites=500)
    numbers = random.Random(1).sample(range(world.pages), min(limit, world.pages))
    return [
        Page(build(world, n).plain(), content_type(world.site(n % world.sites))) for n in numbers
    ]


# -- speed ---------------------------------------------------------------------------------------


def speed(pages: Sequence[Page], rounds: int) -> dict[str, Any]:
    """Seconds of every peer for all pages, round by round."""
    there, missing = peers()
    shares = {name: pages[:: SLOW.get(name, 1)] for name in there}
    total = sum(len(page.data) for page in pages)
    seconds: dict[str, list[float]] = {name: [] for name in there}
    with tempfile.TemporaryDirectory() as folder:
        joined = Path(folder) / "pages"
        joined.write_bytes(b"\n".join(page.data for page in pages))
        ripgrep = shutil.which("rg")
        if ripgrep:
            seconds[RIPGREP] = []
        else:
            missing.append(RIPGREP)
        for name, read in there.items():  # caches warm, patterns compiled
            for page in shares[name][:5]:
                list(read(page.data))
        for _ in range(rounds):
            for name, read in there.items():
                part = shares[name]
                started = time.perf_counter()
                for page in part:
                    for _ in read(page.data):
                        pass
                spent = time.perf_counter() - started
                seconds[name].append(spent * total / sum(len(page.data) for page in part))
            if ripgrep:
                started = time.perf_counter()
                subprocess.run(
                    [ripgrep, "-o", "-a", "-j1", "--no-filename", NAIVE.pattern, str(joined)],
                    stdout=subprocess.DEVNULL,
                    check=True,
                )
                seconds[RIPGREP].append(time.perf_counter() - started)
    return {"pages": len(pages), "bytes": total, "seconds": seconds, "missing": missing}


def print_speed(title: str, result: dict[str, Any]) -> None:
    pages, total = result["pages"], result["bytes"]
    print(f"\n{title}: {pages:,} pages, {total / 1e6:,.1f} MB, one core\n")
    print("| reader | MB/s | pages/s | µs/page | mailharvest is … × as fast |")
    print("|---|---|---|---|---|")
    own = result["seconds"]["mailharvest"]
    for name, spent in sorted(
        result["seconds"].items(), key=lambda item: statistics.median(item[1])
    ):
        median = statistics.median(spent)
        ratios = sorted(other / mine for other, mine in zip(spent, own, strict=True))
        print(
            f"| {name} | {total / median / 1e6:,.0f} | {pages / median:,.0f} |"
            f" {median / pages * 1e6:,.1f} |"
            f" {statistics.median(ratios):.1f} [{ratios[0]:.1f} – {ratios[-1]:.1f}] |"
        )
    if result["missing"]:
        print(f"\nnot installed: {', '.join(result['missing'])}")


# -- quality -------------------------------------------------------------------------------------


class Score(NamedTuple):
    """Counts of right, wrong and missed addresses."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    def plus(self, found: set[str], expected: set[str], neutral: set[str] = frozenset()) -> Score:
        return Score(
            self.right + len(found & expected),
            self.wrong + len(found - expected - neutral),
            self.missed + len(expected - found),
        )

    @property
    def precision(self) -> float:
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self) -> float:
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    def cell(self) -> str:
        return f"{self.precision:.3f} / {self.recall:.3f} / **{self.f1:.3f}**"


def key(address: str) -> str:
    """What makes two spellings one: as `normalise`, and lower case for what is no address."""
    return normalise(address) or address.strip().lower()


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Stop what runs longer, where the system has an alarm; regular expressions listen to it."""
    if not hasattr(signal, "SIGALRM"):
        yield
        return

    def stop(_signal: int, _frame: object) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def cases(path: Path, seconds: float = 5.0) -> dict[str, Any]:
    """Scores on a file of cases, without cloaks and with them alone; slow answers are counted."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    there, missing = peers()
    result: dict[str, Any] = {
        "file": path.name,
        "cases": len(rows),
        "missing": missing,
        "scores": {},
    }
    for name, read in there.items():
        scores = {"plain": Score(), "cloaks": Score(), "all": Score()}
        slow, sure = 0, Score()
        for row in rows:
            group = "cloaks" if "deobf" in (row.get("cls"), *row.get("tags", ())) else "plain"
            if row.get("cls"):
                group = "cloaks" if row["cls"] == "deobf" else "plain"
            expected = {key(address) for address in row["expected"]}
            found: set[str] = set()
            try:
                with at_most(seconds):
                    if name == "mailharvest":  # it is told the kind of a case, as by a server
                        kind = "text/plain" if row["kind"] == "text" else "text/html"
                        addresses = extract(row["input"], content_type=kind)
                        found = {address.email for address in addresses}
                        certain = {a.email for a in addresses if a.confidence >= 0.9}
                        sure = sure.plus(certain, expected & certain)
                    else:
                        source = row["input"]
                        if row["kind"] == "text" and name not in ("naive re", "extract-emails"):
                            source = f"<body><p>{_escaped(source)}</p>"  # they read HTML
                        found = {key(found) for found in read(source.encode("utf-8", "replace"))}
            except TimeoutError:
                slow += 1
            scores[group] = scores[group].plus(found, expected)
            scores["all"] = scores["all"].plus(found, expected)
        result["scores"][name] = {part: score._asdict() for part, score in scores.items()}
        result["scores"][name]["slow"] = slow
        if name == "mailharvest":
            result["precision at confidence >= 0.9"] = sure.precision
    return result


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def print_cases(result: dict[str, Any]) -> None:
    print(f"\n{result['file']}: {result['cases']} cases; precision / recall / **F1**\n")
    print("| reader | all | without cloaks | cloaks | over 5 s |")
    print("|---|---|---|---|---|")
    for name, parts in result["scores"].items():
        cells = (Score(**parts[part]).cell() for part in ("all", "plain", "cloaks"))
        print(f"| {name} | {' | '.join(cells)} | {parts['slow']} |")
    print(
        f"\nprecision of ours at confidence ≥ 0.9: {result['precision at confidence >= 0.9']:.4f}"
    )
    if result["missing"]:
        print(f"not installed: {', '.join(result['missing'])}")


JUDGES = ("lxml text + re", "linkify-it-py", "resiliparse + re")


def agreement(pages: Sequence[Page]) -> dict[str, Any]:
    """Scores on real pages against what two independent readers agree on.

    The two are lxml's text and linkify-it-py's, each with the ``mailto:`` links; one that is to be
    judged itself is replaced by resiliparse. What only one of them found counts neither way.
    linkify-it-py reads the text that lxml makes, so of all rows that of lxml is the most lenient.
    """
    there, missing = peers()
    scores = {name: Score() for name in there}
    ours_alone: list[str] = []
    missed: list[str] = []
    for page in pages:
        found = {
            name: {
                email
                for address in read(page.data)
                if (email := normalise(address.strip("'")))  # no reader would write those down
            }
            for name, read in there.items()
        }
        for name, mine in found.items():
            first, second = [found[judge] for judge in JUDGES if judge != name][:2]
            scores[name] = scores[name].plus(mine, first & second, first ^ second)
            if name == "mailharvest":
                ours_alone += sorted(mine - first - second)
                missed += sorted((first & second) - mine)
    return {
        "pages": len(pages),
        "missing": missing,
        "scores": {name: score._asdict() for name, score in scores.items()},
        "ours alone": ours_alone,
        "missed": missed,
    }


def print_agreement(result: dict[str, Any]) -> None:
    print(f"\n{result['pages']:,} real pages, against what two independent readers agree on\n")
    print("| reader | precision / recall / **F1** |")
    print("|---|---|")
    for name, score in result["scores"].items():
        print(f"| {name} | {Score(**score).cell()} |")
    print(f"\nagreed on and missed by us ({len(result['missed'])}): {', '.join(result['missed'])}")
    print(f"found by us alone ({len(result['ours alone'])}): {', '.join(result['ours alone'])}")


# -- the command ---------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("directory", nargs="?", type=Path, default=Path("/usr/share/doc"))
    parser.add_argument("--cases", type=Path, action="append", help="a file of cases (JSON lines)")
    parser.add_argument("--agreement", action="store_true", help="quality on the real pages")
    parser.add_argument("--pages", type=int, default=1000, help="pages of each kind")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="machine-readable, on standard output")
    options = parser.parse_args(arguments)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    result: dict[str, Any] = {"machine": machine(PACKAGES)}
    show: list[Callable[[], None]] = []
    if options.cases:
        result["cases"] = [cases(path) for path in options.cases]
        show += [lambda one=one: print_cases(one) for one in result["cases"]]  # type: ignore[misc]
    elif options.agreement:
        result["agreement"] = agreement(real_pages(options.directory, options.pages))
        show.append(lambda: print_agreement(result["agreement"]))
    else:
        kinds = {
            f"real pages ({options.directory})": real_pages(options.directory, options.pages),
            "simweb's pages": simweb_pages(options.pages),
        }
        result["speed"] = {}
        for title, pages in kinds.items():
            if pages:
                result["speed"][title] = speed(pages, options.rounds)
                show.append(lambda title=title: print_speed(title, result["speed"][title]))  # type: ignore[misc]
            else:
                print(f"{title}: no HTML files there", file=sys.stderr)
    if options.json:
        json.dump(result, sys.stdout, indent=1)
        return 0
    for one in show:
        one()
    print("\n" + ", ".join(f"{name}: {value}" for name, value in result["machine"].items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
