"""What publishers hid from robots: one line a case, with the method that brings it back."""

# ruff: noqa: E501
# fmt: off

from __future__ import annotations

BRACKETS = [
    ("info [at] example.com", "info@example.com"),
    ("info[at]example.com", "info@example.com"),
    ("info(at)example.com", "info@example.com"),
    ("info (at) example.com", "info@example.com"),
    ("info {at} example.com", "info@example.com"),
    ("info <at> example.com", "info@example.com"),
    ("info [ at ] example.com", "info@example.com"),
    ("info [AT] example [DOT] com", "info@example.com"),
    ("info [at] example [dot] com", "info@example.com"),
    ("info(at)example(dot)com", "info@example.com"),
    ("info{at}mail{dot}example{dot}com", "info@mail.example.com"),
    ("jane[dot]doe[at]example[dot]com", "jane.doe@example.com"),
    ("jane.doe (at) mail.example.com", "jane.doe@mail.example.com"),
    ("info [@] example.com", "info@example.com"),
    ("info(@)example.com", "info@example.com"),
    ("info [at] example [.] com", "info@example.com"),
    ("info [at] example dot com", "info@example.com"),
    ("info@example[dot]com", "info@example.com"),
    ("info@example (dot) com", "info@example.com"),
    ("jane[dot]doe@example.com", "jane.doe@example.com"),
    ("info_at_example.com", "info@example.com"),
    ("info_at_example_dot_com", "info@example.com"),
    ("info -at- example -dot- com", "info@example.com"),
    ("jane (a) example.com", "jane@example.com"),
    ("Write: info [at] example [dot] com.", "info@example.com"),
    ("a [at] example.com, b [at] example.com", "a@example.com b@example.com"),
    ("mailto:info[at]example.com", "info@example.com"),
    ("info (at) example.com (not for sales)", "info@example.com"),
]

LANGUAGES = [
    ("info (ät) example (Punkt) com", "info@example.com"),
    ("info[ät]example[punkt]com", "info@example.com"),
    ("info (Klammeraffe) example.com", "info@example.com"),
    ("info (arroba) example (punto) com", "info@example.com"),
    ("info [arroba] example [ponto] com", "info@example.com"),
    ("info arroba example punto com", "info@example.com"),
    ("info (arobase) example (point) com", "info@example.com"),
    ("info arobase example point com", "info@example.com"),
    ("info [chiocciola] example [punto] com", "info@example.com"),
    ("info (apenstaartje) example (punt) com", "info@example.com"),
    ("info (собака) example (точка) com", "info@example.com"),
    ("info [собака] example.com", "info@example.com"),
    ("info собака example точка com", "info@example.com"),
    ("info (małpa) example (kropka) com", "info@example.com"),
    ("info [zavináč] example [tečka] com", "info@example.com"),
    ("info (kukac) example (pont) com", "info@example.com"),
    ("info (snabel-a) example (punkt) com", "info@example.com"),
    ("info (παπάκι) example (τελεία) com", "info@example.com"),
    ("info [آت] example [نقطة] com", "info@example.com"),
    ("info (أت) example (دوت) com", "info@example.com"),
    ("info [שטרודל] example [נקודה] com", "info@example.com"),
    ("info（アット）example（ドット）com", "info@example.com"),
    ("info[アットマーク]example.com", "info@example.com"),
    ("info(골뱅이)example(점)com", "info@example.com"),
    ("info [艾特] example [点] com", "info@example.com"),
    ("info【at】example.com", "info@example.com"),
    ("info（at）example.com", "info@example.com"),
]

BARE = [
    ("info at example dot com", "info@example.com"),
    ("INFO AT EXAMPLE DOT COM", "info@example.com"),
    ("jane dot doe at mail dot example dot com", "jane.doe@mail.example.com"),
    ("jane AT example.com", "jane@example.com"),
    ("jane AT example DOT com", "jane@example.com"),
    ("write to jane at example dot co dot uk please", "jane@example.co.uk"),
]

HTML = [
    ("<p>info [at] example [dot] com</p>", "info@example.com", "words"),
    ("<p>info <b>[at]</b> example.com</p>", "info@example.com", "words"),
    ("<p>info&nbsp;[at]&nbsp;example&nbsp;[dot]&nbsp;com</p>", "info@example.com", "words"),
    ("<p>info&#40;at&#41;example.com</p>", "info@example.com", "words"),
    ("<p>info &lt;at&gt; example.com</p>", "info@example.com", "words"),
    ('<a href="mailto:info[at]example.com">x</a>', "info@example.com", "words"),
    ('<a title="info [at] example.com">x</a>', "info@example.com", "words"),
    ('info<img src="at.png" alt="@">example.com', "info@example.com", "words"),
    ('info<img src="at.png" alt="at">example.com', "info@example.com", "words"),
    ('<span class="spamspan"><span class="u">info</span> [at] <span class="d">example [dot] com</span></span>', "info@example.com", "words"),
]

CLOUDFLARE = [
    ('<a data-cfemail="422b2c242d02273a232f322e276c212d2f">[email&#160;protected]</a>', "info@example.com", "cloudflare"),
    ("<a data-cfemail='422b2c242d02273a232f322e276c212d2f'>x</a>", "info@example.com", "cloudflare"),
    ("<a data-cfemail=422b2c242d02273a232f322e276c212d2f>x</a>", "info@example.com", "cloudflare"),
    ('<a href="/cdn-cgi/l/email-protection#422b2c242d02273a232f322e276c212d2f">x</a>', "info@example.com", "cloudflare"),
    ('<a data-cfemail="zzzz">x</a>', "", ""),
    ('<a data-cfemail="42">x</a>', "", ""),
    ('<a data-cfemail="">x</a>', "", ""),
    ('<a href="/cdn-cgi/l/email-protection">x</a>', "", ""),
]

TYPO3 = [
    ("<a href=\"javascript:linkTo_UnCryptMailto('nbjmup+jogpAfybnqmf\\/dpn');\">x</a>", "info@example.com", "typo3"),
    ('<a href="javascript:linkTo_UnCryptMailto(%27nbjmup%2BjogpAfybnqmf%5C%2Fdpn%27);">x</a>', "info@example.com", "typo3"),
    ('<a data-mailto-token="nbjmup+jogpAfybnqmf/dpn" data-mailto-vector="1">x</a>', "info@example.com", "typo3"),
    ('<a data-mailto-token="nothing to see here">x</a>', "", ""),
]

JOOMLA = [
    ("<script>var addy1 = '&#105;nfo' + '&#64;'; addy1 = addy1 + 'example' + '&#46;' + 'com';</script>", "info@example.com", "joomla"),
    ('<joomla-hidden-mail is-email="1" first="aW5mbw==" last="ZXhhbXBsZS5jb20=">x</joomla-hidden-mail>', "info@example.com", "joomla"),
]

ROT13 = [
    ('<a data-enc-email="vasb[at]rknzcyr.pbz">x</a>', "info@example.com", "rot13"),
    ('<a data-enc-email="vasb@rknzcyr.pbz">x</a>', "info@example.com", "rot13"),
    ("<script>document.write('<n uers=\"znvygb:vasb@rknzcyr.pbz\">'.replace(/[a-zA-Z]/g,function(c){}))</script>", "info@example.com", "rot13"),
]

SCRIPTS = [
    ("<script>document.write('info' + '@' + 'example.com')</script>", "info@example.com", "concatenation"),
    ('<script>document.write("info"+"@"+"example"+"."+"com")</script>', "info@example.com", "concatenation"),
    ("<script>document.write('info@' + 'example.com')</script>", "info@example.com", "concatenation"),
    ("<script>document.write('info' + '@example.com')</script>", "info@example.com", "concatenation"),
    ("<script>var u='info',d='example.com';document.write(u+'@'+d)</script>", "info@example.com", "concatenation"),
    ("<script>var a='info'; a += '@'; a += 'example.com'; show(a)</script>", "info@example.com", "concatenation"),
    ("<script>x=['info','example.com'].join('@')</script>", "info@example.com", "concatenation"),
    ("<a onclick=\"go('info' + '@' + 'example.com')\">x</a>", "info@example.com", "concatenation"),
    ("<a href=\"javascript:go('info'+'@'+'example.com')\">x</a>", "info@example.com", "concatenation"),
    ("<script>document.write(String.fromCharCode(105,110,102,111,64,101,120,97,109,112,108,101,46,99,111,109))</script>", "info@example.com", "charcode"),
    ("<script>document.write('info'+String.fromCharCode(64)+'example.com')</script>", "info@example.com", "charcode"),
    ("<script>x=atob('aW5mb0BleGFtcGxlLmNvbQ==')</script>", "info@example.com", "base64"),
    ("<script>x=atob('bWFpbHRvOmluZm9AZXhhbXBsZS5jb20=')</script>", "info@example.com", "base64"),
    ("<script>x='moc.elpmaxe@ofni'.split('').reverse().join('')</script>", "info@example.com", "reversed"),
    ("<script>document.write(unescape('%69nfo%40example.com'))</script>", "info@example.com", "unescape"),
    (r"<script>document.write('info\x40' + 'example.com')</script>", "info@example.com", "concatenation"),
    ("<script>x='info'+'@'+host</script>", "", ""),
    ("<script>x=String.fromCharCode(104,105)</script>", "", ""),
    ("<script>x=atob('aGVsbG8=')</script>", "", ""),
    ("<script>x=atob('!!')+unescape('%')</script>", "", ""),
    ("<script>if(s.indexOf('@')<0)alert('no @ in it')</script>", "", ""),
    ("<script>var re=/^[a-z]+@[a-z]+\\.[a-z]{2,4}$/</script>", "", ""),
]

REVERSED = [
    ('<span style="unicode-bidi:bidi-override;direction:rtl">moc.elpmaxe@ofni</span>', "info@example.com", "reversed"),
    ('<span style="direction: rtl; unicode-bidi: bidi-override;">moc.elpmaxe@ofni</span>', "info@example.com", "reversed"),
    ('<bdo dir="rtl">moc.elpmaxe@ofni</bdo>', "info@example.com", "reversed"),
    ("<style>.r{unicode-bidi:bidi-override;direction:rtl}</style><b class=r>moc.elpmaxe@ofni</b>", "info@example.com", "reversed"),
    ("<p>moc.elpmaxe@ofni</p>", "", ""),
    ('<p dir="rtl">info@example.com</p>', "info@example.com", "text"),
]
