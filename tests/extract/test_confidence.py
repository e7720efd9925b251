"""What `confidence` says holds on cases and on simulated pages."""

from __future__ import annotations

from itertools import pairwise

import pytest

from mailharvest.extract import extract
from mailharvest.extract.confidence import EVIDENCE, GLUED
from mailharvest.simweb.page import build, content_type
from mailharvest.simweb.world import World
from tests.extract import test_corpus as corpus

BANDS = (0.95, 0.9, 0.85, 0.8)


@pytest.fixture(scope="module")
def answers():
    """Confidence of every address that is found, and whether it is right."""
    texts = [(text, expected.split()) for _, text, expected in corpus.TEXT + corpus.CLOAKED_TEXT]
    texts += [(text, []) for _, text in corpus.NEVER]
    found = [(extract(text, content_type="text/plain"), set(right)) for text, right in texts]
    pages = [(html, right.split()) for _, html, right, *_ in corpus.HTML + corpus.CLOAKED_HTML]
    found += [(extract(html, content_type="text/html"), set(right)) for html, right in pages]
    world = World(seed=3, sites=50)
    for number in range(200):
        if not world.lost(number):
            kind = content_type(world.site(number % world.sites))
            page = extract(build(world, number).plain(), content_type=kind)
            found.append((page, world.page_truth([number], obfuscated=True)))
    return [(a.confidence, a.email in right) for addresses, right in found for a in addresses]


def test_of_those_at_nine_tenths_and_above_98_percent_are_right(answers):
    sure = [right for confidence, right in answers if confidence >= 0.9]
    assert len(sure) > 1000
    assert sum(sure) / len(sure) >= 0.98


def test_every_band_keeps_its_word_and_more_confidence_is_no_less_right(answers):
    shares = []
    above = 1.01
    for band in BANDS:
        marks = [right for confidence, right in answers if band <= confidence < above]
        assert len(marks) >= 10, band
        shares.append(sum(marks) / len(marks))
        assert shares[-1] >= band
        above = band
    assert all(higher >= lower for higher, lower in pairwise(shares))


def test_every_method_is_of_one_kind():
    methods = [method for methods, _ in EVIDENCE.values() for method in methods]
    assert len(methods) == len(set(methods))
    assert min(sure for _, sure in EVIDENCE.values()) > GLUED > 0
