"""Calendars, directories, mails of many parts, captions, feeds and drawings: content type, bytes, and the addresses in them."""

# ruff: noqa: E501
# fmt: off

from __future__ import annotations

CALENDARS = [
    ("text/calendar", b"BEGIN:VCALENDAR\r\nATTENDEE;ROLE=OPT-PARTICIPANT;CN=X:MAILTO:tre\r\n asurer@example.com\r\nEND:VCALENDAR\r\n", "treasurer@example.com"),
    ("text/calendar", b"BEGIN:VCALENDAR\r\nDESCRIPTION:Apologies to:\\nsecretary@exam\r\n ple.com\\nBring cups\\, please.\r\n", "secretary@example.com"),
    ("text/calendar", b"DESCRIPTION:Ask jane\r\n @example.com", "jane@example.com"),
    ("text/calendar; charset=utf-8", b"DESCRIPTION:Ask a@example.com\\,b@example.com\\;c@example.com\\Nd@example.com", "a@example.com b@example.com c@example.com d@example.com"),
    ("text/calendar", b"BEGIN:VEVENT\nUID:3-1@example.com\nRELATED-TO;RELTYPE=PARENT:4-2@example.com\nX-WR-RELCALID:x@example.com\nX-EXAMPLE-UID:y@example.com\n", ""),
    ("text/calendar", b"ATTENDEE;CN=Jane;EMAIL=jane@example.com:urn:uuid:1\nORGANIZER;SENT-BY=\"mailto:ann@example.com\":mailto:jo%2Bcal@example.com", "ann@example.com jane@example.com jo+cal@example.com"),
    ("text/plain", b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:abc@example.com\nDESCRIPTION:x\\ninfo@exa\n mple.com\n", "info@example.com"),
    ("text/calendar", b"DESCRIPTION;LANGUAGE=en:a@example.com\r\nX-ALT-DESC;FMTTYPE=text/html:<p>Ask <b>\r\n b</b>@example.com\\, <!-- c@example.com --><a href=\"mailto\r\n :d@example.com\">D</a>\r\n", "a@example.com b@example.com d@example.com"),
    ("text/x-vcalendar", b"BEGIN:VCALENDAR\nATTENDEE;ENCODING=QUOTED-PRINTABLE:jane=40exam=\nple.com\n", "jane@example.com"),
]

CARDS = [
    ("text/vcard", b"BEGIN:VCARD\nNOTE:Sales:\\nsales@example.com\\nPress:\\npress@example.com\nEND:VCARD", "press@example.com sales@example.com"),
    ("text/vcard", b"BEGIN:VCARD\nUID:9f2c@example.com\nEMAIL:jane@example.com\nEND:VCARD", "jane@example.com"),
    ("text/vcard", b"BEGIN:VCARD\nCALADRURI;PREF=1:mailto:salle%2Breservation@example.com\nEND:VCARD", "salle+reservation@example.com"),
    ("text/plain", b"BEGIN:VCARD\r\nVERSION:3.0\r\nEMAIL:a.long.name@exam\r\n ple.com\r\nEND:VCARD", "a.long.name@example.com"),
]

DIRECTORIES = [
    ("text/x-ldif", b"dn: uid=a,dc=example\nmail: martina.mitterhofer@exa\n mple.org\n", "martina.mitterhofer@example.org"),
    ("text/plain", b"# extended LDIF\n#\n\nversion: 1\n\ndn: uid=a,dc=example\nobjectClass: person\nmail: martina@exa\n mple.org\n", "martina@example.org"),
    ("application/ldif", b"dn: uid=a,dc=example\ncn:: SsO8cmdlbg==\nmail:: asO8cmdlbkBleGFtcGxlLm9yZw==\njpegPhoto:: /9j/4AAQQGEuY29t\n", "jürgen@example.org"),
    ("text/plain", b"dn: is short for distinguished name\n  mail anna@example.org\n", "anna@example.org"),
    ("text/plain", b"Write to anna\n @example.org or to anna@exam\n ple.org", ""),
]

PARTS = [
    ("message/rfc822", b"To: a@example.com\nContent-Type: multipart/alternative; boundary=\"=_x\"\n\npreamble z@example.com\n--=_x\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\nV3JpdGUgdG8gYkBleGFtcGxlLmNvbQ==\n\n--=_x\nContent-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n<a href=3D\"mailto:c=40exam=\nple.com\">x</a> <b>d</b>&=\n#64;example.com\n--=_x--\n", "a@example.com b@example.com c@example.com d@example.com"),
    ("message/rfc822", b"From: a@example.com\r\nContent-Type: multipart/mixed;\r\n boundary=x\r\n\r\n--x\r\nContent-Type: multipart/related; boundary=xy\r\n\r\n--xy\r\nContent-Type: text/html\r\n\r\n<p>b@example.com <img src=\"cid:c@example.com\">\r\n--xy\r\nContent-Type: image/png\r\nContent-ID: <c@example.com>\r\n\r\nd@example.com\r\n--xy--\r\n--x\r\n\r\ne@example.com\r\n--x--\r\n", "a@example.com b@example.com e@example.com"),
    ("message/rfc822", b"From: a@example.com\nContent-Type: text/html\nContent-Transfer-Encoding: BASE64\n\nPGEgaHJlZj0ibWFpbHRv\nOmJAZXhhbXBsZS5jb20iPng8L2E+", "a@example.com b@example.com"),
    ("message/rfc822", b"Subject: x\nContent-Transfer-Encoding: base64\n\nV3JpdGUgdG8gYkBleGFtcGxlLmNvbQ\n", "b@example.com"),
    ("message/rfc822", b"From: a@example.com\nContent-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: message/rfc822\n\nFrom: b@example.com\nMessage-ID: <c@example.com>\n\nd@example.com\n--x--\n", "a@example.com b@example.com d@example.com"),
    ("message/rfc822", b"From: a@example.com\nContent-Type: multipart/digest; boundary=x\n\n--x\n\nFrom: b@example.com\nMessage-ID: <c@example.com>\n\nd@example.com\n--x--\n", "a@example.com b@example.com d@example.com"),
    ("message/rfc822", b"From: a@example.com\nContent-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/calendar; method=REQUEST\n\nUID:1@example.com\nATTENDEE:mailto:b@exam\n ple.com\n", "a@example.com b@example.com"),
    ("message/rfc822", b"From: a@example.com\nContent-Type: multipart/mixed\n\nno boundary: b@example.com", "a@example.com b@example.com"),
    ("message/rfc822", b"From: a@example.com\nContent-Type: multipart/mixed; boundary=x\n\nnever used: b@example.com", "a@example.com b@example.com"),
    ("message/rfc822", "From: a@example.com\nContent-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/plain; charset=koi8-r\nContent-Transfer-Encoding: 8bit\n\nпочтаb@example.com\n--x--".encode("koi8-r"), "a@example.com b@example.com"),
    ("message/rfc822", b"From: a@example.com\nContent-Type: text/plain; charset*=x\0y'en'z; boundary*0*=1\nContent-Transfer-Encoding: nonsense\n\nb@example.com", "a@example.com b@example.com"),
    ("message/rfc822", b"From: a@example.com\nContent-Type: ; ; = \"\n\nb@example.com", "a@example.com b@example.com"),
    ("text/plain; charset=utf-8", b"Received: from a by b id <x@example.com>\r\nFrom: a@example.com\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nb=40example.com\r\n", "a@example.com b@example.com"),
    ("text/plain", b"From: a@example.com\nContact: b@example.com\n\nMIME-Version: is only a word: c@example.com", "a@example.com b@example.com c@example.com"),
    ("message/rfc822", b"From: =?iso-8859-1?B?Q2hsb+k=?=\n <a@example.com>\nSubject: =?utf-8?B?w6AgYkBleGFt?=\n =?utf-8?q?ple=2Ecom?= and =?idna?q?=FF?= =?zlib?b?x?=\n\n", "a@example.com b@example.com"),
    ("application/mbox", b"From x@example.com Thu Jan  1 00:00:00 1970\nFrom: a@example.com\nMessage-ID: <y@example.com>\n\nHello\n\nFrom z@example.com Thu Jan  1 00:00:00 1970\nFrom: b@example.com\nContent-Transfer-Encoding: quoted-printable\n\nc=40example.com\n", "a@example.com b@example.com c@example.com"),
    ("application/x-mimearchive", b"From: <Saved by a browser>\nSubject: x\nContent-Type: multipart/related; type=\"text/html\"; boundary=\"----=_N\"\n\n------=_N\nContent-Type: text/html; charset=\"windows-1252\"\nContent-Transfer-Encoding: quoted-printable\nContent-ID: <frame@mhtml.example.com>\n\n<p>B=FCro: a=40example.com</p>\n------=_N--\n", "a@example.com"),
]

CAPTIONS = [
    ("text/vtt", b"WEBVTT\n\n1\n00:00:01.000 --> 00:00:05.500\n<v Clerk>Write to <c.yellow>comments@example.org</c> or <i>jane</i>@example.org.\n", "comments@example.org jane@example.org"),
    ("text/plain", b"WEBVTT\n\n00:01.000 --> 00:05.500\nja<00:02.000>ne@<b>example.org</b>\n", "jane@example.org"),
    ("application/x-subrip", b"1\n00:00:01,000 --> 00:00:05,500\n<font color=\"red\">jane</font>@example.org\n", "jane@example.org"),
]

CARRIED = [
    ("application/atom+xml", b"<feed><content type=\"html\">&lt;i&gt;archive&amp;#64;example.com&lt;/i&gt;&amp;nbsp;x</content><email>a@example.com</email></feed>", "a@example.com archive@example.com"),
    ("application/rss+xml", b"<rss><description>&lt;p&gt;archive&amp;#64;example.com&lt;/p&gt;</description></rss>", "archive@example.com"),
    ("application/rss+xml", b"<rss><description><![CDATA[<b>studio</b>@example.com]]></description><author>a@example.com (A)</author></rss>", "a@example.com studio@example.com"),
    ("application/rss+xml", b"<rss><description>&lt;b&gt;studio&lt;/b&gt;@example.com</description></rss>", "studio@example.com"),
    ("application/rss+xml", b"<rss><description>&lt;p hidden&gt;x@example.com&lt;/p&gt;<!-- y@example.com --></description><email><![CDATA[a@example.com]]></email></rss>", "a@example.com"),
    ("application/rss+xml", b"<rss><a><![CDATA[<!-- x@example.com]]></a><b>b@example.com</b><c>&lt;p&gt;c@example.com</c><d><![CDATA[d@example.com", "b@example.com c@example.com d@example.com"),
    ("text/xml", "<?xml version='1.0' encoding='iso-8859-1'?><rss><a><![CDATA[Grüße: <b>büro</b>@example.com]]></a></rss>".encode("latin-1"), "büro@example.com"),
    ("application/vnd.google-earth.kml+xml", b"<kml><Placemark><description><![CDATA[<b>hut</b>@example.com]]></description></Placemark></kml>", "hut@example.com"),
    ("application/xml", b"<book><code>&lt;email&gt;jane@example.com&lt;/email&gt;</code></book>", "jane@example.com"),
]

DRAWINGS = [
    ("image/svg+xml", b"<svg><text><tspan fill='red'>jane</tspan><tspan>@</tspan><tspan class=\"x\">example.com</tspan></text></svg>", "jane@example.com"),
    ("image/svg+xml", b"<svg><text><tspan x='0' y='1'>jane@example.com</tspan><tspan x='0' dy='1.2em'>Monday</tspan><tspan x='0' dy='1.2em'>ann@example.com</tspan></text></svg>", "ann@example.com jane@example.com"),
    ("image/svg+xml", b"<svg><text>jane@example.com</text><text>Monday</text></svg>", "jane@example.com"),
    ("image/svg+xml", b"<svg><style><![CDATA[.x{src:url(a@example.com)}]]></style><text>jane@<tspan>example</tspan>.com</text></svg>", "jane@example.com"),
]

URIS = [
    ("text/plain", b"Contact: mailto:psirt%2Bweb@example.com", "psirt+web@example.com"),
    ("text/plain", b"<MAILTO:jane.%64oe@example.com> 100%jane@example.com", "jane.doe@example.com 100%jane@example.com"),
    ("text/markdown", b"[x](mailto:psirt%2Bweb@example.com?subject=50%25)", "psirt+web@example.com"),
    ("text/plain", b"Write to mailto:jane%40example.com, or [me](mailto:jo%2Bme%40example.com?cc=ann%40example.com) (https://example.com/?x=b%40example.com)", "ann@example.com jane@example.com jo+me@example.com"),
    ("application/json", b'{"href":"mailto:jane%40example.com"}', "jane@example.com"),
    ("text/html", b"<p>mailto:jane%40example.com. x%40example.com", "jane@example.com"),
    ("text/html", b"<pre>Contact: mailto:psirt%2Bweb@example.com</pre>", "psirt+web@example.com"),
]

# No word on the charset, and none of them is UTF-8: the second byte of what stands before the
# address may be a letter.
UNDECLARED = [
    ("text/html", "<p>電子郵件：service@example.org.tw<br>會務組：member@example.org.tw（週一至週五）".encode("big5"), "member@example.org.tw service@example.org.tw"),
    ("text/html; charset=utf-8", "<title>聯絡我們</title><p>電話　傳真　信箱：info@example.com".encode("big5"), "info@example.com"),
    ("text/html", "<p>联系我们：info@example.com 电话、传真和邮箱：sales@example.com".encode("gbk"), "info@example.com sales@example.com"),
    ("text/html", "<p>お問い合わせ：info@example.co.jp 電話ダイヤルアsales@example.co.jp".encode("cp932"), "info@example.co.jp sales@example.co.jp"),
    ("text/html", "<p>お問い合わせはinfo@example.co.jpまでメールでお願いします。".encode("cp932"), "info@example.co.jp"),
    ("text/html", "<p>お問い合わせはinfo@example.co.jpまで。<p>ｉｎｆｏ＠example.com".encode("euc_jp"), "info@example.co.jp info@example.com"),
    ("text/plain", "이메일 문의는 info@example.co.kr로 보내주세요. 연락처：ｉｎｆｏ＠example.com".encode("cp949"), "info@example.co.kr info@example.com"),
    ("text/html", "<p>почта: ящик@example.com, пишите".encode("cp1251"), "ящик@example.com"),
    ("text/html", "<p>пишите нам: ящик@example.com".encode("koi8-r"), "ящик@example.com"),
    ("text/html", "<p>Grüße, schöne Bücher über Zürich: büro@example.com".encode("cp1252"), "büro@example.com"),
]
