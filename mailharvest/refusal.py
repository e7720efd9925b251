"""What pydantic found wrong, as one line that names the field and the fix."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from typing import Any, Self, get_args

from pydantic import BaseModel, ValidationError

from mailharvest.errors import SpecError
from mailharvest.given import show

Path = tuple[str | int, ...]

SHOWN = 5
"""Mistakes that one message names; more of them are counted."""

EXAMPLES = {
    "query": 'query: "real estate agents {city}"',
    "queries": "queries: [bakers in Cairo, bakers in Giza]",
    "urls": "urls: urls.txt, or a list of URLs",
    "files": 'files: ["pages/**/*.html"]',
    "expand": "expand: {city: [Cairo, Giza]}, or {city: {file: cities.txt}}",
    "max_emails": "max_emails: 10000, or none for all there are",
    "country": "country: eg",
    "language": "language: ar",
    "search": "search: {provider: simweb}",
    "search.rate": "rate: 10/s",
    "search.results_per_page": "results_per_page: 10",
    "search.base_url": "base_url: https://search.example.org",
    "search.api_key": "api_key: env:SERPER_API_KEY",
    "deep_scrape": "deep_scrape: true, false or {threshold: 2}",
    "slots": "slots: auto, or a number",
    "fetch": "fetch: {timeout: 20s}",
    "fetch.timeout": "timeout: 20s",
    "fetch.max_bytes": "max_bytes: 5MB",
    "fetch.per_site_delay": "per_site_delay: 1s",
    "fetch.user_agent": 'user_agent: "my-bot (+https://example.org/contact)"',
    "suppress": "suppress: [suppressed.txt]",
    "tries": "tries: 3",
    "timeout": "timeout: 10m",
    "priority": "priority: 5",
    "queue": "queue: default",
    "backoff": "backoff: {delay: 1s}, or a list of seconds",
    "output": "output: [leads.csv, leads.parquet]",
}
"""How each field is written, for the fix of a mistake that suggests no better one."""


_SAID = {
    "bool_parsing": "is neither true nor false",
    "bool_type": "is neither true nor false",
    "float_type": "is no number",
    "int_from_float": "is no whole number",
    "int_parsing": "is no whole number",
    "int_type": "is no whole number",
    "dict_type": "is no mapping",
    "model_type": "is no mapping",
    "string_pattern_mismatch": "is not how it is written",
    "string_too_short": "is empty",
    "string_type": "is no text",
    "tuple_type": "is no list",
}
"""What pydantic's kinds of mistake are called here."""


class Wrong(ValueError):
    """A value is refused; raised in validators.

    Parameters
    ----------
    message : str
    fix : str, optional
        What to write instead.
    field : str, optional
        The field that it is about, when a validator sees more than one.
    """

    def __init__(self, message: str, *, fix: str | None = None, field: str | None = None) -> None:
        super().__init__(message)
        self.fix, self.field = fix, field


class Checked(BaseModel):
    """A model whose constructor refuses with a SpecError, not with pydantic's own error."""

    # Not in __init__, whose signature is shown to who completes a call in a notebook.
    def __new__(cls, *values: Any, **_: Any) -> Self:
        if values:  # not repeated: one may be a secret
            above = getattr(cls.__base__, "model_fields", {})
            name = next(
                iter([*(n for n in cls.model_fields if n not in above), *cls.model_fields]), "field"
            )
            said = f"{cls.__name__} is given its fields by name"
            raise SpecError(said, fix=f"write {cls.__name__}({name}=…)")
        return super().__new__(cls)

    def __init__(self, /, **fields: Any) -> None:
        try:
            super().__init__(**fields)
        except ValidationError as error:
            raise refusal(error, type(self)) from None

    # Only for who calls it: a model within a model is validated without it, and so keeps its path.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]


def refusal(
    error: ValidationError,
    model: type[BaseModel],
    *,
    file: str | None = None,
    line_of: Callable[[Path], int] | None = None,
) -> SpecError:
    """All that `error` found, as one error: the first mistake in full, the others after it."""
    mistakes = []
    for detail in error.errors(include_url=False):
        path, message, fix = _mistake(dict(detail), model)
        mistakes.append((line_of(path) if line_of else 0, _dotted(path), message, fix))
    (line, field, message, fix), *others = sorted(mistakes, key=lambda mistake: mistake[0])
    also = [
        f"line {at}: {name}: {said}" if at else f"{name}: {said}" for at, name, said, _ in others
    ]
    if len(also) > SHOWN:
        also[SHOWN:] = [f"and {len(also) - SHOWN} more"]
    return SpecError(
        message,
        field=field or None,
        file=file,
        line=line or None,
        fix="; also ".join([fix, *also]),
    )


def _mistake(detail: dict[str, Any], model: type[BaseModel]) -> tuple[Path, str, str]:
    """Where it is, what it is, and what mends it."""
    path: Path = detail["loc"]
    kind, context = detail["type"], detail.get("ctx", {})
    # In a job of a person's own any value may be a secret: it is not repeated.
    own = bool(model.model_config.get("hide_input_in_errors"))
    fix = EXAMPLES.get(_dotted(path), "see the reference of job.yaml")
    if own:
        fix = f"write {model.__name__}({_dotted(path[:1])}=…)" if path else f"see {model.__name__}"
    if kind == "extra_forbidden" and own and len(path) > 1:
        return path, "unknown key", fix
    if kind == "extra_forbidden":
        return path, "unknown key", nearest(str(path[-1]), _owner(path, model).model_fields)
    if kind == "missing":
        return path, "is missing", fix
    if kind == "literal_error":
        choices = [word.strip("'") for word in re.split(", | or ", context["expected"])]
        if own:
            return path, "is unknown", nearest("", choices)
        return path, f"{show(detail['input'])} is unknown", nearest(detail["input"], choices)
    wrong = context.get("error")
    if isinstance(wrong, Wrong):
        if wrong.field:
            path = tuple(wrong.field.split("."))
        return path, str(wrong), wrong.fix or fix
    if wrong:
        return path, str(wrong), fix
    said = _SAID.get(kind) or detail["msg"].replace("Input should", "must")
    if own or path[-1:] == ("api_key",):  # it may be a real one
        return path, said, fix
    return path, f"{show(detail['input'])} {said}", fix


def nearest(word: Any, known: Iterable[str]) -> str:
    """What somebody who wrote `word` may have meant, else all there is."""
    near = difflib.get_close_matches(str(word).lower(), known := list(known), 1)
    return f"did you mean {near[0]}?" if near else f"write one of {', '.join(known)}"


def _owner(path: Path, model: type[BaseModel]) -> type[BaseModel]:
    """The part of the job that holds the last key of `path`."""
    for part in path[:-1]:
        annotation = model.model_fields[str(part)].annotation
        members = (annotation, *get_args(annotation))
        model = next(m for m in members if isinstance(m, type) and issubclass(m, BaseModel))
    return model


def _dotted(path: Path) -> str:
    return "".join(f"[{p + 1}]" if isinstance(p, int) else f".{p}" for p in path).lstrip(".")
