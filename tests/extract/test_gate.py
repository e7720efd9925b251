"""Both engines of the gate see the same places, and most pages never get past it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailharvest.extract import extract, gate, reader, triggers
from tests.extract import test_corpus as corpus

CORPUS = [case[1] for case in corpus.TEXT + corpus.HTML + corpus.CLOAKS + corpus.NEVER]
CORPUS += [case[2] for case in corpus.DOCUMENTS]
PIECES = sorted({literal for t in triggers.TRIGGERS + triggers.MARKS for literal in t.literals})
# What stands next to a trigger decides too, and so do letters of either case.
FILLERS = [b"a", b"Z", b"9", b" ", b"<", b">", b"@", b"&", b";", b'"', b"'", b"+", b"=", b"\n"]
SOURCES = st.lists(st.sampled_from(PIECES + FILLERS * 20) | st.binary(max_size=3), max_size=40).map(
    b"".join
)


@pytest.fixture(scope="module")
def native():
    if gate.hyperscan is None:
        pytest.skip("hyperscan is not installed: there is only one engine to test")
    return gate.scan_by_hyperscan()


PURE = gate.scan_by_find()


@settings(max_examples=300, deadline=None)
@given(source=SOURCES)
def test_engines_agree(native, source):
    assert native(source) == PURE(source)


@settings(max_examples=100, deadline=None)
@given(source=SOURCES)
def test_engines_agree_in_any_case(native, source):
    assert native(source.swapcase())[0] == PURE(source.swapcase())[0]


def test_engines_agree_on_the_whole_corpus(native):
    for case in CORPUS:
        source = case if isinstance(case, bytes) else case.encode("utf-8", "replace")
        assert native(source) == PURE(source), source


def test_the_same_addresses_without_hyperscan(monkeypatch, native):
    found = [extract(case) for case in CORPUS]
    monkeypatch.setattr(reader, "gate", lambda: PURE)
    assert [extract(case) for case in CORPUS] == found


@pytest.mark.parametrize("literal", PIECES)
def test_every_literal_is_found_alone(native, literal):
    for source in (literal, b"x" + literal + b"x", b" " + literal + b" "):
        assert native(source)[0] == PURE(source)[0]


def test_a_page_without_a_candidate_gives_nothing():
    page = b"<!doctype html><script>a()</script><!-- x --><p>" + b"hello world " * 1000
    assert gate.gate()(page) == ([], [])


def test_plain_handles_and_at_rules_are_no_candidates():
    assert gate.gate()(b"<style> @media print{}</style> @jane wrote @ 5") == ([], [])
