"""What people look at: every display draws the same `Snapshot`."""

from __future__ import annotations
