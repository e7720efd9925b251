"""The command line as a person and as a script use it: real processes, real clusters."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailharvest import simweb
from mailharvest.cli import main
from mailharvest.cluster.bag import DaskPool
from mailharvest.simweb import World

SMALL = World(sites=60, slow=0, latency=0.02)
ADDRESSES = {"info@shop.example.com", "sales@firm.example.org", "büro@haus.example.net"}

posix = pytest.mark.skipif(os.name == "nt", reason="signals as Unix has them")


def command(*args: str | Path, home: Path) -> list[str]:
    return [sys.executable, "-m", "mailharvest", *map(str, args), "--home", str(home)]


def run(*args: str | Path, home: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*args, home=home),
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
        env={**os.environ, "PYTHONUTF8": "1", **env},
    )


def job_file(folder: Path, text: str) -> Path:
    path = folder / "job.yaml"
    path.write_text(text, "utf-8")
    return path


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """A job that read three files, to its end; its home, and what the command said."""
    folder = tmp_path_factory.mktemp("finished")
    for number, address in enumerate(sorted(ADDRESSES)):
        (folder / f"{number}.html").write_text(f"<p>Write to {address}</p>", "utf-8")
    job = job_file(folder, f'files: ["*.html"]\noutput: ["{(folder / "leads.csv").as_posix()}"]\n')
    done = run("run", job, "--json", "--workers", "1", home=folder / "home")
    return folder, done


@pytest.fixture
def job_id(finished) -> str:
    return json.loads(finished[1].stdout)["job_id"]


def test_run_prints_one_object_and_shows_the_rest_on_stderr(finished):
    folder, done = finished
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert set(facts) == {
        "job_id", "state", "reason", "emails", "pages", "errors", "seconds",
        "emails_per_minute", "outputs",
    }  # fmt: skip
    assert (facts["state"], facts["reason"]) == ("completed", "source exhausted")
    assert facts["emails"] == len(ADDRESSES)
    assert facts["outputs"] == [str(folder / "leads.csv")]
    assert "source exhausted" in done.stderr
    assert "leads.csv" in done.stderr
    with (folder / "leads.csv").open(encoding="utf-8-sig", newline="") as file:
        assert {row["as_found"] for row in csv.DictReader(file)} == ADDRESSES


def test_stdout_takes_addresses_or_json(tmp_path, capsys):
    job = tmp_path / "job.yaml"
    job.write_text("urls: [https://www.example.com/]\noutput: [-]\n")
    assert main(["run", str(job), "--json", "--home", str(tmp_path)]) == 2
    said = capsys.readouterr()
    assert "not both" in said.err and not said.out


def test_what_is_no_ledger_is_bad_input(tmp_path, capsys):
    path = tmp_path / "no.db"
    path.write_bytes(b"no database at all" * 99)
    assert main(["jobs", "--ledger", str(path)]) == 2
    assert "not a database" in capsys.readouterr().err


def test_jobs_and_show(finished, job_id, capsys):
    home = str(finished[0] / "home")
    assert main(["jobs", "--home", home]) == 0
    head, row = capsys.readouterr().out.splitlines()
    assert head.split() == ["JOB", "STATE", "E-MAILS", "WANTED", "PAGES", "TITLE", "REASON"]
    assert row.startswith(job_id)
    assert row.endswith("source exhausted")
    assert main(["jobs", "--json", "--home", home]) == 0
    (listed,) = json.loads(capsys.readouterr().out)
    assert main(["show", job_id, "--json", "--home", home]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["job_id"] == listed["job_id"] == job_id
    assert shown["emails_found"] == len(ADDRESSES)
    assert shown["chunks_pending"] == shown["chunks_processing"] == shown["chunks_failed"] == 0
    assert main(["show", job_id, "--home", home]) == 0
    assert "completed, source exhausted" in capsys.readouterr().out


@pytest.mark.parametrize("ending", ["csv", "json", "jsonl", "parquet"])
def test_export_by_ending(finished, job_id, tmp_path, ending):
    target = tmp_path / f"out.{ending}"
    assert main(["export", job_id, str(target), "--home", str(finished[0] / "home")]) == 0
    assert target.stat().st_size > 0


def test_export_to_a_pipe(finished, job_id):
    done = run("export", job_id, "-", home=finished[0] / "home")
    assert done.returncode == 0
    assert done.stderr == ""
    rows = csv.DictReader(io.StringIO(done.stdout.removeprefix("\ufeff")))
    assert {row["as_found"] for row in rows} == ADDRESSES


@posix
def test_a_pipe_that_nobody_reads_is_no_error(finished, job_id):
    process = subprocess.Popen(
        command("export", job_id, "-", home=finished[0] / "home"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()  # before anything was written
    said = process.stderr.read()
    process.stderr.close()
    assert (process.wait(60), said) == (141, b"")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["run", "there-is-none.yaml"], "there-is-none.yaml"),
        (["show", "nosuchjob"], "nosuchjob"),
        (["resume", "nosuchjob"], "nosuchjob"),
        (["export", "nosuchjob", "-"], "nosuchjob"),
    ],
)
def test_bad_input_is_one_clear_line(tmp_path, capsys, args, said):
    assert main([*args, "--home", str(tmp_path)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("mailharvest: ")
    assert said in err
    assert err.count("\n") == 1


def test_a_bad_job_names_file_line_field_and_fix(tmp_path, capsys):
    job = job_file(tmp_path, 'files: ["*.html"]\nmax_email: 10\n')
    assert main(["run", str(job), "--home", str(tmp_path)]) == 2
    err = capsys.readouterr().err
    assert f"{job}:2: max_email: unknown key (did you mean max_emails?)" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "args", [["no-such-verb"], ["run"], ["run", "job.yaml", "--workers", "0"], ["jobs", "--nope"]]
)
def test_bad_usage_is_2(args, capsys):
    assert main(args) == 2
    assert "Error" in capsys.readouterr().err


def test_an_output_that_cannot_be_is_refused_before_the_start(finished, capsys):
    folder = finished[0]
    args = ["run", str(folder / "job.yaml"), "--out", "leads.docx", "--home", str(folder / "h2")]
    assert main(args) == 2
    assert "leads.docx" in capsys.readouterr().err
    assert main(["jobs", "--json", "--home", str(folder / "h2")]) == 0
    assert json.loads(capsys.readouterr().out) == []


@pytest.mark.parametrize("verb", ["run", "export"])
def test_a_folder_is_no_file_to_write(finished, job_id, tmp_path, capsys, verb):
    (tmp_path / "d.csv").mkdir()
    home = ["--home", str(finished[0] / "home")]
    if verb == "run":
        home = ["--home", str(tmp_path / "home")]
        args = ["run", str(finished[0] / "job.yaml"), "--out", str(tmp_path / "d.csv")]
    else:
        args = ["export", job_id, str(tmp_path / "d.csv")]
    assert main([*args, *home]) == 2
    said = capsys.readouterr().err
    assert "d.csv' is a folder (name a file in it)" in said
    assert said.count("\n") == 1
    assert not (tmp_path / "home").exists()  # nothing has begun


def test_an_output_folder_that_goes_away_costs_the_file_and_nothing_else(
    finished, tmp_path, monkeypatch, capsys
):
    gone = tmp_path / "gone"
    gone.mkdir()

    def pool(client):
        gone.rmdir()  # the job is in the ledger, its work has not begun
        return DaskPool(client)

    monkeypatch.setattr("mailharvest.run.DaskPool", pool)
    args = ["run", finished[0] / "job.yaml", "--out", gone / "a.csv", "--out", tmp_path / "b.csv"]
    args += ["--json", "--workers", "1", "--home", tmp_path / "home"]
    assert main([str(arg) for arg in args]) == 2
    out, err = capsys.readouterr()
    facts = json.loads(out)
    assert (facts["state"], facts["emails"]) == ("completed", len(ADDRESSES))
    assert facts["outputs"] == [str(tmp_path / "b.csv")]
    last = err.splitlines()[-1]
    assert f"there is no folder {str(gone)!r}" in last
    assert f"mailharvest export {facts['job_id']} FILE --home {tmp_path / 'home'}" in last


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("buffered", ["", "1"])
@pytest.mark.parametrize("verb", ["export", "jobs", "--help"])
def test_a_full_disk_under_stdout_is_one_line(finished, job_id, verb, buffered):
    home = finished[0] / "home"
    words = {"export": ["export", job_id, "-"], "jobs": ["jobs"], "--help": ["jobs", "--help"]}
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command(*words[verb], home=home), stdout=full, stderr=subprocess.PIPE, timeout=60,
            encoding="utf-8", check=False, env={**os.environ, "PYTHONUNBUFFERED": buffered},
        )  # fmt: skip
    assert done.returncode == 2
    assert "No space left on device" in done.stderr
    assert done.stderr.count("\n") == 1


@posix
def test_a_stdout_that_is_closed_is_one_line_for_who_writes_to_it(finished, job_id, tmp_path):
    home = finished[0] / "home"
    for words, code in ((["stats"], 2), (["export", job_id, tmp_path / "leads.csv"], 0)):
        line = " ".join(command(*words, home=home)) + " >&-"
        done = subprocess.run(
            ["sh", "-c", line], stderr=subprocess.PIPE, timeout=60, encoding="utf-8", check=False
        )
        assert (done.returncode, done.stderr.count("\n")) == (code, code and 1), done.stderr
    assert (tmp_path / "leads.csv").exists()


@pytest.mark.parametrize("args", [["jobs"], ["stats"], ["run", "job.yaml"]])
def test_a_home_that_cannot_be_is_one_line(finished, monkeypatch, capsys, args):
    monkeypatch.chdir(finished[0])
    monkeypatch.setenv("MAILHARVEST_HOME", "job.yaml")  # a file
    assert main(args) == 2
    said = capsys.readouterr().err
    assert "cannot be made" in said
    assert "MAILHARVEST_HOME" in said
    assert said.count("\n") == 1


def test_quiet_is_quiet_and_out_replaces_output(finished, tmp_path):
    target = tmp_path / "here.jsonl"
    job = finished[0] / "job.yaml"
    done = run("run", job, "--quiet", "--out", target, "--workers", "1", home=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert len(target.read_text("utf-8").splitlines()) == len(ADDRESSES)


def test_refused_by_the_provider_is_4(tmp_path):
    with simweb.start(World(sites=10, api_key="the-right-one")) as web:
        job = job_file(
            tmp_path,
            "query: real estate agents\n"
            f"search: {{provider: serper, api_key: env:TEST_KEY, base_url: '{web.url}'}}\n",
        )
        done = run("run", job, "--workers", "1", home=tmp_path, TEST_KEY="a-wrong-one")
    assert done.returncode == 4, done.stderr
    assert "bad API key" in done.stderr
    assert "a-wrong-one" not in done.stderr + done.stdout


def test_quiet_is_not_silent_about_a_failure(tmp_path):
    with simweb.start(World(sites=10, api_key="the-right-one")) as web:
        job = job_file(
            tmp_path,
            "query: real estate agents\n"
            f"search: {{provider: serper, api_key: env:TEST_KEY, base_url: '{web.url}'}}\n",
        )
        args = ["run", job, "--workers", "1", "--quiet"]
        done = run(*args, home=tmp_path, TEST_KEY="a-wrong-one")
        unset = run(*args, home=tmp_path / "other", TEST_KEY="")
    assert (done.returncode, done.stdout) == (4, "")
    assert re.fullmatch(r"mailharvest: job \w+: bad API key\n", done.stderr)
    assert (unset.returncode, unset.stdout) == (2, "")
    assert "search.api_key: the environment variable TEST_KEY is not set" in unset.stderr
    assert unset.stderr.count("\n") == 1
    assert json.loads(run("jobs", "--json", home=tmp_path / "other").stdout) == []


@pytest.fixture
def harvesting(tmp_path) -> Iterator[subprocess.Popen[str]]:
    """A run that goes on for long, in a process group of its own, as a terminal would have it."""
    with simweb.start(World(sites=2000, latency=1.0)) as web:
        job = job_file(
            tmp_path,
            'query: "{a} agents"\nexpand: {a: [estate, travel, press]}\n'
            f"search: {{provider: simweb, base_url: '{web.url}'}}\n"
            "fetch: {per_site_delay: 2s}\nslots: 10\n",
        )
        process = subprocess.Popen(
            command("run", job, "--workers", "1", home=tmp_path),
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            encoding="utf-8",
            process_group=0,
        )
        assert process.stderr is not None
        assert " pages " in process.stderr.readline()  # the first line: it runs
        yield process
        process.kill()
        process.wait()
        process.stderr.close()


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_once_it_stops_soon_and_can_be_resumed(harvesting, tmp_path, capsys, number):
    os.killpg(harvesting.pid, number)  # a terminal tells the whole group
    _, said = harvesting.communicate(timeout=15)  # it promises ten seconds
    assert harvesting.returncode == 3, said
    assert "Traceback" not in said
    (hint,) = (line for line in said.splitlines() if "go on with:" in line)
    verb, job_id, *_ = hint.partition("mailharvest ")[2].split()
    assert verb == "resume"
    assert main(["show", job_id, "--json", "--home", str(tmp_path)]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["state"] == "interrupted"
    assert shown["reason"].endswith(f"mailharvest resume {job_id}")
    assert shown["chunks_processing"] == 0


@posix
def test_interrupted_twice_it_ends_at_once(harvesting, tmp_path):
    harvesting.send_signal(signal.SIGINT)
    while "stopping" not in harvesting.stderr.readline():
        pass
    harvesting.send_signal(signal.SIGINT)
    assert harvesting.wait(5) == 3
    assert "mailharvest resume" in harvesting.stderr.read()


def test_resume_goes_on_to_the_end(tmp_path):
    with simweb.start(SMALL) as web:
        job = job_file(
            tmp_path,
            'query: "{a} agents"\nexpand: {a: [estate, travel, press]}\n'
            f"search: {{provider: simweb, base_url: '{web.url}'}}\n"
            "fetch: {per_site_delay: 0.5s}\n",
        )
        begun = subprocess.Popen(
            command("run", job, "--json", "--workers", "1", home=tmp_path),
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        assert begun.stderr is not None
        begun.stderr.readline()
        begun.kill()
        begun.communicate()
        (job_row,) = json.loads(run("jobs", "--json", home=tmp_path).stdout)
        done = run("resume", job_row["job_id"], "--json", "--workers", "1", home=tmp_path)
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert (facts["state"], facts["reason"]) == ("completed", "source exhausted")
    assert facts["emails"] > 0


def test_a_scheduler_that_dies_ends_the_run_but_not_the_job(finished, tmp_path):
    scheduler = subprocess.Popen(
        [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1",
         "--port", "0", "--no-dashboard"],
        stderr=subprocess.PIPE, encoding="utf-8",
    )  # fmt: skip
    assert scheduler.stderr is not None
    line = next(line for line in scheduler.stderr if "Scheduler at" in line)
    # The first error is enough: it would look for the scheduler for a quarter of a minute.
    hasty = (
        "import mailharvest.queue.dispatcher as it; it.ERRORS = 1;"
        "from mailharvest.cli import main; raise SystemExit(main())"
    )
    args = command("run", finished[0] / "job.yaml", "--json", home=tmp_path)[3:]
    begun = subprocess.Popen(
        [sys.executable, "-c", hasty, *args, "--scheduler", line.split()[-1]],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    assert begun.stderr is not None
    assert begun.stderr.readline().startswith("connecting to tcp://127.0.0.1:")
    assert "0 e-mails" in begun.stderr.readline()  # it runs: there are no workers, so it waits
    scheduler.kill()
    out, said = begun.communicate(timeout=60)
    scheduler.stderr.close()
    scheduler.wait()
    facts = json.loads(out)
    assert (begun.returncode, facts["state"]) == (3, "queued"), said
    assert "Traceback" not in said
    assert "scheduler is gone" in said
    assert f"go on with: mailharvest resume {facts['job_id']} --home {tmp_path}" in said
    done = run("resume", facts["job_id"], "--workers", "1", home=tmp_path)
    assert done.returncode == 0, done.stderr


@posix
def test_simweb_by_itself():
    process = subprocess.Popen(
        [sys.executable, "-m", "mailharvest", "simweb", "--port", "0", "--sites", "5"],
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    assert process.stdout is not None
    assert "5 sites" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    process.stdout.read()
    process.stdout.close()
    assert process.wait(20) == 0


@pytest.mark.parametrize("port", ["99999", "-1", "http"])
def test_simweb_refuses_what_is_no_port(port, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["simweb", f"--port={port}"])
    assert ended.value.code == 2
    assert "argument --port: " in capsys.readouterr().err


def test_version_and_help(capsys):
    assert main(["--version"]) == 0
    assert "mailharvest" in capsys.readouterr().out
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    for verb in ("run", "resume", "jobs", "show", "export", "simweb"):
        assert f"\n  {verb} " in out
