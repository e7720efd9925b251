"""What `extract` promises beside finding: spelling, evidence, limits, charsets, formats."""

from __future__ import annotations

import io
import math
import threading
import tracemalloc

import numpy as np
import pytest

from mailharvest.errors import SpecError
from mailharvest.extract import extract, normalise


def emails(data, **given):
    return [address.email for address in extract(data, **given)]


def test_spelling_is_kept_and_the_key_is_folded():
    (address,) = extract("Write to Jane.Doe@BÜCHER.example.com", content_type="text/plain")
    assert address.as_found == "Jane.Doe@BÜCHER.example.com"
    assert address.email == "jane.doe@xn--bcher-kva.example.com"
    assert address.domain == "xn--bcher-kva.example.com"


def test_order_is_that_of_the_page():
    assert emails(b"<p>b@example.com a@example.com b@example.com") == [
        "b@example.com",
        "a@example.com",
    ]


def test_a_plain_sighting_outweighs_a_cloaked_one():
    page = b"<p>info [at] example.com</p><p>info@example.com</p>"
    (address,) = extract(page)
    assert (address.method, address.obfuscated) == ("text", False)


def test_a_link_outweighs_its_label():
    (address,) = extract(b'<p>info@example.com <a href="mailto:info@example.com">x</a>')
    assert address.method == "mailto"


@pytest.mark.parametrize(
    ("page", "method"),
    [
        (b"<p>info@example.com</p>", "text"),
        (b'<img alt="info@example.com">', "attribute"),
        (b'<meta name=x content="info@example.com">', "meta"),
        (b'<script type="application/ld+json">{"e":"info@example.com"}</script>', "jsonld"),
        (b'<script type="application/json">{"e":"info@example.com"}</script>', "json"),
    ],
)
def test_the_method_says_where_it_was_found(page, method):
    assert [a.method for a in extract(page)] == [method]


def test_glue_is_cut_with_less_confidence():
    (glued,) = extract("info@example.comPhone", content_type="text/plain")
    (clean,) = extract("info@example.com", content_type="text/plain")
    assert glued.confidence < 0.9 <= clean.confidence


def test_context_is_one_escaped_line_on_request():
    page = b"<p>Do <b>write</b>\n to &lt;i&gt; info@example.com, <i>please</i>.</p>"
    assert extract(page)[0].context is None
    (address,) = extract(page, context=True)
    assert address.context == "Do write to &lt;i&gt; info@example.com , please."


def test_context_is_bounded():
    (address,) = extract(b"<p>" + b"x " * 500 + b"info@example.com" + b" y" * 500, context=True)
    assert len(address.context) <= 60 + 18 + 60


@pytest.mark.parametrize(
    ("codec", "text"),
    [
        ("utf-16", "<p>info@bücher.example.com</p>"),
        ("utf-16-le", "<p>info@example.com and nothing else here</p>"),
        ("utf-16-be", "<p>info@example.com and nothing else here</p>"),
        ("utf-32", "<p>info@bücher.example.com</p>"),
        ("utf-8-sig", "<p>info@bücher.example.com</p>"),
        ("windows-1251", '<meta charset="windows-1251"><p>почта [собака] example.com'),
        ("koi8-r", '<meta charset="koi8-r"><p>info [собака] example [точка] com'),
        ("shift_jis", '<meta charset="shift_jis"><p>お問い合わせ：info@example.com へ'),
        ("gb18030", '<meta charset="gbk"><p>邮箱：info@example.com。谢谢'),
        ("big5", '<meta charset="big5"><p>信箱：info@example.com'),
        ("euc-kr", '<meta charset="euc-kr"><p>이메일 info@example.com 입니다'),
        ("iso2022_jp", '<meta charset="iso-2022-jp"><p>メール info@example.com です'),
        ("cp1256", '<meta charset="windows-1256"><p>البريد info@example.com شكرا'),
        ("latin-1", '<meta charset="iso-8859-1"><p>info (ät) example.com'),
    ],
)
def test_charsets(codec, text):
    (address,) = extract(text.encode(codec))
    assert address.domain in ("example.com", "xn--bcher-kva.example.com")


@pytest.mark.parametrize("claim", ["utf-8", "windows-1252", "nonsense", "utf-16"])
def test_a_wrong_claim_is_survived(claim):
    for codec in ("utf-8", "latin-1"):
        page = f'<meta charset="{claim}"><p>Grüße: info@bücher.example.com</p>'.encode(codec)
        assert emails(page) == ["info@xn--bcher-kva.example.com"]


def test_the_header_outweighs_the_document():
    page = '<meta charset="utf-8"><p>info [собака] example.com'.encode("windows-1251")
    assert emails(page, content_type="text/html; charset=windows-1251") == ["info@example.com"]


def test_vcard_lines_are_unfolded():
    card = b"BEGIN:VCARD\r\nFN:Jane\r\nEMAIL;TYPE=INTERNET:jane@exam\r\n ple.com\r\nEND:VCARD\r\n"
    assert emails(card, content_type="text/vcard") == ["jane@example.com"]


def test_of_a_mail_the_people_are_read_and_not_the_machines():
    mail = (
        b"Received: from x by y id <q1@example.com>\r\nMessage-ID: <abc@mail.example.com>\r\n"
        b"From: Jane\r\n <jane@example.com>\r\nTo: joe@example.com\r\n\r\nCall ann@example.com\r\n"
    )
    expected = ["jane@example.com", "joe@example.com", "ann@example.com"]
    assert emails(mail, content_type="message/rfc822") == expected


def test_in_xml_every_tag_divides():
    feed = (
        b"<?xml version='1.0'?><feed><name>joe</name><email>jane@example.com</email><x>y</x></feed>"
    )
    assert emails(feed) == ["jane@example.com"]


def test_cdata_is_read():
    feed = b"<rss><description><![CDATA[<p>write to jane@example.com</p>]]></description></rss>"
    assert emails(feed, content_type="application/rss+xml") == ["jane@example.com"]


def test_json_is_read():
    assert emails(b'{"a": ["jane\\u0040example.com"]}', content_type="application/json") == [
        "jane@example.com"
    ]


@pytest.mark.parametrize(
    "page",
    [
        b"<div>" * 3000 + b"<p>info@example.com</p>" + b"</div>" * 3000,
        b"<p>" + b"x" * 11_000_000 + b"</p><p>info@example.com</p>",
        b'<p title="' + b"x" * 11_000_000 + b'">a</p><p>info@example.com</p>',
        b"<span>" * 50_000 + b"info@example.com",
    ],
    ids=["depth", "text node", "attribute", "open tags"],
)
def test_nothing_is_lost_past_the_limits_of_libxml2(page):
    assert emails(page) == ["info@example.com"]


@pytest.mark.parametrize(
    "piece",
    [
        b"<p>info@example.com, <b>a</b>&#64;example.org [at] x</p>",
        b"a@",
        b"[at]",
        b"%40",
        b"&#64",
        b"a@b.com ",
        b"<p hidden>x</p>",
        b"<i hidden></i>",
        b"<br hidden>",
        b"<div hidden>",
        b"<div hidden><div hidden></div></div>",
        b"<!---->x",
        b"<!-->",
        b"<script>x</script>",
        b"<script>'@'+</script>",
        b"<script>function ab(a,b){return a+'@'+b}</script>",
        b"<script>",
        b"<style></style>",
        b"<style>.a{display:none}</style>",
        b"<style>.a{display:none}</style><i id=a></i>",
        b'<script type="application/ld+json">"a@b.com"</script>',
        b"<bdo ",
        b"<bdo dir=rtl>a</bdo>",
        b"<b srcdoc=@>",
    ],
)
def test_memory_stays_within_eight_times_the_page(piece):
    _measure(b"<p>info@example.com</p>" + piece * (120_000 // len(piece)))


def test_memory_for_one_tag_of_many_attributes():
    _measure(b"<p>info@example.com</p><i " + b"a " * 60_000 + b'alt="info@example.com">')


def test_memory_for_a_style_sheet_of_many_names():
    rules = b"".join(b".a%d{display:none}" % number for number in range(6000))
    _measure(b"<style>" + rules + b"</style>info@example.com" + b"<i id=a1></i>" * 2000)


@pytest.mark.parametrize(
    ("piece", "content_type"),
    [
        (b"\x80@", "text/html; charset=windows-1252"),
        (b"\xb1@", "text/html; charset=shift_jis"),
        (b"From: a@b\n", "message/rfc822"),
        (b"From: a@b\n c\n", "message/rfc822"),
        (b"EMAIL:a@b\n c\n", "text/vcard"),
        (b'"a\\u0040b"', "application/json"),
    ],
)
def test_memory_for_other_kinds_of_text(piece, content_type):
    _measure(piece * (120_000 // len(piece)), content_type)


def _measure(page, content_type="text/html"):
    extract(page[:1000], content_type=content_type)
    tracemalloc.start()
    extract(page, content_type=content_type)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak <= 8 * len(page)


def test_threads_do_not_disturb_each_other():
    page = b"<p>info@example.com</p>" + b"<p>x</p>" * 2000 + b'<a href="mailto:b@example.com">y</a>'
    results = []
    threads = [
        threading.Thread(target=lambda: results.extend(emails(page) for _ in range(30)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 120
    assert all(result == ["info@example.com", "b@example.com"] for result in results)


def test_what_is_found_is_in_normal_form():
    page = "<p>A@EXAMPLE.com Ü@example.com b [at] bücher.example.com".encode()
    for address in extract(page):
        assert normalise(address.email) == address.email
        assert normalise(address.as_found) == address.email


@pytest.mark.parametrize(
    "data",
    ["", b"", "\ud800@\udfff.com", b"\xff\xfe", b"\xff@\xff"],
)
def test_nonsense_gives_nothing(data):
    assert extract(data) == []


@pytest.mark.parametrize("kind", ["text/html", "text/plain", "application/json", "text/vcard"])
def test_a_document_may_end_anywhere(kind):
    page = b"".join(
        [
            b'<script type="application/json">{"e":"a@example.com"}</script>',
            b'<a href="mailto:&#105;nfo%40example.com?cc=b@example.com">info&#64;example.com</a>',
            b'<p title="c@3.example.com">d [at] example [dot] com</p><span data-cfemail="422b2c">',
            "e<b>@</b>example.com</span>f＠example.com".encode(),
        ]
    )
    for end in range(len(page)):
        assert all(normalise(a.email) == a.email for a in extract(page[:end], content_type=kind))


def test_a_long_script_is_not_read_from_within_a_string():
    names = "".join(f"var v{n}='a{n}';" for n in range(700))
    script = f"{names}function write(a,b){{return a+'@'+b}}write('info','example.com')"
    assert emails(f"<script>{script}</script>".encode()) == ["info@example.com"]


def test_functions_are_read_wherever_they_are_called_but_not_for_ever():
    calls = "".join(f"<a onclick=\"write('a{n}','example.com')\">x</a>" for n in range(2000))
    found = emails(f"{calls}<script>function write(a,b){{return a+'@'+b}}</script>".encode())
    assert found[:2] == ["a0@example.com", "a1@example.com"]
    assert 100 <= len(found) < 2000


def test_any_bytes_are_a_page():
    page = b"<p>info@example.com x</p>"
    for data in (bytearray(page), memoryview(page), np.frombuffer(page, dtype=np.uint8)):
        assert [a.email for a in extract(data)] == ["info@example.com"]


@pytest.mark.parametrize("data", [None, 5, math.nan, ["a"], np.array([1.5]), io.BytesIO(b"x")])
def test_what_is_no_page_is_refused_in_one_line(data):
    with pytest.raises(SpecError, match=r"^data: a page is bytes or text, not"):
        extract(data)


@pytest.mark.parametrize("name", ["content_type", "url"])
def test_what_is_said_of_a_page_is_text(name):
    with pytest.raises(SpecError, match=rf"^{name}: b'text/html' is no text"):
        extract(b"x", **{name: b"text/html"})
