"""The readable specification: every case of the corpus, by class."""

from __future__ import annotations

import pytest

from mailharvest.extract import extract
from tests.extract import cases_cloaks, cases_html, cases_never, cases_text


def _named(module):
    return {name: cases for name, cases in vars(module).items() if name.isupper()}


TEXT = [(name, *case) for name, cases in _named(cases_text).items() for case in cases]
HTML = [(name, *case) for name, cases in _named(cases_html).items() for case in cases]
NEVER = [(name, text) for name, cases in _named(cases_never).items() for text in cases]
CLOAKED_TEXT = [
    (name, *case)
    for name, cases in _named(cases_cloaks).items()
    for case in cases
    if len(case) == 2
]
CLOAKED_HTML = [
    (name, *case)
    for name, cases in _named(cases_cloaks).items()
    for case in cases
    if len(case) == 3
]


def _emails(text, content_type):
    return sorted(address.email for address in extract(text, content_type=content_type))


@pytest.mark.parametrize(("name", "text", "expected"), TEXT)
def test_text(name, text, expected):
    found = extract(text, content_type="text/plain")
    assert sorted(a.email for a in found) == sorted(expected.split())
    assert not any(address.obfuscated for address in found)


@pytest.mark.parametrize(("name", "text", "expected"), HTML)
def test_html(name, text, expected):
    found = extract(text, content_type="text/html")
    assert sorted(a.email for a in found) == sorted(expected.split())
    assert not any(address.obfuscated for address in found)


@pytest.mark.parametrize(("name", "text"), NEVER)
def test_never(name, text):
    assert _emails(text, "text/plain") == []


@pytest.mark.parametrize(("name", "text", "expected"), CLOAKED_TEXT)
def test_cloaked_text(name, text, expected):
    found = extract(text, content_type="text/plain")
    assert sorted(a.email for a in found) == sorted(expected.split())
    assert all(address.obfuscated for address in found)


@pytest.mark.parametrize(("name", "text", "expected", "method"), CLOAKED_HTML)
def test_cloaked_html(name, text, expected, method):
    found = extract(text, content_type="text/html")
    assert [(a.email, a.method) for a in found] == [(email, method) for email in expected.split()]
    assert all(address.obfuscated for address in found if method != "text")


def test_corpus_is_large_enough_to_be_a_specification():
    assert len(TEXT) + len(HTML) + len(NEVER) + len(CLOAKED_TEXT) + len(CLOAKED_HTML) >= 400
