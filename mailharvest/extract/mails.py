"""What a mail holds: the headers that people read, and its parts, each decoded.

The standard library reads the headers of a part. It does not take the mail apart: it calls itself
for every level and compares each line with the boundaries of all of them.
"""

from __future__ import annotations

import binascii
import quopri
import re
from email.message import Message
from typing import NamedTuple

_DEPTH = 8
_PARTS = 1000
_MAX_VALUE = 1000
_PEOPLE = re.compile(
    rb"^(?:From|To|Cc|Bcc|Reply-To|Sender|Mail-Followup-To|List-Post|Subject)\s*:[^\n]*",
    re.IGNORECASE | re.MULTILINE,
)
_TYPE = re.compile(rb"^Content-Type\s{0,9}:([^\n]{0,%d})" % _MAX_VALUE, re.I | re.M)
_ENCODING = re.compile(rb"^Content-Transfer-Encoding\s{0,9}:[ \t]{0,9}([\w-]{1,30})", re.I | re.M)
_ENVELOPE = re.compile(rb"(?:\A|\n\n)From [^\n]{0,300}\d{4}\n")  # between the mails of an mbox
_NO_BASE64 = bytes(b for b in range(256) if not (chr(b).isalnum() and b < 128) and b not in b"+/")
_WORD = re.compile(rb"=\?([\w.:-]{1,40})\?([bBqQ])\?([^?\s]{0,400})\?=(?:[ \t]{1,9}(?==\?))?")
_MESSAGES = frozenset(("message/rfc822", "message/global", "message/news", "text/rfc822-headers"))


class Part(NamedTuple):
    """A document within a document, and what it says it is."""

    content_type: str
    data: bytes


class _Piece(NamedTuple):
    """What is still to be taken apart; a message has headers that people read, a part has none."""

    source: bytes
    is_message: bool
    depth: int


def opened(data: bytes) -> tuple[bytes, list[Part]]:
    """The headers of a mail that people read, and its parts that are text.

    >>> opened(b"To: a@example.com\\nMessage-ID: <x@example.com>\\n\\nHello")
    (b'To: a@example.com\\n', [Part(content_type='text/plain', data=b'Hello')])
    """
    people = bytearray()
    parts: list[Part] = []
    messages = _ENVELOPE.split(data.replace(b"\r\n", b"\n"), _PARTS)
    waiting = [_Piece(message, True, 0) for message in reversed(messages) if message]
    for _ in range(2 * _PARTS):
        if not waiting:
            break
        piece = waiting.pop()
        head, body = _halves(piece.source)
        if piece.is_message:
            for header in _PEOPLE.finditer(head):
                people += _WORD.sub(_word, header[0]) + b"\n"
        kind, boundary, charset = _type(head)
        if kind.startswith("multipart/") and boundary and piece.depth < _DEPTH:
            digest = kind == "multipart/digest"
            pieces = [_piece(s, digest, piece.depth + 1) for s in _split(body, boundary)]
            waiting += reversed(pieces)
            if pieces:
                continue
        body = _decoded(body, head)
        if kind in _MESSAGES and piece.depth < _DEPTH:
            waiting.append(_Piece(body, True, piece.depth + 1))
        elif kind.startswith("text/"):
            parts.append(Part(f"{kind}; charset={charset}" if charset else kind, body))
        elif kind.startswith(("multipart/", "message/")):
            parts.append(Part("text/plain", body))
    return bytes(people), parts


def _piece(source: bytes, digest: bool, depth: int) -> _Piece:
    """A part; without headers it is a message in a digest, else plain text."""
    if digest and source.startswith(b"\n"):
        return _Piece(source[1:], True, depth)
    return _Piece(source, False, depth)


def _halves(source: bytes) -> tuple[bytes, bytes]:
    """The headers, each in one line, and the body."""
    if source.startswith(b"\n"):
        return b"", source[1:]
    head, _, body = source.partition(b"\n\n")
    return head.replace(b"\n ", b" ").replace(b"\n\t", b" "), body


def _type(head: bytes) -> tuple[str, str | None, str | None]:
    """What a part says it is, its boundary and its charset."""
    found = _TYPE.search(head)
    if found is None:
        return "text/plain", None, None
    message = Message()
    message["Content-Type"] = found[1].replace(b"\0", b"").decode("latin-1").strip()
    return message.get_content_type(), message.get_boundary(), message.get_content_charset()


def _split(body: bytes, boundary: str) -> list[bytes]:
    """What stands between the lines with `boundary`.

    >>> _split(b"preamble\\n--x\\none\\n--xy\\n--x \\ntwo\\n--x--\\nend", "x")
    [b'one\\n--xy', b'two']
    """
    mark = b"\n--" + boundary.encode("latin-1", "replace")
    found: list[bytearray] = []
    for piece in (b"\n" + body).split(mark, _PARTS)[1:]:
        line, _, source = piece.partition(b"\n")
        if line.startswith(b"--"):
            break
        if not line.strip():
            found.append(bytearray(source))
        elif found:  # the line only begins with it
            found[-1] += mark + piece
    return [bytes(source) for source in found]


def _decoded(body: bytes, head: bytes) -> bytes:
    found = _ENCODING.search(head)
    encoding = found[1].lower() if found else b""
    if encoding == b"quoted-printable":
        return quopri.decodestring(body)
    return _unbase64(body) if encoding == b"base64" else body


def _unbase64(data: bytes) -> bytes:
    digits = data.partition(b"=")[0].translate(None, _NO_BASE64)  # a list adds its footer
    over = len(digits) % 4
    digits = digits[:-1] if over == 1 else digits + b"=" * (-over % 4)
    return binascii.a2b_base64(digits)


def _word(word: re.Match[bytes]) -> bytes:
    """An encoded word of a header (RFC 2047) as UTF-8.

    >>> _WORD.sub(_word, b"=?utf-8?q?=C3=BC_?= =?latin-1?B?/A?= =?x?q?a?=").decode()
    'ü ü=?x?q?a?='
    """
    value = _unbase64(word[3]) if word[2] in b"bB" else quopri.decodestring(word[3], header=True)
    try:
        text = value.decode(word[1].decode("latin-1"), "replace")
    except (LookupError, ValueError):  # no charset that there is
        return word[0]
    return text.encode("utf-8", "replace").translate(None, b"\r\n")
