"""HarvestJob: what it takes and refuses, and what it makes of it."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mailharvest import lists, scrape
from mailharvest.chunk import ChunkResult, ChunkSpec
from mailharvest.errors import SpecError
from mailharvest.job import HarvestJob
from mailharvest.queue.job import JobState, kind_of, load_job
from mailharvest.queue.pool import Context
from mailharvest.reason import Reason
from mailharvest.records import table
from mailharvest.spec import Fetch, Search
from tests.records.sightings import sighting

SIMWEB = Search(provider="simweb")


def searching(**fields: Any) -> HarvestJob:
    """A job of two queries that wants 100 addresses: five slots."""
    asked: dict[str, Any] = {
        "query": "bakers in {city}",
        "expand": {"city": ["Cairo", "Giza"]},
        "max_emails": 100,
        "search": SIMWEB,
    }
    return HarvestJob(**{**asked, **fields})


def ended(job: HarvestJob, spec: ChunkSpec, **value: Any) -> tuple[ChunkSpec, dict[str, Any]]:
    given = {"query": spec.data["query_index"], "results": 20, "exhausted": False, **value}
    return spec, given


# what it takes


def test_a_search_becomes_chunks_in_turns() -> None:
    chunks = list(searching().chunks())
    assert [(c.data["query"], c.data["start_offset"]) for c in chunks] == [
        ("bakers in Cairo", 0),
        ("bakers in Giza", 0),
        ("bakers in Cairo", 20),
        ("bakers in Giza", 20),
        ("bakers in Cairo", 40),
    ]
    assert {c.data["max_results"] for c in chunks} == {20}
    assert {(c.kind, c.limit, c.cost) for c in chunks} == {("search", None, 2)}
    assert list(searching().seeds()) == []


def test_a_rate_is_a_limit_that_the_chunks_count_against() -> None:
    job = searching(search=Search(provider="simweb", rate="10/s", results_per_page=5))
    assert job.limits() == {"simweb 10/s": "10/s"}
    assert {(c.limit, c.cost) for c in job.chunks()} == {("simweb 10/s", 4)}


@pytest.mark.parametrize(("delay", "pages"), [("1s", 10), ("4s", 4), ("1m", 3), ("0s", 42)])
def test_a_chunk_has_as_many_pages_of_a_site_as_its_pace_allows(delay: str, pages: int) -> None:
    job = HarvestJob(urls=["https://www.example.com/"], fetch=Fetch(per_site_delay=delay))
    assert job.cut().per_site == pages


def test_slots_and_target() -> None:
    assert (searching(max_emails=10_000).in_flight(), searching(slots=7).in_flight()) == (500, 7)
    assert searching(max_emails="none").wanted() is None
    assert searching().wanted() == 100


def test_urls_are_seeds_and_what_is_none_is_noted() -> None:
    job = HarvestJob(urls=["https://a.example.com", "b.example.com/x", "ftp://c.example.com"])
    assert [found.url for found in job.seeds()] == [
        "https://a.example.com/",
        "https://b.example.com/x",
    ]
    (chunk,) = job.chunks()
    result = handle(job, chunk)
    assert [(e.kind, e.message) for e in result.errors] == [
        ("bad_url", "line 3 is no http or https URL; write one a line and nothing else")
    ]
    assert list(HarvestJob(urls="https://a.example.com").chunks()) == []


def test_urls_come_from_a_file_which_the_job_does_not_hold(tmp_path: Path) -> None:
    path = tmp_path / "urls.txt"
    path.write_text("# mine\nhttps://a.example.com/\n\nno url here\n", encoding="utf-8-sig")
    job = HarvestJob(urls=str(path))
    assert [found.url for found in job.seeds()] == ["https://a.example.com/"]
    assert [chunk.data for chunk in job.chunks()] == [{"bad": [(4, "no url here")]}]
    assert "a.example.com" not in job.model_dump_json()


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", "url,name\nhttp://ok.example.com/,x\n", "is a table: it begins with 'url,name'"),
        ("a.csv", "http://ok.example.com/,x\n", "is a table"),
        ("a.txt", "Website\tName\nhttp://ok.example.com/1\ty\n", "is a table"),
        ("a.txt", "Website;Name\nhttp://ok.example.com/\n", "is a table"),
        ("a.txt", "a b c\n# x\nftp://c.example.com\n", "no entry is .*; the first is 'a b c'"),
    ],
)
def test_a_list_of_no_urls_is_refused_before_it_starts(
    tmp_path: Path, name: str, text: str, message: str
) -> None:
    (tmp_path / name).write_text(text)
    (tmp_path / "job.yaml").write_text(f"tries: 3\nurls: {name}\n")
    with pytest.raises(SpecError, match=f"job.yaml:2: urls: .*{message}.*one URL a line"):
        HarvestJob.from_yaml(tmp_path / "job.yaml")
    with pytest.raises(SpecError, match=message):
        list(HarvestJob(urls=str(tmp_path / name)).chunks())


def test_a_file_that_cannot_be_read_is_named_once_with_what_mends_it(tmp_path: Path) -> None:
    path = tmp_path / "cities.txt"
    path.write_bytes(b"Cairo\n" * 5_000 + b"M\xfcnchen\n")
    with pytest.raises(SpecError) as error:
        searching(expand={"city": str(path)})
    assert str(error.value) == (
        f"expand.city: '{path}' is not UTF-8 on line 5001 (save it as UTF-8)"
    )
    with pytest.raises(SpecError) as error:
        HarvestJob(urls=str(tmp_path / "x"))
    assert str(error.value) == (
        f"urls: '{tmp_path / 'x'}' cannot be read: No such file or directory"
        " (give a list, or the path of a text file)"
    )
    path.write_bytes(b"Cairo\n")
    job = searching(expand={"city": str(path)})
    path.unlink()
    with pytest.raises(SpecError) as error:
        job.check()
    assert str(error.value) == (
        f"{path}: cannot be read: No such file or directory (check its path)"
    )


def test_a_url_may_hold_a_comma(tmp_path: Path) -> None:
    (tmp_path / "urls.txt").write_text("http://ok.example.com/a,b\nx,y.example.com\n")
    job = HarvestJob(urls=str(tmp_path / "urls.txt"))
    assert [chunk.data for chunk in job.chunks()] == [{"bad": [(2, "x,y.example.com")]}]
    assert [found.url for found in job.seeds()] == ["http://ok.example.com/a,b"]
    with pytest.raises(SpecError, match="no entry is an http or https URL; the first is 'x,y'"):
        HarvestJob(urls=["x,y"]).check()


def test_a_list_that_changed_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "cities.txt"
    path.write_text("Cairo\nGiza\n")
    job = searching(expand={"city": {"file": str(path)}})
    assert job.asked() == ("bakers in Cairo", "bakers in Giza")
    path.write_text("Oslo\n")
    again = load_job(kind_of(job), job.model_dump_json())
    assert again == job  # a worker needs no file
    lists_read = HarvestJob(urls=str(path))
    path.write_text("Bergen\n")
    with pytest.raises(SpecError, match=r"cities\.txt: has changed"):
        list(lists_read.seeds())


def test_files_become_chunks_that_read_them(tmp_path: Path) -> None:
    folder = tmp_path / "pages [1]"
    folder.mkdir()
    (folder / "a.html").write_text("<p>info@kite.example.com</p>")
    (folder / "b.txt").write_text("sales@kite.example.com")
    job = HarvestJob(files=[f"{tmp_path}/**/*.html", f"{tmp_path}/**/*.txt"])
    (chunk,) = job.chunks()
    result = handle(job, chunk)
    assert (result.stats["pages"], result.errors) == (2, [])
    with pytest.raises(SpecError, match="files: no file matches"):
        list(HarvestJob(files=f"{tmp_path}/*.pdf").chunks())


def handle(job: HarvestJob, chunk: ChunkSpec) -> ChunkResult:
    deadline = 4e9
    return asyncio.run(job.handle(Context("j1", 1, chunk.kind, chunk.data, 1, deadline)))


def test_chunks_go_to_the_source_with_what_the_job_says(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[tuple[str, dict[str, Any]]] = []

    def fake(name: str) -> Any:
        async def source(data: dict[str, Any], **given: Any) -> ChunkResult:
            called.append((name, given))
            return ChunkResult()

        return source

    for name in ("search", "scrape"):
        monkeypatch.setattr(scrape, name, fake(name))
    job = searching(country="EG", language="ar", deep_scrape={"threshold": 2}, email_type="role")
    web: Any = object()
    for kind in ("search", "scrape"):
        asyncio.run(job.handle(Context("j1", 1, kind, {}, 1, 5.0, web)))
    assert called == [
        (
            "search",
            {
                "search": SIMWEB,
                "fetch": job.fetch,
                "keep": job.keep,
                "deep": 2,
                "web": web,
                "job_id": "j1",
                "country": "eg",
                "language": "ar",
            },
        ),
        (
            "scrape",
            {"fetch": job.fetch, "keep": job.keep, "web": web, "job_id": "j1", "deadline": 5.0},
        ),
    ]
    assert (job.keep.email_type, job.keep.include_obfuscated) == ("role", False)


def test_suppressed_addresses_are_sifted_out(tmp_path: Path) -> None:
    (tmp_path / "no.txt").write_text("@example.org\n")
    job = searching(suppress=str(tmp_path / "no.txt"))
    kept = job.sift(table([sighting("a@example.org"), sighting("a@example.com")]))
    assert kept["email"].to_pylist() == ["a@example.com"]


def test_simweb_is_on_loopback_so_its_pages_may_be() -> None:
    assert searching().fetch.allow_private
    assert searching(fetch=Fetch(timeout=3)).fetch.timeout == 3
    search = Search(provider="searxng", base_url="http://127.0.0.1:8888")
    assert not searching(search=search).fetch.allow_private


def test_it_travels_as_json_without_loss() -> None:
    job = searching(
        search={"provider": "serper", "api_key": "env:MY_KEY", "rate": "10/s"},
        deep_scrape=False,
        slots=3,
        backoff=[1, "5s"],
        output=["a.csv", "-"],
    )
    again = load_job(kind_of(job), job.model_dump_json())
    assert again == job
    assert json.loads(job.model_dump_json())["search"]["api_key"] == "env:MY_KEY"
    assert job.output[0] == str(Path("a.csv").absolute())


def test_a_key_is_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "sk-secret")
    job = searching(search={"provider": "serper", "api_key": "env:MY_KEY"})
    assert "sk-secret" not in f"{job!r} {job} {job.model_dump_json()} {job.title()}"
    for value in ("sk-secret", 12345678, ["sk-secret"]):
        with pytest.raises(SpecError, match=r"search\.api_key") as error:
            searching(search={"provider": "serper", "api_key": value})
        assert "sk-secret" not in repr(error.value)
        assert "12345678" not in repr(error.value)


@pytest.mark.parametrize(
    ("fields", "title"),
    [
        ({}, "bakers in {city}"),
        (
            {"query": "x\x1b[31m\n@example.com a@example.com", "expand": {}},
            "x [31m @example.com …@…",
        ),
        ({"query": None, "queries": ["a", "b", "c"], "expand": {}}, "a and 2 more"),
        ({"query": "x" * 200, "expand": {}}, "x" * 120),
    ],
)
def test_title_is_one_line_without_an_address(fields: dict[str, Any], title: str) -> None:
    assert searching(**fields).title() == title


@pytest.mark.parametrize(
    "fields",
    [
        {"urls": [f"http://s{n}.example.com/" for n in range(1_000)]},
        {"queries": [f"bakers {n}" for n in range(1_000)], "search": {"provider": "simweb"}},
        {
            "query": "bakers in {city}",
            "expand": {"city": [f"city {n}" for n in range(1_000)]},
            "search": {"provider": "simweb"},
            "max_emails": 7,
        },
        {"query": "bakers", "search": {"provider": "simweb", "rate": "10/s"}},
    ],
)
def test_chunks_do_not_carry_the_lists_of_their_job(fields: dict[str, Any]) -> None:
    job = HarvestJob.model_validate(fields)
    told = job.lean().model_dump_json()
    assert len(told) < 1_000
    lean = HarvestJob.model_validate_json(told)
    for name in ("keep", "fetch", "search", "deep_scrape", "suppress", "max_emails"):
        assert getattr(lean, name) == getattr(job, name)


# what it refuses


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "^nothing to harvest"),
        ({"query": "x"}, "^search: queries need a search provider"),
        ({"query": "x", "urls": ["https://a.example.com"]}, "^urls: a job has one source"),
        ({"query": "", "search": SIMWEB}, "^query: .*is empty"),
        ({"query": " \t ", "search": SIMWEB}, "^query: .*is empty"),
        ({"queries": [], "search": SIMWEB}, "^queries: the list is empty"),
        ({"queries": ["a", " "], "search": SIMWEB}, "^queries: an entry is empty"),
        ({"queries": "gone.txt", "search": SIMWEB}, r"^queries: '.*gone\.txt' cannot be read"),
        ({"urls": ["https://a.example.com"], "search": SIMWEB}, "^search: urls are not searched"),
        ({"files": ["*.html"], "expand": {"a": ["b"]}}, "^expand: files are not searched"),
        ({"files": ["*.html"], "deep_scrape": False}, "^deep_scrape: only what a search"),
        ({"files": []}, "^files: "),
        ({"urls": [10115]}, "^urls: 10115 is no text .*quotes"),
        ({"urls": {"path": "x"}}, "^urls: is neither a list nor a file"),
        ({"urls": 5}, "^urls: 5 is no list"),
        ({"urls": np.array(5)}, "^urls: 5 is no list"),
        ({"urls": pd.Series(["x", None])}, "^urls: .* is no text"),
        ({"urls": pd.DataFrame({"a": ["x"]})}, "^urls: .* is no list"),
        ({"files": [None]}, "^files: None is no path"),
        ({"suppress": [5]}, "^suppress: 5 is no path"),
        ({"slots": np.array([5, 6])}, r"^slots: array\(\[5, 6\]\) is neither auto nor"),
        ({"query": "x", "search": {"provider": "bing"}}, "^search.provider: 'bing' is unknown"),
        ({"query": "x", "search": {"provider": "serper"}}, "^search.api_key: serper needs a key"),
        ({"query": "x", "search": {"provider": "searxng"}}, "^search.base_url: searxng has no"),
        (
            {"query": "x", "search": {"provider": "simweb", "base_url": "http://me:pw@h/"}},
            "^search.base_url: a user or a password",
        ),
        (
            {"query": "x", "search": {"provider": "simweb", "base_url": "file:///etc/passwd"}},
            "^search.base_url: .*no http or https URL",
        ),
        ({"max_email": 5}, r"^max_email: unknown key \(did you mean max_emails\?"),
        ({"max_emails": 0}, "^max_emails: 0 must be greater"),
        ({"max_emails": 10**26}, "^max_emails: 10+ must be less than or equal to 1000000000000"),
        ({"deep_scrape": 10**26}, "^deep_scrape: 10+ is neither"),
        ({"slots": 10**26}, "^slots: 10+ is neither"),
        ({"tries": 10**26}, "^tries: 10+ must be less"),
        ({"priority": 10**26}, "^priority: 10+ must be less"),
        ({"fetch": {"concurrency": 10**26}}, "^fetch.concurrency: 10+ must be less"),
        ({"fetch": {"max_redirects": 10**26}}, "^fetch.max_redirects: 10+ must be less"),
        ({"max_emails": True}, "^max_emails: True is no whole number"),
        ({"max_emails": 1.5}, "^max_emails: 1.5 is no whole number"),
        ({"country": "uk"}, r"^country: 'uk' is no country code .*did you mean gb\?"),
        ({"language": "arabic!"}, "^language: 'arabic!' is not how"),
        ({"email_type": "gmial"}, r"^email_type: .*did you mean gmail\?"),
        ({"slots": 0}, "^slots: 0 is neither auto nor"),
        ({"slots": True}, "^slots: True is neither auto nor"),
        ({"deep_scrape": "maybe"}, "^deep_scrape: 'maybe' is neither true nor false"),
        ({"output": "leads.xlsx"}, r"^output: cannot export to 'leads\.xlsx'"),
        ({"output": [None]}, "^output: None is no path"),
        ({"timeout": 0}, "^timeout: 0 must be greater than 0"),
        ({"fetch": {"timeout": 0}}, "^fetch.timeout: 0 must be greater than 0"),
        ({"fetch": {"timeout": "0s"}}, "^fetch.timeout: '0s' must be greater than 0"),
        ({"fetch": {"timeout": "soon"}}, "^fetch.timeout: 'soon' is no duration"),
        ({"fetch": {"user_agent": "bot"}}, "^fetch.user_agent: must be one line of ASCII"),
        ({"fetch": {"user_agent": "b (+https://x)\r\nX: y"}}, "^fetch.user_agent: must be one"),
        ({"tries": "many"}, "^tries: 'many' is no whole number"),
        ({"backoff": {"dely": 1}}, r"^backoff.dely: unknown key \(did you mean delay\?"),
    ],
)
def test_refusals_name_the_field_and_the_fix(fields: dict[str, Any], message: str) -> None:
    if not fields.keys() & {"query", "queries", "urls", "files"} and fields:
        fields = {"query": "x", "search": SIMWEB, **fields}
    with pytest.raises(SpecError, match=message) as error:
        HarvestJob(**fields)
    assert error.value.fix
    assert "\n" not in str(error.value)


def test_all_mistakes_are_named_at_once() -> None:
    with pytest.raises(SpecError) as error:
        searching(tries=0, country="zz", bogus=1)
    assert all(name in str(error.value) for name in ("tries", "country", "bogus"))


def test_the_parts_of_a_job_refuse_in_the_same_words() -> None:
    with pytest.raises(SpecError, match=r"^provider: 'bing' is unknown"):
        Search(provider="bing")  # type: ignore[arg-type]
    with pytest.raises(SpecError, match=r"^timeout: 'soon' is no duration"):
        Fetch(timeout="soon")  # type: ignore[arg-type]


@pytest.mark.parametrize("column", [list, np.array, pd.Series, pd.Index])
def test_a_column_of_a_frame_is_a_list(column: Callable[[list[str]], Any]) -> None:
    urls = ["https://a.example.com/", "https://b.example.com/"]
    assert HarvestJob(urls=column(urls)).urls == tuple(urls)
    assert HarvestJob(queries=column(["a", "b"]), search=SIMWEB).queries == ("a", "b")
    assert searching(expand={"city": column(["Cairo"])}).expand == {"city": ("Cairo",)}
    assert len(searching(output=column(["a.csv", "b.csv"])).output) == 2
    assert HarvestJob(files=column(["*.html"])).files == HarvestJob(files="*.html").files


def test_a_list_may_be_named_by_a_path(tmp_path: Path) -> None:
    named = tmp_path / "urls.txt"
    named.write_text("https://a.example.com/\n")
    assert HarvestJob(urls=named) == HarvestJob(urls=str(named)) == HarvestJob(urls={"file": named})


def test_numbers_may_be_numpys() -> None:
    job = searching(slots=np.int32(5), max_emails=np.int64(10), deep_scrape=np.int64(2))
    assert job == searching(slots=5, max_emails=10, deep_scrape=2)
    assert job == load_job(kind_of(job), job.model_dump_json())


@pytest.mark.parametrize(("part", "name"), [(Search, "provider"), (HarvestJob, "query")])
def test_fields_are_given_by_name(part: Any, name: str) -> None:
    with pytest.raises(SpecError, match=rf"by name \(write {part.__name__}\({name}=…\)\)") as said:
        part("the-key-itself")
    assert "the-key" not in str(said.value)
    assert "values" not in inspect.signature(part).parameters


def test_a_list_too_long_to_travel_with_every_chunk_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lists, "INLINE", 3)
    with pytest.raises(SpecError, match=r"^urls: 4 entries are too many.*text file"):
        HarvestJob(urls=[f"https://{n}.example.com/" for n in range(4)])


def test_a_file_that_is_named_twice_is_written_once(tmp_path: Path) -> None:
    named = [tmp_path / "x.csv", tmp_path / "y.csv", tmp_path / "." / "x.csv", "-", "-"]
    assert searching(output=named).output == (str(named[0]), str(named[1]), "-")


def test_nothing_starts_when_a_named_file_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "leads.csv").mkdir()
    for fields, message in (
        ({"suppress": [str(tmp_path / "gone.txt")]}, "suppress: the list"),
        ({"output": str(tmp_path / "gone" / "leads.csv")}, "output: there is no folder"),
        ({"output": str(tmp_path / "leads.csv")}, "output: .* is a folder"),
        ({"expand": {}}, "expand: {city} has no values"),
        ({"expand": {"city": ["a"], "town": ["b"]}}, "expand.town: no query uses"),
    ):
        job = searching(**fields)
        with pytest.raises(SpecError, match=message):
            next(iter(job.chunks()))


# its course


def test_it_ends_at_its_target() -> None:
    state = JobState(found=100)
    assert searching().more(state) == ()
    assert state.reason == Reason.TARGET
    assert searching().verdict(JobState(found=100)) == ("completed", "target reached")


def test_it_asks_on_while_the_yield_falls_short_and_remembers_where_it_was() -> None:
    job = searching()
    first = list(job.chunks())
    state = JobState(found=10, counts={("search", "running"): 4})
    state.done = [ended(job, first[0])]
    more = job.more(state)
    assert [(c.data["query"], c.data["start_offset"]) for c in more] == [("bakers in Giza", 40)]
    again = JobState(found=20, memo=json.loads(json.dumps(state.memo)))
    again.done = [ended(job, first[1], exhausted=True)]
    assert {c.data["query"] for c in job.more(again)} == {"bakers in Cairo"}
    assert state.reason is None


def test_urls_and_files_have_no_more_to_ask() -> None:
    state = JobState(found=1)
    assert HarvestJob(urls="https://a.example.com", max_emails=5).more(state) == ()
    assert (state.reason, state.memo) == (None, {})


@pytest.mark.parametrize(
    ("kind", "reason", "code"),
    [
        ("bad_key", "bad API key", 4),
        ("out_of_credits", "out of credits", 4),
        ("blocked", "blocked by the provider", 4),
    ],
)
def test_a_refusal_cancels_the_search_and_is_the_verdict(kind: str, reason: str, code: int) -> None:
    job = searching()
    first = list(job.chunks())
    state = JobState(found=3, failed=[(first[0], kind)])
    assert job.more(state) == []
    assert state.cancel_kinds == {"search"}
    later = JobState(found=5, memo=state.memo, counts={("scrape", "done"): 2})
    assert job.more(later) == []
    assert later.cancel_kinds == set()
    assert job.verdict(later) == ("failed", reason)
    assert Reason(reason).exit_code == code
    later.found = 100
    assert job.verdict(later) == ("completed", "target reached")


@pytest.mark.parametrize(
    ("counts", "failure", "verdict"),
    [
        ({("search", "done"): 5, ("scrape", "done"): 9}, None, ("completed", "source exhausted")),
        ({("search", "done"): 5, ("scrape", "failed"): 1}, None, ("completed", "source exhausted")),
        ({}, None, ("completed", "source exhausted")),
        ({("search", "failed"): 5}, "api_error", ("failed", "the provider does not answer")),
        ({("search", "failed"): 5}, "chunk_error", ("failed", "failed")),
    ],
)
def test_the_verdict_is_the_true_reason(
    counts: dict[tuple[str, str], int], failure: str | None, verdict: tuple[str, str]
) -> None:
    job = searching()
    state = JobState(found=3, counts=counts)
    if failure:
        state.failed = [(spec, failure) for spec in job.chunks()]
    job.more(state)
    assert job.verdict(state) == verdict


@pytest.mark.parametrize(("lost", "state"), [(0, "completed"), (5, "completed"), (6, "failed")])
def test_a_job_that_lost_most_of_its_pages_has_failed(lost: int, state: str) -> None:
    ended = JobState(counts={("scrape", "done"): 2}, fetched=10, lost=lost)
    assert searching().verdict(ended)[0] == state


def test_every_reason_has_its_exit_code() -> None:
    codes = {reason.value: reason.exit_code for reason in Reason}
    assert codes == {
        "target reached": 0,
        "source exhausted": 0,
        "blocked by the provider": 4,
        "out of credits": 4,
        "bad API key": 4,
        "the provider does not answer": 1,
        "most pages could not be reached": 1,
        "cancelled": 3,
        "failed": 1,
    }
