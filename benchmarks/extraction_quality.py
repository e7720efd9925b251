"""How right extraction is, beside its peers: on cases, on simulated pages and on real ones."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from math import floor, sqrt
from pathlib import Path
from typing import NamedTuple

from benchmarks.extraction_peers import Page, Read, simweb_pages
from mailharvest.extract import Address, extract, normalise
from mailharvest.extract.confidence import EVIDENCE, GLUED

OURS = "mailharvest"
JUDGES = ("lxml text + re", "linkify-it-py", "resiliparse + re")
BANDS = (0.98, 0.95, 0.9, 0.7, 0.0)
_AS_TEXT = ("naive re", "extract-emails")  # these take text as it is; the others read HTML
_AT_MOST = 5.0


class Sample(NamedTuple):
    """Something to read, and what a person would write down of it."""

    source: str | bytes
    text: bool
    expected: set[str]
    cloaked: bool

    def for_us(self) -> list[Address]:
        """Our answer; the kind is told, as by a server."""
        return extract(self.source, content_type="text/plain" if self.text else "text/html")

    def for_peer(self, name: str) -> bytes:
        """What a peer is given: text as a page, to those that read pages."""
        source = self.source
        if isinstance(source, bytes):
            return source
        if self.text and name not in _AS_TEXT:
            source = source.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
            source = f"<body><p>{source}</p>"
        return source.encode("utf-8", "replace")


class Score(NamedTuple):
    """Counts of right, wrong and missed addresses, and of answers that took too long."""

    right: int = 0
    wrong: int = 0
    missed: int = 0
    slow: int = 0

    def plus(self, found: set[str], expected: set[str], neutral: set[str] = frozenset()) -> Score:
        return Score(
            self.right + len(found & expected),
            self.wrong + len(found - expected - neutral),
            self.missed + len(expected - found),
            self.slow,
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


Scores = dict[str, Score]


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


# -- the corpora ---------------------------------------------------------------------------------


def from_file(path: Path) -> list[Sample]:
    """Cases of a file in the reviewed corpus's form: one JSON object a line."""
    samples = []
    for line in path.read_text("utf-8").splitlines():
        if line.strip():
            row = json.loads(line)
            cloaked = row["cls"] == "deobf" if row.get("cls") else "deobf" in row.get("tags", ())
            expected = {key(address) for address in row["expected"]}
            samples.append(Sample(row["input"], row["kind"] == "text", expected, cloaked))
    return samples


def own() -> list[Sample]:
    """The cases in ``tests/extract``."""
    from tests.extract import test_corpus as corpus

    return [
        *(Sample(text, True, set(want.split()), False) for _, text, want in corpus.TEXT),
        *(Sample(html, False, set(want.split()), False) for _, html, want in corpus.HTML),
        *(Sample(text, True, set(), False) for _, text in corpus.NEVER),
        *(Sample(text, True, set(want.split()), True) for _, text, want in corpus.CLOAKED_TEXT),
        *(Sample(html, False, set(want.split()), True) for _, html, want, _ in corpus.CLOAKED_HTML),
    ]


def simulated(limit: int) -> list[Sample]:
    """Pages of the simulated web, with what is planted on them."""
    pages, truth = simweb_pages(limit)
    return [
        Sample(page.data, False, expected, False)
        for page, expected in zip(pages, truth, strict=True)
    ]


# -- scores --------------------------------------------------------------------------------------


def score(samples: Sequence[Sample], there: dict[str, Read]) -> Scores:
    """The score of every reader; an answer that takes too long is none."""
    scores = {}
    for name, read in there.items():
        total, slow = Score(), 0
        for sample in samples:
            found: set[str] = set()
            try:
                with at_most(_AT_MOST):
                    if name == OURS:
                        found = {address.email for address in sample.for_us()}
                    else:
                        found = {key(text) for text in read(sample.for_peer(name))}
            except TimeoutError:
                slow += 1
            total = total.plus(found, sample.expected)
        scores[name] = total._replace(slow=slow)
    return scores


READ = Path(__file__).parent / "results" / "extraction-read.tsv"
"""Where two agreeing readers and we differ on Debian's documentation, read by eye: page, hash of
the address (they are people's), ``yes`` when it is one that a reader would write down, and why."""


def verdicts() -> dict[tuple[str, str], bool]:
    """What reading by eye said, by page and hash."""
    rows = (line.split("\t") for line in READ.read_text("utf-8").splitlines()[1:])
    return {(page, digest): verdict == "yes" for page, digest, verdict, _ in rows}


def hashed(email: str) -> str:
    """What stands for an address in `READ`."""
    return sha256(email.encode()).hexdigest()[:16]


class Judged(NamedTuple):
    """Scores on real pages, and where we and the judges differ: page, address and verdict."""

    scores: Scores
    differences: list[tuple[str, str, str]]
    answers: list[tuple[Address, bool]]


def agreement(pages: Sequence[Page], there: dict[str, Read]) -> Judged:
    """Scores on real pages against what two independent readers agree on, and what an eye says.

    The two are lxml's text and linkify-it-py's, each with the ``mailto:`` links; one that is to be
    judged itself is replaced by resiliparse. What only one of them found counts neither way.
    linkify-it-py reads the text that lxml makes, so of all rows that of lxml is the most lenient.
    What was read by eye (`READ`) counts as that says.
    """
    read_by_eye = verdicts()
    scores = {name: Score() for name in there}
    differences = []
    answers = []
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
            first, second = [found[judge] for judge in JUDGES if judge in found and judge != name][
                :2
            ]
            seen = {
                email: read_by_eye[page.name, hashed(email)]
                for email in set().union(*found.values())
                if (page.name, hashed(email)) in read_by_eye
            }
            right = {email for email, verdict in seen.items() if verdict}
            agreed = (first & second) - seen.keys() | right
            scores[name] = scores[name].plus(mine, agreed, (first ^ second) - seen.keys())
            if name == OURS:
                differences += [(page.name, e, "ours alone") for e in sorted(mine - first - second)]
                differences += [(page.name, e, "missed") for e in sorted((first & second) - mine)]
        every = set().union(*(found[judge] for judge in JUDGES if judge in found), right)
        answers += [(a, a.email in every) for a in extract(page.data, content_type="text/html")]
    return Judged(scores, differences, answers)


def answers(samples: Sequence[Sample]) -> list[tuple[Address, bool]]:
    """Our addresses on samples, each with whether it is right."""
    return [(a, a.email in sample.expected) for sample in samples for a in sample.for_us()]


# -- tables --------------------------------------------------------------------------------------


def print_table(columns: dict[str, Scores]) -> None:
    """All readers on all corpora, and by how much the best peer is beaten on each."""
    print("\nprecision / recall / **F1**\n")
    print(f"| reader | {' | '.join(columns)} |")
    print("|---" * (len(columns) + 1) + "|")
    for name in next(iter(columns.values())):
        print(f"| {name} | {' | '.join(scores[name].cell() for scores in columns.values())} |")
    ahead = []
    for scores in columns.values():
        best = max((name for name in scores if name != OURS), key=lambda name: scores[name].f1)
        ahead.append(f"{scores[OURS].f1 - scores[best].f1:+.3f} to {best}")
    print(f"| *ahead of the best peer* | {' | '.join(ahead)} |")


def print_reliability(rows: Sequence[tuple[Address, bool]]) -> None:
    """How many are right, by band of confidence and by method."""
    print("\n| confidence | addresses | right | share |")
    print("|---|---|---|---|")
    above = 1.01
    for band in BANDS:
        marks = [right for address, right in rows if band <= address.confidence < above]
        above = band
        if marks:
            print(f"| from {band} | {len(marks)} | {sum(marks)} | {sum(marks) / len(marks):.4f} |")
    sure = [right for address, right in rows if address.confidence >= 0.9]
    print(f"\nat 0.9 and above: {sum(sure)} of {len(sure)}, {sum(sure) / len(sure):.4f}\n")
    print("| evidence | confidence | addresses | right | fitted |")
    print("|---|---|---|---|---|")
    groups: dict[tuple[float, str], list[bool]] = {}
    for address, right in rows:
        glued = address.confidence == GLUED
        kind = next(kind for kind, (methods, _) in EVIDENCE.items() if address.method in methods)
        groups.setdefault((-address.confidence, "glued" if glued else kind), []).append(right)
    for (minus, kind), marks in sorted(groups.items()):
        fit = floor(wilson(sum(marks), len(marks)) * 1000) / 1000
        print(f"| {kind} | {-minus} | {len(marks)} | {sum(marks)} | {fit} |")


def wilson(hits: int, total: int, z: float = 1.96) -> float:
    """The lower end of the 95 % interval of a share."""
    share = hits / total
    middle = share + z * z / (2 * total)
    half = z * sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    return (middle - half) / (1 + z * z / total)


def print_differences(judged: Judged, write: Callable[[str], object] = print) -> None:
    """Where we and two agreeing readers differ, page by page: to be read by eye."""
    write(f"\n{len(judged.differences)} differences on real pages: page, address, verdict\n")
    for page, email, verdict in judged.differences:
        write(f"{page}\t{email}\t{verdict}")
