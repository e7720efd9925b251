"""Whether what a person gives to the queue is a job, asked before anything starts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mailharvest.errors import SpecError
from mailharvest.given import show
from mailharvest.queue.job import Job


def a_job(given: Any, field: str = "job") -> Job:
    """`given`, if it is a job; else a SpecError."""
    if isinstance(given, Job):
        return given
    if isinstance(given, type) and issubclass(given, Job):
        name = given.__name__
        raise SpecError(f"{name} is a class, not a job", field=field, fix=f"write {name}(…)")
    fix = "give a mh.HarvestJob(…), or one of a class of your own that subclasses mh.Job"
    raise SpecError(f"{show(given)} is no job", field=field, fix=fix)


def some_jobs(given: Any) -> list[Job]:
    """`given` as a list, if it holds jobs and nothing else; else a SpecError."""
    if isinstance(given, Job) or not isinstance(given, Iterable):  # a job could be iterated over
        said = f"{type(given).__name__} is no list of jobs"
        raise SpecError(said, field="jobs", fix="write [job, …]")
    return [a_job(each, f"jobs[{n}]") for n, each in enumerate(given, 1)]
