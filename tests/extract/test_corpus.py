"""The readable specification: every case of the corpus, by class."""

from __future__ import annotations

import pytest

from mailharvest.extract import extract
from tests.extract import (
    cases_cloaks,
    cases_cloaks_functions,
    cases_cloaks_web,
    cases_cloaks_wild,
    cases_documents,
    cases_formats,
    cases_html,
    cases_never,
    cases_never_wild,
    cases_text,
    cases_web,
    cases_wild,
)


def _named(*modules):
    return [
        (name, case)
        for module in modules
        for name, cases in vars(module).items()
        if name.isupper()
        for case in cases
    ]


TEXT = [(name, *case) for name, case in _named(cases_text, cases_wild)]
HTML = [(name, *case) for name, case in _named(cases_html, cases_web)]
NEVER = _named(cases_never, cases_never_wild)
CLOAKS = [
    (name, *case)
    for name, case in _named(
        cases_cloaks, cases_cloaks_functions, cases_cloaks_web, cases_cloaks_wild
    )
]
CLOAKED_TEXT = [case for case in CLOAKS if len(case) == 3]
CLOAKED_HTML = [case for case in CLOAKS if len(case) == 4]
DOCUMENTS = [(name, *case) for name, case in _named(cases_documents, cases_formats)]


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


@pytest.mark.parametrize(("name", "content_type", "data", "expected"), DOCUMENTS)
def test_document(name, content_type, data, expected):
    assert _emails(data, content_type) == sorted(expected.split())


def test_corpus_is_large_enough_to_be_a_specification():
    assert sum(map(len, (TEXT, HTML, NEVER, CLOAKED_TEXT, CLOAKED_HTML, DOCUMENTS))) >= 1000
