"""Providers where anybody may have a mailbox, and the words for roles: data, one line each."""

from __future__ import annotations

from mailharvest.extract.tables import words

FREE = {
    "gmail": "gmail.com googlemail.com",
    "yahoo": "yahoo.com ymail.com rocketmail.com yahoo.de yahoo.fr yahoo.it yahoo.es yahoo.gr"
    " yahoo.ie"
    " yahoo.se yahoo.no yahoo.dk yahoo.pl yahoo.ro yahoo.nl yahoo.be yahoo.at yahoo.ca yahoo.in"
    " yahoo.co.uk yahoo.co.in yahoo.co.jp yahoo.co.id yahoo.co.nz yahoo.co.kr yahoo.co.za"
    " yahoo.com.au yahoo.com.ar yahoo.com.br yahoo.com.cn yahoo.com.hk yahoo.com.mx yahoo.com.my"
    " yahoo.com.ph yahoo.com.sg yahoo.com.tr yahoo.com.tw yahoo.com.vn yahoo.com.co yahoo.com.pe",
    "outlook": "outlook.com outlook.de outlook.fr outlook.it outlook.es outlook.jp outlook.sa"
    " outlook.pt outlook.com.br outlook.com.tr hotmail.com hotmail.de hotmail.fr hotmail.it"
    " hotmail.es hotmail.nl hotmail.se hotmail.co.uk hotmail.co.jp hotmail.com.br hotmail.com.ar"
    " hotmail.com.tr hotmail.gr live.com live.de live.fr live.it live.nl live.se live.dk live.ca"
    " live.co.uk live.com.mx live.com.au live.cn msn.com passport.com windowslive.com",
    "icloud": "icloud.com me.com mac.com",
    "aol": "aol.com aol.de aol.fr aol.co.uk aim.com netscape.net",
    "proton": "proton.me protonmail.com protonmail.ch pm.me",
    "gmx": "gmx.com gmx.de gmx.net gmx.at gmx.ch gmx.fr gmx.es gmx.co.uk gmx.us mail.com email.com",
    "web.de": "web.de",
    "t-online": "t-online.de magenta.de",
    "freenet": "freenet.de",
    "arcor": "arcor.de vodafonemail.de",
    "posteo": "posteo.de posteo.net",
    "mailbox.org": "mailbox.org",
    "tuta": "tuta.io tuta.com tutanota.com tutanota.de tutamail.com keemail.me",
    "fastmail": "fastmail.com fastmail.fm",
    "zoho": "zoho.com zohomail.com zohomail.eu zohomail.in",
    "hey": "hey.com",
    "yandex": "yandex.ru yandex.com yandex.by yandex.kz yandex.ua yandex.com.tr ya.ru narod.ru",
    "mail.ru": "mail.ru inbox.ru list.ru bk.ru internet.ru",
    "rambler": "rambler.ru lenta.ru autorambler.ru myrambler.ru ro.ru",
    "ukr.net": "ukr.net",
    "i.ua": "i.ua ua.fm",
    "meta.ua": "meta.ua",
    "qq": "qq.com foxmail.com vip.qq.com",
    "netease": "163.com 126.com yeah.net vip.163.com 188.com",
    "sina": "sina.com sina.cn vip.sina.com",
    "sohu": "sohu.com",
    "aliyun": "aliyun.com",
    "139": "139.com",
    "189": "189.cn 21cn.com",
    "naver": "naver.com",
    "daum": "daum.net hanmail.net kakao.com",
    "nate": "nate.com",
    "docomo": "docomo.ne.jp",
    "au": "ezweb.ne.jp au.com",
    "softbank": "softbank.ne.jp i.softbank.jp",
    "nifty": "nifty.com",
    "rediff": "rediffmail.com",
    "orange": "orange.fr wanadoo.fr",
    "free": "free.fr",
    "laposte": "laposte.net",
    "sfr": "sfr.fr neuf.fr club-internet.fr",
    "bouygues": "bbox.fr",
    "libero": "libero.it virgilio.it inwind.it iol.it",
    "tim": "tim.it alice.it tin.it",
    "tiscali": "tiscali.it tiscali.co.uk",
    "telenet": "telenet.be",
    "skynet": "skynet.be proximus.be",
    "ziggo": "ziggo.nl home.nl",
    "kpn": "kpnmail.nl planet.nl hetnet.nl",
    "bluewin": "bluewin.ch",
    "a1": "a1.net aon.at",
    "seznam": "seznam.cz email.cz post.cz",
    "centrum": "centrum.cz centrum.sk atlas.cz azet.sk",
    "wp": "wp.pl o2.pl tlen.pl",
    "onet": "onet.pl onet.eu op.pl poczta.onet.pl vp.pl",
    "interia": "interia.pl interia.eu poczta.fm",
    "freemail.hu": "freemail.hu citromail.hu",
    "abv": "abv.bg mail.bg",
    "sapo": "sapo.pt",
    "terra": "terra.com.br terra.es terra.com",
    "uol": "uol.com.br bol.com.br",
    "ig": "ig.com.br",
    "globo": "globo.com globomail.com",
    "btinternet": "btinternet.com btopenworld.com",
    "sky": "sky.com",
    "virgin": "virginmedia.com ntlworld.com blueyonder.co.uk",
    "talktalk": "talktalk.net",
    "eircom": "eircom.net",
    "comcast": "comcast.net xfinity.com",
    "verizon": "verizon.net",
    "att": "att.net sbcglobal.net bellsouth.net ameritech.net pacbell.net",
    "charter": "charter.net spectrum.net",
    "cox": "cox.net",
    "earthlink": "earthlink.net mindspring.com",
    "juno": "juno.com netzero.net",
    "shaw": "shaw.ca",
    "rogers": "rogers.com",
    "bell": "sympatico.ca bell.net",
    "videotron": "videotron.ca",
    "telus": "telus.net",
    "bigpond": "bigpond.com bigpond.net.au telstra.com",
    "optus": "optusnet.com.au",
    "xtra": "xtra.co.nz",
    "maktoob": "maktoob.com",
    "walla": "walla.co.il walla.com",
    "disroot": "disroot.org",
    "riseup": "riseup.net",
    "mailfence": "mailfence.com",
    "hushmail": "hushmail.com",
    "lycos": "lycos.com",
}

# What a local part says it is for, in the languages of the web.
ROLES = {
    "info": "info infos information informacion informacje informazioni auskunft infodesk infoline",
    "contact": "contact contacts contactus contato contacto contatti kontakt kontakty hello hi"
    " hallo"
    " hola bonjour ciao ask enquiry enquiries enquire inquiry inquiries yhteys contactez iletisim"
    " kapcsolat",
    "sales": "sales sale verkauf vertrieb ventas vendas vendite ventes commercial commerciale"
    " comercial verkoop sprzedaz prodej obchod satis salg forsaljning order orders bestellung"
    " pedidos commande",
    "support": "support help helpdesk service services kundenservice kundendienst customerservice"
    " customercare care soporte suporte assistenza assistance sav hilfe ayuda aide klantenservice"
    " servicedesk pomoc podpora destek",
    "office": "office buero biuro oficina escritorio ufficio bureau kantoor reception rezeption"
    " recepcion recepcao accueil sekretariat secretariat secretaria segreteria mail email post"
    " postmaster mailbox correo posta poststelle",
    "admin": "admin administrator administration administracion administracja verwaltung root"
    " sysadmin hostmaster webmaster webmaestro webadmin it edv noc",
    "abuse": "abuse security cert csirt phishing spam soc",
    "press": "press presse prensa imprensa stampa pers media newsroom pressestelle pr redaktion"
    " redaction redazione redakcja editor editorial",
    "jobs": "jobs job career careers karriere recruiting recruitment recruiter bewerbung hr"
    " personal rh rrhh empleo empleos emploi lavoro curriculum cv talent hiring praca kariera",
    "marketing": "marketing werbung publicidad advertising ads partners partner partnership"
    " partnerships sponsoring sponsorship affiliate affiliates",
    "billing": "billing invoice invoices invoicing rechnung rechnungen buchhaltung accounting"
    " accounts accountspayable payable factura facturas facturation facturacion faktura"
    " fakturace finance finanzen finanzas payments comptabilite contabilidad contabilita",
    "legal": "legal compliance recht datenschutz privacy gdpr dpo dsgvo rgpd copyright dmca",
    "booking": "booking bookings reservation reservations reservierung reservas reserva"
    " prenotazioni"
    " buchung rezervace rezervasyon events event veranstaltungen",
    "feedback": "feedback suggestions complaints reklamation reclami reclamaciones beschwerde",
    "management": "management direction direktion geschaeftsfuehrung gf direccion direzione"
    " dyrekcja"
    " ceo cto cfo coo vorstand manager owner",
    "newsletter": "newsletter news subscribe unsubscribe list lists announce bulletin",
    "noreply": "noreply donotreply nepasrepondre nichtantworten keineantwort noresponder"
    " bounce bounces mailerdaemon daemon notification notifications",
    "shop": "shop store webshop tienda boutique negozio sklep loja magasin",
    "team": "team crew staff everyone all club verein",
}

# Domains and local parts that stand for "put yours here".
PLACEHOLDER_DOMAINS = words(
    """domain.com domain.org domain.net yourdomain.com your-domain.com mydomain.com yourcompany.com
    your-company.com mycompany.com yoursite.com your-site.com mysite.com website.com yourwebsite.com
    site.com sitename.com domainname.com email.tld test.com company.com abc.com xyz.com
    emailaddress.com sample.com acme.com foo.com bar.com foobar.com nowhere.com"""
)
PLACEHOLDER_LOCALS = words(
    """youremail your.email your-email your_email yourname your.name your-name your_name youraddress
    firstname.lastname first.last firstname lastname vorname.nachname prenom.nom nombre.apellido
    nome.cognome username yourusername emailaddress email.address myemail exampleuser
    john.doe jane.doe johndoe janedoe max.mustermann maxmustermann erika.mustermann"""
)
