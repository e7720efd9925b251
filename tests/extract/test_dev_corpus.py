"""The reviewed cases of other projects' own tests, where they are at hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mailharvest.extract import extract, normalise

CASES = Path(__file__).parents[3] / "shared" / "corpus" / "dev.jsonl"


def _score(cases):
    right = wrong = missed = 0
    for case in cases:
        kind = "text/plain" if case["kind"] == "text" else "text/html"
        found = {address.email for address in extract(case["input"], content_type=kind)}
        expected = {normalise(address) for address in case["expected"]}
        right += len(found & expected)
        wrong += len(found - expected)
        missed += len(expected - found)
    precision, recall = right / (right + wrong), right / (right + missed)
    return precision, recall, 2 * precision * recall / (precision + recall)


@pytest.fixture(scope="module")
def cases():
    if not CASES.exists():
        pytest.skip(f"{CASES.name} is not at {CASES.parent}: the reviewed cases are kept apart")
    return [json.loads(line) for line in CASES.read_text("utf-8").splitlines()]


def test_without_cloaks(cases):
    precision, _, f1 = _score([case for case in cases if case["cls"] != "deobf"])
    assert f1 >= 0.99
    assert precision >= 0.99


def test_cloaks(cases):
    precision, recall, _ = _score([case for case in cases if case["cls"] == "deobf"])
    assert recall >= 0.95
    assert precision >= 0.99
