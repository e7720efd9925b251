"""The parts of a job as a person writes them: small frozen values that refuse what cannot be.

Durations are seconds (``"20s"``, ``"10m"``, ``1.5``), sizes are bytes (``"5MB"``), rates are
``"10/s"``. A key is never written here: ``env:NAME`` names the variable that holds it.
"""

from __future__ import annotations

import operator
import os
import re
from typing import Annotated, Any, Literal

from dask.utils import parse_bytes, parse_timedelta
from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    StringConstraints,
    field_validator,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema

from mailharvest.config import default
from mailharvest.errors import SpecError
from mailharvest.given import show
from mailharvest.refusal import Checked, Wrong

EmailType = Literal["all", "business", "free", "gmail", "yahoo", "role", "personal"]
Provider = Literal["serper", "searxng", "simweb"]


def _seconds(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return float(parse_timedelta(value, default="s"))
        # An empty one is an IndexError, one with hundreds of digits an OverflowError.
        except (KeyError, ValueError, IndexError, OverflowError):
            raise ValueError(f"{value!r} is no duration; write 20s, 10m or 1.5") from None
    return value


def _bytes(value: Any) -> Any:
    if isinstance(value, str):
        if not value.strip():  # dask takes it for one byte
            raise ValueError("an empty text is no size; write 5MB, 500kB or 1000000")
        try:
            return int(parse_bytes(value))
        except (ValueError, OverflowError):
            raise ValueError(f"{value!r} is no size; write 5MB, 500kB or 1000000") from None
    return value


# Bounds that nobody meets, but what a ledger's column or a clock cannot hold is beyond them.
YEARS = 100 * 365 * 86_400.0
MOST = 10**12

Seconds = Annotated[float, BeforeValidator(_seconds), Field(ge=0, le=YEARS, allow_inf_nan=False)]
Timeout = Annotated[Seconds, Field(gt=0)]
Bytes = Annotated[int, BeforeValidator(_bytes), Field(ge=1, le=MOST)]


class Env(str):
    """A reference to an environment variable: ``env:NAME``. The value is read where it is used.

    >>> Env("env:SERPER_API_KEY").name
    'SERPER_API_KEY'
    """

    __slots__ = ()
    pattern = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]*)\Z")

    def __new__(cls, value: str) -> Env:
        if not cls.pattern.match(value):
            # The value is not repeated: it may be a real key.
            raise ValueError(
                "a key is never written into a job; put it into an environment variable"
                " and write env:NAME"
            )
        return super().__new__(cls, value)

    @property
    def name(self) -> str:
        return self[4:]

    def resolve(self) -> str:
        """The variable's value in this process.

        Raises
        ------
        SpecError
            The variable is not set here.
        """
        try:
            return os.environ[self.name]
        except KeyError:
            raise SpecError(
                f"the environment variable {self.name} is not set in this process",
                fix=f"export {self.name}=… where the workers start",
            ) from None

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(cls, core_schema.str_schema())


class Rate(str):
    """So many calls in so many seconds: ``10/s``, ``300/m``, ``1000/h``, ``5/2s``.

    >>> Rate("10/s").limit, Rate("10/s").seconds
    (10, 1.0)
    """

    __slots__ = ()
    pattern = re.compile(r"(\d{1,9})\s*/\s*(\d{0,9}\.?\d{0,9}\s*[a-z]+)\Z")

    def __new__(cls, value: str) -> Rate:
        match = cls.pattern.match(value)
        if not match or int(match[1]) < 1:
            raise ValueError(f"{value!r} is no rate; write 10/s, 300/m or 5/2s")
        if not _seconds(match[2]) > 0:
            raise ValueError(f"{value!r} is no rate; write 10/s, 300/m or 5/2s")
        return super().__new__(cls, value)

    @property
    def limit(self) -> int:
        return int(self.split("/")[0])

    @property
    def seconds(self) -> float:
        return float(_seconds(self.split("/")[1].strip()))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(cls, core_schema.str_schema())


def _target(value: Any) -> Any:
    if isinstance(value, bool):
        raise Wrong(f"{value!r} is no whole number")
    return None if isinstance(value, str) and value.strip().lower() == "none" else value


def _int(value: Any) -> Any:
    """A whole number as Python's own (numpy has others); anything else as it is."""
    try:
        return value if isinstance(value, bool) else operator.index(value)
    except TypeError:
        return value


def _deep(value: Any) -> Any:
    if isinstance(value, dict) and value.keys() == {"threshold"}:
        value = value["threshold"]
    value = _int(value)
    if isinstance(value, int) and (isinstance(value, bool) or 1 <= value <= 10_000):
        return value
    raise Wrong(f"{show(value)} is neither true nor false nor a threshold from 1 to 10,000")


def _slots(value: Any) -> Any:
    value = _int(value)
    if (type(value) is int and 1 <= value <= 10_000) or (type(value) is str and value == "auto"):
        return value
    raise Wrong(f"{show(value)} is neither auto nor a number from 1 to 10,000")


Target = Annotated[Annotated[int, Field(ge=1, le=MOST)] | None, BeforeValidator(_target)]
"""Unique addresses to stop at; none is all there are."""

DeepScrape = Annotated[bool | int, BeforeValidator(_deep)]
"""Fetch the pages that a search finds: always, never, or unless the snippet gave so many."""

Slots = Annotated[int | Literal["auto"], BeforeValidator(_slots)]
"""Chunks in flight."""

Query = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000)]
"""What to ask a search provider."""

Language = Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
"""A language tag (BCP 47): ``ar``, ``pt-BR``."""


class Spec(Checked):
    """Base of every part of a job: frozen, and unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class Search(Spec):
    """Which search provider to ask, and how.

    Attributes
    ----------
    provider : {"serper", "searxng", "simweb"}
    api_key : str, optional
        ``env:NAME``; serper needs one.
    rate : str, optional
        Calls to the provider over all workers: ``10/s``.
    results_per_page : int
        Results that one call gives.
    base_url : str, optional
        Where the provider answers; searxng has no default.
    """

    provider: Provider
    api_key: Env | None = None
    rate: Rate | None = None
    results_per_page: Annotated[int, Field(ge=1, le=100)] = 10
    base_url: str | None = None

    @field_validator("base_url")
    @classmethod
    def _is_url(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if "@" in value:  # a password, perhaps
            raise Wrong("a user or a password must not stand in a job", fix="leave it out")
        if not re.fullmatch(r"https?://[^\s/]\S*", value):
            raise Wrong(f"{value!r} is no http or https URL")
        return value

    @model_validator(mode="after")
    def _is_complete(self) -> Search:
        if self.provider == "serper" and self.api_key is None:
            raise Wrong(
                "serper needs a key",
                field="search.api_key",
                fix="api_key: env:SERPER_API_KEY, and the key in that environment variable",
            )
        if self.provider == "searxng" and self.base_url is None:
            raise Wrong(
                "searxng has no address of its own",
                field="search.base_url",
                fix="base_url: http://127.0.0.1:8888, where your instance answers",
            )
        return self


class Fetch(Spec):
    """How pages are fetched: the limits of one request, and the manners owed to a site.

    What is not given comes from the configuration: :mod:`mailharvest.config`.

    Attributes
    ----------
    timeout : float
        Seconds for one page, redirects and body included.
    max_bytes : int
        Bytes of a decoded body; a longer one is not read to its end: an error, ``too_large``.
    per_site_delay : float
        Seconds between two requests to a site; a longer ``Crawl-delay`` wins, up to 60.
    concurrency : int
        Sites that one chunk talks to at once.
    user_agent : str
        Sent as it is; must hold a contact, ``(+https://…)`` or an address.
    robots : bool
        Obey robots.txt (RFC 9309).
    max_redirects : int
    allow_private : bool
        Dial loopback, private and link-local addresses too.
    """

    timeout: Timeout = Field(default_factory=default("fetch.timeout"))
    max_bytes: Bytes = Field(default_factory=default("fetch.max_bytes"))
    per_site_delay: Seconds = Field(default_factory=default("fetch.per_site_delay"))
    concurrency: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default_factory=default("fetch.concurrency")
    )
    user_agent: str = Field(default_factory=default("fetch.user_agent"))
    robots: bool = Field(default_factory=default("fetch.robots"))
    max_redirects: Annotated[int, Field(ge=0, le=20)] = Field(
        default_factory=default("fetch.max_redirects")
    )
    allow_private: bool = Field(default_factory=default("fetch.allow_private"))

    @field_validator("user_agent")
    @classmethod
    def _has_contact(cls, value: str) -> str:
        # What a site's owner sees in the log must tell whom to ask; and a header is one line.
        if not (value.isascii() and value.isprintable()) or not re.search(r"https?://|@", value):
            raise Wrong("must be one line of ASCII with a contact, a URL or an address")
        return value


class Filter(Spec):
    """Which addresses a job keeps; applied on the worker, before anything is written.

    Attributes
    ----------
    email_type : str
        ``all``, or one of business, free, gmail, yahoo, role, personal.
    include_obfuscated : bool
        Keep addresses that the page hid from robots.
    """

    email_type: EmailType = "all"
    include_obfuscated: bool = False
