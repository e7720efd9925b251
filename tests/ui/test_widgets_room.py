"""The control room on a ledger: lists by the page, and buttons that act."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mailharvest import HarvestJob, Search
from mailharvest.queue.queue import Queue
from mailharvest.ui.widgets_room import PAGE, ControlRoom, Listing
from tests.noting import note

HOSTILE = "<script>alert(1)</script>\x1b[2J\n\u202e"


@pytest.fixture
def room(tmp_path) -> Iterator[ControlRoom]:
    room = ControlRoom(Queue(tmp_path / "ledger.db", home=tmp_path))
    yield room
    room.close()


def job(query: str = "dentists") -> HarvestJob:
    return HarvestJob(query=query, max_emails=10, slots=1, search=Search(provider="simweb"))


def looked_at(room: ControlRoom, name: str) -> Listing:
    room.tabs.selected_index = list(room.lists).index(name)
    room.draw()
    return room.lists[name]


def press(listing: Listing, row: int, label: str) -> None:
    [button] = [b for b in listing.rows[row].children[1:] if b.description == label]
    button.click()


def spoil(room: ControlRoom, job_id: str, state: str, reason: str | None = None) -> None:
    from sqlalchemy import text

    with room.queue.ledger.database.write() as connection:
        connection.execute(
            text("UPDATE job SET state = :state, reason = :reason WHERE id = :id"),
            {"id": job_id, "state": state, "reason": reason},
        )


def test_an_empty_queue_is_said_to_be_empty(room):
    for name in room.lists:
        listing = looked_at(room, name)
        assert "no" in listing.note.value
        assert all(row.layout.display == "none" for row in listing.rows)


def test_a_thousand_jobs_are_a_page(room):
    room.queue.bulk([job(f"dentists {i}") for i in range(1000)])
    listing = looked_at(room, "Jobs")
    assert "<b>1,000</b> waiting" in room.counts.value
    assert listing.note.value == "1 – 10" and listing.back.disabled
    assert len(listing.rows) == PAGE
    assert "dentists 999" in listing.rows[0].children[0].value
    listing.on.click()
    assert listing.note.value == "11 – 20"
    assert "dentists 989" in listing.rows[0].children[0].value
    listing.page = 99
    listing.draw()
    assert listing.on.disabled and not listing.back.disabled
    listing.page = 1000  # of a list that has become shorter
    listing.draw()
    assert listing.note.value == "1 – 10"


def test_a_job_can_be_cancelled(room):
    ticket = room.queue.dispatch(job())
    press(looked_at(room, "Jobs"), 0, "Cancel")
    assert ticket.state == "cancelled"
    assert "cancelled" in room.lists["Jobs"].rows[0].children[0].value


def test_a_job_that_runs_is_interrupted_when_nobody_works_on_it(room):
    spoil(room, room.queue.dispatch(job()).id, "running")
    row = looked_at(room, "Jobs").rows[0].children[0]
    assert "interrupted" in row.value and "running" not in row.value
    room.queue.ledger.register("night", ["default"])
    room.draw()
    assert "running" in row.value and "interrupted" not in row.value


def test_a_failed_job_can_be_tried_again_or_forgotten(room):
    ids = [room.queue.dispatch(job()).id for _ in range(2)]
    for job_id in ids:
        spoil(room, job_id, "failed", "failed")
    listing = looked_at(room, "Failed")
    press(listing, 0, "Retry")
    assert room.queue.get(ids[1]).state == "queued"
    press(listing, 0, "Forget")
    assert [row.id for row in room.queue.ledger.jobs()] == [ids[1]]
    assert listing.rows[0].layout.display == "none"


def test_what_cannot_be_done_is_said(room):
    room.queue.dispatch(job())
    spoil(room, job_id := room.queue.ledger.jobs()[0].id, "failed")
    listing = looked_at(room, "Failed")
    room.queue.forget(job_id)  # somebody else was faster
    press(listing, 0, "Forget")
    assert "no job" in room.said.value


def test_an_error_can_be_resolved_and_shows_no_address(room):
    said = ("not a URL: not a url <b>", "not a URL: mailto:a@example.org")
    note(room.queue.ledger, room.queue.dispatch(job()).id, *said)
    listing = looked_at(room, "Errors")
    shown = [row.children[0].value for row in listing.rows[:2]]
    assert "example.org" not in shown[0] and "…@…" in shown[0]
    assert "<b>bad_url</b>" in shown[1] and "&lt;b&gt;" in shown[1]
    press(listing, 0, "Resolve")
    assert [error.id for error in room.queue.ledger.errors(resolved=False)] == [1]


def test_schedules_can_be_run_and_removed(room):
    room.queue.schedule("daily", job(), cron="0 0 * * *", tz="Africa/Cairo")
    listing = looked_at(room, "Schedules")
    assert "0 0 * * * Africa/Cairo" in listing.rows[0].children[0].value
    press(listing, 0, "Run now")
    assert len(room.queue.waiting()) == 1
    press(listing, 0, "Remove")
    assert room.queue.schedules() == []


def test_a_dispatcher_is_seen(room):
    me = room.queue.ledger.register("night", ["default"])
    listing = looked_at(room, "Dispatchers")
    assert "<b>night</b>" in listing.rows[0].children[0].value
    room.queue.ledger.close_dispatcher(me, "asked to")
    room.draw()
    assert "stopped: asked to" in listing.rows[0].children[0].value


def test_nothing_from_elsewhere_is_markup(room):
    ticket = room.queue.dispatch(job(HOSTILE.replace("\n", " ")))
    spoil(room, ticket.id, "failed", HOSTILE + " at a@example.org")
    html = looked_at(room, "Failed").rows[0].children[0].value
    assert "<script" not in html and "&lt;script" in html
    assert not {"\x1b", "\n", "\u202e"} & set(html)
    assert "example.org" not in html
