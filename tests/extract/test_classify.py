"""What an address is, and the title of its page."""

from __future__ import annotations

import pytest

from mailharvest.extract import classify, page_title


@pytest.mark.parametrize(
    ("email", "provider"),
    [
        ("x@gmail.com", "gmail"),
        ("x@googlemail.com", "gmail"),
        ("X@GMAIL.COM", "gmail"),
        ("x@yahoo.com", "yahoo"),
        ("x@yahoo.co.uk", "yahoo"),
        ("x@yahoo.com.br", "yahoo"),
        ("x@hotmail.fr", "outlook"),
        ("x@web.de", "web.de"),
        ("x@163.com", "netease"),
    ],
)
def test_free_mail(email, provider):
    what = classify(email)
    assert (what.email_type, what.provider) == ("free", provider)


@pytest.mark.parametrize(
    "email", ["x@example.com", "x@mail.gmail.com.example.org", "x@notgmail.com"]
)
def test_business(email):
    assert (classify(email).email_type, classify(email).provider) == ("business", None)


@pytest.mark.parametrize(
    ("local", "role"),
    [
        ("info", "info"),
        ("INFO", "info"),
        ("info2", "info"),
        ("info.cairo", "info"),
        ("info+web", "info"),
        ("informacion", "info"),
        ("kontakt", "contact"),
        ("ventas", "sales"),
        ("vertrieb", "sales"),
        ("soporte", "support"),
        ("büro", "office"),
        ("presse", "press"),
        ("bewerbung", "jobs"),
        ("no-reply", "noreply"),
        ("noreply", "noreply"),
        ("datenschutz", "legal"),
        ("jane.doe", None),
        ("jane", None),
        ("infomaniac", None),
        ("supporter", None),
        ("123", None),
    ],
)
def test_roles(local, role):
    assert classify(f"{local}@shop.example.com").role == role


@pytest.mark.parametrize(
    ("email", "placeholder"),
    [
        ("you@example.com", True),
        ("jane@mail.example.org", True),
        ("name@domain.com", True),
        ("info@yourcompany.com", True),
        ("firstname.lastname@xn--bcher-kva.ch", True),
        ("jane@xn--bcher-kva.ch", False),
    ],
)
def test_placeholders(email, placeholder):
    assert classify(email).placeholder is placeholder


@pytest.mark.parametrize(
    ("email", "url", "own"),
    [
        ("info@example.com", "https://www.example.com/contact", True),
        ("info@mail.example.com", "http://example.com:8080/", True),
        ("info@example.co.uk", "https://shop.example.co.uk/", True),
        ("info@example.co.uk", "https://other.co.uk/", False),
        ("info@xn--bcher-kva.example.com", "https://bücher.example.com/", True),
        ("info@example.com", "https://example.org/", False),
        ("info@example.com", "https://[broken", False),
        ("info@example.com", None, False),
    ],
)
def test_own_domain(email, url, own):
    assert classify(email, url=url).own_domain is own


@pytest.mark.parametrize(
    ("page", "title"),
    [
        (b"<title>Fish &amp; chips</title>", "Fish & chips"),
        (b"<TITLE lang=en>\n A \t B </TITLE>", "A B"),
        (b"<title>\x1b[31mred\x07</title>", "[31mred"),
        ("<title>a\u202eb\u2066c</title>".encode(), "abc"),
        ("<title>Grüße</title>".encode("latin-1"), "Grüße"),
        ('<meta charset="windows-1251"><title>Привет</title>'.encode("windows-1251"), "Привет"),
        ("<title>Grüße</title>".encode("utf-16"), "Grüße"),
        (b"<title></title>", None),
        (b"<title> &nbsp; </title>", None),
        (b"<p>none</p>", None),
        (b"", None),
    ],
)
def test_title(page, title):
    assert page_title(page) == title


def test_title_is_bounded():
    assert len(page_title(b"<title>" + b"x" * 3000 + b"</title>")) == 200
