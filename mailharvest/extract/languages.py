"""How people of ten languages and more write "@" and "." out, to hide an address from robots."""

from __future__ import annotations

AT = {
    "en": ("at",),
    "de": ("ät", "Ät", "ÄT", "klammeraffe", "affenschwanz", "bei"),
    "es": ("arroba",),  # also pt, ca, gl
    "fr": ("arobase", "arobas", "arrobase", "chez"),
    "it": ("chiocciola", "chiocciolina"),
    "nl": ("apenstaartje", "apestaartje", "apenstaart"),
    "pl": ("małpa", "malpa"),
    "cs": ("zavináč", "zavinac"),
    "hu": ("kukac",),
    "sv": ("snabel-a", "snabela", "alfakrøll", "krøllalfa"),
    "ro": ("arond", "arondă"),
    "ru": ("собака", "собачка", "Собака"),
    "el": ("παπάκι", "παπακι"),
    "tr": ("et", "kuyruklu a"),
    "ar": ("آت", "أت", "ات", "آرب", "ارب"),
    "fa": ("ات‌ساین",),
    "he": ("שטרודל", "כרוכית", "אט"),
    "zh": ("艾特", "小老鼠"),
    "ja": ("アットマーク", "アット", "あっと"),
    "ko": ("골뱅이", "앳"),
}

DOT = {
    "en": ("dot", "period"),
    "de": ("punkt",),  # also sv, no, da
    "es": ("punto",),  # also it
    "pt": ("ponto",),
    "ca": ("punt",),  # also nl
    "fr": ("point",),
    "pl": ("kropka",),
    "cs": ("tečka", "tecka", "bodka"),
    "hu": ("pont",),
    "da": ("punktum", "prik", "prick"),
    "fi": ("piste",),
    "ro": ("punct",),
    "ru": ("точка", "Точка"),
    "uk": ("крапка",),
    "el": ("τελεία",),
    "tr": ("nokta",),
    "ar": ("نقطة", "نقطه", "دوت"),
    "he": ("נקודה",),
    "zh": ("点", "點"),
    "ja": ("ドット", "どっと"),
    "ko": ("점", "닷"),
}

OPEN = "[({<«（［【〔｛"
CLOSE = "])}>»）］】〕｝"
"""Brackets that people put around those words."""

UNAMBIGUOUS = frozenset(("klammeraffe", "affenschwanz")).union(
    word
    for language in ("es", "fr", "it", "nl", "ru", "el", "he", "ko", "ja", "zh", "cs", "pl")
    for word in AT[language]
    if word != "chez"
)
"""Words that say "@" also without brackets, when a dot is written out behind them."""

FREE_MAIL_WORDS = (
    "gmail", "googlemail", "yahoo", "hotmail", "outlook", "live", "icloud", "aol", "gmx",
    "protonmail", "proton", "web", "mail", "yandex", "qq",
)  # fmt: skip
"""First labels of providers: in ``x at gmail.com`` the "at" can only be the sign."""
