"""Cloaks of plugins and of hands that know a little JavaScript: as in `cases_cloaks`."""

# ruff: noqa: E501
# fmt: off

from __future__ import annotations

WORDS = [
    ("<p>jane (dot) doe (at) example (dot) com", "jane.doe@example.com", "words"),
    ("<p>jane [dash] doe [at] example [dot] com", "jane-doe@example.com", "words"),
    ("<p>jane&#x28;at&#x29;example.com", "jane@example.com", "words"),
    ("<p>jane&lbrack;at&rbrack;example.com", "jane@example.com", "words"),
    ("<p>jane [&auml;t] example.com", "jane@example.com", "words"),
    ("<p>jane *at* example *dot* com", "jane@example.com", "words"),
    ("<p>jane(apenstaart)example.com", "jane@example.com", "words"),
    ("<p>JANE [MAŁPA] EXAMPLE.COM", "jane@example.com", "words"),
    ("<p>jane [собака] example [крапка] com", "jane@example.com", "words"),
    ("<p>jane [arond] example [punct] com", "jane@example.com", "words"),
    ("<p>jane klammeraffe example punkt com", "jane@example.com", "bare words"),
    ("<p>E-mail: jane at cs.example.edu, room 5", "jane@cs.example.edu", "bare words"),
    ("<p><b>Email</b>: j.doe at example.com</p>", "j.doe@example.com", "bare words"),
    ("<p>E-Mail: jane &auml;t example.com", "jane@example.com", "bare words"),
    ("<p>E-Mail: jane ät example.com", "jane@example.com", "bare words"),
    ("<pre>From jane\nFrom: jane.doe at example.com (Jane)\nDate: Mon, 4 Mar 2024</pre>", "jane.doe@example.com", "bare words"),
    ("<p>E-mail: jane @ example.com, Tel. 5", "jane@example.com", "bare words"),
    ("<p>Email (remove the spaces): jane @ example.com", "jane@example.com", "bare words"),
    ("<p>jane [chez] example [point] com", "jane@example.com", "words"),
    ("<a aria-label=\"mail to jane at example dot com\" href=\"#\"></a>", "jane@example.com", "bare words"),
    ("<a href=\"mailto:jane%20[at]%20example%20[dot]%20com\">Jane</a>", "jane@example.com", "words"),
    ("<a href=\"mailto:jane-AT-example-DOT-com\">Jane</a>", "jane@example.com", "words"),
    ("<p>jane<img src=\"z.png\" alt=\"[zavináč]\">example.com", "jane@example.com", "words"),
    ("<p>jane<i class=\"fa fa-at\"></i>example.com", "jane@example.com", "words"),
    ("<p>jane.doe<i class='fas fa-at' aria-hidden='true'> </i>example.com", "jane.doe@example.com", "words"),
]

WORDS_ON_LISTS = [
    ("<td>Jane Doe &#x3c;jane.doe at stats.example.org&#x3e;", "jane.doe@stats.example.org", "bare words"),
    ("<pre>From: Jane Doe &lt;jane () kernel ! example ! org&gt;", "jane@kernel.example.org", "words"),
]

WORDS_IN_DATA = [
    ("<script type=\"application/ld+json\">{\"email\":\"jane [at] example [dot] com\"}</script>", "jane@example.com", "words"),
    ("<script type=\"application/json\">{\"team\":[{\"mail\":\"jane(at)example.com\"}]}</script>", "jane@example.com", "words"),
    ("<script>x.innerHTML='jane[at]example.com'.replace('[at]','@')</script>", "jane@example.com", "words"),
    ("<script type=\"application/json\">{\"html\":\"<a data-cfemail=\\\"4228232c2702273a232f322e276c212d2f\\\">x<\\/a>\"}</script>", "jane@example.com", "cloudflare"),
]

COMPUTED = [
    ("<script>var p=['ja','ne','@','exam','ple.com'];x.innerHTML=p.join('')</script>", "jane@example.com", "concatenation"),
    ("<script>var h=['example','com'],u=['ja','ne'];x=u.join('')+String.fromCharCode(64)+h.join('.')</script>", "jane@example.com", "charcode"),
    ("<script>const u='jane', h='example.com'; x.href=`mailto:${u}@${h}`</script>", "jane@example.com", "concatenation"),
    ("<script>const [u, h]=['jane','example']; x.textContent=`${u}@${h}.com`</script>", "jane@example.com", "concatenation"),
    ("<script>var c={user:'jane',host:'example.com'}; x.innerHTML=c.user+'@'+c.host</script>", "jane@example.com", "concatenation"),
    ("<script>document.write('<a href=\"mailto:');document.write('jane');document.write('@');document.write('example.com');document.write('\">')</script>", "jane@example.com", "concatenation"),
    ("<script>a='ja';b='ne@e';c='xample.com';document.write(a+b+c)</script>", "jane@example.com", "concatenation"),
    ("<a href='#' onclick=\"location='mai'+'lto:'+'ja'+'ne@ex'+'ample.com'\">x</a>", "jane@example.com", "concatenation"),
    ("<a href=\"javascript:mailto('jane','example.com')\">x</a>", "jane@example.com", "concatenation"),
    ("<a href='#' onclick=\"return sendMail('jane', 'example', 'com')\">x</a>", "jane@example.com", "concatenation"),
    ("<script>var c=[105,110,102,111,64,101,120,97,109,112,108,101,46,99,111,109],s='';for(i in c)s+=String.fromCharCode(c[i])</script>", "info@example.com", "charcode"),
    ("<script>x=String.fromCharCode.apply(null,[105,110,102,111,64,101,120,97,109,112,108,101,46,99,111,109])</script>", "info@example.com", "charcode"),
    ("<script>x=[105,110,102,111,64,101,120,97,109,112,108,101,46,99,111,109].map(c=>String.fromCharCode(c)).join('')</script>", "info@example.com", "charcode"),
    ("<script>document.write('\\x69\\x6e\\x66\\x6f\\x40\\x65\\x78\\x61\\x6d\\x70\\x6c\\x65\\x2e\\x63\\x6f\\x6d')</script>", "info@example.com", "unescape"),
    ("<a href=\"javascript:location='\\u006d\\u0061\\u0069\\u006c\\u0074\\u006f\\u003a\\u0069\\u006e\\u0066\\u006f\\u0040\\u0065\\u0078\\u0061\\u006d\\u0070\\u006c\\u0065\\u002e\\u0063\\u006f\\u006d'\">x</a>", "info@example.com", "unescape"),
    ("<script>(function(){var ml=\"info@exampl.c\",mi=\"0123456789:5;<38\",o='';for(j=0;j<mi.length;j++){o+=ml.charAt(mi.charCodeAt(j)-48)}})()</script>", "info@example.com", "charcode"),
    ("<script>(function(){var ml=\"%3Ca href=2milto:n@xp.cE/\",mi=\"01234567890::;3<=>?@<A8?B7C3;D=7EF?;0::01GC012H301G\",o='';for(j=0;j<mi.length;j++){o+=ml.charAt(mi.charCodeAt(j)-48)}})()</script>", "info@example.com", "charcode"),
    ("<script>function a_enkoder(){var kode=\"kode=\\\")\\\\\\\"moc.elpmaxe@ofni\\\\\\\"(etirw.tnemucod\\\";kode=kode.split('').reverse().join('')\";var i,c,x;while(eval(kode));}a_enkoder();</script>", "info@example.com", "unescape"),
    ("<script>function a_enkoder(){var kode=\"kode=\\\"grfxphqw1zulwh+%lqirCh{dpsoh1frp%,\\\";x='';for(i=0;i<kode.length;i++){c=kode.charCodeAt(i)-3;if(c<0)c+=128;x+=String.fromCharCode(c)}kode=x\";var i,c,x;while(eval(kode));}a_enkoder();</script>", "info@example.com", "unescape"),
    ("<script>function a_enkoder(){var kode=\"kode=\\\"oducemtnw.iret\\\\\\\"(niofe@axpmelc.mo)\\\\\\\"\\\";x='';for(i=0;i<(kode.length-1);i+=2){x+=kode.charAt(i+1)+kode.charAt(i)}kode=x+(i<kode.length?kode.charAt(kode.length-1):'');\";var i,c,x;while(eval(kode));}a_enkoder();</script>", "info@example.com", "unescape"),
    ("<script>function b_enkoder(){var x=\"x=\\\"646f63756d656e742e777269746528223c623e696e666f406578616d706c652e636f6d3c2f623e2229\\\";y='';for(i=0;i<x.length;i+=2){y+=unescape('%'+x.substr(i,2));}y\";while(x=eval(x));}b_enkoder();</script>", "info@example.com", "unescape"),
]

COMPUTED_TOO = [
    ("<script>var a=new Array('jane','example','com');document.write(a[0]+'@'+a[1]+'.'+a[2])</script>", "jane@example.com", "concatenation"),
    ("<script>x=''.concat('jane',String.fromCharCode(64),'example.com')</script>", "jane@example.com", "charcode"),
    ("<script>document.write(['jane','example.com'].join(String.fromCharCode(64)))</script>", "jane@example.com", "concatenation"),
    ("<script>c=[113,104,117,108,71,108,127,104,116,119,115,108,53,106,118,116].map(function(c){return String.fromCharCode(c - 7)})</script>", "jane@example.com", "charcode"),
    ("<script>mailto(\"jane\",\"sub.example\",\"de\")</script>", "jane@sub.example.de", "concatenation"),
    ("<a onmouseover=\"this.href='mai'+'lto:'+'jan'+'e&#64;'+'example.com'\">x</a>", "jane@example.com", "concatenation"),
    ("<i data-e='amFuZUBleGFtcGxlLmNvbQ=='></i><script>x.textContent=atob(x.getAttribute('data-e'))</script>", "jane@example.com", "base64"),
    ("<script>l[0]='|109';l[1]='|111';l[2]='|99';l[3]='.';l[4]='e';l[5]='l';l[6]='p';l[7]='m';l[8]='a';l[9]='x';l[10]='e';l[11]='|64';l[12]='|101';l[13]='n';l[14]='a';l[15]='j';for(i=l.length-1;i>=0;i--)document.write('&#'+unescape(l[i]))</script>", "jane@example.com", "reversed"),
]

ATTRIBUTES = [
    ("<a href=\"javascript:DeCryptX('jogpAfybnqmf/dpn')\">x</a>", "info@example.com", "charcode"),
    ("<a href=\"javascript:DeCryptX('3l1o4j0o2B3h1y4e0m2r3o1f420c2q3p')\">x</a>", "info@example.com", "charcode"),
    ("<a href=\"javascript:linkTo_UnCryptMailto('nbjmup;jogpAfybnqmf/dpn')\">x</a>", "info@example.com", "typo3"),
    ("<a data-mail-to=\"vasb/ng/rknzcyr/qbg/pbz\">@mail</a>", "info@example.com", "rot13"),
    ("<a data-enc-email=\"vasb[at]rknzcyr.bet\">x</a>", "info@example.org", "rot13"),
    ("<a data-rot13=\"vasb@rknzcyr.pbz\">x</a>", "info@example.com", "rot13"),
    ("<a class=\"mail\" data-user=\"info\" data-domain=\"example.com\"></a>", "info@example.com", "concatenation"),
    ("<a class=\"mail\" data-name=\"info\" data-domain=\"example\" data-tld=\"com\"></a>", "info@example.com", "concatenation"),
    ("<span class=\"js-mail\" data-local=\"info\" data-host=\"example.com\"></span>", "info@example.com", "concatenation"),
    ("<a data-email-user=\"info\" data-email-domain=\"example.com\"></a>", "info@example.com", "concatenation"),
    ("<span class=\"e-mail\" data-user=\"ofni\" data-domain=\"moc.elpmaxe\"></span>", "info@example.com", "reversed"),
    ("<a href=\"#\" data-u=\"info\" data-h=\"example.com\" onclick=\"location='mailto:'+this.dataset.u+'@'+this.dataset.h\">x</a>", "info@example.com", "concatenation"),
    ("<a data-mail=\"bWFpbHRvOmluZm9AZXhhbXBsZS5jb20=\">x</a><script>$(t).attr('href', atob($(t).data('mail')))</script>", "info@example.com", "base64"),
    ("<a data-to=\"aW5mb0BleGFtcGxlLmNvbQ==\" onfocus=\"this.href=atob(this.dataset.to)\">x</a>", "info@example.com", "base64"),
    ("<span style=\"unicode-bidi:bidi-override;direction:rtl\">moc.el<i style=\"display:none\">xyz</i>pmaxe@ofni</span>", "info@example.com", "reversed"),
    ("<style>.no{display:none}.rtl{unicode-bidi:bidi-override;direction:rtl}</style><b class=\"rtl\">moc.<b class=\"no\">123</b>elpmaxe@ofni</b>", "info@example.com", "reversed"),
]

INSERTED = [
    ("<style>.e::after{content:\"\\0040\" attr(data-domain);}</style><span class=e data-domain='example.com'>info</span>", "info@example.com", "concatenation"),
    ("<style>span.at:before { content: '\\40'; }</style><p>info<span class=\"at\"></span>example.com", "info@example.com", "concatenation"),
    ("<style>#m:before{color:red;content: attr(data-u) \"@\" attr(data-d) '.' attr(data-t)}</style><b id=m data-u=info data-d=example data-t=com></b>", "info@example.com", "concatenation"),
    ("<style>.e:after{content:'@example.com'}</style><li><b class=e>info</b></li><li><b class='x e'>jobs</b>", "info@example.com jobs@example.com", "concatenation"),
]

OCTAL = [
    ("<script>a='\\155\\141\\151\\154\\164\\157\\72'; b='\\151\\156\\146\\157\\100\\145\\170\\141\\155\\160\\154\\145\\56\\143\\157\\155'; document.write('<a href=\"'+a+b+'\">'+b+'</a>');</script>", "info@example.com", "unescape"),
    ("<script>document.write(\"\\151\\156\\146\\157\\100example.com\")</script>", "info@example.com", "unescape"),
    ("<a href=\"#\" onclick=\"location='mailto:info\\100'+'example.com'\">x</a>", "info@example.com", "concatenation"),
    ("<script>x = s.replace(/(a)(b)/, '\\1\\100\\2')</script>", "", ""),
]

COMPUTED = [
    ("<script>const who = 'info'; const where = ['mail', 'example', 'com']; x.innerHTML = `<a href=\"mailto:${who}@${where.join('.')}\">${who}@${where.join('.')}</a>`</script>", "info@mail.example.com", "concatenation"),
    ("<script>const p = {u: 'info', d: 'example.com'}; let a = `${p.u}@${p.d}`; show(`${greeting}, ${a}`)</script>", "info@example.com", "concatenation"),
    ("<script>var p = new Array(); p[0] = 'info'; p[1] = 'example.com'; document.write(p[0]+'@'+p[1])</script>", "info@example.com", "concatenation"),
    ("<script>var p = []; p[2] = 'example.com'; p[0] = 'info'; p[1] = '@'; el.href = 'mailto:' + p.join('')</script>", "info@example.com", "concatenation"),
    ("<script>var p = {}; p['u'] = 'info'; p.d = 'example.com'; y = p.u + '@' + p['d']</script>", "info@example.com", "concatenation"),
    ("<script>var p = []; p.push('info'); p.push('@', 'example.com'); y = p.join('')</script>", "info@example.com", "concatenation"),
    ("<script>document.write('info', '@', 'example.com')</script>", "info@example.com", "concatenation"),
    ("<script>document.write('<a href=\"mailto:' + 'info' + '@' + 'example.com' + '?subject=' + topic + '\">')</script>", "info@example.com", "concatenation"),
    ("<script>p[0] = 'info@'; p[1] = shop; p[2] = 'example.com'; x = p.join('')</script>", "", ""),
    ("<script>x = `info@${shop}.example.com`; y = name + '.doe' + '@' + 'example.com'</script>", "", ""),
    ("<script>x = 'info' + '@' + 'example.co' + rest; y = 'info' + '@' + 'example&#46;com&#46;' + land</script>", "", ""),
    ("<style>#m::after { content: \"quiz\" \"@\" \"example.com\"; }</style><p id=m>Email: </p>", "quiz@example.com", "concatenation"),
]
