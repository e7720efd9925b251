from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailharvest.chunk import SHARDS
from mailharvest.web.urls import normalise_url, origin_of, resolve_url, shard_of, site_of

CASES = [
    ("http://a.example.com", "http://a.example.com/"),
    ("HTTPS://A.Example.COM:443/x#frag", "https://a.example.com/x"),
    ("http://a.example.com:8080/", "http://a.example.com:8080/"),
    ("http://user:secret@a.example.com/", "http://a.example.com/"),
    ("http://a.example.com/a/./b/../c", "http://a.example.com/a/c"),
    ("http://a.example.com/a b?q=a b", "http://a.example.com/a%20b?q=a+b"),
    ("http://a.example.com/%7euser/%e9", "http://a.example.com/~user/%E9"),
    ("http://a.example.com./", "http://a.example.com/"),
    ("  http://a.example.com/\n", "http://a.example.com/"),
    ("ht\ntp://a.exa\tmple.com/", "http://a.example.com/"),
    ("http://مثال.example.com/", "http://xn--mgbh0fb.example.com/"),
    ("http://[2606:2800:21F::1]/", "http://[2606:2800:21f::1]/"),
    ("http://[::1]:8080/x", "http://[::1]:8080/x"),
    ("http://192.0.2.1/", "http://192.0.2.1/"),
]

REFUSED = [
    "",
    "/relative",
    "a.example.com",
    "//a.example.com/",
    "ftp://a.example.com/",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "data:text/html,x",
    "mailto:a@a.example.com",
    "http://",
    "http:///path",
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0177.0.0.1/",
    "http://1.2.3.4.5/",
    "http://a b.example.com/",
    "http://a%00b.example.com/",
    "http://a.example.com:99999/",
    "http://a.example.com:x/",
    "http://[::1/",
    "http://a.example.com/" + "x" * 5000,
    "http://" + "a" * 300 + ".example.com/",
]


@pytest.mark.parametrize(("url", "expected"), CASES)
def test_one_spelling(url: str, expected: str) -> None:
    assert normalise_url(url) == expected
    assert normalise_url(expected) == expected


@pytest.mark.parametrize("url", REFUSED)
def test_refused(url: str) -> None:
    assert normalise_url(url) is None


@settings(deadline=None)
@given(st.text(max_size=60), st.sampled_from(["", "http://", "https://a.example.com", "//"]))
def test_normalising_is_idempotent_and_never_raises(text: str, head: str) -> None:
    once = normalise_url(head + text)
    if once is not None:
        assert normalise_url(once) == once
        assert site_of(once) == site_of(once).lower()
        assert once.startswith(origin_of(once) + "/")
        assert not any(c.isspace() or ord(c) < 0x21 or ord(c) > 0x7E for c in once)


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("/x", "http://a.example.com/x"),
        ("x?y#z", "http://a.example.com/dir/x?y"),
        ("//b.example.com", "http://b.example.com/"),
        ("https://B.example.com/", "https://b.example.com/"),
        ("", "http://a.example.com/dir/page"),
        ("javascript:alert(1)", None),
        ("file:///etc/passwd", None),
        ("http://[bad", None),
        ("http://127.1/", None),
        ("x" * 5000, None),
    ],
)
def test_references(reference: str, expected: str | None) -> None:
    assert resolve_url("http://a.example.com/dir/page", reference) == expected


def test_a_site_has_its_host_and_port_whatever_the_scheme() -> None:
    assert site_of("http://a.example.com/x") == site_of("https://a.example.com/y")
    assert site_of("http://a.example.com:8080/") == "a.example.com:8080"


def test_shards_are_the_same_in_every_process_and_version() -> None:
    # Written down: a ledger outlives the process that filled it.
    assert [shard_of(f"site{n}.example.com") for n in range(4)] == [48, 84, 0, 27]
    used = {shard_of(f"site{n}.example.com") for n in range(20_000)}
    assert used == set(range(SHARDS))


@settings(max_examples=2_000)
@given(
    st.from_regex(
        r"\Ahttps?://([a-z0-9A-Z_-]{0,4}(xn--)?[a-z0-9]{1,3}\.){0,3}[a-z0-9-]{1,4}"
        r"(:[0-9]{0,5})?[a-zA-Z0-9._~/%&=?+;@!:-]{0,14}\Z"
    )
)
def test_a_plain_url_has_the_spelling_that_any_other_gets(url: str) -> None:
    # A fragment is dropped; a URL with one is never plain.
    assert normalise_url(url) == normalise_url(f"{url}#top")
