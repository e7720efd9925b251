"""The e-mail addresses that the web publishes, as a pandas DataFrame with the evidence for each."""

from __future__ import annotations

from mailharvest.queue.job import Job

__all__ = ["Job"]
