"""Text as it is met: one line a case, the input and what a reader would write down."""

# ruff: noqa: E501
# fmt: off

from __future__ import annotations

PLAIN = [
    ("Contact: Jane Doe <jane@example.com>; Joe <joe@example.com>", "jane@example.com joe@example.com"),
    ("From: \"Doe, Jane\" <jane@example.com>\nTo: joe@example.com, <ann@example.com>", "jane@example.com joe@example.com ann@example.com"),
    ("jane@example.com>", "jane@example.com"),
    ("<<jane@example.com>>", "jane@example.com"),
    ("e-mail:jane@example.com;tel:123", "jane@example.com"),
    ("Email=jane@example.com&x=1", "jane@example.com"),
    ("email: 'jane@example.com',", "jane@example.com"),
    ("\"email\": \"jane@example.com\"", "jane@example.com"),
    ("jane@example.com\u3000電話", "jane@example.com"),
    ("jane@example.com\u2003Tel", "jane@example.com"),
    ("jane@example.com\x0cnext", "jane@example.com"),
    ("(e-mail: jane@example.com).", "jane@example.com"),
    ("jane@example.com).", "jane@example.com"),
    ("jane@example.com!!!", "jane@example.com"),
    ("jane@example.com?)", "jane@example.com"),
    ("jane@example.com;", "jane@example.com"),
    ("jane@example.com's mailbox", "jane@example.com"),
    ("Is jane@example.com’s box full?", "jane@example.com"),
    ("jane@example.com, or joe@example.com; ann@example.com & bob@example.com", "jane@example.com joe@example.com ann@example.com bob@example.com"),
    ("jane@example.com / joe@example.com", "jane@example.com joe@example.com"),
    ("|jane@example.com|joe@example.com|", "jane@example.com joe@example.com"),
    ("1.jane@example.com", "1.jane@example.com"),
    ("Tel:0123456789jane@example.com", "0123456789jane@example.com"),
    ("info@example.comwww.example.com", "info@example.com"),
    ("info@example.comINFO", "info@example.com"),
    ("info@example.netTelefon: 123", "info@example.net"),
    ("info@example.co.ukTel", "info@example.co.uk"),
    ("info@example.com.Tel 123", "info@example.com"),
    ("info@example.com.See also", "info@example.com"),
    ("info@example.com.thanks", ""),
    ("jane@xn--mgbh0fb.example.com", "jane@xn--mgbh0fb.example.com"),
    ("jane@bücher.example", ""),
    ("δοκιμή@παράδειγμα.example.com", "δοκιμή@xn--hxajbheg2az3al.example.com"),
    ("संपर्क@उदाहरण.example.com", "संपर्क@xn--p1b6ci4b4b3a.example.com"),
    ("josé.garcía@example.com", "josé.garcía@example.com"),
    ("联系我们：jane@example.com（工作日）", "jane@example.com"),
    ("e‑mail: jane@example.com", "jane@example.com"),
    ("a" * 64 + "@" + "b" * 63 + "." + "c" * 63 + ".com", "a" * 64 + "@" + "b" * 63 + "." + "c" * 63 + ".com"),
]
