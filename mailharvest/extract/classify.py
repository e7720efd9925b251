"""What an address is, apart from where it was found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Classification:
    """What an address is.

    Attributes
    ----------
    email_type : str
        ``free`` at a provider that anybody may use, else ``business``.
    provider : str or None
        ``gmail``, ``yahoo``, … when it is free.
    role : str or None
        ``info``, ``sales``, … when the local part names a function and not a person.
    placeholder : bool
        An address that stands for one in documentation and forms: ``you@example.com``.
    own_domain : bool
        Same registrable domain as the page it was found on.
    """

    email_type: str
    provider: str | None
    role: str | None
    placeholder: bool
    own_domain: bool


def classify(email: str, *, url: str | None = None) -> Classification:
    """Say what `email` is; `url` is the page it was found on."""
    local, _, domain = email.lower().rpartition("@")
    provider = {"gmail.com": "gmail", "googlemail.com": "gmail", "yahoo.com": "yahoo"}.get(domain)
    role = local if local in ("info", "sales", "support", "contact", "office") else None
    host = (url or "").partition("://")[2].partition("/")[0].partition(":")[0].lower()
    return Classification(
        email_type="free" if provider else "business",
        provider=provider,
        role=role,
        placeholder=domain in ("example.com", "example.org", "example.net"),
        own_domain=bool(host) and (host == domain or host.endswith("." + domain)),
    )
