"""Lists that a job is given: written into it, or one entry a line in a text file."""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, ValidationInfo

from mailharvest.errors import SpecError
from mailharvest.given import a_path, show
from mailharvest.records.export import check_ending
from mailharvest.refusal import Wrong
from mailharvest.sources.urls import listed, shown
from mailharvest.spec import Spec

INLINE = 10_000
"""Entries of a list that stands in the job itself, which every chunk carries to its worker."""


class TextFile(Spec):
    """A text file (UTF-8) with an entry a line; empty lines and those that begin with ``#`` do not
    count.

    The job keeps its name and digest, not its lines. What is read later must be what was
    there when the job was made, or the same chunk would mean something else.

    Attributes
    ----------
    file : str
        Absolute.
    sha256 : str
    """

    file: str
    sha256: str

    def numbered(self) -> Iterator[tuple[int, str]]:
        """Each entry, with the number of its line before it.

        Raises
        ------
        SpecError
            The file is gone, is no UTF-8, or is another than when the job was made.
        """
        try:
            if _digest(self.file) != self.sha256:
                raise SpecError("has changed since the job was made", file=self.file)
            with Path(self.file).open(encoding="utf-8-sig") as lines:
                for number, line in enumerate(lines, 1):
                    if (entry := line.strip()) and not entry.startswith("#"):
                        yield number, entry
        except UnicodeDecodeError:
            raise SpecError(
                f"is not UTF-8 on line {_undecodable(self.file)}",
                file=self.file,
                fix="save it as UTF-8",
            ) from None
        except OSError as error:
            raise SpecError(
                f"cannot be read: {error.strerror}", file=self.file, fix="check its path"
            ) from None


def numbered(entries: tuple[str, ...] | TextFile) -> Iterator[tuple[int, str]]:
    """The entries of a list, with their place in it or in its file, 1-based."""
    return entries.numbered() if isinstance(entries, TextFile) else enumerate(entries, 1)


def _digest(path: str) -> str:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _undecodable(path: str) -> int:
    """The first line that is not UTF-8."""
    with Path(path).open("rb") as lines:
        clean = (line.decode("utf-8", "ignore").encode() == line for line in lines)
        return next((number for number, good in enumerate(clean, 1) if not good), 1)


def resolve(name: str | Path, info: ValidationInfo) -> Path:
    """`name` as an absolute path: from the folder of the job's file, else where we are."""
    folder = (info.context or {}).get("folder", Path())
    return Path(folder, Path(name).expanduser()).absolute()


def _column(value: Any) -> Any:
    """A column of a frame, or an array, as a list; anything else as it is."""
    return value.tolist() if hasattr(value, "tolist") else value


def _listed(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, TextFile | None):
        return value
    if isinstance(value, str | Path):
        value = {"file": str(value).removeprefix("file:").strip()}
    if isinstance(value, dict):
        return _text_file(value, info)
    value = _column(value)
    if not isinstance(value, list | tuple):
        raise Wrong(f"{show(value)} is no list")
    if not value:
        raise Wrong("the list is empty", fix="give at least one")
    if len(value) > INLINE:
        raise Wrong(
            f"{len(value):,} entries are too many to stand in a job (at most {INLINE:,})",
            fix="write them into a text file, one a line, and give its name",
        )
    for entry in value:
        if not isinstance(entry, str):
            raise Wrong(f"{show(entry)} is no text", fix=f'put it in quotes: "{entry}"')
        if not entry.strip():
            raise Wrong("an entry is empty", fix="leave it out")
    return tuple(dict.fromkeys(entry.strip() for entry in value))


def _text_file(value: dict[str, Any], info: ValidationInfo) -> TextFile:
    if value.keys() == {"file", "sha256"}:  # from a ledger: the file may be on another machine
        return TextFile(**value)
    if value.keys() != {"file"} or not isinstance(value["file"], str | Path) or not value["file"]:
        raise Wrong("is neither a list nor a file", fix="write a list, or {file: names.txt}")
    path = resolve(value["file"], info)
    try:
        found = TextFile(file=str(path), sha256=_digest(str(path)))
        entries = sum(1 for _ in found.numbered())  # all of it: nothing starts that cannot go on
    except OSError as error:
        raise Wrong(
            f"{str(path)!r} cannot be read: {error.strerror}",
            fix="give a list, or the path of a text file",
        ) from None
    except SpecError as error:
        raise Wrong(f"{str(path)!r} {error.message}", fix=error.fix) from None
    if not entries:
        raise Wrong(f"{str(path)!r} has no entries", fix="write one a line")
    return found


Listed = Annotated[tuple[str, ...] | TextFile, BeforeValidator(_listed)]
"""A list of texts, or ``{file: names.txt}``, or just its name."""


def _urls(value: Any, info: ValidationInfo) -> Any:
    return (value,) if isinstance(value, str) and "://" in value else _listed(value, info)


URLs = Annotated[tuple[str, ...] | TextFile, BeforeValidator(_urls)]
"""A list of URLs, one URL, or the name of a text file with one a line."""


def bad_urls(entries: tuple[str, ...] | TextFile) -> Iterator[tuple[int, str]]:
    """The entries that are no URL, the beginning of each, with their numbers."""
    return ((n, shown(text)) for n, text, url in listed(numbered(entries)) if url is None)


def check_urls(entries: tuple[str, ...] | TextFile) -> None:
    """Look whether there is anything to fetch.

    Raises
    ------
    SpecError
        No entry is a URL, or the file is a table: some of its lines may pass for URLs, others
        than were meant.
    """
    first = None
    for _, text, url in listed(numbered(entries)):
        if first is None and isinstance(entries, TextFile) and _is_table(entries, text, url):
            raise SpecError(
                f"{entries.file!r} is a table: it begins with {shown(text)[:60]!r}",
                field="urls",
                fix="write the column with the URLs into a text file, one URL a line",
            )
        if url is not None:
            return
        first = first or shown(text)[:60]
    raise SpecError(
        f"no entry is an http or https URL; the first is {first!r}",
        field="urls",
        fix="write https://www.example.com/, in a text file one URL a line",
    )


def _is_table(file: TextFile, text: str, url: str | None) -> bool:
    """By its first entry; a comma may stand in a URL."""
    named = Path(file.file).suffix.lower() in (".csv", ".tsv")
    return any(mark in text for mark in "\t,;") and (named or url is None)


def _written(value: Any, what: str) -> list[str]:
    """The paths of a list, or the one that stands for it, as they are written."""
    value = [value] if isinstance(value, str | Path) else _column(value)
    if not isinstance(value, list | tuple):
        raise Wrong(f"{show(value)} is no list of {what}")
    try:
        return [str(a_path(path, what)) for path in value]
    except SpecError as error:
        raise Wrong(error.message, fix=error.fix) from None


def _paths(value: Any, info: ValidationInfo) -> Any:
    return tuple(str(resolve(path, info)) for path in _written(value, "paths"))


Paths = Annotated[tuple[str, ...], BeforeValidator(_paths)]
"""Paths; what is relative is so to the job's file."""


def _globs(value: Any, info: ValidationInfo) -> Any:
    if not (patterns := _written(value, "patterns")):
        raise Wrong("the list is empty", fix="give at least one")
    folder = Path((info.context or {}).get("folder", Path())).absolute()
    return tuple(str(Path(glob.escape(str(folder)), Path(p).expanduser())) for p in patterns)


Globs = Annotated[tuple[str, ...], BeforeValidator(_globs)]
"""Patterns of files, with ``*`` and ``**``; what is relative is so to the job's file."""


def _outputs(value: Any) -> Any:
    names = _written(value, "file names")
    for name in names:
        try:
            check_ending(name)
        except SpecError as error:
            raise Wrong(error.message, fix=error.fix) from None
    found = ("-" if p == "-" else str(Path(p).expanduser().absolute()) for p in names)
    return tuple(dict.fromkeys(found))  # what is named twice is written once


Outputs = Annotated[tuple[str, ...], BeforeValidator(_outputs)]
"""Files to write; what is relative is so to where we are."""
