"""What can go wrong, as one small tree.

::

    MailharvestError
    ├── SpecError              what a person wrote cannot be a job (exit code 2)
    ├── LedgerError            the database of jobs
    │   ├── UnknownJob         no job of that id
    │   └── LedgerVersion      it is of another version of mailharvest, or none at all (exit code 2)
    ├── ClusterError           Dask: no scheduler, no workers
    │   └── WorkerNotReady     the plugin of a worker did not start
    ├── JobFailed              a job that was waited for has failed (exit code 1)
    ├── Interrupted            a run was closed before its job had ended: `resume` goes on
    ├── ProviderError          a search provider
    │   ├── ProviderDown       no answer, or not one we can read: worth another try
    │   ├── RateLimited        asked to wait: the chunk is released, no try used
    │   └── Refused            will not answer however often we ask (exit code 4)
    │       ├── BadKey
    │       ├── OutOfCredits
    │       └── Blocked
    ├── Fail                   raised by a job: no more tries
    └── Release                raised by a job: put it back, no try used

A page that cannot be fetched is none of these: it is data, a row in ``ChunkResult.errors``.
"""

from __future__ import annotations


class MailharvestError(Exception):
    """Base of every error that mailharvest raises on purpose."""


class SpecError(MailharvestError):
    """What a person wrote cannot be a job.

    Parameters
    ----------
    message : str
        What was wrong.
    field : str, optional
        Dotted path of the field, as a person would write it: ``fetch.timeout``.
    file, line : optional
        Where it stands, 1-based.
    fix : str, optional
        The setting or call that mends it.
    """

    def __init__(
        self,
        message: str,
        *,
        field: str | None = None,
        file: str | None = None,
        line: int | None = None,
        fix: str | None = None,
    ) -> None:
        self.message, self.field, self.file, self.line, self.fix = message, field, file, line, fix
        super().__init__(message, field, file, line, fix)

    def __reduce__(self) -> tuple[object, ...]:
        return _spec_error, (self.message, self.field, self.file, self.line, self.fix)

    def __str__(self) -> str:
        where = ":".join(str(part) for part in (self.file, self.line) if part is not None)
        head = ": ".join(part for part in (where, self.field, self.message) if part)
        return f"{head} ({self.fix})" if self.fix else head


def _spec_error(
    message: str, field: str | None, file: str | None, line: int | None, fix: str | None
) -> SpecError:
    return SpecError(message, field=field, file=file, line=line, fix=fix)


class LedgerError(MailharvestError):
    """The ledger cannot do what it was asked."""


class UnknownJob(LedgerError):
    """The ledger holds no job of that id."""


class LedgerVersion(LedgerError):
    """The ledger was written by another version of mailharvest, or the database is no ledger."""


class ClusterError(MailharvestError):
    """The Dask cluster cannot be reached or used."""


class WorkerNotReady(ClusterError):
    """A worker runs without the mailharvest plugin, so it cannot run a chunk."""


class JobFailed(MailharvestError):
    """A job that was waited for has failed; what it found before is kept."""


class Interrupted(MailharvestError):
    """A run that was waited for was closed before its job had ended; `resume` goes on with it."""


class ProviderError(MailharvestError):
    """A search provider did not give results."""

    kind = "api_error"


class ProviderDown(ProviderError):
    """The provider did not answer, or not in a way that can be read; worth another try."""


class RateLimited(ProviderError):
    """The provider asked to wait.

    Parameters
    ----------
    message : str
    retry_after : float, optional
        Seconds to wait, when the provider said so.
    """

    kind = "rate_limited"

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Refused(ProviderError):
    """The provider will not answer, however often it is asked."""

    kind = "refused"


class BadKey(Refused):
    """The provider does not accept the API key."""

    kind = "bad_key"


class OutOfCredits(Refused):
    """The account at the provider is used up."""

    kind = "out_of_credits"


class Blocked(Refused):
    """The provider, or the engines behind it, turned us away."""

    kind = "blocked"


class Fail(MailharvestError):
    """Raise in :meth:`Job.handle` to fail the job now, whatever tries are left."""


class Release(MailharvestError):
    """Raise in :meth:`Job.handle` to put the job back into its queue; no try is used.

    Parameters
    ----------
    delay : float or str, default 0
        Seconds, or ``"30s"``, until it may run again.
    """

    def __init__(self, delay: float | str = 0.0) -> None:
        super().__init__(f"released for {delay}")
        self.delay = delay
