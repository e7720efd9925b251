"""Linear time on any input: hostile shapes of doubling size, and hard bounds for the worst."""

from __future__ import annotations

import gc
import statistics
import time

import pytest

from mailharvest.extract import extract

HOSTILE = {
    "dots": "x.a" + ".a" * 100,
    "signs": "@a",
    "many signs": "a@" * 10,
    "hyphens": "a@a-",
    "almost": "a@b.c",
    "real": "a@b.com ",
    "joined": "a@b.com",
    "glued": "a@b.comX",
    "tags": "<b>a</b>@b.com",
    "open tags": "<a@b.com ",
    "attributes": '<a x="@b.com ',
    "quotes": "<a x='\"@b.com",
    "one tag": ' x="a@b.com"',
    "comments": "<!-- a@b.com ",
    "scripts": "<script>'a'+'@'+",
    "styles": "<style>.a{display:none} a@b.com",
    "hidden": '<div style="display:none">a@b.com',
    "hidden closed": "<p hidden></p><i hidden>a@b.com</i>",
    "nested": "<div hidden><div>",
    "entities": "a&#64;b&#46;com",
    "ampersands": "&&#64;&&",
    "percent": '<a href="mailto:%40%40%40',
    "words": "a [at] b [dot] c ",
    "at words": "[at]",
    "dot words": " dot ",
    "bare": "a at b dot com ",
    "plus": "'a'+",
    "parentheses": "<script>x='@'((((",
    "brackets": "[[[[@a.com",
    "backslashes": '\\"@"',
    "escapes": "\\u0040",
    "cfemail": 'data-cfemail="00"',
    "base64": "atob('",
    "urls": "https://a.com/",
    "spaces": " " * 10 + "@",
    "bytes": "\u00e9@\u00e9.com",
    "invisible": "a\u200b@\u200bb.com",
    "comments between": "<!---->a@b",
    "tags that turn": "<bdo ",
    "reversed": '<bdo dir="rtl">moc.b@a',
    "halves": '<a data-user="mail" data-domain="b.com" ',
    "icons": 'a<i class="fa-at"></i>b.com',
    "open icons": '<i class="fa-at" ',
    "labels": "mail: a at b.com ",
    "hosts": "a at b.com",
    "sets": "{a,b,c}@d.com",
    "open sets": "{a,{b,",
    "run on": "a@b.comwww.",
    "masks": "a••@b.com",
    "ligatures": '<i class="material-icons">a</i>',
    "hidden inside": "<style>.e b{display:none}</style><p class=e><b>x</b>a@b.com",
    "hidden inside, open": '<p class="e"><b>',
    "writes": "document.write('a@b.com');",
    "objects": "x={a:'@',b:'c.com'};",
    "lists": "x=['a','@','b.com'];x.join('');",
    "templates": "x=`a${y}@${z}`;",
    "calls": "mail('a','b.com');",
    "swaps": "'a'.replace('a','b@c.com')",
    "codes": "CharCode([97,64,98,46,99,111,109]);",
    "calls of nothing": "a () b ! c ",
    "codes moved": "CharCode(c-7)[97,64,98,46,99,111,109];",
    "indices": "x=new Array('a');x[0]+'@'",
    "fillers": "'aXb'.split('X').join('')+'@'",
    "backwards": "unescape(l[i]);l[0]='a';",
    "data": "<i data-e='amFuZUBleGFtcGxl'></i><script>atob(x.dataset.e)</script>",
    "codes moved by all": "".join(f"CharCode(c-{n});[97,64,98,46,99,111];" for n in range(1, 90)),
    "decoders": "<script>atob(x.dataset.e)</script>",
    "growing": ".split('a').join('aaaaaaaaaaaaaaaaaaaa')",
    "growing, replaced": ".replace(/a/g,'aaaaaaaaaaaaaaaaaaaa')",
    "layers": 'enkoder();kode="kode=',
    "layers, open": 'enkoder();x="',
    "table": 'charCodeAt(j)-48;ml="ab",mi="01",',
    "cryptx": "DeCryptX('0a",
    "inserted": "<b class=e data-d=b.com>a</b>",
    "inserted everywhere": ".e:after{content:'@' attr(x)}",
    "inserted nowhere": "content:attr(x)",
    "nested selectors": ".e .f{display:none}",
    "hidden in many": "<p class=e><b class=f>a@b.com",
    "behind tags": "'<b>a@b.com",
    "behind text": "'<b>a a@b.com b<",
    "data of a tag": "'a@b.com','",
    "styles turned": "<style>.r{unicode-bidi:bidi-override;direction:rtl}</style><b class=r>",
    "functions": "function ab(a,b){x=a+'@'+b}ab('i','a.com');",
    "functions of all names": "".join(f"function a{n}(b){{return b+'@'}}" for n in range(200)),
    "functions, an arrow each": "ab=(a,b)=>`${a}@${b}`;ab('i','a.com');",
    "functions, called": "ab('i','a.com');",
    "functions, called in tags": """<a onclick="ab('i','a.com')">""",
    "functions, called with much": "ab('i','a.com','a@a.com ',",
    "functions that do much": "ab('i','a.com');",
    "functions that call functions": "ab('i','a.com');",
    "functions that call themselves": "ab('i','a.com');",
    "functions in arguments": "ab('a','@',",
    "functions in functions": "function ab(a){'@'+ab('a');",
    "functions in functions, open": "ab=function(a){(a)=>",
    "functions, parameters": "function ab(a,b='@',",
    "functions, decoders": "function ab(s){CharCode(s.charCodeAt(i)-1)}ab('bAb/dpn');",
    "functions, backwards": "function ab(s){--length;s[i]}ab('moc.b@a');",
    "functions, shapes": "function ab(s){--length;s.split();CharCode(",
    "elements": "x[0]='a';x[199]='@';y=x[0]+x[199];",
    "pushes": "x.push('a','@');x.join('');",
    "expressions in templates": "`${a.join('@')}${`${b[0]}`}`;",
    "parts": "x='a|@|b.com'.split('|');x[0]+x[1];",
    "gaps": "x+=' '+a+' ';x+'@';",
    "signs in sums": "x+'@';",
}
_MADE = "function ab(a,b){x=a+'@'+b}"
_CHAIN = (("ab", "bc"), ("bc", "cd"), ("cd", "de"), ("de", "ab"))
PREFIX = {
    "one tag": "<div",
    "plus": "<script>x=",
    "escapes": "<script>",
    "backslashes": "<script>",
    "hidden inside, open": "<style>.e b{display:none}</style>a@b.com",
    **dict.fromkeys(
        (
            "codes moved",
            "indices",
            "fillers",
            "backwards",
            "writes",
            "objects",
            "lists",
            "templates",
            "calls",
            "swaps",
            "codes",
            "table",
        ),
        "<script>'@'",
    ),
    "codes moved by all": "<script>'@'",
    **dict.fromkeys((name for name in HOSTILE if name.startswith("functions")), "<script>'@'"),
    **dict.fromkeys(
        ("elements", "pushes", "parts", "expressions in templates", "gaps"), "<script>'@'"
    ),
    "signs in sums": f"<script>x='{'a@b.com ' * 200}';",
    "functions, called": f"<script>{_MADE}",
    "functions, called in tags": f"<script>{_MADE}</script>",
    "functions, called with much": f"<script>{_MADE}",
    "functions in arguments": f"<script>{_MADE}",
    "functions that do much": "<script>'@';function ab(a,b)"
    f"{{x='{'a@b.com ' * 200}';{'x+a;' * 80}}}",
    "functions that call functions": "<script>"
    + "".join(f"function {name}(a,b){{{f'{inner}(a,b)+' * 99}'@'}}" for name, inner in _CHAIN),
    "functions that call themselves": f"<script>function ab(a,b){{{'ab(a)+ab(b)+' * 80}'@'}}",
    "growing": "<script>x='@'+'a'",
    "growing, replaced": "<script>x='@'+'a'",
    "layers": "<script>",
    "inserted": "<style>.e:after{content:'@' attr(data-d)}</style>",
    "inserted everywhere": "<style>",
    "inserted nowhere": "<style>.e:after{content:'@'}",
    "nested selectors": "<style>",
    "hidden in many": "<style>.e .f{display:none}</style>",
    "behind tags": "<script>",
    "behind text": "<script>",
    "data of a tag": "<p data-x=\"['",
    "layers, open": "<script>",
}


LIMIT = 2.0
"""CPU seconds for 100 kB: wide, for slow machines; a few tenths are usual."""


def _source(name, size):
    piece = HOSTILE[name]
    return (PREFIX.get(name, "") + piece * (size // len(piece))).encode()


def _seconds(source, content_type="text/html"):
    gc.freeze()  # what other tests left is not to be walked by the collector on our time
    try:
        started = time.thread_time()  # of this thread: how busy the machine is must not matter
        extract(source, content_type=content_type)
        return time.thread_time() - started
    finally:
        gc.unfreeze()


def _growth(small, large):
    """How many times as long `large` takes, and how long."""
    # One after the other: a machine that is slow for a while must not be so for one of them only.
    before, after = min(_seconds(small) for _ in range(2)), _seconds(large)
    return after / max(before, 0.002), after  # the floor keeps noise out of the ratio


@pytest.mark.parametrize("name", HOSTILE)
def test_time_grows_with_the_size_and_no_faster(name):
    growth, seconds = _growth(_source(name, 12_500), _source(name, 100_000))
    # Eight times the input: linear is 8, quadratic 64. What is over a line is measured again, as
    # the middle of three: for the slope with more of it, where the overlap of a script's windows
    # and what does not fit the processor's cache weigh the same in both.
    if growth >= 24:
        small, large = _source(name, 50_000), _source(name, 400_000)
        growth = statistics.median(_growth(small, large)[0] for _ in range(3))
    if seconds >= LIMIT:
        seconds = statistics.median(_seconds(_source(name, 100_000)) for _ in range(3))
    assert growth < 24
    assert seconds < LIMIT


@pytest.mark.parametrize("content_type", ["text/plain", "application/json", "message/rfc822"])
@pytest.mark.parametrize("name", HOSTILE)
def test_other_kinds_of_text_take_no_longer(name, content_type):
    assert _seconds(_source(name, 30_000), content_type) < LIMIT * 0.3


def _boundaries(count, of):
    return "".join(f"Content-Type: multipart/mixed; boundary={of(i)}\n\n--{of(i)}\n" for i in count)


DOCUMENTS = {
    "nested mails": ("message/rfc822", "Content-Type: message/rfc822\n\n"),
    "parts": ("message/rfc822", "\n--x\n\na@b.com\n"),
    "parts, empty": ("message/rfc822", "\n--x"),
    "parts that are none": ("message/rfc822", "\n--xy"),
    "parts of parts": ("message/rfc822", "--x\nContent-Type: multipart/mixed; boundary=x\n\n"),
    "parts, typed": ("message/rfc822", "\n--x\nContent-Type: text/html; charset=z\n\na@b.com"),
    "headers": ("message/rfc822", "Content-Type: multipart/mixed; "),
    "headers, folded": ("message/rfc822", ";a\n "),
    "parameters": ("message/rfc822", '\n--x\nContent-Type: text/html; "' + ";" * 900 + "\n\n"),
    "encoded words": ("message/rfc822", " =?punycode?q?a=40b.com?= "),
    "encoded words, open": ("message/rfc822", "=?utf-8?b?" + "a" * 400),
    "base64": ("message/rfc822", "YUBi="),
    "quoted-printable": ("message/rfc822", "=40=\n"),
    "mbox": ("application/mbox", "\n\nFrom a 2000\nFrom: a@b.com"),
    "folded": ("text/calendar", "a@b.com\n "),
    "identifiers": ("text/calendar", "UID:a@b.com\nX-"),
    "line ends": ("text/calendar", "\\na@b.com"),
    "calendar, marked": ("text/calendar", "DESCRIPTION:<p>a@b.com\n"),
    "descriptions": ("text/calendar", "DESCRIPTION:<p a@b.com"),
    "uris": ("text/plain", "mailto:a%40b.com"),
    "uris, apart": ("text/plain", "mailto:a%40b.com "),
    "cards": ("text/vcard", "QUOTED-PRINTABLE:a=40"),
    "directory": ("text/x-ldif", "mail:: YUBiLmNvbQ==\n"),
    "directory, perhaps": ("text/plain", "# a@b.com\n\n"),
    "captions": ("text/vtt", "<00:00.000>a@b.com<00"),
    "escaped": ("application/rss+xml", "&lt;b&gt;a@b.com"),
    "escaped, elements": ("application/rss+xml", "<a>&lt;b>a@b.com&lt;"),
    "escaped twice": ("application/rss+xml", "<a>&lt;b&gt;a&amp;#64;b.com</a>"),
    "cdata": ("application/rss+xml", "<![CDATA[a@b.com"),
    "cdata, closed": ("application/rss+xml", "<![CDATA[a@b.com]]>"),
    "spans": ("image/svg+xml", "<tspan x a@b.com"),
    "spans, spaced": ("image/svg+xml", "<tspan" + " " * 9 + "x"),
}
BEGINNING = {
    "message/rfc822": "From: a@b.com\nContent-Type: multipart/mixed; boundary=x\n\n--x\n",
    "application/rss+xml": "<rss><a>",
    "image/svg+xml": "<svg><tspan>",
}
FIRST = {
    "nested mails": "From: a@b.com\n",
    "headers": "From: a@b.com\n",
    "spans, spaced": "<svg>a@b.com",
    "encoded words": "Subject: a@b.com",
    "encoded words, open": "Subject: a@b.com ",
    "headers, folded": "From: a@b.com\nContent-Type: text/plain",
    "base64": "From: a@b.com\nContent-Transfer-Encoding: base64\n\n",
    "quoted-printable": "From: a@b.com\nContent-Transfer-Encoding: quoted-printable\n\n",
}


def _document(name, size):
    content_type, piece = DOCUMENTS[name]
    first = FIRST.get(name, BEGINNING.get(content_type, ""))
    return (first + piece * (size // len(piece))).encode(), content_type


@pytest.mark.parametrize("name", DOCUMENTS)
def test_no_document_takes_long(name):
    assert min(_seconds(*_document(name, 30_000)) for _ in range(2)) < LIMIT * 0.3


@pytest.mark.parametrize("name", DOCUMENTS)
def test_time_for_documents_grows_with_the_size(name):
    for _ in range(5):
        small, large = (_seconds(*_document(name, size)) for size in (12_500, 100_000))
        if large / max(small, 0.002) < 24 and large < LIMIT:
            return
    pytest.fail(f"{large / small:.0f} times as long for 8 times the size, {large:.2f} s")


def test_mails_quoted_in_mails_are_not_taken_apart():
    mail = b"From: a@b.com\nMIME-Version: 1.0\n\n"
    for content_type in ("text/plain", "message/rfc822"):
        found = extract(mail * 3000 + b"c@d.com", content_type=content_type)
        assert [address.email for address in found] == ["a@b.com", "c@d.com"]


def test_mails_within_mails_within_mails():
    nested = "From: a@b.com\n" + _boundaries(range(2000), "x{}x".format) + "\n\nc@d.com"
    assert _seconds(nested.encode(), "message/rfc822") < LIMIT
