"""Other documents than pages, and charsets: content type, bytes, and the addresses in them."""

# ruff: noqa: E501
# fmt: off

from __future__ import annotations

FEEDS = [
    ("application/rss+xml", b"<rss><channel><managingEditor>a@example.com (Ann)</managingEditor><webMaster>b@example.com</webMaster></channel></rss>", "a@example.com b@example.com"),
    ("application/atom+xml", b"<feed xmlns='x'><author><name>Ann</name><email>a@example.com</email></author></feed>", "a@example.com"),
    ("application/rss+xml", b"<rss><item><description>&lt;p&gt;write to &lt;b&gt;a@example.com&lt;/b&gt;&lt;/p&gt;</description></item></rss>", "a@example.com"),
    ("application/rss+xml", b"<rss><item><content:encoded><![CDATA[<a href=\"mailto:a@example.com\">x</a>]]></content:encoded></item></rss>", "a@example.com"),
    ("text/xml", b"<?xml version='1.0'?><people><p mail='a@example.com'/><p><mail>b@example.com</mail></p></people>", "a@example.com b@example.com"),
    ("application/xhtml+xml", b"<html xmlns='x'><body><p>in<b>fo</b>@example.com</p></body></html>", "info@example.com"),
]

MAIL = [
    ("message/rfc822", b"From: =?utf-8?Q?J=C3=BCrgen?= <a@example.com>\r\nTo: b@example.com\r\nMessage-ID: <x1@example.com>\r\n\r\nHello\r\n", "a@example.com b@example.com"),
    ("message/rfc822", b"To: a@example.com,\r\n b@example.com\r\nReferences: <x@example.com>\r\n <y@example.com>\r\n\r\nWrite to c@example.com\r\n", "a@example.com b@example.com c@example.com"),
    ("message/rfc822", b"From: a@example.com\nReceived: from x by y id <z@example.com>\nContent-Transfer-Encoding: quoted-printable\n\nc=40example.com or d@exam=\nple.com\n", "a@example.com c@example.com d@example.com"),
    ("text/vcard", b"BEGIN:VCARD\r\nEMAIL;TYPE=work:a@example.com\r\nEMAIL:b@exam\r\n ple.com\r\nEND:VCARD\r\n", "a@example.com b@example.com"),
    ("text/x-vcard", b"BEGIN:VCARD\nitem1.EMAIL;PREF=1:mailto:a@example.com\nURL:https://x@example.com/\nEND:VCARD", "a@example.com"),
    ("text/plain", b"Jane Doe <a@example.com>\n<b@example.com>\n", "a@example.com b@example.com"),
    ("text/plain; charset=utf-8", "Jürgen <jürgen@example.com>".encode(), "jürgen@example.com"),
    ("text/csv", b"name,mail\nAnn,a@example.com\nBob,\"b@example.com\"\n", "a@example.com b@example.com"),
    ("text/markdown", b"[write](mailto:a@example.com) or <b@example.com> or `c@example.com`", "a@example.com b@example.com c@example.com"),
    ("application/json", b'{"a":"a@example.com","b":["b@example.com"],"c":"<b>c@example.com</b>","d":"pkg@1.2.3"}', "a@example.com b@example.com c@example.com"),
    ("application/json", rb'{"a":"a\u0040example.com","b":"mailto:b@example.com","c":"x\nc@example.com"}', "a@example.com b@example.com c@example.com"),
]

CHARSETS = [
    ("text/html", "\ufeff<p>info@bücher.example.com".encode("utf-16-le"), "info@xn--bcher-kva.example.com"),
    ("text/html", "<html><body><p>info@example.com and more text</p></body></html>".encode("utf-16-be"), "info@example.com"),
    ("text/html; charset=utf-16le", "<html><p>info@example.com</p></html>".encode("utf-16-le"), "info@example.com"),
    ("text/html; charset=windows-1256", "<p>البريد: info@example.com</p><p>jane [آت] example [نقطة] com</p>".encode("cp1256"), "info@example.com jane@example.com"),
    ("text/html", '<meta http-equiv="Content-Type" content="text/html; charset=windows-1256"><p>للتواصلinfo@example.com</p>'.encode("cp1256"), "info@example.com"),
    ("text/html; charset=Shift_JIS", "<p>メール（アット）：info（アット）example.com</p>".encode("shift_jis"), "info@example.com"),
    ("text/html", '<meta charset=shift_jis><p>ｉｎｆｏ＠example.com</p>'.encode("shift_jis"), "info@example.com"),
    ("text/html; charset=gb2312", "<p>邮箱info@example.com。电话</p>".encode("gb18030"), "info@example.com"),
    ("text/html; charset=utf-8", "<p>Grüße an büro@example.com</p>".encode("cp1252"), "büro@example.com"),
    ("text/html; charset=iso-8859-1", "<p>info@bücher.example.com</p>".encode(), "info@xn--bcher-kva.example.com"),
    ("text/html; charset=nonsense", "<p>info@bücher.example.com</p>".encode(), "info@xn--bcher-kva.example.com"),
    ("text/html; charset=koi8-r", "<p>почта info@example.com</p>".encode("koi8-r"), "info@example.com"),
    ("text/html", "<p>“jane@example.com” – Zoë</p>".encode("cp1252"), "jane@example.com"),
    ("text/html; charset=utf-8", b"<p>\xff\xfe broken \x80 info@example.com \xc3</p>", "info@example.com"),
    ("text/html", b"<p>\x00\x00info@example.com</p>", "info@example.com"),
    ("text/plain; charset=euc-jp", "連絡先：info@example.com まで".encode("euc_jp"), "info@example.com"),
]
