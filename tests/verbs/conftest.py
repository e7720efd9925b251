"""Ledgers on both databases, as the tests of the queue have them."""

from tests.queue.conftest import clock, place, postgres_server, postgres_url

__all__ = ["clock", "place", "postgres_server", "postgres_url"]
