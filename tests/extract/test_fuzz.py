"""No input makes `extract` fail, and what it gives is always in form.

A few seconds by default; ``MAILHARVEST_FUZZ_SECONDS=600`` runs it for ten minutes. The seed is
printed, and part of every failure.
"""

from __future__ import annotations

import os
import random
import time

from mailharvest.extract import extract, normalise, triggers
from tests.extract.test_corpus import CLOAKED_HTML, CLOAKED_TEXT, HTML, TEXT

SECONDS = float(os.environ.get("MAILHARVEST_FUZZ_SECONDS", "4"))
TYPES = (None, "text/html", "text/plain", "application/xml", "application/json", "text/vcard",
         "message/rfc822", "text/html; charset=shift_jis", "text/html; charset=utf-16")  # fmt: skip
PIECES = [literal for t in triggers.TRIGGERS + triggers.MARKS for literal in t.literals]
PIECES += [case[1].encode("utf-8", "replace") for case in TEXT + HTML + CLOAKED_TEXT + CLOAKED_HTML]


def _mutated(chance):
    """A page of pieces of the corpus, cut, joined, repeated and with bytes changed."""
    parts = []
    for _ in range(chance.randint(1, 12)):
        piece = chance.choice(PIECES)
        low = chance.randrange(len(piece) + 1)
        parts.append(piece[low:] if chance.random() < 0.3 else piece[: low or None])
        if chance.random() < 0.1:
            parts.append(piece * chance.randint(2, 60))
        if chance.random() < 0.2:
            parts.append(chance.randbytes(chance.randint(1, 6)))
    page = bytearray(b"".join(parts))
    for _ in range(chance.randint(0, 6)):
        if page:
            page[chance.randrange(len(page))] = chance.randrange(256)
    return bytes(page)


def test_no_input_makes_it_fail():
    seed = random.randrange(2**32)
    print(f"seed {seed}")  # noqa: T201
    chance = random.Random(seed)
    extract(b"info@example.com")  # what is compiled once is compiled
    slowest = (0.0, b"")
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        page = _mutated(chance)
        content_type = chance.choice(TYPES)
        started = time.process_time()
        found = extract(page, content_type=content_type, context=chance.random() < 0.3)
        spent = time.process_time() - started
        slowest = max(slowest, (spent / max(len(page), 2000), page))
        for address in found:
            assert normalise(address.email) == address.email, (seed, page)
            assert address.email.endswith("@" + address.domain), (seed, page)
            assert 0 < address.confidence <= 1
        assert len({address.email for address in found}) == len(found)
    # A wide bound: 0.2 ms a byte is far above what hostile text costs, even on a busy machine.
    assert slowest[0] < 0.0002, (seed, slowest)
