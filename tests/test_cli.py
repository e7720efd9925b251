"""The command line as a person and as a script use it: real processes, real clusters."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailharvest import simweb
from mailharvest.cli import main
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


def test_version_and_help(capsys):
    assert main(["--version"]) == 0
    assert "mailharvest" in capsys.readouterr().out
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    for verb in ("run", "resume", "jobs", "show", "export", "simweb"):
        assert f"\n  {verb} " in out
