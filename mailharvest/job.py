"""`HarvestJob`: what to harvest, as a person writes it, and how it becomes chunks."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Self, cast

import pyarrow as pa
from pydantic import Field, ValidationError, ValidationInfo, field_validator, model_validator

from mailharvest import jobfile, lists, plan, scrape
from mailharvest.chunk import ChunkResult, ChunkSpec, FoundURL, PageError
from mailharvest.countries import Country
from mailharvest.errors import SpecError
from mailharvest.lists import Globs, Listed, Outputs, Paths, TextFile, URLs, numbered
from mailharvest.queue.job import Cut, Job, JobState
from mailharvest.reason import Reason
from mailharvest.records import drop_suppressed, suppression
from mailharvest.records.export import check_place
from mailharvest.refusal import Wrong, refusal
from mailharvest.sources import files
from mailharvest.sources.urls import listed
from mailharvest.spec import (
    DeepScrape,
    EmailType,
    Fetch,
    Filter,
    Language,
    Query,
    Rate,
    Search,
    Slots,
    Target,
)

if TYPE_CHECKING:
    import dask.bag as db
    import dask.dataframe as dd

    from mailharvest.queue.pool import Context

SOURCES = ("query", "queries", "urls", "files")
"""Fields that say where to look; a job has one of them."""

QUICK = 0.2
"""Seconds that a page takes at least, where no pace is kept."""
BAD_URLS = 1_000
"""Lines of a list of URLs that are none, of which each is noted."""

_WAITING = ("delayed", "ready", "running")


class HarvestJob(Job, hide_input_in_errors=False):
    """E-mail addresses to harvest, from one source.

    Attributes
    ----------
    query, queries : str, list of str or text file
        What to ask the search provider; ``{names}`` are expanded from `expand`.
    urls : list of str, column of a frame or text file
        Pages to fetch.
    files : list of str
        Patterns of local files to read: text or HTML, also .gz.
    expand : dict of str to list of str or text file
        Values for each name in the queries: every combination is a query.
    max_emails : int or None
        Unique addresses to stop at; None is all there are.
    country : str, optional
        ISO 3166-1 alpha-2, lower case; for the search provider, as is `language`.
    email_type : str
        ``all``, or one of business, free, gmail, yahoo, role, personal.
    search : Search
        The provider; needed with queries.
    deep_scrape : bool or int
        Fetch the pages that a search finds: always, never (snippets only), or (``{threshold: N}``)
        unless the snippet gave N addresses.
    slots : int or "auto"
        Chunks in flight; auto is :func:`mailharvest.plan.slots`.
    include_obfuscated : bool
        Keep addresses that a page hid from robots.
    suppress : list of str
        Files of addresses and domains to leave alone.
    output : list of str
        Files to write the frame to: .csv, .json, .jsonl, .parquet. Relative names are relative to
        where the job is started; those of files to read, to the job's own file.

    Examples
    --------
    >>> job = HarvestJob(query="bakers in {city}", expand={"city": ["Cairo", "Giza"]},
    ...                  max_emails=1000, search=Search(provider="simweb"))
    >>> job.in_flight(), next(iter(job.chunks())).data["query"]
    (50, 'bakers in Cairo')
    """

    query: Query | None = None
    queries: Listed | None = None
    urls: URLs | None = None
    files: Globs | None = None
    expand: dict[str, Listed] = Field(default_factory=dict)
    max_emails: Target = None
    country: Country = None
    language: Language | None = None
    email_type: EmailType = "all"
    search: Search | None = None
    deep_scrape: DeepScrape = True
    slots: Slots = "auto"
    # Not Fetch(): validated here, a default that cannot be is refused as fetch.timeout.
    fetch: Fetch = Field(default_factory=lambda: cast(Fetch, {}))
    include_obfuscated: bool = False
    suppress: Paths = ()
    output: Outputs = ()

    @field_validator("fetch")
    @classmethod
    def _reach_simweb(cls, fetch: Fetch, info: ValidationInfo) -> Fetch:
        search = info.data.get("search")
        if search is None or search.provider != "simweb":
            return fetch
        return fetch.model_copy(update={"allow_private": True})  # it is on loopback

    @model_validator(mode="after")
    def _consistent(self) -> HarvestJob:
        given = [name for name in SOURCES if getattr(self, name) is not None]
        if not given:
            raise Wrong("nothing to harvest", fix='add query: "…", queries, urls or files')
        if len(given) > 1:
            raise Wrong(
                f"a job has one source, not {' and '.join(given)}",
                field=given[1],
                fix="keep one of them",
            )
        searches = given[0] in ("query", "queries")
        if searches and self.search is None:
            raise Wrong(
                "queries need a search provider",
                field="search",
                fix="add search: {provider: simweb}, or serper or searxng",
            )
        for name in ("search", "expand") if not searches else ():
            if getattr(self, name):
                raise Wrong(f"{given[0]} are not searched for", field=name, fix="leave it out")
        if not searches and self.deep_scrape is not True:
            raise Wrong(
                "only what a search finds can be skipped", field="deep_scrape", fix="leave it out"
            )
        return self

    @classmethod
    def from_yaml(cls, path: str | Path) -> HarvestJob:
        """The job that a YAML file describes.

        Raises
        ------
        SpecError
            It describes none: with the line, the field and what mends it.
        """
        document = jobfile.read(path)
        try:
            job = cls.model_validate(document.values, context={"folder": Path(path).parent})
            job.check()
        except ValidationError as error:
            raise refusal(error, cls, file=document.file, line_of=document.line_of) from None
        except SpecError as error:
            if error.file is None:
                error = document.place(error)
            raise error from None
        return job

    def check(self) -> None:
        """Look at the files that it names, so that nothing starts which cannot end well.

        Raises
        ------
        SpecError
            One cannot be read or holds no URL, or what it is to write cannot be written there.
        """
        suppression(self.suppress)
        self.asked()
        if self.urls is not None:
            lists.check_urls(self.urls)
        for path in self.output:
            try:
                check_place(path)
            except SpecError as error:
                raise SpecError(error.message, field="output", fix=error.fix) from None

    # what it asks for

    def asked(self) -> tuple[str, ...]:
        """Its queries, expanded; none if it does not search."""
        if self.queries is not None:
            return _expanded(self.queries, tuple(self.expand.items()))
        return _expanded((self.query,), tuple(self.expand.items())) if self.query else ()

    @property
    def keep(self) -> Filter:
        """Which addresses it wants."""
        return Filter(email_type=self.email_type, include_obfuscated=self.include_obfuscated)

    def lean(self) -> Self:
        """Without its lists of queries and URLs, of which each chunk has its own."""
        short = {
            name: given[:1]
            for name in ("queries", "urls")
            if isinstance(given := getattr(self, name), tuple)
        }
        return self.model_copy(update={**short, "expand": {}})

    def title(self) -> str:
        """One line for listings, without an address."""
        source = next(name for name in SOURCES if getattr(self, name) is not None)
        given = getattr(self, source)
        if isinstance(given, TextFile):
            shown = f"{source} of {Path(given.file).name}"
        elif isinstance(given, tuple):
            shown = given[0] if len(given) == 1 else f"{given[0]} and {len(given) - 1:,} more"
        else:
            shown = given
        line = " ".join("".join(c if c.isprintable() else " " for c in shown).split())
        return re.sub(r"[^\s@]+@[^\s@]+", "…@…", line)[:120]

    def wanted(self) -> int | None:
        """`max_emails`."""
        return self.max_emails

    def in_flight(self) -> int:
        """Its slots."""
        return plan.slots(self.max_emails) if self.slots == "auto" else self.slots

    def limits(self) -> dict[str, Rate]:
        """The rate of the search provider, if there is one."""
        if self.search is None or self.search.rate is None:
            return {}
        return {f"{self.search.provider} {self.search.rate}": self.search.rate}

    def cut(self) -> Cut:
        """Chunks with as many pages of a site as its pace allows before they end, and two more."""
        pause = max(float(self.fetch.per_site_delay), QUICK)
        return Cut(per_site=math.ceil(scrape.CHUNK_SECONDS / pause) + 2)

    # its chunks

    def chunks(self) -> Iterator[ChunkSpec]:
        """Search chunks of the first plan, or those that read the files.

        Raises
        ------
        SpecError
            See :meth:`check`; or no file matches.
        """
        self.check()
        if self.urls is not None:
            if bad := list(itertools.islice(lists.bad_urls(self.urls), BAD_URLS)):
                yield ChunkSpec("seed", {"bad": bad})
        elif self.files is not None:
            spans = files.spans(self.files)
            if (first := next(spans, None)) is None:
                raise SpecError(
                    f"no file matches {self.files[0]!r}",
                    field="files",
                    fix='check the pattern; "folder/**/*.html" goes into folders',
                )
            yield from (ChunkSpec("read", data) for data in itertools.chain([first], spans))
        else:
            yield from self._searches(self._plan.first())

    def seeds(self) -> Iterator[FoundURL]:
        """The URLs of its list."""
        return (FoundURL(url) for _, _, url in listed(numbered(self.urls or ())) if url)

    async def handle(self, ctx: Context) -> ChunkResult:
        """Do one chunk: ``search``, ``scrape``, ``read``, or ``seed`` (what is no URL)."""
        if ctx.kind == "seed":
            said = "line {} is no http or https URL; write one a line and nothing else".format
            errors = [PageError(text, "", "bad_url", said(n)) for n, text in ctx.data["bad"]]
            return ChunkResult(errors=errors, stats={"bad_urls": len(errors)})
        if ctx.kind == "read":
            return await scrape.read(
                ctx.data, keep=self.keep, job_id=ctx.job_id, deadline=ctx.deadline
            )
        assert ctx.web is not None
        if ctx.kind == "scrape":
            return await scrape.scrape(
                ctx.data,
                fetch=self.fetch,
                keep=self.keep,
                web=ctx.web,
                job_id=ctx.job_id,
                deadline=ctx.deadline,
            )
        assert self.search is not None
        return await scrape.search(
            ctx.data,
            search=self.search,
            fetch=self.fetch,
            keep=self.keep,
            deep=self.deep_scrape,
            web=ctx.web,
            job_id=ctx.job_id,
            country=self.country,
            language=self.language,
        )

    def sift(self, records: pa.Table) -> pa.Table:
        """`records` without the addresses that are to be left alone."""
        return drop_suppressed(records, suppression(self.suppress))

    # its course

    def more(self, state: JobState) -> Sequence[ChunkSpec]:
        """What the yield so far says is still needed; ends the job at its target."""
        if self.max_emails is not None and state.found >= self.max_emails:
            state.reason = Reason.TARGET
            return ()
        if self.search is None:
            return ()
        planned = self._plan
        progress = planned.progress(state.memo)
        if progress.refused is None:
            progress.note(
                [value for spec, value in state.done if spec.kind == "search"],
                [(spec.data, kind) for spec, kind in state.failed if spec.kind == "search"],
            )
            if progress.refused is not None:
                state.cancel_kinds.add("search")
        spans = planned.top_up(
            progress,
            found=state.found,
            frontier=state.frontier,
            outstanding=sum(state.counts.get(("search", s), 0) for s in _WAITING),
            fetching=state.counts.get(("scrape", "running"), 0),
        )
        progress.save(state.memo)
        return list(self._searches(spans))

    def verdict(self, state: JobState) -> tuple[str, str]:
        """How it ended when there is nothing left to do; the reason is a :class:`Reason`."""
        if self.max_emails is not None and state.found >= self.max_emails:
            return "completed", Reason.TARGET
        if refused := state.memo.get("refused"):
            return "failed", Reason(refused)
        if 2 * state.lost > state.fetched:
            return "failed", Reason.UNREACHABLE  # with the net back, `resume` asks for them again
        done = sum(n for (_, s), n in state.counts.items() if s == "done")
        failed = sum(n for (_, s), n in state.counts.items() if s == "failed")
        if done or not failed:
            return "completed", Reason.EXHAUSTED
        return "failed", Reason.SILENT if state.memo.get("failures") else Reason.FAILED

    @property
    def _plan(self) -> plan.Plan:
        assert self.search is not None
        return plan.Plan.of(
            len(self.asked()),
            wanted=self.max_emails,
            slots=self.in_flight(),
            page=self.search.results_per_page,
        )

    def _searches(self, spans: Iterable[plan.Span]) -> Iterator[ChunkSpec]:
        assert self.search is not None
        asked = self.asked()
        limit = next(iter(self.limits()), None)
        for span in spans:
            data = {
                "query_index": span.query,
                "query": asked[span.query],
                "start_offset": span.start,
                "max_results": span.size,
            }
            calls = math.ceil(span.size / self.search.results_per_page)
            yield ChunkSpec("search", data, limit=limit, cost=calls)

    # the same, for people who compose

    def to_bag(self) -> db.Bag:
        """Its sightings as a lazy bag of dicts: :func:`mailharvest.cluster.lazy.to_bag`."""
        from mailharvest.cluster import lazy  # every worker imports this file, and dd is heavy

        return lazy.to_bag(self)

    def to_dataframe(self) -> dd.DataFrame:
        """Its frame as a lazy one: :func:`mailharvest.cluster.lazy.to_dataframe`."""
        from mailharvest.cluster import lazy

        return lazy.to_dataframe(self)


@lru_cache(maxsize=8)
def _expanded(
    templates: tuple[str, ...] | TextFile, names: tuple[tuple[str, tuple[str, ...] | TextFile], ...]
) -> tuple[str, ...]:
    return plan.expand(_texts(templates), {name: _texts(values) for name, values in names})


def _texts(entries: tuple[str, ...] | TextFile) -> list[str]:
    return list(dict.fromkeys(text for _, text in numbered(entries)))
