"""Parts and counts: written once, counted once, whatever dies in between."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from mailharvest import records
from mailharvest.chunk import ChunkResult, FoundURL
from mailharvest.queue.ledger import Ledger
from mailharvest.queue.pool import Outcome
from tests.queue.desk import Clock, Desk
from tests.queue.jobs import Crawl, Many, Sifted


def sightings(*emails: str) -> pa.Table:
    rows: Iterable[dict[str, Any]] = (
        {
            "email": email,
            "as_found": email,
            "domain": email.partition("@")[2],
            "email_type": "business",
            "source_url": "http://example.com/",
            "source_kind": "page",
            "method": "text",
            "obfuscated": False,
            "confidence": 1.0,
            "found_at": datetime(2026, 1, 1, tzinfo=UTC),
            "job_id": "j",
        }
        for email in emails
    )
    return pa.Table.from_pylist(list(rows), schema=records.SCHEMA)


def found(desk: Desk, job_id: str) -> list[str]:
    paths = [desk.committer.part(job_id, chunk) for chunk in desk.ledger.parts(job_id)]
    return sorted(records.read_parts(paths, columns=["email"])["email"].to_pylist())


def test_a_part_is_written_and_counted(desk: Desk) -> None:
    job_id = desk.ledger.add(Many(chunk_count=3))
    one, two, three = desk.claim(3)
    desk.finish(one, records=sightings("a@example.com", "b@example.com"))
    desk.finish(two, records=sightings("b@example.com", "c@example.com"))
    desk.finish(three)
    row = desk.ledger.job(job_id)
    assert (row.found, row.records, row.duplicates) == (3, 4, 1)
    assert desk.ledger.parts(job_id) == [one.chunk_id, two.chunk_id]
    assert desk.ledger.parts(job_id, after=1) == [two.chunk_id]
    assert found(desk, job_id) == [
        "a@example.com",
        "b@example.com",
        "b@example.com",
        "c@example.com",
    ]


def test_a_late_part_does_not_replace_the_one_that_counts(desk: Desk) -> None:
    job_id = desk.ledger.add(Many(chunk_count=1))
    late = desk.one()
    desk.fail(late, kind="lost", error="lost")
    desk.finish(desk.one(), records=sightings("good@example.com"))
    desk.finish(late, records=sightings("late@example.com"))
    assert found(desk, job_id) == ["good@example.com"]
    folder = desk.committer.part(job_id, 1).parent
    assert len(list(folder.iterdir())) == 1  # nothing is left lying about


def test_an_empty_table_makes_no_part(desk: Desk) -> None:
    job_id = desk.ledger.add(Many(chunk_count=1))
    desk.finish(desk.one(), records=sightings())
    assert desk.ledger.parts(job_id) == []


def test_the_count_is_read_anew_after_a_restart(
    ledger: Ledger, clock: Clock, tmp_path: Path
) -> None:
    job_id = ledger.add(Many(chunk_count=3))
    for emails in (["a@example.com"], ["a@example.com", "b@example.com"], ["b@example.com"]):
        desk = Desk(ledger, clock, tmp_path / "parts")
        desk.finish(desk.one(), records=sightings(*emails))
        desk.close()
    assert ledger.job(job_id).found == 2


def test_dispatchers_count_what_the_others_found(
    ledger: Ledger, clock: Clock, tmp_path: Path
) -> None:
    job_id = ledger.add(Many(chunk_count=6))
    desks = [Desk(ledger, clock, tmp_path / "parts") for _ in range(2)]
    for turn in range(6):
        desk = desks[turn % 2]
        emails = [f"{turn}@example.com", f"{turn - 1}@example.com"]
        desk.finish(desk.one(), records=sightings(*emails))
        assert ledger.job(job_id).found == turn + 2
    for desk in desks:
        desk.close()


def test_killed_between_part_and_commit_the_chunk_runs_again(
    ledger: Ledger, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = ledger.add(Many(chunk_count=1))
    first = Desk(ledger, clock, tmp_path / "parts")
    claim = first.one()

    def die(*args: object, **more: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("mailharvest.queue.commit.advance", die)
        with pytest.raises(KeyboardInterrupt):
            first.finish(claim, records=sightings("half@example.com"))
    assert ledger.parts(job_id) == []
    first.fail(claim, kind="lost", error="lost")
    first.finish(first.one(), records=sightings("whole@example.com"))
    assert found(first, job_id) == ["whole@example.com"]
    assert ledger.job(job_id).found == 1
    first.close()


def test_a_failed_commit_may_be_repeated(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = desk.ledger.add(Many(chunk_count=2))
    claims = desk.claim(2)

    def fail(*args: object) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr("mailharvest.queue.commit.advance", fail)
        with pytest.raises(OSError, match="full"):
            desk.finish(*claims, records=sightings("a@example.com"), stats={"pages": 1})
    assert desk.ledger.counts(job_id) == {("work", "running"): 2}
    desk.finish(*claims, records=sightings("a@example.com"), stats={"pages": 1})
    row = desk.ledger.job(job_id)
    assert (row.state, row.found, row.records, row.pages) == ("completed", 1, 2, 2)
    desk.check()


def test_what_a_killed_dispatcher_was_writing_is_removed_when_the_job_ends(desk: Desk) -> None:
    job_id = desk.ledger.add(Many(chunk_count=2))
    one, two = desk.claim(2)
    desk.finish(one, records=sightings("a@example.com"))
    part = desk.committer.part(job_id, one.chunk_id)
    part.with_suffix(".1.pending").touch()
    desk.finish(two)
    assert desk.ledger.job(job_id).state == "completed"
    assert list(part.parent.iterdir()) == [part]


def test_a_job_ends_when_its_target_is_reached(desk: Desk) -> None:
    start = tuple(f"http://s{i}.example.com/" for i in range(20))
    job_id = desk.ledger.add(Crawl(start=start, target=3))
    desk.ledger.cut(5)
    one, two, late, *_ = desk.claim(5)
    desk.finish(one, records=sightings("a@example.com", "b@example.com"))
    desk.finish(two, records=sightings("c@example.com"))
    row = desk.ledger.job(job_id)
    assert (row.state, row.reason, row.wanted) == ("completed", "target reached", 3)
    assert desk.ledger.mine(desk.id) == {}
    desk.finish(late, records=sightings("d@example.com"))
    assert desk.ledger.job(job_id).found == 3
    assert desk.ledger.cut(5) == 0
    desk.check()


def test_records_are_sifted_before_they_are_written(desk: Desk) -> None:
    job_id = desk.ledger.add(Sifted(chunk_count=2, keep="keep.example.com"))
    one, two = desk.claim(2)
    desk.finish(one, records=sightings("a@keep.example.com", "b@drop.example.com"))
    desk.finish(two, records=sightings("c@drop.example.com"))
    assert found(desk, job_id) == ["a@keep.example.com"]
    assert desk.ledger.parts(job_id) == [one.chunk_id]


@pytest.mark.parametrize(
    "poison",
    [
        {"stats": {"pages": "many"}},
        {"urls": [FoundURL("http://example.com/\udce9")]},
        {"sites": {"example.com": 10**400}},
        {"urls": [FoundURL("http://example.com/", hops={})]},  # type: ignore[arg-type]
        {"value": object()},
    ],
)
def test_an_outcome_that_cannot_be_committed_fails_alone(
    desk: Desk, poison: dict[str, Any]
) -> None:
    """Whatever passed by those who look at it before."""
    bad, good = (desk.ledger.add(Many(chunk_count=1)) for _ in range(2))
    claims = {claim.job_id: claim for claim in desk.claim(2)}
    outcomes = (
        Outcome(claims[bad], result=ChunkResult(records=sightings("b@example.com"), **poison)),
        Outcome(claims[good], result=ChunkResult(records=sightings("g@example.com"), value=1)),
    )
    done = desk.commit(*outcomes)
    assert done.finished == [claims[good]]
    assert {(job, state) for job, state, _ in done.ended} == {(bad, "failed"), (good, "completed")}
    assert "its outcome cannot be committed" in str(desk.ledger.job(bad).reason)
    assert (found(desk, good), found(desk, bad)) == (["g@example.com"], [])
    desk.check()


@pytest.mark.parametrize("torn", [False, True])
def test_a_job_whose_part_is_lost_fails_alone(
    ledger: Ledger, clock: Clock, tmp_path: Path, *, torn: bool
) -> None:
    bad, good = (ledger.add(Many(chunk_count=2)) for _ in range(2))
    first = Desk(ledger, clock, tmp_path / "parts")
    for claim in first.claim(1):
        first.finish(claim, records=sightings("a@example.com"))
        part = first.committer.part(bad, claim.chunk_id)
    first.close()
    part.write_bytes(b"torn") if torn else part.unlink()
    desk = Desk(ledger, clock, tmp_path / "parts")  # it counts the parts anew
    desk.finish(*desk.claim(3), records=sightings("b@example.com"))
    desk.close()
    assert ledger.job(good).state == "completed"
    assert ledger.job(bad).state == "failed"
    assert "a part of the job cannot be read" in str(ledger.job(bad).reason)
    desk.check()


def test_a_sift_that_gives_no_records_is_an_attempt_that_failed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Sifted, "sift", lambda *_: None)
    job_id = desk.ledger.add(Sifted(chunk_count=1, keep="x", tries=1))
    desk.finish(desk.one(), records=sightings("a@example.com"))
    assert "sift must return a table" in str(desk.ledger.job(job_id).reason)
    desk.check()


def test_a_sift_that_raises_is_an_attempt_that_failed(desk: Desk) -> None:
    job_id = desk.ledger.add(Sifted(chunk_count=1, keep="", tries=1))
    desk.finish(desk.one(), records=sightings("a@example.com"))
    assert desk.ledger.job(job_id).state == "failed"
    assert desk.ledger.parts(job_id) == []
    desk.check()


def test_what_a_dispatcher_did_is_added_up(desk: Desk) -> None:
    desk.ledger.add(Many(chunk_count=3, tries=1))
    one, two, three = desk.claim(3)
    desk.finish(one, two, records=sightings("a@example.com"), stats={"pages": 4, "seconds": 2.0})
    desk.fail(three)
    (row,) = desk.ledger.dispatchers()
    assert (row.done, row.failed, row.pages, row.emails, row.seconds) == (2, 1, 8, 2, 4.0)
