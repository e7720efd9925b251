"""The queue's verbs on the command line, as a script calls them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from mailharvest.cli import main
from mailharvest.errors import SpecError, UnknownJob
from mailharvest.queue.queue import Queue
from mailharvest.verbs import VERBS
from tests.queue.desk import Clock, Desk
from tests.queue.jobs import Echo, Talker

cli = click.Group("mailharvest", commands=VERBS)


@pytest.fixture
def call(tmp_path: Path) -> Any:
    def call(*words: str) -> str:
        env = {"MAILHARVEST_HOME": str(tmp_path)}
        result = CliRunner().invoke(cli, [*words], env=env, standalone_mode=False)
        if isinstance(result.exception, click.UsageError):
            call.code = 2  # type: ignore[attr-defined]
        elif result.exception is not None:
            raise result.exception
        else:
            call.code = result.return_value or 0  # type: ignore[attr-defined]
        return result.output

    return call


@pytest.fixture
def queue(tmp_path: Path) -> Any:
    with Queue(home=tmp_path) as queue:
        yield queue


def test_a_job_of_ones_own_is_dispatched(call: Any, queue: Queue) -> None:
    job_id = call(
        "dispatch", "tests.queue.jobs:Echo", "--json", '{"value": 7}', "--queue", "high",
        "--priority", "2", "--delay", "1h", "--id", "seven",
    ).strip()  # fmt: skip
    assert job_id == "seven"
    row = queue.get("seven").row
    assert (row.queue, row.priority, '"value":7' in row.args) == ("high", 2, True)
    assert queue.counts()["delayed"] == 1
    for halves in ("mailharvest", "mailharvest:", ":HarvestJob"):
        with pytest.raises(SpecError, match="write module:Class"):
            call("dispatch", halves)
    for wrong in (["no.such:Job"], ["tests.queue.jobs:Echo", "--delay", "soon"]):
        with pytest.raises(SpecError):
            call("dispatch", *wrong)


def test_a_job_comes_from_yaml(call: Any, queue: Queue, tmp_path: Path) -> None:
    path = tmp_path / "job.yaml"
    path.write_text("kind: tests.queue.jobs:Echo\nvalue: {rows: 3}\ntries: 2\n")
    assert '"rows":3' in queue.get(call("submit", str(path)).strip()).row.args
    harvest = "query: agents\nmax_emails: 10\nsearch: {provider: simweb%s}\n"
    path.write_text(harvest % ", base_url: http://127.0.0.1:8400")
    assert "HarvestJob" in queue.get(call("submit", str(path)).strip()).row.kind
    path.write_text(harvest % "")
    with pytest.raises(SpecError, match="mailharvest simweb --port 8400"):
        call("submit", str(path))
    path.write_text("kind: tests.queue.jobs:Echo\nvalu: 3\n")
    with pytest.raises(SpecError, match="valu"):
        call("submit", str(path))
    with pytest.raises(SpecError, match="cannot be read"):
        call("submit", str(tmp_path / "none.yaml"))


@pytest.mark.parametrize("verb", [["submit"], ["schedule", "add", "--every", "1d", "daily"]])
def test_outputs_that_nobody_will_write_are_said_to_be_so(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, verb: list[str]
) -> None:
    path = tmp_path / "job.yaml"
    path.write_text("urls: [https://example.com/]\n")
    assert main([*verb, str(path), "--home", str(tmp_path)]) == 0
    assert capsys.readouterr().err == ""
    found = tmp_path / "found.csv"
    path.write_text(f"urls: [https://example.com/]\noutput: [{json.dumps(str(found))}]\n")
    assert main([*verb, str(path), "--home", str(tmp_path)]) == 0
    said = capsys.readouterr()
    job_id = said.out.strip() if verb == ["submit"] else "ID"
    assert said.err.count("\n") == 1
    assert said.err.endswith(f"mailharvest export {job_id} {found}\n")


def test_failed_jobs_are_listed_retried_flushed(call: Any, queue: Queue) -> None:
    desk = Desk(queue.ledger, Clock(), queue.parts)
    ids = [queue.dispatch(Echo(tries=1)).id for _ in range(3)]
    desk.fail(*desk.claim(3))
    assert {row["id"] for row in json.loads(call("failed", "--json"))} == set(ids)
    assert "it went wrong" in call("failed")
    assert call("retry", ids[0]).split() == [ids[0]]
    for words in (["retry"], ["retry", ids[0], "--all"]):
        call(*words)
        assert call.code == 2
    with pytest.raises(UnknownJob):
        call("errors", "--job", "nope")
    assert len(call("retry", "--all").split()) == 2
    desk.fail(*desk.claim(3))
    listed = json.loads(call("errors", "--json", "--kind", "chunk_error"))
    assert len(listed) == 6
    assert "1 resolved" in call("errors", "resolve", str(listed[0]["id"]))
    assert "5 resolved" in call("errors", "resolve", "--all")
    assert json.loads(call("errors", "--json")) == []
    call("forget", ids[0])
    with pytest.raises(UnknownJob):
        call("logs", ids[0])
    assert "2 jobs deleted" in call("flush")
    assert "0 jobs deleted" in call("prune")
    desk.close()


def test_a_retry_of_nothing_says_so(call: Any, queue: Queue) -> None:
    job_id = queue.dispatch(Echo()).id
    assert call("retry", job_id).startswith(f"nothing to retry: job {job_id} is queued;")
    assert "no failed job in queue other" in call("retry", "--queue", "other")
    assert "there is no failed job\n" in call("retry", "--all")
    assert queue.get(job_id).state == "queued"


def test_every_listing_takes_json_and_any_ledger(
    place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--ledger", place, "--home", str(tmp_path)]

    def said(*words: str) -> Any:
        assert main([*words, *where]) == 0
        return capsys.readouterr().out

    said("dispatch", "tests.queue.jobs:Echo", "--id", "one")
    path = tmp_path / "job.yaml"
    path.write_text("kind: tests.queue.jobs:Echo\n")
    said("schedule", "add", "daily", str(path), "--every", "1d")
    for verb, rows in (("jobs", 1), ("failed", 0), ("errors", 0), ("dispatchers", 0)):
        assert len(json.loads(said(verb, "--json"))) == rows
        assert len(said(verb).splitlines()) == 1 + rows
    assert [row["name"] for row in json.loads(said("schedule", "list", "--json"))] == ["daily"]
    assert json.loads(said("show", "one", "--json"))["state"] == "queued"
    for option, rows in (("--state=queued", 1), ("--state=failed", 0), ("--queue=other", 0)):
        assert len(json.loads(said("jobs", "--json", option))) == rows
    assert main(["jobs", "--state", "odd", *where]) == 2
    assert "queued" in capsys.readouterr().err
    assert json.loads(said("stats"))["queue-stats"]["pending"] == 1


@pytest.mark.parametrize(
    "wrong",
    [
        ["submit", "bad.yaml"],
        ["submit", "none.yaml"],
        ["dispatch", "tests.queue.jobs:Echo", "--json", "{"],
        ["dispatch", "tests.queue.jobs:Echo", "--json", '{"tries": 0, "valu": 1}'],
        ["dispatch", "mailharvest"],
        ["dispatch", "tests.queue.jobs:Echo", "--delay", "soon"],
        ["dispatch", "tests.queue.jobs:Echo", "--queue", "a b"],
        ["flush", "--older-than", "soon"],
        ["wait", "nope"],
        ["errors", "resolve", "7"],
        ["schedule", "run-now", "nope"],
        ["jobs", "--ledger", "mysql://x/y"],
        ["work", "--max-memory", "much"],
        ["work", "no name"],
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, wrong: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bad.yaml").write_text("kind: [1\n")
    assert main([*wrong, "--home", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert said.startswith("mailharvest: ")
    assert len(said.splitlines()) == 1


def test_postgresql_without_its_driver_is_for_a_person_to_mend(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)  # as if it were not installed
    where = ["--ledger", "postgresql://127.0.0.1/jobs", "--home", str(tmp_path)]
    assert main(["jobs", *where]) == 2
    assert "pip install 'mailharvest[postgres]'" in capsys.readouterr().err


def test_queues_are_paused_and_jobs_cancelled(call: Any, queue: Queue) -> None:
    assert call("pause", "reports") == "reports is paused; no job is in a queue of that name\n"
    assert queue.paused() == ["reports"]
    assert "typo was not paused; paused queues: reports" in call("unpause", "typo")
    assert call("unpause", "reports") == "reports goes on\n"
    assert queue.paused() == []
    job_id = queue.dispatch(Echo(), queue="reports").id
    assert call("pause", "reports") == "reports is paused\n"
    call("unpause", "reports")
    assert call("cancel", job_id) == "cancelled\n"
    assert "before" in call("cancel", job_id)
    assert "cancelled" in call("wait", job_id)
    assert call.code == 1


def test_schedules(call: Any, queue: Queue, tmp_path: Path) -> None:
    path = tmp_path / "job.yaml"
    path.write_text("kind: tests.queue.jobs:Echo\nvalue: 1\n")
    assert "next at" in call("schedule", "add", "daily", str(path), "--cron", "0 0 * * *")
    (listed,) = json.loads(call("schedule", "list", "--json"))
    assert (listed["name"], listed["cron"]) == ("daily", "0 0 * * *")
    assert queue.get(call("schedule", "run-now", "daily").strip()).state == "queued"
    call("schedule", "remove", "daily")
    with pytest.raises(SpecError, match="no schedule"):
        call("schedule", "remove", "daily")


def test_figures_are_json(call: Any, queue: Queue) -> None:
    queue.dispatch(Echo())
    assert json.loads(call("stats"))["queue-stats"]["pending"] == 1
    assert json.loads(call("dispatchers", "--json")) == []


@pytest.mark.parametrize("wrong", [["bad name!"], ["--queue", "a b"], ["--max-memory", "much"]])
def test_work_refuses_what_cannot_be(call: Any, wrong: list[str]) -> None:
    with pytest.raises(SpecError):
        call("work", *wrong)


@pytest.mark.timeout(200)
def test_work_does_what_is_there_and_stops(queue: Queue, tmp_path: Path) -> None:
    one, two = (queue.dispatch(Echo(value=n)) for n in (1, 2))
    later = queue.dispatch(Echo(value=3), delay="1h")
    talker = queue.dispatch(Talker(lines=2))
    code = (
        "import click, sys; from mailharvest.verbs import VERBS;"
        "click.Group('m', commands=VERBS)(sys.argv[1:])"
    )
    said = subprocess.run(
        [sys.executable, "-c", code, "work", "w1", "--stop-when-empty", "--workers", "1",
         "--threads", "2", "--log-format", "json", "--home", str(tmp_path)],
        capture_output=True, text=True, check=True, timeout=150,
    ).stderr  # fmt: skip
    assert (one.result, two.result, later.state) == (1, 2, "queued")
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    assert [line.get("event") for line in lines].count("completed") == 3
    assert talker.logs() == ["line 0", "line 1"]
    assert any(line["message"] == "stopped: empty" for line in lines)
    assert queue.ledger.dispatchers()[0].name == "w1"
