"""Addresses and domains that must not be harvested: dropped before anything is written."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mailharvest.errors import SpecError
from mailharvest.extract import normalise

_COMMENT = re.compile(r"(?:^|\s)#")  # a # within a local part is part of it (RFC 5321)
_PLAIN = re.compile(r"[^\s@<>]+@[\w-]+(?:\.[\w-]+)+")
_SHA256 = re.compile(r"[0-9a-f]{64}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Suppression:
    """What must not be harvested.

    Attributes
    ----------
    addresses : frozenset of str
        Normalised.
    domains : frozenset of str
        Lower-case A-labels; their sub-domains are meant as well.
    hashes : frozenset of str
        SHA-256 of normalised addresses in lower-case hex, so that a list can name an address
        without holding it.
    """

    addresses: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()
    hashes: frozenset[str] = frozenset()

    def __or__(self, other: Suppression) -> Suppression:
        return Suppression(
            self.addresses | other.addresses,
            self.domains | other.domains,
            self.hashes | other.hashes,
        )

    def __contains__(self, email: object) -> bool:
        """Whether this normalised address is suppressed."""
        if not isinstance(email, str):
            return False
        return (
            email in self.addresses
            or self._domain(email.rpartition("@")[2])
            or (bool(self.hashes) and hashlib.sha256(email.encode()).hexdigest() in self.hashes)
        )

    def _domain(self, domain: str) -> bool:
        while domain:
            if domain in self.domains:
                return True
            domain = domain.partition(".")[2]
        return False

    @classmethod
    def parse(cls, lines: Iterable[str], *, file: str | None = None) -> Suppression:
        """From lines: an address, a domain, ``@domain`` or a SHA-256; ``#`` begins a comment.

        Raises
        ------
        SpecError
            A line is none of these. It is not passed over: somebody asked to be left alone.

        >>> "a@shop.x.example.com" in Suppression.parse(["@x.example.com  # all of it"])
        True
        """
        addresses, domains, hashes = set(), set(), set()
        for number, line in enumerate(lines, 1):
            entry = _COMMENT.split(line, maxsplit=1)[0].strip()
            if not entry:
                continue
            if _SHA256.fullmatch(entry):
                hashes.add(entry.lower())
            elif "@" in entry.lstrip("@") and (email := _key(entry)):
                addresses.add(email)
            elif email := _key("x@" + entry.removeprefix("@")):
                domains.add(email.removeprefix("x@"))
            else:
                raise SpecError(
                    "neither an address nor a domain nor a SHA-256",
                    field="suppress",
                    file=file,
                    line=number,
                    fix="write name@example.com, example.com or the hash, one a line",
                )
        return cls(frozenset(addresses), frozenset(domains), frozenset(hashes))


def _key(address: str) -> str | None:
    """As a record would have it, also where its domain is none of the public ones."""
    return normalise(address) or (address.lower() if _PLAIN.fullmatch(address) else None)


def suppression(paths: Sequence[str | Path]) -> Suppression:
    """What the lists in these files name, together; a file that changed is read again.

    Raises
    ------
    SpecError
        A file is missing, or a line of it cannot be read.
    """
    versions = []
    for path in paths:
        try:
            stat = Path(path).stat()
        except OSError as error:
            raise _unreadable(path, error.strerror) from None
        versions.append((str(path), stat.st_mtime_ns, stat.st_size))
    return _read(tuple(versions))


@lru_cache(maxsize=8)
def _read(versions: tuple[tuple[str, int, int], ...]) -> Suppression:
    found = Suppression()
    for path, _mtime, _size in versions:
        try:
            with Path(path).open(encoding="utf-8-sig") as lines:
                found |= Suppression.parse(lines, file=path)
        except (OSError, UnicodeDecodeError) as error:
            raise _unreadable(path, str(error)) from None
    return found


def _unreadable(path: str | Path, why: str | None) -> SpecError:
    return SpecError(
        f"the list {str(path)!r} cannot be read: {why}",
        field="suppress",
        fix="give the path of a UTF-8 text file, one address or domain a line",
    )


def drop_suppressed(records: pa.Table, suppressed: Suppression) -> pa.Table:
    """`records` without the rows whose address is suppressed."""
    if suppressed == Suppression() or not records.num_rows:
        return records
    emails = pc.dictionary_encode(records["email"].combine_chunks())
    keep = np.array([email not in suppressed for email in emails.dictionary.to_pylist()], bool)
    return records if keep.all() else records.filter(pa.array(keep[emails.indices]))
