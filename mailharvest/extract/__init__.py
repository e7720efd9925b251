"""Bytes of a page to the addresses that it shows: pure functions, with a corpus as their test."""

from __future__ import annotations

from mailharvest.extract.address import Address, normalise
from mailharvest.extract.classify import Classification, classify
from mailharvest.extract.reader import extract
from mailharvest.extract.title import page_title

__all__ = ["Address", "Classification", "classify", "extract", "normalise", "page_title"]
