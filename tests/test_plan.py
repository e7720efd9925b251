"""The plan: the specification's numbers, no gap, no overlap, every query its turn, an end."""

from __future__ import annotations

import dataclasses
import json
from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailharvest import plan
from mailharvest.errors import SpecError
from mailharvest.plan import AHEAD, Plan, Progress, Span, expand
from mailharvest.reason import Reason

plans = st.builds(
    Plan.of,
    st.integers(1, 12),
    wanted=st.none() | st.integers(1, 200_000),
    slots=st.integers(1, 40),
    page=st.integers(1, 100),
)


@pytest.mark.parametrize(
    ("wanted", "slots"),
    [
        (1, 1),
        (20, 1),
        (21, 2),
        (1_000, 50),
        (10_000, 500),
        (20_000, 1_000),
        (100_000, 1_000),
        (1_000_000, 1_000),
        (None, 1_000),
    ],
)
def test_slots_are_those_of_the_specification(wanted: int | None, slots: int) -> None:
    assert plan.slots(wanted) == slots


@pytest.mark.parametrize(
    ("wanted", "page", "size"),
    [
        (1_000, 10, 20),
        (20_000, 10, 20),
        (100_000, 10, 100),
        (1_000_000, 10, 100),
        (None, 10, 100),
        (1_000, 30, 30),
        (100_000, 30, 90),
        (1_000, 100, 100),
        (1, 7, 7),
    ],
)
def test_a_span_is_a_slots_share_in_whole_pages(wanted: int | None, page: int, size: int) -> None:
    assert Plan.of(3, wanted=wanted, slots=plan.slots(wanted), page=page).size == size


def test_first_spans_are_one_a_slot_in_turns() -> None:
    spans = Plan.of(3, wanted=140, slots=7, page=10).first()
    assert spans == [
        Span(0, 0, 20),
        Span(1, 0, 20),
        Span(2, 0, 20),
        Span(0, 20, 20),
        Span(1, 20, 20),
        Span(2, 20, 20),
        Span(0, 40, 20),
    ]


def check_no_gap(spans: list[Span]) -> None:
    """Per query the spans meet, in order, from 0."""
    ends: dict[int, int] = defaultdict(int)
    for span in spans:
        assert span.start == ends[span.query]
        ends[span.query] += span.size


@settings(deadline=None)
@given(plans, st.data())
def test_no_gap_no_overlap_and_all_queries_advance(planned: Plan, data: st.DataObject) -> None:
    """Whatever ends when: a query that goes on gets all its spans, and none waits two rounds."""
    spans = planned.first()
    progress = planned.progress({})
    ended: set[int] = set()
    for _ in range(data.draw(st.integers(0, 5))):
        query = data.draw(st.integers(0, planned.queries - 1))
        progress.note([{"query": query, "results": 3, "exhausted": True}], [])
        ended.add(query)
        memo: dict[str, object] = {}
        progress.save(memo)
        progress = planned.progress(json.loads(json.dumps(memo)))
        new = planned.take(progress, data.draw(st.integers(0, 30)))
        assert not {span.query for span in new} & ended
        spans += new
    check_no_gap(spans)
    reached = [
        sum(span.query == query for span in spans)
        for query in range(planned.queries)
        if query not in ended
    ]
    assert not reached or max(reached) - min(reached) <= 1


@settings(deadline=None)
@given(plans, st.data())
def test_a_source_that_ends_ends_the_plan(planned: Plan, data: st.DataObject) -> None:
    """Every query is asked until it is exhausted, and then nothing is left to ask."""
    depth = [data.draw(st.integers(0, 500)) for _ in range(planned.queries)]
    progress = planned.progress({})
    outstanding = planned.first()
    asked: dict[int, int] = defaultdict(int)
    while outstanding:
        assert len(outstanding) <= planned.slots
        span = outstanding.pop(data.draw(st.integers(0, len(outstanding) - 1)))
        asked[span.query] = max(asked[span.query], span.start + span.size)
        results = min(max(depth[span.query] - span.start, 0), span.size)
        value = {"query": span.query, "results": results, "exhausted": results < span.size}
        progress.note([value], [])
        outstanding += planned.top_up(progress, found=0, frontier=0, outstanding=len(outstanding))
    if planned.wanted is None:
        assert all(asked[query] > depth[query] for query in range(planned.queries))
    assert progress.results <= sum(depth)


def test_a_source_without_end_ends_at_the_depth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "MAX_DEPTH", 1_000)
    planned = Plan.of(2, wanted=None, slots=5, page=10)
    progress = planned.progress({})
    spans = planned.first()
    while new := planned.top_up(progress, found=0, frontier=0, outstanding=0):
        spans += new
    check_no_gap(spans)
    assert sum(span.size for span in spans) == 2_000


@pytest.mark.parametrize(
    ("results", "found", "frontier", "outstanding", "more"),
    [
        (0, 0, 0, 0, 50),  # nothing known: as at the start
        (0, 0, 0, 50, 0),
        (1_000, 500, 0, 0, 50),  # half an address a result: as many again
        (1_000, 500, 1_000, 0, 0),  # those that wait may do
        (1_000, 990, 0, 0, 1),
        (1_000, 990, 0, 1, 0),
        (1_000, 5_000, 0, 0, 0),
        (10_000, 0, 0, 0, 50),  # nothing found: all slots, no more
        (10_000, 0, 0, 49, 1),
        (10_000, 0, 0, 99, 0),
    ],
)
def test_tops_up_by_the_yield(
    results: int, found: int, frontier: int, outstanding: int, more: int
) -> None:
    planned = Plan.of(1_000, wanted=1_000, slots=50, page=10)
    assert planned.needed(Progress(results=results), found, frontier, outstanding) == more


@pytest.mark.parametrize(
    ("frontier", "outstanding", "fetching", "more"),
    [
        (0, 50, 0, 0),  # all slots search
        (1_000, 0, 50, 0),  # a slot's worth of URLs for each slot: enough to do
        (980, 0, 50, 1),
        (980, 1, 50, 0),
        (1_000_000, 0, 13, 0),
        (1_000_000, 0, 12, 50),  # they wait for sites that are asked for nothing now
        (1_000_000, 12, 0, 38),
    ],
)
def test_asks_for_no_more_than_the_slots_can_use_now(
    frontier: int, outstanding: int, fetching: int, more: int
) -> None:
    for wanted in (10**9, None):
        planned = Plan.of(1_000, wanted=wanted, slots=50, page=10)
        planned = dataclasses.replace(planned, size=20)
        assert planned.needed(Progress(), 0, frontier, outstanding, fetching) == more


@settings(deadline=None)
@given(plans, st.integers(0, 10**6), st.integers(0, 10**6))
def test_short_of_the_target_with_nothing_waiting_it_asks_on(
    planned: Plan, results: int, found: int
) -> None:
    short = planned.wanted is None or found < planned.wanted
    assert (planned.needed(Progress(results=results), found, 0, 0) > 0) is short


def test_a_refusal_and_a_silent_provider_stop_the_search() -> None:
    planned = Plan.of(1_000, wanted=1_000, slots=50, page=10)
    refused = planned.progress({})
    refused.note([], [({"query_index": 3}, "out_of_credits")])
    assert refused.refused == Reason.CREDITS
    assert planned.top_up(refused, found=0, frontier=0, outstanding=0) == []
    silent = planned.progress({})
    for query in range(plan.PATIENCE - 1):
        silent.note([], [({"query_index": query}, "api_error")])
    assert silent.refused is None
    silent.note([{"query": 99, "results": 10, "exhausted": False}], [])
    silent.note([], [({"query_index": 50}, "timeout")])
    assert silent.refused is None
    for query in range(100, 100 + plan.PATIENCE):
        silent.note([], [({"query_index": query}, "api_error")])
    assert silent.refused == Reason.SILENT


def test_a_million_queries_are_planned_without_a_walk_over_all_that_ended() -> None:
    planned = Plan.of(1_000_000, wanted=None, slots=1_000, page=10)
    progress = Progress(ended=((1 << 1_000_000) - 1) ^ (1 << 700_000))
    spans = planned.take(progress, 3)
    assert [(span.query, span.start) for span in spans] == [
        (700_000, 0),
        (700_000, 100),
        (700_000, 200),
    ]


def test_expand_makes_every_combination_once() -> None:
    names = {"city": ["Cairo", "Giza", "Cairo"], "trade": ["bakers", "tailors"]}
    assert expand(["{trade} {city}", "bakers  Giza", "{{x}} {city}"], names) == (
        "bakers Cairo",
        "bakers Giza",
        "tailors Cairo",
        "tailors Giza",
        "{x} Cairo",
        "{x} Giza",
    )


@pytest.mark.parametrize(
    ("templates", "names", "message"),
    [
        (["{city}"], {}, r"expand: \{city\} has no values"),
        (["x"], {"city": ["a"]}, r"expand.city: no query uses \{city\}"),
        (["{city}"], {"city": []}, r"expand.city: the list of \{city\} is empty"),
        (["{}"], {}, "no names"),
        (["{0}"], {}, "no names"),
        (["{city.__class__}"], {"city": ["a"]}, "no names"),
        (["{city[0]}"], {"city": ["a"]}, "no names"),
        (["{city!r}"], {"city": ["a"]}, "no names"),
        (["{city:>100000000}"], {"city": ["a"]}, "no names"),
        (["open { brace"], {}, "no names"),
        (["{a}{b}"], {"a": ["x"] * 1001, "b": ["y"] * 1000}, "1,001,000 queries"),
    ],
)
def test_expand_refuses_what_is_no_template(
    templates: list[str], names: dict[str, list[str]], message: str
) -> None:
    with pytest.raises(SpecError, match=message) as error:
        expand(templates, names)
    assert error.value.fix


def test_without_a_target_a_query_is_asked_only_a_little_ahead() -> None:
    """Nobody knows where its results end, and a call beyond the end is a call for nothing."""
    plan = Plan.of(3, wanted=None, slots=1000, page=10)
    assert len(plan.first()) == 3 * AHEAD
    progress = plan.progress({})
    assert plan.top_up(progress, found=0, frontier=0, outstanding=3 * AHEAD) == []
    progress.note([{"query": 1, "results": 0, "exhausted": True}], [])
    spans = plan.top_up(progress, found=0, frontier=0, outstanding=2)
    assert [span.query for span in spans] == [0, 2]
