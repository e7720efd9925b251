from __future__ import annotations

import pytest

from mailharvest.sources.urls import listed, shown


def test_a_list_of_urls() -> None:
    lines = [
        "\ufeffhttps://a.example.com",
        "",
        "# a remark",
        "  HTTP://A.example.com:80/x#top  ",
        "b.example.com",
        "https://a.example.com/",
        "javascript:alert(1)",
        "http://127.1/",
        "\x1b[31mred\x1b[0m://x",
        "not a url at all " * 50,
    ]
    entries = list(listed(enumerate(lines, 1)))
    assert [url for _, _, url in entries if url] == [
        "https://a.example.com/",
        "http://a.example.com/x",
        "https://b.example.com/",
        "https://a.example.com/",
    ]
    bad = [(number, shown(text)) for number, text, url in entries if url is None]
    assert [number for number, _ in bad] == [7, 8, 9, 10]
    assert all(text.isprintable() and len(text) <= 200 for _, text in bad)


@pytest.mark.parametrize(
    "line",
    [
        "url,name",
        "http://ok.example.com,x/",
        "http://ok.example.com/1\ty",
        "Website\tx",
        "http://ok.example.com/\x00",
        "http://ok.example.com/\x85x",
        '"http://ok.example.com/"',
        "it's.example.com",
        "a b.example.com",
        "(a.example.com)",
        "a.example.com;b.example.com",
        "url",
        "Website",
        "mailto:jane@127.0.0.1:8555",
        "javascript:x@www.example.com",
        "jane@www.example.com",
    ],
)
def test_what_a_host_cannot_be_called_is_no_url(line: str) -> None:
    assert [url for _, _, url in listed([(1, line)])] == [None]


@pytest.mark.parametrize(
    "line",
    [
        "http://ok.example.com/a,b;c?d=(e)",
        "my_shop.example.com",
        "http://b\u00fccher.example.com:8080/",
        "http://[2606:2800:21f::1]:8080/",
        "http://192.0.2.1/\t",
        "http://wiki/",
        "wiki:8080/x",
        "localhost",
        "www.example.com/@jane",
    ],
)
def test_what_is_rare_but_a_url(line: str) -> None:
    assert [url is not None for _, _, url in listed([(1, line)])] == [True]
