"""Asking a search provider, and what its refusals mean."""

from __future__ import annotations

import json
from collections.abc import Mapping
from time import time
from typing import Any

from mailharvest.errors import BadKey, ProviderDown, RateLimited, SpecError
from mailharvest.spec import Env
from mailharvest.web import FetchError, Reply, Web
from mailharvest.web.pace import retry_after


async def ask(
    web: Web,
    provider: str,
    url: str,
    *,
    timeout: float,
    headers: Mapping[str, str] | None = None,
    body: Any = None,
) -> Reply:
    """One call to `provider`; a POST when there is a JSON `body`.

    Raises
    ------
    ProviderDown
        No answer, or a 5xx: worth another try.
    RateLimited
        A 429.
    """
    sent = {"Accept": "application/json", **(headers or {})}
    data = None
    if body is not None:
        sent["Content-Type"] = "application/json"
        data = json.dumps(body).encode()
    try:
        reply = await web.call(url, headers=sent, timeout=timeout, body=data)
    except FetchError as error:
        raise ProviderDown(f"{provider}: {error.message}") from None
    if reply.status == 429:
        wait = retry_after(reply.headers.get("Retry-After"), time())
        raise RateLimited(f"{provider} asks to slow down", wait)
    if reply.status >= 500 or reply.truncated:
        raise ProviderDown(f"{provider} answered {reply.status}")
    return reply


def payload(provider: str, reply: Reply) -> dict[str, Any]:
    """The JSON object in `reply`.

    Raises
    ------
    ProviderDown
        It is none.
    """
    try:
        value = json.loads(reply.body)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise ProviderDown(f"{provider} answered {reply.status} with what is no JSON object")
    return value


def message(reply: Reply) -> str:
    """What a refusal says of itself: one bounded line, printable."""
    try:
        value = json.loads(reply.body)
        text = value.get("message", "") if isinstance(value, dict) else ""
    except (ValueError, RecursionError):
        text = ""
    line = "".join(c if c.isprintable() else " " for c in str(text)[:400])
    return " ".join(line.split())[:160]


def value_of(key: Env) -> str:
    """The API key, read from this process's environment; never to be shown.

    Raises
    ------
    BadKey
        The variable is not set here.
    """
    try:
        return key.resolve()
    except SpecError as error:
        raise BadKey(str(error)) from None
