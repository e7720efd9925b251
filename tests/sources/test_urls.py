from __future__ import annotations

from mailharvest.sources.urls import found


def test_a_list_of_urls() -> None:
    urls, errors = found(
        [
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
    )
    assert [url.url for url in urls] == [
        "https://a.example.com/",
        "http://a.example.com/x",
        "https://b.example.com/",
    ]
    assert [error.kind for error in errors] == ["bad_url"] * 4
    assert [error.message.split()[1] for error in errors] == ["7", "8", "9", "10"]
    assert all(error.url.isprintable() and len(error.url) <= 200 for error in errors)
