"""What the ledger can keep of what a person's code hands over: looked at where it is made.

A commit that meets something else would fail, and with it the neighbours of whoever made it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pyarrow as pa
from pydantic import BaseModel

from mailharvest.chunk import ChunkResult, ChunkSpec, FoundURL, PageError
from mailharvest.errors import Fail, SpecError

MOST = 2**53
"""Numbers are smaller than this: larger ones no database adds up exactly."""

MOST_WHOLE = 2**31
"""And those that stand for themselves smaller than this, as a column of integers is."""


def legible(said: str) -> str:
    """`said` as every database keeps it: half characters and NULs are question marks.

    >>> legible("caf\\udce9\\0")
    'caf??'
    """
    return said.encode("utf-8", "replace").decode().replace("\0", "?")


def ours(thing: object) -> bool:
    """Whether mailharvest itself wrote the class of this, and so knows what it hands over."""
    return type(thing).__module__.partition(".")[0] == "mailharvest"


# what a chunk brought back


def result_of(answer: Any) -> ChunkResult:
    """What a ``handle`` returned as a result that can be committed.

    Raises
    ------
    Fail
        It cannot: another try would return the same.
    """
    if not isinstance(answer, ChunkResult):
        return ChunkResult(value=_plain(answer))
    for name, (fits, what) in _FITTING.items():
        if not fits(getattr(answer, name)):
            raise Fail(f"handle must return JSON or a ChunkResult; its {name} must be {what}")
    answer.value = _plain(answer.value)
    return answer


def _plain(value: Any) -> Any:
    """`value` as it will be read again: a tuple is a list, a key is text."""
    try:
        return json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise Fail(f"handle must return JSON or a ChunkResult: {error}") from None


def is_table(records: Any) -> bool:
    """Whether this is sightings as a part has them."""
    from mailharvest.records import SCHEMA  # pandas comes with it, which few of these need

    return isinstance(records, pa.Table) and records.schema.equals(SCHEMA)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and legible(value) == value


def _is_number(value: Any) -> bool:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and -MOST < value < MOST


def _is_whole(value: Any) -> bool:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return whole and -MOST_WHOLE < value < MOST_WHOLE


def _is_found(found: Any) -> bool:
    return (
        isinstance(found, FoundURL)
        and _is_text(found.url)
        and (found.query is None or _is_text(found.query))
        and (found.rank is None or _is_whole(found.rank))
        and _is_whole(found.hops)
        and _is_whole(found.tries)
        and _is_number(found.not_before)
    )


def _is_error(error: Any) -> bool:
    # Of the message one legible line is kept, whatever it is.
    return (
        isinstance(error, PageError)
        and isinstance(error.message, str)
        and all(map(_is_text, (error.url, error.site, error.kind)))
    )


def _all(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda listed: isinstance(listed, (list, tuple)) and all(map(fits, listed))


def _named(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda named: (
        isinstance(named, dict) and all(map(_is_text, named)) and all(map(fits, named.values()))
    )


_FITTING: dict[str, tuple[Callable[[Any], bool], str]] = {
    "records": (lambda r: r is None or is_table(r), "a table in records.SCHEMA, or None"),
    "urls": (_all(_is_found), "a list of FoundURL"),
    "leftovers": (_all(_is_found), "a list of FoundURL"),
    "stats": (_named(_is_number), "a dict of names to numbers"),
    "errors": (_all(_is_error), "a list of PageError"),
    "lost": (_all(_is_text), "a list of URLs"),
    "pace": (_named(_is_number), "a dict of sites to numbers"),
    "sites": (_named(_is_whole), "a dict of sites to whole numbers"),
}


# a job, and what it asks for


def args_of(job: BaseModel) -> str:
    """The fields of a job as the ledger keeps them: JSON.

    Raises
    ------
    SpecError
        One of them cannot be written so; it names the class and the field.
    """
    try:
        return job.model_dump_json()
    except Exception as error:  # pydantic's, or of the job's own code
        wrong = [name for name in type(job).model_fields if not _is_writable(job, name)]
        said = str(error).rpartition("Error: ")[2]
        raise SpecError(
            f"cannot be written as JSON: {said}",
            field=".".join([type(job).__name__, *wrong[:1]]),
            fix="the fields of a job are JSON",
        ) from None


def _is_writable(job: BaseModel, field: str) -> bool:
    try:
        job.model_dump_json(include={field})
    except Exception:
        return False
    return True


def specs_of(job: object, made: Any, call: str = "chunks") -> Iterator[ChunkSpec]:
    """The chunks that a job's `call` gave, one by one, as it gives them.

    Raises
    ------
    SpecError
        One is none, or cannot be kept; it names the class and what is wrong.
    """
    where = f"{type(job).__name__}.{call}"
    fix = "give a list of mh.ChunkSpec(kind, data)"
    if not isinstance(made, Iterable):
        raise SpecError(f"gives {type(made).__name__}, not a list", field=where, fix=fix)
    known = ours(job)
    for spec in made:
        if not isinstance(spec, ChunkSpec):
            said = f"gives {type(spec).__name__} for a ChunkSpec"
            raise SpecError(said, field=where, fix=fix)
        if not known:
            _check(spec, where)
        yield spec


def _check(spec: ChunkSpec, where: str) -> None:
    for name, (fits, what) in _ASKED.items():
        if not fits(getattr(spec, name)):
            raise SpecError(f"must be {what}", field=f"{where}: ChunkSpec.{name}")
    try:
        json.dumps(spec.data, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise SpecError(f"is not JSON: {error}", field=f"{where}: ChunkSpec.data") from None


_ASKED: dict[str, tuple[Callable[[Any], bool], str]] = {
    "kind": (lambda kind: _is_text(kind) and bool(kind), "a name"),
    "data": (lambda data: isinstance(data, dict), "a dict"),
    "shard": (lambda shard: shard is None or _is_whole(shard), "a whole number, or None"),
    "limit": (lambda limit: limit is None or _is_text(limit), "the name of a limit, or None"),
    "cost": (lambda cost: _is_whole(cost) and cost >= 0, "a whole number of calls"),
}
