"""Where on a page an address could be: the literals that the gate looks for, as tables.

A trigger's literals end in a rare byte wherever that can be had (``CharCode(``, not
``fromCharCode``): the matcher looks at the last bytes first, and common letters there cost it
half of its speed.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from mailharvest.extract import languages

Events = Sequence[int]
"""Events, in order: an offset times 64, plus the trigger's number. The offset is that at which the
match ends, the last byte of `after` left out: mostly that behind the literal. A page may be nothing
but events, and an array of whole numbers is the smallest thing to keep them in."""
Scan = Callable[[bytes], tuple[Events, Events]]
"""From bytes to the events of `TRIGGERS` and, if there are any, those of `MARKS`."""

PLACE = 6
"""Bits of an event below its offset."""
NUMBER = (1 << PLACE) - 1
"""The bits that are the number of its trigger, whose kind is in `KINDS`."""


_MANY = 2000


def ordered(events: array[int]) -> Events:
    """`events` in order; many of them in place, where they take eight bytes each."""
    if len(events) < _MANY:
        return sorted(events)
    np.frombuffer(events, dtype=np.int64).sort()
    return events


class Trigger(NamedTuple):
    """Bytes that may belong to an address.

    Attributes
    ----------
    kind : str
        What reads the place; see `page`.
    literals : tuple of bytes
        Any of these.
    before, after : bytes
        What must stand next to it: regular expressions, `before` for one byte.
    caseless : bool
        ASCII letters match in either case; the literals are lower case then.
    reach : int
        Bytes that `after` takes at most. What it matches ends at one place only.
    """

    kind: str
    literals: tuple[bytes, ...]
    before: bytes = b""
    after: bytes = b""
    caseless: bool = False
    reach: int = 4


def _closed(words: tuple[str, ...], closers: str) -> tuple[bytes, ...]:
    """`words` with a closing bracket behind, and with a space between."""
    return tuple(
        (word + space + closer).encode()
        for word in words
        for space in ("", " ")
        for closer in closers
    )


_AT_ABROAD = tuple(w for lang, words in languages.AT.items() if lang != "en" for w in words)
_AT_ASCII = tuple(word for word in _AT_ABROAD if word.isascii())
# The matcher knows no cases but those of ASCII.
_AT_OTHER = tuple(
    dict.fromkeys(
        form for word in _AT_ABROAD if not word.isascii() for form in (word, word.upper())
    )
)
_UNAMBIGUOUS = tuple(sorted(languages.UNAMBIGUOUS))

_LEFT = rb"[A-Za-z0-9_.+'~$&%;>}\x80-\xff-]"

# No local part ends with these; in a script an encoded sign may begin a string.
_LEFT_ENCODED = rb"[^ \t\r\n\f,:!?()\[{<=/|`@#*]"

# The sign in a style sheet, which puts it on the page.
_INSERTED = (
    Trigger(
        "inserted",
        (
            b'"@"',
            b"'@'",
            rb"\0040",
            rb'\40"',
            rb"\40'",
            b'content:"@',
            b'content: "@',
            b"content:'@",
            b"content: '@",
        ),
    ),
    Trigger("inserted", (b') "@', b") '@", b')"@', b")'@"), b"", b"[\"']"),
)

TRIGGERS = (
    # What a browser shows as "@"; but not "@2x.png" and "@1.2", of which a page may have a hundred.
    Trigger(
        "at",
        (b"@",),
        _LEFT,
        rb"(?:[A-Za-z<&%\\({\[\x80-\xff]|[0-9](?:[^.x]|x(?:[^.]|\.[^agjpsw])|\.[^0-9]))",
    ),
    Trigger(
        "at", tuple(b"&#%b64" % (b"0" * zeros) for zeros in range(6)), _LEFT_ENCODED, rb"[^0-9]"
    ),
    Trigger("at", (b"&#x40", b"&#x040", b"&#x0040", b"&#x00040"), b"", rb"[^0-9A-Fa-f]", True),
    Trigger("at", (b"&#65312;", b"&#xff20;"), b"", b"", True),
    Trigger("at", (b"&commat;", "＠".encode(), "﹫".encode())),
    # A page within the page: what it holds may be escaped twice.
    Trigger("srcdoc", (b"srcdoc=",), b"", b"", True),
    # A link, which is read as a whole.
    Trigger("link", (b"mailto:",), rb"[\"']", b"", True),
    # "@" in a mailto: URL, also with its digits as entities (docutils writes these).
    Trigger("percent", (b"%40", b"&#52;&#48;")),
    # "@" in a string of JSON or JavaScript.
    Trigger("escape", (rb"\u0040", rb"\x40")),
    # Strings that a script puts together or decodes.
    Trigger("script", (b"@",), rb"[A-Za-z0-9_.+\"'-]", rb"[\"']"),
    Trigger("script", (b"}@${",)),
    Trigger("script", (b'+"@', b"+'@", b'+ "@', b"+ '@"), b"", rb"[A-Za-z0-9]"),
    Trigger(
        "script",
        (
            b"CharCode(",
            b"CharCode)",
            b"CharCode.apply(",
            b"CodeAt(j)-48",
            b"enkoder()",
            b"atob(",
            b"verse()",
            b"escape(",
            b"Component(",
            rb"\100",
        ),
    ),
    Trigger(
        "script",
        tuple(
            b"%b(%b" % (name, quote)
            for name in (b"mail", b"mailto", b"mble")
            for quote in (b"'", b'"', b"&#39;", b"&quot;")
        ),
        b"",
        b"",
        True,
    ),
    # Cloaks that have a name.
    Trigger("cloudflare", (b"cfemail=", b"rotection#")),
    Trigger("typo3", (b"UnCryptMailto(", b"mailto-token=")),
    Trigger("cryptx", (b"DeCryptX(",)),
    Trigger("rot13", (b"znvygb:",)),
    Trigger("hidden-mail", (b"-email=", b"-mail-to=", b"-rot13=")),
    Trigger("halves", (b"-domain=", b"-host=", b"data-at=")),
    Trigger("reversed", (b"bidi:", b"<bdo ")),
    *_INSERTED,
    Trigger(
        "image",
        (
            b'alt="@"',
            b"alt='@'",
            b'alt="at"',
            b"alt='at'",
            b'alt="[at]"',
            b'alt="(at)"',
            b"alt='[at]'",
            b"alt='(at)'",
        ),
    ),
    Trigger(
        "icon",
        (b"fa-at", b"bi-at", b"icon-at", b"mdi-at", b"ti-at", b"la-at", b"uil-at"),
        b"",
        rb"[\s\"']",
    ),
    # Words for "@" in brackets, and for "." where "at" stands bare.
    Trigger("word", _closed(("at",), languages.CLOSE), rb"[^A-Za-z]", b"", True),
    Trigger(
        "word",
        (
            b"at&gt;",
            b"at &gt;",
            b"at&#41;",
            b"at&#93;",
            b"at&#x29;",
            b"at&#x5d;",
            b"at&rpar;",
            b"at&rsqb;",
            b"at&rbrack;",
            b"*at*",
        ),
        rb"[^A-Za-z]",
        b"",
        True,
    ),
    Trigger("word", (b"uml;t]", b"uml;t)"), b"", b"", True),
    # What stands before so many words is left to who reads them: to compile it took 80 ms.
    Trigger("word", _closed(_AT_ASCII, "])}）］】"), b"", b"", True),
    Trigger("word", _closed(_AT_OTHER, "])}）］】"), b"", b"", True),
    Trigger(
        "word",
        (b"@]", b"@)", b"@}", b"@ ]", b"@ )", b" (a) ", b"_at_", b" -at- "),
        b"",
        b"",
        True,
    ),
    Trigger("word", (b"(a)",), rb"[A-Za-z0-9]", rb"[A-Za-z0-9]"),
    Trigger(
        "bare", tuple(b" at %b." % w.encode() for w in languages.FREE_MAIL_WORDS), b"", b"", True
    ),
    Trigger("bare", (b" dot ", b"dot]", b"dot)", b"dot}", b"-dot-", b"_dot_"), b"", b"", True),
    Trigger("bare", (b" AT ",)),
    # As archives of lists write it: "jane () example ! org".
    Trigger("spaced", (b" () ",), rb"[A-Za-z0-9_-]", rb"[A-Za-z0-9-]{1,30} !", reach=32),
    # Only behind a label, which is looked for where a host name follows.
    Trigger(
        "labelled",
        (b" at ", b" @ ", " ät ".encode(), b" &auml;t "),
        rb"[A-Za-z0-9_-]",
        rb"[A-Za-z0-9-]{1,30}\.[A-Za-z]",
        reach=32,
    ),
    Trigger("bare", tuple(f" {w} ".encode() for w in _UNAMBIGUOUS), b"", b"", True),
)


_END = rb"[\s>/]"
MARKS = (
    # Where parts that are no text begin and end: of no interest but on a page with a candidate.
    # In the same scan they cost a sixth more, as a second scan they would cost as much again.
    Trigger("comment", (b"<!--",)),
    Trigger("script", (b"<script",), b"", _END, True),
    Trigger("/script", (b"</script",), b"", _END, True),
    Trigger("style", (b"<style",), b"", _END, True),
    Trigger("/style", (b"</style",), b"", _END, True),
    Trigger("template", (b"<template",), b"", _END, True),
    Trigger("/template", (b"</template",), b"", _END, True),
    Trigger("hidden", (b"display:none", b"display: none", b"display : none"), b"", b"", True),
    Trigger("hidden", (b"hidden",), rb"[\s\"']", rb"[\s=>/]", True),
    *_INSERTED,
)


KINDS = [trigger.kind for trigger in TRIGGERS + MARKS]
