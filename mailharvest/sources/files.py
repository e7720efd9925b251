"""Local files: which there are, and how they are cut into pieces that a chunk reads."""

from __future__ import annotations

import glob
import gzip
import itertools
import os
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

CHUNK = 8 * 2**20
"""Bytes of files that one chunk reads."""
FILES = 500
"""Files that one chunk reads at most."""
WHOLE = 64 * 2**20
"""Bytes of the longest document that is read in one piece, and of a .gz when it is unpacked."""

_MARKUP = frozenset((".html", ".htm", ".xhtml", ".shtml", ".xml"))
_OVERRUN = 64 * 1024
_WIDE = (b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff")


class BadFile(Exception):
    """A file cannot be read; the message says why."""


def paths(patterns: Iterable[str]) -> list[Path]:
    """The files that `patterns` name, in order; ``**`` goes into folders.

    Each is there once, under one of its names if links give it several.
    """
    names: dict[str, str] = {}
    for pattern in patterns:
        for name in sorted(_matches(Path(pattern))):
            names.setdefault(os.path.realpath(name), name)
    return [path for name in names.values() if (path := Path(name)).is_file()]


def _matches(pattern: Path) -> Iterator[str]:
    """Names that `pattern` matches. As glob has it, but for links, of which two that lead back up
    give it 2^40 paths: a folder is gone into once."""
    parts = pattern.parts
    if "**" not in parts:
        yield from glob.iglob(str(pattern))  # noqa: PTH207 (Path.glob takes no absolute one)
        return
    at = parts.index("**")
    rest = tuple(itertools.dropwhile("**".__eq__, parts[at:])) or ("*",)
    for top in glob.iglob(str(Path(*parts[:at]))):  # noqa: PTH207
        for folder in _folders(top):
            yield from _matches(Path(glob.escape(folder), *rest))


def _folders(top: str) -> Iterator[str]:
    """`top` and the folders below it, each once; hidden ones are passed over, as ``*`` does."""
    waiting, links = [top], list[str]()
    seen = set()
    while waiting or links:
        folder = (waiting or links).pop()  # links last, so that files go by their own names
        if (own := os.path.realpath(folder)) in seen:
            continue
        seen.add(own)
        yield folder
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.name.startswith("."):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    elif entry.is_symlink():
                        links.append(entry.path)
        except OSError:  # a link to a file, or not ours to list; glob says nothing of it either
            continue


def spans(patterns: Iterable[str], size: int = CHUNK) -> Iterator[dict[str, Any]]:
    """The data of ``read`` chunks for `patterns`: ``{"spans": [[path, start, end], ...]}``.

    Together they hold every byte of every file once. Small files share a chunk; a text longer than
    `size` is cut, anything else stays whole (`end` is None).
    """
    group: list[list[Any]] = []
    held = 0
    for path in paths(patterns):
        length = path.stat().st_size
        for span in _cut(path, length, size):
            weight = length if span[2] is None else span[2] - span[1]
            if group and (held + weight > size or len(group) >= FILES):
                yield {"spans": group}
                group, held = [], 0
            group.append(span)
            held += weight
    if group:
        yield {"spans": group}


def _cut(path: Path, length: int, size: int) -> Iterator[list[Any]]:
    name = path.absolute().as_posix()
    if length <= size or path.suffix.lower() in _MARKUP or path.suffix.lower() == ".gz":
        yield [name, 0, None]
        return
    with path.open("rb") as file:
        wide = file.read(4).startswith(_WIDE)
    if wide:  # every piece would need the mark, and newlines are not one byte
        yield [name, 0, None]
        return
    for start in range(0, length, size):
        yield [name, start, min(start + size, length)]


def read(path: str, start: int, end: int | None) -> bytes:
    """The bytes of one span, unpacked if it is a .gz; spans of a text meet at ends of lines.

    Raises
    ------
    BadFile
        It is not there, too long, or no gzip inside.
    """
    try:
        if path.lower().endswith(".gz"):
            with gzip.open(path, "rb") as packed:
                return _bounded(packed)
        with Path(path).open("rb") as file:
            if end is None:
                return _bounded(file)
            first, last = _boundary(file, start), _boundary(file, end)
            file.seek(first)
            return file.read(last - first)
    except (OSError, EOFError, zlib.error) as error:
        raise BadFile(
            getattr(error, "strerror", None) or f"it is no whole gzip file: {error}"
        ) from None


def is_markup(path: str) -> bool:
    """Whether `path` names HTML or XML rather than plain text."""
    return Path(path.lower().removesuffix(".gz")).suffix in _MARKUP


def _bounded(file: BinaryIO | gzip.GzipFile) -> bytes:
    data = file.read(WHOLE + 1)
    if len(data) > WHOLE:
        raise BadFile(f"longer than {WHOLE:,} bytes in one piece")
    return data


def _boundary(file: BinaryIO, offset: int) -> int:
    """Where the span that nominally begins at `offset` begins: after the end of a line.

    It depends on `offset` alone, so the end of one span is the start of the next. Where no line
    ends for a long while, after a blank; where there is none either, at the limit.
    """
    if offset == 0:
        return 0
    file.seek(offset - 1)
    window = file.read(_OVERRUN)
    for mark in (b"\n", b"\r", b" ", b"\t", b",", b";"):
        if (at := window.find(mark)) >= 0:
            return offset + at
        if len(window) < _OVERRUN:
            break  # this is the last line
    return offset - 1 + len(window)
