"""Sightings to test with."""

from __future__ import annotations

from typing import Any

from mailharvest.records import Sighting


def sighting(email: str, **changes: Any) -> Sighting:
    """One of `email`, on a page of its domain."""
    domain = email.rpartition("@")[2]
    return Sighting(
        email=email,
        as_found=email,
        domain=domain,
        email_type="business",
        role="info",
        source_url=f"https://{domain}/contact",
        source_kind="page",
        method="mailto",
        obfuscated=False,
        confidence=0.95,
        title="Contact",
        query="agents",
        rank=1,
        found_at=1_790_000_000_000_000,
        job_id="j1",
    )._replace(**changes)
