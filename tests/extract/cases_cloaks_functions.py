"""Cloaks that are functions of a page's own, and what only looks like one: as in `cases_cloaks`."""

# ruff: noqa: E501
# fmt: off

from __future__ import annotations

FUNCTIONS = [
    ("<script>const link = (u, d) => u + '@' + d;</script><script>el.textContent = link('info', 'example.com')</script>", "info@example.com", "concatenation"),
    ("<script>const link = (u, d) => `mailto:${u}@${d}`</script><a href=\"javascript:location=link('info','example.com')\">x</a>", "info@example.com", "concatenation"),
    ("<script>let link = async (u, d) => { const a = u + String.fromCharCode(64) + d; location.href = 'mailto:' + a }</script><a onclick='link(\"info\", \"example.com\")'>x</a>", "info@example.com", "charcode"),
    ("<script>window.mailme = function(a,b,c){ window.location = 'mai'+'lto:'+a+'@'+b+'.'+c; }</script><a onclick=\"mailme(&quot;info&quot;,&quot;example&quot;,&quot;com&quot;); return false\">x</a>", "info@example.com", "concatenation"),
    ("<script>function sm(a,b){ document.write('<a href=\"mailto:'+a+'@'+b+'\">'); }</script><a onclick=\"sm(&#39;info&#39;,&#39;example.com&#39;)\">x</a>", "info@example.com", "concatenation"),
    ("<script>function sm(a,b){ document.write('<a href=\"mailto:'+a+'@'+b+'\">'); }</script><a href=\"javascript:sm(%27info%27,%27example.com%27)\">x</a>", "info@example.com", "concatenation"),
    ("<a href=\"javascript:sm('info','example.com')\">x</a><script>function sm(a,b){ location.href='mailto:'+a+'@'+b; }</script>", "info@example.com", "concatenation"),
    ("<script>function sm(a,b,s){ location.href='mailto:'+a+'@'+b+'?subject='+s; }</script><a href=\"javascript:sm('info','example.com')\">x</a>", "info@example.com", "concatenation"),
    ("<script>var at='@'; function sm(a,b){ var m = a; m += at; m += b; location.href='mailto:'+m; }</script><a href=\"javascript:sm('info','example.com')\">x</a>", "info@example.com", "concatenation"),
    ("<script>function sm(a,b){ location.href='mailto:'+[a,b].join('@'); }</script><a href=\"javascript:sm('info','example.com')\">x</a>", "info@example.com", "concatenation"),
    ("<script>function at(){return '@'} function addr(a,b){ return a+at()+b } function sm(a,b){ location.href='mailto:'+addr(a,b); }</script><a href=\"javascript:sm('info','example.com')\">x</a>", "info@example.com", "concatenation"),
    ("<script>function sm(a,b){ document.write(a+'@'+b) } sm('info','example.com');</script>", "info@example.com", "concatenation"),
    ("<script>var m = { write: function(a,b){ document.write(a+'@'+b) } };</script><script>m.write('info','example.com')</script>", "info@example.com", "concatenation"),
    ("<script>function sm(a,b='example.com'){ location = 'mailto:'+a+'@'+b }</script><a href=\"javascript:sm('info')\">x</a>", "info@example.com", "concatenation"),
    ("<script>function sm(a,b){ document.write(a+'&#64;'+b) }</script><script>sm('info','example.com')</script>", "info@example.com", "concatenation"),
    ("<script>function sm(a,b){ document.write(a+'\\x40'+b) }</script><script>sm('info','example.com')</script>", "info@example.com", "concatenation"),
    ("<script>function sm(a){ location = 'mailto:'+a.replace('#','@') }</script><a href=\"javascript:sm('info#example.com')\">x</a>", "info@example.com", "concatenation"),
    ("<script>function sm(a){ location = 'mailto:'+a.replace(/\\(at\\)/,'@').replace(/\\(dot\\)/g,'.') }</script><a href=\"javascript:sm('info(at)example(dot)com')\">x</a>", "info@example.com", "concatenation"),
    ("<script>function sm(a){ location = 'mailto:'+a.split('').reverse().join('') }</script><a href=\"javascript:sm('moc.elpmaxe@ofni')\">x</a>", "info@example.com", "reversed"),
    ("<script>function rv(s){ var o='',i,l=s.length; for(i=l-1;i>=0;i--) o+=s.charAt(i); return o } document.write(rv('moc.elpmaxe@ofni'))</script>", "info@example.com", "reversed"),
    ("<script>function rv(s){ var o=''; for(var i=0;i<s.length;i++) o=s[i]+o; return o } document.write('<a href=\"mailto:'+rv('ofni')+'@'+rv('moc.elpmaxe')+'\">')</script>", "info@example.com", "reversed"),
    ("<script>function dec(s,k){ var r=''; for(var i=0;i<s.length;i++){ r+=String.fromCharCode(s.charCodeAt(i)-k); } return r; }</script><script>document.write(dec('lqirCh{dpsoh1frp',3))</script>", "info@example.com", "charcode"),
    ("<script>function dec(s){ var r=''; for(var i=0;i<s.length;i++){ r+=String.fromCharCode(s.charCodeAt(i)^1); } return r; } var a=dec('hogn')+'@'+dec('dy`lqmd/bnl')</script>", "info@example.com", "charcode"),
    ("<script>function dec(s){ var r='',p=s.split(','); for(var i=0;i<p.length;i++){ r+=String.fromCharCode(p[i]-2); } return r; }</script><script>document.write(dec('107,112,104,113,66,103,122,99,111,114,110,103,48,101,113,111'))</script>", "info@example.com", "charcode"),
    ("<script>function dec(s){ var r=''; for(var i=0;i<s.length;i+=2){ r+=String.fromCharCode(parseInt(s.substr(i,2),16)); } return r; }</script><a onclick=\"location='mailto:'+dec('696e666f406578616d706c652e636f6d')\">x</a>", "info@example.com", "charcode"),
    ("<script>function dec(s){ var r=''; for(var i=0;i<s.length;i++){ var c = s.charCodeAt(i) + 1; r+=String.fromCharCode(c); } return r; }</script><script>document.write(dec('hmen?dw`lokd-bnl'))</script>", "info@example.com", "charcode"),
    ("<script>function sm(a,b){ location.href='mailto:'+a+'@'+b; }</script><script>document.write('<a href=\"#\" onclick=\"sm(\\'info\\',\\'example.com\\')\">x</a>')</script>", "info@example.com", "concatenation"),
    ("<script>function sm(el,a,b){ el.href='mailto:'+a+'@'+b; }</script><a href=# onmouseover=\"sm(this,'info','example.com')\">x</a>", "info@example.com", "concatenation"),
    ("<script>function sm(n,a,b,t){ var tl=['org','com']; x.href='mailto:'+a+'@'+b+'.'+tl[t]; }</script><a href=# onclick=\"sm(event, 'info','example',1)\">x</a>", "info@example.com", "concatenation"),
    ("<script>function sm(a,b){ return 'mailto:'+a+'@'+b; }</script><a href=# onclick=\"this.href=sm('info','example.com')\">x</a>", "info@example.com", "concatenation"),
    ("<script>function sm(a){ location.href='mailto:'+a+'@'+'example.com'; }</script><a href=\"javascript:sm('info')\">x</a><a href=\"javascript:sm('jobs')\">x</a>", "info@example.com jobs@example.com", "concatenation"),
    ("<script>function sm(a){ location.href='mailto:'+a+'@example.com'; }</script><a href=\"javascript:sm('info')\">x</a><a href=\"javascript:sm('jobs')\">x</a>", "info@example.com jobs@example.com", "concatenation"),
    ("<script>function sm(a,b){ location=unescape('mailto%3A')+a+unescape('%40')+b }</script><a href=\"javascript:sm('info','example.com')\">x</a>", "info@example.com", "unescape"),
    ("<script>function sm(a,b){ location='mailto:'+atob(a)+'@'+atob(b) }</script><a href=\"javascript:sm('aW5mbw==','ZXhhbXBsZS5jb20=')\">x</a>", "info@example.com", "base64"),
    ("<script><!--\nfunction sm(a,b)\n{\n// build it\nvar x = a + '@' + b;\ndocument.location.href = 'mailto:' + x;\n}\n//--></script><a href=\"javascript:sm('info','example.com');\">x</a>", "info@example.com", "concatenation"),
    ("<script>function sm(a,b,t){ var m=a+'@'+b; document.write('<a href=\"mailto:'+m+'\">'+(t ? t : m)+'</a>'); }</script><script>sm('info','example.com')</script>", "info@example.com", "concatenation"),
    ("<script>function sm(a,b){ location='mailto:'.concat(a,'@',b) }</script><a href=\"javascript:sm('info','example.com')\">x</a>", "info@example.com", "concatenation"),
    ("<script>function sm(a,b){ if (b==1) d='example.com'; else d='example.org'; location='mailto:'+a+'@'+d }</script><a href=\"javascript:sm('info',1)\">x</a>", "", ""),
    ("<script>function sm(a,b){ document.write(a+'@'+b) }</script><p>Call sm('info','example.com') to write a link.</p>", "", ""),
    ("<script>function sm(a,b){ document.write(a+'@'+b) }</script><!-- <a onclick=\"sm('info','example.com')\"> -->", "", ""),
    ("<script>function sm(a,b){ document.write(a+'@'+b) }</script><a onclick=\"spasm('info','example.com')\">x</a>", "", ""),
    ("<script>function sm(a,b){ document.write(a+'@'+host+b) }</script><a onclick=\"sm('info','example.com')\">x</a>", "", ""),
    ("<script>function sm(a,b){ document.write(pre+a+'@'+b) }</script><a onclick=\"sm('info','example.com')\">x</a>", "", ""),
    ("<script>function log(a,b){ send('https://0a1b@errors.example.com/' + a + b) }</script><script>log('start','now')</script>", "", ""),
    ("<script>function log(a){ send('key@errors.example.com' + '/' + a) }</script><script>log('start')</script>", "", ""),
    ("<script>function log(a){ send('Message-ID: <' + a + '@mail.example.com>') }</script><script>log('abc')</script>", "", ""),
    ("<script>function key(a,b){ return a+'@'+b }</script><script>key('react','18.2.0'); key('lodash','next.js'); key('@scope','pkg')</script>", "", ""),
    ("<script>function e(t,n){ return t+'@'+n }</script><script>e('click','body'); e('info','main.header')</script>", "", ""),
    ("<script>function shift(s){ var r=''; for(var i=0;i<s.length;i++) r+=String.fromCharCode(s.charCodeAt(i)-1); return r }</script><script>shift('hello world'); shift('A')</script>", "", ""),
    ("<script>function sm(a,b){ sm(a,b+'@'); sm(a+'@'+b) }</script><a onclick=\"sm('info','example.com\">x</a>", "", ""),
    ("<script>function sm(a,b){ return a+'@'+b</script><a onclick=\"sm('info','example.com')\">x</a>", "", ""),
]

SPLIT = [
    ("<script>function sm(s){ var p = s.split('|'); location = 'mailto:' + p[0] + '@' + p[1] }</script><a href=\"javascript:sm('info|example.com')\">x</a>", "info@example.com", "concatenation"),
    ("<script>function sm(s){ location = 'mailto:' + s.split('*').join('@') }</script><a href=\"javascript:sm('info*example.com')\">x</a>", "info@example.com", "concatenation"),
    ("<script>function sm(s){ location = 'mailto:' + s.split(' ')[1] + '@' + s.split(' ')[0] }</script><a href=\"javascript:sm('example.com info')\">x</a>", "info@example.com", "concatenation"),
    ("<script>var p = 'info,example,com'.split(','); document.write(p[0] + '@' + p[1] + '.' + p[2])</script>", "info@example.com", "concatenation"),
    ("<script>var p = 'info,example,com'.split(','); document.write(p[0] + '@' + p[1] + '.' + p[3])</script>", "", ""),
]

LOOPS = [
    ("<script>var s='jogpAfybnqmf/dpn', o=''; for(i=0;i<s.length;i++) o+=String.fromCharCode(s.charCodeAt(i)-1); document.write(o)</script>", "info@example.com", "charcode"),
    ("<script>var s='moc.elpmaxe@ofni', o=''; for(i=s.length-1;i>=0;i--) o+=s.charAt(i); document.write(o)</script>", "info@example.com", "reversed"),
    ("<script>var s='105 110 102 111 64 101 120 97 109 112 108 101 46 99 111 109', o=''; for (var n of s.split(' ')) { o += String.fromCharCode(n) }</script>", "info@example.com", "charcode"),
    ("<script>function d(s){ var r=''; for(var i=0;i<s.length;i++) r+=String.fromCharCode(s.charCodeAt(i)-1); return r }; x='@'</script><a onclick=\"location='mailto:'+d('jogp')+String.fromCharCode(64)+d('fybnqmf/dpn')\">x</a>", "info@example.com", "charcode"),
    ("<script>var s='hello@', o=''; for(i=0;i<s.length;i++) o+=String.fromCharCode(s.charCodeAt(i)-1)</script>", "", ""),
]
