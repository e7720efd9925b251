"""`Job`: what a person subclasses to put work of their own on the queue.

A job is a pydantic model. Its fields are its payload and go into the ledger as JSON, never as a
pickle; its class is remembered by name (``module:Class``). It may run twice (a machine can die
between the work and the note that it is done), so write ``handle`` to be safe to repeat.
"""

from __future__ import annotations

import importlib
import logging
import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

import pyarrow as pa
from pydantic import (
    ConfigDict,
    Field,
    SecretStr,
    SerializerFunctionWrapHandler,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    field_serializer,
    field_validator,
)

from mailharvest.chunk import ChunkSpec, FoundURL
from mailharvest.errors import SpecError
from mailharvest.given import show
from mailharvest.refusal import Checked, Wrong
from mailharvest.spec import Env, Rate, Seconds, Timeout

if TYPE_CHECKING:
    from mailharvest.queue.pool import Context

log = logging.getLogger(__name__)


class Backoff(Checked):
    """Pauses between tries: exponential, or the list `delays` whose last one repeats.

    The pause before try ``n + 1`` is ``delay · 2^(n-1)`` seconds (BullMQ's formula), at most `cap`;
    `jitter` is the share of it, 0 to 1, that is drawn at random: with 0.5 a pause of 8 s is
    anything from 4 to 8 s.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    delay: Seconds = 1.0
    cap: Seconds = 300.0
    jitter: Annotated[float, Field(ge=0, le=1)] = 0.5
    delays: tuple[Seconds, ...] | None = None

    @field_validator("delays")
    @classmethod
    def _some(cls, value: tuple[float, ...] | None) -> tuple[float, ...] | None:
        if value == ():
            raise Wrong("the list is empty", fix='write delays=[1, "10s"]')
        return value

    def pause(self, tries: int, rng: random.Random) -> float:
        """Seconds to wait after `tries` failed tries (1 or more)."""
        if self.delays:
            return self.delays[min(tries, len(self.delays)) - 1]
        full = min(self.delay * 2.0 ** min(tries - 1, 64), self.cap)
        return full * (1 - self.jitter * rng.random())


def Exponential(
    delay: float | str = 1.0, *, cap: float | str = 300.0, jitter: float = 0.5
) -> Backoff:
    """Pauses that double: ``Exponential(1.0, cap=300, jitter=0.5)``."""
    given: dict[str, Any] = {"delay": delay, "cap": cap, "jitter": jitter}
    return Backoff(**given)


def env(name: str) -> Env:
    """A reference to an environment variable of the workers, for a field that holds a secret.

    >>> env("REPORT_TOKEN")
    'env:REPORT_TOKEN'
    """
    try:
        return Env(f"env:{name}")
    except ValueError:  # not repeated: it may be the secret itself
        said = "this is no name of an environment variable"
        raise SpecError(said, field="env", fix='such as mh.env("REPORT_TOKEN")') from None


MOST_TRIES = 1_000
MOST_PRIORITY = 1_000_000

_SECONDS = TypeAdapter[float](Seconds)
_PRIORITY = TypeAdapter[int](Annotated[int, Field(ge=1, le=MOST_PRIORITY)])
_QUEUE = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")


def seconds(value: float | str, field: str | None = None) -> float:
    """A duration as a person writes it, in seconds: ``"30s"``, ``"1h"``, ``2.5``.

    Raises
    ------
    SpecError
        It is none.
    """
    try:
        return _SECONDS.validate_python(value)
    except ValidationError:
        raise SpecError(
            f"{str(value)[:40]!r} is no duration", field=field, fix='such as "30s", "1h" or 2.5'
        ) from None


def queue_name(queue: str) -> str:
    """The name of a queue, if it can be one; else a SpecError."""
    if not (isinstance(queue, str) and _QUEUE.match(queue)):
        raise SpecError(
            f"{show(queue)} is no name of a queue",
            field="queue",
            fix="use at most 64 letters, digits, dashes, underscores",
        )
    return queue


def urgency(priority: int) -> int:
    """A priority, if it can be one; else a SpecError."""
    try:
        return _PRIORITY.validate_python(priority)
    except ValidationError:
        raise SpecError(
            f"{str(priority)[:40]!r} is no priority",
            field="priority",
            fix=f"a whole number from 1, the most urgent, to {MOST_PRIORITY:,}",
        ) from None


@dataclass(frozen=True, slots=True)
class Cut:
    """How ``scrape`` chunks are cut from the frontier.

    Attributes
    ----------
    urls : int
        At most so many in a chunk.
    per_site : int
        At most so many of one site: its pages are fetched one after the other, so this times
        the site's delay is how long a chunk lasts.
    enough : int
        A shard that has so many is cut at once; with fewer it waits a second for more.
    """

    urls: int = 200
    per_site: int = 10
    enough: int = 50


@dataclass(slots=True)
class JobState:
    """What :meth:`Job.more` sees after a commit, and how it says what comes next.

    Attributes
    ----------
    found : int
        Unique addresses so far.
    counts : dict
        Chunks by ``(kind, state)``.
    frontier : int
        URLs that wait.
    fetched : int
        URLs that are done.
    lost : int
        Those of them that were given up for a reason that may pass.
    memo : dict
        JSON of the job's own, kept in the ledger; change it in place.
    done : list of (ChunkSpec, value)
        Chunks that this commit finished; those that were cut from the frontier without their data.
    failed : list of (ChunkSpec, error kind)
        Chunks that this commit failed for good; as above.
    error : str, optional
        What the last of them said.
    reason : str, optional
        Set it to end the job now, as completed, for this reason; what waits is cancelled.
    cancel_kinds : set of str
        Kinds of chunk whose waiting ones are to be cancelled while the job goes on.
    """

    found: int = 0
    counts: dict[tuple[str, str], int] = field(default_factory=dict)
    frontier: int = 0
    fetched: int = 0
    lost: int = 0
    memo: dict[str, Any] = field(default_factory=dict)
    done: list[tuple[ChunkSpec, Any]] = field(default_factory=list)
    failed: list[tuple[ChunkSpec, str]] = field(default_factory=list)
    error: str | None = None
    reason: str | None = None
    cancel_kinds: set[str] = field(default_factory=set)


class Job(Checked):
    """One thing to do. Subclass it, add fields, write :meth:`handle`.

    Attributes
    ----------
    tries : int
        Attempts of a chunk that may end in an exception or a timeout.
    timeout : float
        Seconds that one attempt of a chunk may take.
    backoff : Backoff
        Pauses between tries; a list of seconds is accepted.
    queue : str
    priority : int
        1 is the most urgent.

    Examples
    --------
    >>> class Report(Job):
    ...     month: int
    ...     def handle(self, ctx):
    ...         return {"rows": self.month * 10}
    >>> Report(month=2, tries=5).tries
    5
    """

    # What was written wrongly may be a secret: it is not repeated in the message.
    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_default=True, hide_input_in_errors=True
    )

    #: What the job is called in listings; the class's name unless it says otherwise.
    label: ClassVar[str | None] = None

    tries: Annotated[int, Field(ge=1, le=MOST_TRIES)] = 3
    timeout: Timeout = 600.0
    backoff: Backoff = Backoff()
    queue: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")] = "default"
    priority: Annotated[int, Field(ge=1, le=MOST_PRIORITY)] = 5

    # A subclass that sets one of these may also annotate it anew, as ``timeout: str = "5m"``;
    # what is checked here holds all the same.

    @field_validator("backoff", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return {"delays": value} if isinstance(value, (list, tuple)) else value

    @field_validator("timeout")
    @classmethod
    def _duration(cls, value: float | str) -> float | str:
        if not seconds(value, "timeout") > 0:
            raise ValueError("must be greater than 0")
        return value

    @field_validator("queue")
    @classmethod
    def _named(cls, value: str) -> str:
        return queue_name(value)

    @field_validator("tries", "priority")
    @classmethod
    def _counted(cls, value: int, info: ValidationInfo) -> int:
        most = MOST_TRIES if info.field_name == "tries" else MOST_PRIORITY
        if not 1 <= value <= most:
            raise ValueError(f"must be from 1 to {most:,}")
        return value

    @field_validator("*")
    @classmethod
    def _no_secret(cls, value: Any) -> Any:
        """A secret is named, never written: what is in a job is in the ledger."""
        if isinstance(value, SecretStr) and not Env.pattern.match(value.get_secret_value()):
            raise ValueError(
                "a secret is never written into a job; put it into an environment variable of the"
                ' workers and write mh.env("NAME")'
            )
        return value

    @field_serializer("*", mode="wrap", when_used="json")
    def _name_secret(self, value: Any, plain: SerializerFunctionWrapHandler) -> Any:
        return value.get_secret_value() if isinstance(value, SecretStr) else plain(value)

    def with_secrets(self) -> Self:
        """The job with the values of its ``SecretStr`` fields, as its ``handle`` sees it.

        Raises
        ------
        SpecError
            A variable is not set in this process.
        """
        secrets = {
            name: SecretStr(Env(value.get_secret_value()).resolve())
            for name, value in self
            if isinstance(value, SecretStr)
        }
        return self.model_copy(update=secrets)

    def lean(self) -> Self:
        """The job as its ``handle`` needs it, which each chunk carries to its worker.

        By default all of it. A list that is read only to make chunks may be left out, as long as
        the class accepts what remains.
        """
        return self

    def title(self) -> str:
        """One line for listings; counts and queries, never an address."""
        return self.label or type(self).__name__

    def chunks(self) -> Iterable[ChunkSpec]:
        """The chunks to begin with; one, by default."""
        return (ChunkSpec(),)

    def seeds(self) -> Iterable[FoundURL]:
        """URLs to begin with; they go into the frontier in batches, so they may be many."""
        return ()

    def cut(self) -> Cut:
        """How large its ``scrape`` chunks are."""
        return Cut()

    def in_flight(self) -> int:
        """How many chunks of it may run at once."""
        return 1

    def limits(self) -> dict[str, Rate]:
        """Rate limits that its chunks name."""
        return {}

    def wanted(self) -> int | None:
        """Unique addresses it is to find; none is as many as there are."""
        return None

    def sift(self, records: pa.Table) -> pa.Table:
        """The records of a chunk that may be written; called by the dispatcher before they are."""
        return records

    def handle(self, ctx: Context) -> Any:
        """Do one chunk, on a worker; may be ``async def``.

        Returns
        -------
        ChunkResult or JSON
            Anything else fails the chunk.
        """
        raise NotImplementedError(f"{type(self).__name__}.handle is not written")

    def more(self, state: JobState) -> Sequence[ChunkSpec]:  # noqa: ARG002
        """Chunks to add after a commit; none, by default."""
        return ()

    def verdict(self, state: JobState) -> tuple[str, str]:
        """State and reason of a job that has nothing left to do and did not end itself.

        Returns
        -------
        (state, reason)
            ``("completed", …)`` or ``("failed", …)``.
        """
        failed = sum(n for (_, s), n in state.counts.items() if s == "failed")
        if not failed:
            return "completed", "done"
        if failed == sum(state.counts.values()) == 1 and state.error:
            return "failed", state.error
        last = f"; the last said: {state.error}" if state.error else ""
        return "failed", f"{failed} chunks failed{last}"

    def failed(self, error: str) -> None:
        """Called once, on a fresh instance, when the job has finally failed."""


def kind_of(job: Job) -> str:
    """The name under which the ledger remembers a job's class: ``module:Class``.

    Raises
    ------
    SpecError
        No other process could import it.
    """
    module, name = type(job).__module__, type(job).__qualname__
    if module == "__main__" or "<locals>" in name:
        raise SpecError(
            f"workers cannot import the class {name}: it lives in this program only",
            fix="put it into a module of its own, or call dispatch_sync to do it here",
        )
    return f"{module}:{name}"


def load_job(kind: str, args: str) -> Job:
    """The job that `kind` and its JSON `args` describe.

    Raises
    ------
    SpecError
        There is no such class, it is no Job, or it does not accept the arguments.
    """
    # A copy, so that what one use keeps in it is not seen by another.
    return _loaded(kind, args).model_copy()


@lru_cache(maxsize=64)
def _loaded(kind: str, args: str) -> Job:
    """Read once, not for each chunk: a list of a thousand queries takes milliseconds."""
    module, _, name = kind.partition(":")
    try:
        cls: Any = importlib.import_module(module)
        for part in name.split("."):
            cls = getattr(cls, part)
    except (ImportError, AttributeError, ValueError) as error:
        raise SpecError(
            f"no job class {kind!r}: {error}", fix="install its module here and on the workers"
        ) from None
    if not (isinstance(cls, type) and issubclass(cls, Job)):
        raise SpecError(f"{kind!r} is no mailharvest.Job", fix="subclass mailharvest.Job")
    try:
        return cls.model_validate_json(args)
    except ValidationError as error:
        raise SpecError(f"{kind} does not accept its arguments: {_said(error)}") from None


@lru_cache(maxsize=64)
def lean_args(kind: str, args: str) -> str:
    """JSON arguments of the job as its chunks carry it; `args` where its class is not here."""
    try:
        job = load_job(kind, args)
        lean = job.lean()
        return args if lean is job else lean.model_dump_json()
    except SpecError:
        return args
    except Exception:  # the job's own code; it stops no dispatcher
        log.exception("lean() of %s raised an exception", kind)
        return args


def _said(error: ValidationError) -> str:
    """What pydantic found, in one line, the values left out: one may be a secret."""
    mistakes = error.errors(include_url=False, include_input=False)
    found = (
        (".".join(str(part) for part in each["loc"]), each["msg"].removeprefix("Value error, "))
        for each in mistakes
    )
    return "; ".join(f"{where}: {what}" if where else what for where, what in found)
