"""What a person writes: the fields of a job, and what cannot be is said in one line."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict

from mailharvest.errors import SpecError
from mailharvest.queue.job import Backoff, Exponential, Job, env, load_job
from mailharvest.queue.ledger import Ledger
from mailharvest.queue.queue import Queue
from tests.queue.desk import Clock, Desk
from tests.queue.jobs import Echo, Loose


def test_settings_may_be_annotated_anew(
    sqlite_ledger: Ledger, clock: Clock, tmp_path: Path
) -> None:
    left = Queue.dispatch_sync(Loose()) - time.time()
    assert 0 < left <= 300
    desk = Desk(sqlite_ledger, clock, tmp_path / "parts")
    row = sqlite_ledger.job(sqlite_ledger.add(Loose()))
    (claim,) = desk.claim(1, ["reports"])
    assert (claim.timeout, row.priority) == (300.0, 2)
    assert load_job(claim.job_kind, claim.job_args).backoff.delays == (1, 5, 10)
    desk.close()


@pytest.mark.parametrize(
    "wrong",
    [
        {"timeout": "soon"},
        {"timeout": "0s"},
        {"queue": "a b"},
        {"priority": 0},
        {"priority": 10**20},
        {"backoff": ["soon"]},
    ],
)
def test_settings_that_cannot_be_are_refused_whatever_their_annotation(
    wrong: dict[str, object],
) -> None:
    with pytest.raises(SpecError):
        Loose(**wrong)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (lambda q: q.dispatch(Echo(), delay="soon"), "delay"),
        (lambda q: q.dispatch(Echo(), delay=-1), "delay"),
        (lambda q: q.dispatch(Echo(), unique_for="soon"), "unique_for"),
        (lambda q: q.dispatch(Echo(), priority=0), "priority"),
        (lambda q: q.dispatch(Echo(), priority=10**20), "priority"),
        (lambda q: q.dispatch(Echo(), priority="x"), "priority"),
        (lambda q: q.dispatch(Echo(), queue="a b"), "name"),
        (lambda q: q.bulk([Echo()], delay="soon"), "delay"),
        (lambda q: q.flush(older_than="soon"), "older_than"),
        (lambda q: q.limit("emails", max=1, duration="soon"), "duration"),
        (lambda q: q.dispatch(Echo()).wait("soon"), "timeout"),
        (lambda q: q.dispatch(Echo(), job_id=5), "^job_id: 5 cannot be the id"),
        (lambda q: q.dispatch(Echo(), job_id=""), "^job_id: '' cannot be the id"),
        (lambda q: q.limit("a", max="5", duration=1), "^max: '5' is no whole number from 1 on"),
        (lambda q: q.limit("a", max=1.5, duration=1), r"^max: 1\.5 is no whole number"),
        (lambda q: q.limit("a", max=5, duration=0), "^duration: "),
        (lambda q: q.schedule("", Echo(), every=5), r"^name: '' is no name \(such as"),
        (lambda q: q.schedule(5, Echo(), every=5), "^name: 5 is no name"),
        (lambda q: q.schedule("a", Echo(), every=5, tz=None), "^tz: no time zone None"),
        (lambda q: q.schedule("a", Echo(), cron="0 0 * * *", tz=5), "^tz: no time zone 5"),
        (lambda q: q.failed(limit="x"), "^limit: 'x' is no whole number from 0 on"),
        (lambda q: q.waiting(offset=-1), "^offset: -1 is no whole number"),
        (lambda q: q.ledger.errors(limit="x"), "^limit: 'x' is no whole number"),
        (lambda q: q.on("failed", None), "^handler: None is no function"),
        (lambda q: q.on("failed", "x"), "^handler: 'x' is no function"),
        (lambda q: list(q.events("x", follow=False)), "^since: 'x' is no whole number"),
        (lambda q: q.dispatch(Echo(), queue=5), "^queue: 5 is no name of a queue"),
        (lambda q: q.pause(None), "^queue: None is no name of a queue"),
        (lambda q: q.limit(5, max=1, duration=1), "^queue: 5 is no name of a queue"),
        (lambda _: Exponential("x"), "^delay: 'x' is no duration"),
        (lambda _: Exponential(-1), "^delay: -1 must be greater"),
        (lambda _: Exponential(1, jitter=2), "^jitter: 2 must be less"),
        (lambda _: Backoff(foo=1), r"^foo: unknown key \(write one of delay"),
        (lambda _: Backoff(delays=5), "^delays: 5 is no list"),
        (lambda _: Backoff(delays=[]), "^delays: the list is empty"),
        (lambda _: Echo(backoff=[]), r"^backoff\.delays: the list is empty"),
        (lambda _: env("a b"), r"^env: .* name .*such as mh\.env\(\"REPORT_TOKEN\"\)"),
        (lambda _: env(5), "^env: this is no name"),
        (lambda q: q.dispatch(None), r"^job: None is no job \(give a mh\.HarvestJob"),
        (lambda q: q.dispatch(None, unique=True), "^job: None is no job"),
        (lambda q: q.dispatch(Echo), r"^job: Echo is a class, not a job \(write Echo\(…\)\)"),
        (lambda q: q.dispatch_sync(5), "^job: 5 is no job"),
        (lambda q: q.schedule("a", "b", every=5), "^job: 'b' is no job"),
        (lambda q: q.chain([Echo(), 5]), r"^jobs\[2\]: 5 is no job"),
        (lambda q: q.chain([Echo()], catch=5), "^catch: 5 is no job"),
        (lambda q: q.bulk(Echo()), r"^jobs: Echo is no list of jobs \(write \[job, …\]\)"),
        (lambda q: q.bulk([Echo(), 1]), r"^jobs\[2\]: 1 is no job"),
        (lambda _: Echo(5), r"^Echo is given its fields by name \(write Echo\(value=…\)\)"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(
    tmp_path: Path, wrong: Callable[[Queue], object], field: str
) -> None:
    with Queue(home=tmp_path) as queue, pytest.raises(SpecError, match=field) as said:
        wrong(queue)
    assert "\n" not in str(said.value)


def test_a_class_that_no_worker_can_import_is_refused(tmp_path: Path) -> None:
    class Here(Echo):
        pass

    with Queue(home=tmp_path) as queue, pytest.raises(SpecError, match="module of its own"):
        queue.dispatch(Here())
    assert Queue.dispatch_sync(Here(value=1)) == 1


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Report(Job):
    month: int
    kind: Literal["short", "long"] = "short"
    parts: tuple[Part, ...] = ()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "month: is missing (write Report(month=…))"),
        ({"month": "hunter2"}, "month: is no whole number (write Report(month=…))"),
        ({"month": 1, "kind": "hunter2"}, "kind: is unknown (write one of short, long)"),
        ({"month": 1, "mont": "hunter2"}, "mont: unknown key (did you mean month?)"),
        (
            {"month": 1, "parts": [{"x": "hunter2"}]},
            "parts[1].x: unknown key (write Report(parts=…))",
        ),
        (
            {"tries": 0},
            "tries: must be greater than or equal to 1 (write Report(tries=…);"
            " also month: is missing)",
        ),
    ],
)
def test_a_job_of_ones_own_is_refused_in_one_line(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError) as said:
        Report(**fields)
    assert str(said.value) == message


def test_arguments_that_do_not_fit_are_named_in_one_line() -> None:
    with pytest.raises(SpecError) as said:
        load_job("tests.queue.jobs:Secretive", '{"token": "0123456789", "tries": 0}')
    assert "token: a secret is never written into a job" in str(said.value)
    assert "tries: " in str(said.value)
    assert "0123456789" not in str(said.value)
    assert "\n" not in str(said.value)
