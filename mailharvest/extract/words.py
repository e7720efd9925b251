"""Addresses with "@" and "." as words, in brackets or bare: ``info [at] example (dot) com``.

In brackets the word can hardly be prose. Bare it can, so it takes more: a dot written out too, a
free-mail provider as the host, or a word for "@" that means nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailharvest.extract.grammar import Match, host_at, machine_made
from mailharvest.extract.languages import AT, CLOSE, DOT, FREE_MAIL_WORDS, OPEN, UNAMBIGUOUS
from mailharvest.extract.tables import words


def _alternatives(words: object) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))  # type: ignore[call-overload]


_AT_WORDS = _alternatives({word for words in AT.values() for word in words})
_DOT_WORDS = _alternatives({word for words in DOT.values() for word in words})
_O, _C = f"[{re.escape(OPEN)}]", f"[{re.escape(CLOSE)}]"

_AT = (
    rf"(?:\s{{0,3}}{_O}\s?(?:{_AT_WORDS}|@|a(?=\)))\s?{_C}\s{{0,3}}"
    r"|_at_|\s?\*at\*\s?|\s-at-\s|-at-(?=[\w-]+-dot-)|\s\(\)\s)"
)
_DOT = (
    rf"(?:\s{{0,3}}{_O}\s?(?:{_DOT_WORDS}|\.)\s?{_C}\s{{0,3}}|_dot_|\s?\*dot\*\s?|\s-dot-\s|-dot-"
    r"|\s!\s(?=[\w-]+(?:\s!\s|\W|\Z)))"
)
_DASH = rf"\s?{_O}\s?(?:dash|hyphen|minus|underscore)\s?{_C}\s?"
_BARE_DOT = rf"\s{{1,3}}(?:{_DOT_WORDS})\s{{1,3}}"
_ANY_DOT = rf"(?:{_DOT}|{_BARE_DOT}|\s\.\s|\.)"
_LABEL = r"[^\W_](?:[^\W_]|-(?!dot-|at-)){0,62}"

_SIGN = re.compile(_AT, re.IGNORECASE)
_BARE_SIGN = re.compile(rf"\s(at|{_alternatives(UNAMBIGUOUS)})\s{{1,3}}", re.IGNORECASE)
_BARE_HEAD = re.compile(
    rf"(?:(\w{{1,30}})\s{{1,3}})?(?<![\w.+-])([\w.+-]{{1,64}}(?:{_BARE_DOT}[\w+-]{{1,30}}){{0,3}})\s{{0,3}}\Z",
    re.IGNORECASE,
)
_SPLIT = re.compile(_ANY_DOT, re.IGNORECASE)
_WORD_DOT = re.compile(rf"{_DOT}|{_BARE_DOT}", re.IGNORECASE)
_TAIL = re.compile(rf"({_LABEL}(?:{_ANY_DOT}{_LABEL}){{1,5}})", re.IGNORECASE)
_HEAD = re.compile(
    rf"(?<![\w.+-])([\w+-]{{1,64}}(?:(?:{_DOT}|{_DASH}|\.)[\w+-]{{1,30}}){{0,4}})\Z", re.IGNORECASE
)
_DASHES = re.compile(_DASH, re.IGNORECASE)
_LABELLED = re.compile(
    r"(?:<|(?:mail|e-post|courriel|correo|contact|kontakt|adresse?|почта|\bfrom)"
    r"(?:\s?\([^()\n]{1,40}\))?[^\w\n]{0,3}[:：]\s{0,3})"
    r"([\w+-]{1,64}(?:\.[\w+-]{1,30}){0,4})\s(?:at|ät|@)\s\Z",
    re.IGNORECASE,
)
_SPELLED = re.compile(rf"[\w-]{{1,63}}(?:\.[\w-]{{1,63}}){{0,5}}(?:\s|{_O}|(?<=dot[_-]))", re.I)
_HINT = re.compile(rf"{_C}|_at_|-at-|\*at\*", re.IGNORECASE)

# What stands before "at" in prose, and after it.
_PROSE = words(
    """me us you him her them it i we they he she be is are was were am been being look looking here
    there that this these those available hosted found find up out only and or not at meet meeting
    the a an of in on by to from for with as if but so than then now also more read see visit
    located based online live site website page blog shop store home office work works working
    stay arrive arriving arrived sold held aimed good bad best better well back again all both
    available published written posted signed account accounts mail email e-mail mails address
    domain web contact reach join buy get got use used using start starting laugh shot stop
    one two three four o'clock least last once first most any some each every met meets
    meeting seen spoke speak talk talked stopped apply order ordered listed registered joined watch
    listen download lives lived worked employed"""
)
# Between two of these words stands no local part: "is hosted at", "and mirrored at".
_BEFORE_VERB = words("is are was were be been being and or but also not get got gets")
_SPOKEN_PATH = re.compile(r"\s+(?:forward\s)?slash\b", re.IGNORECASE)
_VERB = re.compile(r"\w+(?:ed|ing)\Z", re.IGNORECASE)
_DETERMINERS = words("the a an our your my their his her its this that new official")


def _host(text: str) -> tuple[str, str] | None:
    """The host that dotted words spell: as one would write it, and canonical."""
    labels = _SPLIT.split(text)
    while len(labels) > 1:
        host = host_at(".".join(labels))
        if host and not host.glued and host.text == ".".join(labels):
            return host.text, host.domain
        labels.pop()  # "example dot com dot Thanks"
    return None


def _match(local: str, host: str) -> Match | None:
    found = _host(host)
    local = _DASHES.sub(lambda dash: "_" if "nde" in dash[0].lower() else "-", local)
    local = ".".join(_SPLIT.split(local)).strip(".-+")
    if found is None or not local or machine_made(local, found[1]):
        return None
    return Match(local, *found, False)


def bracketed(text: str) -> Iterator[tuple[int, Match]]:
    """Addresses whose "@" is a word in brackets, with the offset behind it.

    >>> [f"{m.local}@{m.host}" for _, m in bracketed("info [at] example [dot] com")]
    ['info@example.com']
    >>> [f"{m.local}@{m.host}" for _, m in bracketed("jane(dot)doe(arroba)example.com")]
    ['jane.doe@example.com']
    >>> list(bracketed("it has no (at) sign in it. See")), list(bracketed("(a) example.com (b) x"))
    ([], [])
    """
    if _HINT.search(text):
        for sign in _SIGN.finditer(text):
            match = _around_sign(text, sign)
            if match:
                yield sign.end(), match


def _around_sign(text: str, sign: re.Match[str]) -> Match | None:
    host = _TAIL.match(text, sign.end())
    local = _HEAD.search(text[max(0, sign.start() - 100) : sign.start()]) if host else None
    if host is None or local is None:
        return None
    if (sign[0].strip() == "(a)" and "(b)" in text) or ("()" in sign[0] and "!" not in host[0]):
        return None  # a list of items; a call of a function
    return _match(local[1], host[1])


def bracketed_near(text: str, place: int) -> Match | None:
    """The address whose sign, a word in brackets, is the last that begins before `place`.

    >>> bracketed_near("a [at] example.com b [at] example.org", 16).host
    'example.com'
    """
    sign = _last(_SIGN, text, place)
    return _around_sign(text, sign) if sign else None


def _last(pattern: re.Pattern[str], text: str, place: int) -> re.Match[str] | None:
    last = None
    for found in pattern.finditer(text, max(0, place - 100)):
        if found.start() >= place:
            break
        last = found
    return last


def bare(text: str) -> Iterator[tuple[int, Match]]:
    """Addresses whose "@" is a bare word, where that can be nothing else.

    >>> [f"{m.local}@{m.host}" for _, m in bare("write to jane dot doe at example dot com")]
    ['jane.doe@example.com']
    >>> [f"{m.local}@{m.host}" for _, m in bare("nombre arroba example punto com; x at gmail.com")]
    ['nombre@example.com', 'x@gmail.com']
    >>> list(bare("meet me at the dot com bar")), list(bare("visit our site at example dot com"))
    ([], [])
    """
    for sign in _BARE_SIGN.finditer(text):
        match = _around_bare(text, sign)
        if match:
            yield sign.end(), match


def bare_near(text: str, place: int) -> Match | None:
    """The address whose sign, a bare word, is the last that begins before `place`.

    >>> bare_near("jane at example dot com", 12).local
    'jane'
    """
    sign = _last(_BARE_SIGN, text, place)
    return _around_bare(text, sign) if sign else None


def _around_bare(text: str, sign: re.Match[str]) -> Match | None:
    host = _TAIL.match(text, sign.end())
    head = _BARE_HEAD.search(text[max(0, sign.start() - 80) : sign.start()]) if host else None
    if host is None or head is None:
        return None
    previous, local = head.groups()
    if (
        local.lower() in _PROSE
        or "\n" in head[0][head.end(2) :] + sign[0][:1]  # a line ends there
        or (previous or "").lower() in _DETERMINERS
        or ((previous or "").lower() in _BEFORE_VERB and _VERB.match(local))
        or _SPLIT.split(host[0].lower())[0] in _DETERMINERS
        or _SPOKEN_PATH.match(text, host.end())
    ):
        return None
    match = _match(local, host[0])
    certain = match and (
        _WORD_DOT.search(host[0])
        or sign[1].lower() in UNAMBIGUOUS
        or match.domain.partition(".")[0] in FREE_MAIL_WORDS
        or (sign[1] == "AT" and not local.isupper())
    )
    return match if certain else None


def labelled(before: str, after: str) -> Match | None:
    """The address in ``E-mail: jane at example.com``, given the text on either side of the host.

    >>> labelled("E-mail: jane at ", "cs.example.edu, Room 5").domain
    'cs.example.edu'
    >>> labelled("E-mail: info @ ", "example.com").local
    'info'
    >>> labelled("More info at ", "example.com") is None
    True
    """
    label = _LABELLED.search(before[-140:])
    host = _TAIL.match(after) if label else None
    if label is None or host is None or label[1].lower() in _PROSE:
        return None
    if label[0][0] == "<" and after[len(host[0]) :][:1] != ">":
        return None
    return _match(label[1], host[1])


def is_literal(text: str, match: Match) -> bool:
    """Whether `text` is nothing but the address that was found in it.

    >>> [is_literal(t, next(bracketed(t))[1]) for t in ("a [at] b.com", "write to a [at] b.com")]
    [True, False]
    """
    text = text.strip().lower()
    return text.startswith(_SPLIT.split(match.local.lower())[0]) and text.endswith(
        match.domain.rpartition(".")[2]
    )


def ends_with_sign(text: str) -> bool:
    """Whether `text` ends with a word for "@" in brackets; cheap, to look no further without.

    >>> ends_with_sign("info [ at ]"), ends_with_sign("(look at)")
    (True, False)
    """
    return any(sign.end() == len(text) for sign in _SIGN.finditer(text))


def spelled_host(after: str) -> tuple[str, str] | None:
    """The host behind a real "@" when its dots are words: ``@example [dot] com``.

    >>> spelled_host("example[dot]com, or"), spelled_host("example. Then dot it")
    (('example.com', 'example.com'), None)
    """
    found = _TAIL.match(after) if _SPELLED.match(after) else None
    if not found or not _WORD_DOT.search(found[0]):
        return None
    return _host(found[0])


def spelled_local(before: str) -> str | None:
    """The local part before a real "@" when its dots are words in brackets.

    >>> spelled_local("write to jane[dot]doe")
    'jane.doe'
    """
    found = _HEAD.search(before[-100:])
    if not found or not _WORD_DOT.search(found[0]):
        return None
    return ".".join(_SPLIT.split(found[0]))
