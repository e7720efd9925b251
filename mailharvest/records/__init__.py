"""Sightings of addresses: how they are written, deduplicated, counted, suppressed and exported."""

from __future__ import annotations

from mailharvest.records.export import export, read_csv
from mailharvest.records.frame import to_frame
from mailharvest.records.schema import SCHEMA, Sighting, read_parts, table, write_part
from mailharvest.records.suppress import Suppression, drop_suppressed, suppression
from mailharvest.records.unique import UniqueIndex

__all__ = [
    "SCHEMA",
    "Sighting",
    "Suppression",
    "UniqueIndex",
    "drop_suppressed",
    "export",
    "read_csv",
    "read_parts",
    "suppression",
    "table",
    "to_frame",
    "write_part",
]
