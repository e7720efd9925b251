"""A YAML file to plain values, and where each of them stands.

YAML as its version 1.2 has it: ``no`` is Norway, not false, and ``1:30`` is no number. Tags,
anchors and keys that come twice are refused: a job needs none of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from mailharvest.errors import SpecError

MAX_BYTES = 4_000_000
"""Bytes of a job's file; what is longer belongs into text files of its own."""

_TAG = "tag:yaml.org,2002:"


class _Loader(yaml.SafeLoader):
    """Reads tags, but only those of YAML's core schema."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 (PyYAML's way)

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise yaml.MarkedYAMLError(
                problem="anchors and aliases are not read", problem_mark=event.start_mark
            )
        return super().compose_node(parent, index)


for _kind, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9][0-9_]*", list("-+0123456789")),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", list("-+.0123456789")),
):
    _Loader.add_implicit_resolver(_TAG + _kind, re.compile(f"(?:{_pattern})\\Z"), _first)

_SCALARS: dict[str, Callable[[str], Any]] = {
    "null": lambda _: None,
    "bool": lambda text: text.lower() == "true",
    "int": int,
    "float": float,
    "str": str,
}


@dataclass(frozen=True, slots=True)
class Document:
    """What a YAML file says.

    Attributes
    ----------
    file : str
    values : dict
    lines : dict
        Line of each key, by the path to it; 1-based.
    """

    file: str
    values: dict[str, Any]
    lines: dict[tuple[str | int, ...], int]

    def line_of(self, path: tuple[str | int, ...]) -> int:
        """The line of `path`, or of the nearest thing around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def place(self, error: SpecError) -> SpecError:
        """`error`, with this file and the line of its field."""
        path = tuple((error.field or "").split("."))
        return SpecError(
            error.message,
            field=error.field,
            file=self.file,
            line=self.line_of(path),
            fix=error.fix,
        )


def read(path: str | Path) -> Document:
    """The mapping that the YAML file `path` holds.

    Raises
    ------
    SpecError
        There is no such file, it is no YAML, or none that a job may be written in.
    """
    file = str(path)
    try:
        with Path(path).open("rb") as opened:
            data = opened.read(MAX_BYTES + 1)
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise SpecError(
            f"cannot be read: {error.strerror}", file=file, fix="check the path of the job"
        ) from None
    except UnicodeDecodeError:
        raise SpecError("is not UTF-8", file=file, fix="save it as UTF-8") from None
    if len(data) > MAX_BYTES:
        raise SpecError(
            f"is longer than {MAX_BYTES:,} bytes",
            file=file,
            fix="put long lists into text files: {file: names.txt}",
        )
    try:
        root = yaml.compose(text, Loader=_Loader)
        lines: dict[tuple[str | int, ...], int] = {}
        values = None if root is None else _value(root, (), lines, file)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else None
        problem = error.problem or error.context
        raise SpecError(f"is no YAML: {problem}", file=file, line=line, fix=_FIX) from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        why = "nested too deep" if isinstance(error, RecursionError) else str(error).split("\n")[0]
        raise SpecError(f"is no YAML: {why}", file=file, fix=_FIX) from None
    if not isinstance(values, dict):
        raise SpecError("holds no job", file=file, line=1, fix='begin with query: "…"')
    return Document(file, values, lines)


_FIX = "write keys and values as in the reference of job.yaml"


def _value(
    node: yaml.Node, path: tuple[str | int, ...], lines: dict[tuple[str | int, ...], int], file: str
) -> Any:
    kind = node.tag.removeprefix(_TAG)
    if isinstance(node, yaml.MappingNode) and kind == "map":
        values: dict[str, Any] = {}
        for key, value in node.value:
            name = _key(key, file)
            if name in values:
                raise SpecError(
                    f"comes twice; first on line {lines[*path, name]}",
                    field=".".join(str(part) for part in (*path, name)),
                    file=file,
                    line=key.start_mark.line + 1,
                    fix="leave one of them out",
                )
            lines[*path, name] = key.start_mark.line + 1
            values[name] = _value(value, (*path, name), lines, file)
        return values
    if isinstance(node, yaml.SequenceNode) and kind == "seq":
        for place, entry in enumerate(node.value):
            lines[*path, place] = entry.start_mark.line + 1
        return [_value(entry, (*path, i), lines, file) for i, entry in enumerate(node.value)]
    if isinstance(node, yaml.ScalarNode) and kind in _SCALARS:
        return _SCALARS[kind](node.value)
    raise SpecError(
        f"the tag {node.tag[:80]!r} is not read",
        file=file,
        line=node.start_mark.line + 1,
        fix="write plain text, numbers, lists and mappings",
    )


def _key(node: yaml.Node, file: str) -> str:
    if isinstance(node, yaml.ScalarNode) and node.tag.startswith(_TAG):
        return str(node.value)
    raise SpecError(
        "a key must be a plain word",
        file=file,
        line=node.start_mark.line + 1,
        fix='values in braces need quotes: query: "bakers in {city}"',
    )
