from __future__ import annotations

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
