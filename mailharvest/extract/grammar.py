"""What an address is, given the text on either side of its "@"; and what only looks like one.

The rules are tables: `REFUSED_BEFORE`, `REFUSED_AFTER` and `MACHINE_MADE` each name the thing
that is no address and the expression that knows it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from mailharvest.extract.domains import canonical, is_tld
from mailharvest.extract.tables import words

LEFT = 320
"""Characters left of a sign that may decide: the local part is 64 (RFC 5321 §4.5.3.1), the rest
tells a URL or a header from prose."""
RIGHT = 280
"""Characters right of a sign that may decide: a domain is 253."""

# Letters of many scripts carry marks that `\w` does not hold (the danda, U+0964, is no mark).
_MARKS = (
    "\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f"  # Latin, Hebrew, Arabic
    "\u0900-\u0963\u0966-\u0dff\u0e31-\u0e4e\u3099\u309a"  # of India, Thai, kana
)
_LOCAL = re.compile(rf"[\w.+\-'&~$%{_MARKS}]{{1,66}}")  # read backwards from the sign
_RESIDUE = re.compile(r"(?:%[0-7][0-9A-Fa-f]|u00[0-9a-f]{2})+(?=\w)")  # escapes left over
_FOREIGN = re.compile("[\u0370-\u1fff\u2c80-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff]")
_ASCII_TAIL = re.compile(r"[A-Za-z0-9][!-~]*\Z")

_HOST = re.compile(rf"[\w{_MARKS}-]{{1,63}}(?:[.．。｡][\w{_MARKS}-]{{1,63}}){{1,20}}")
_DOTS = re.compile("[.．。｡]")
_LABEL = re.compile(rf"[^\W_](?:[\w{_MARKS}-]{{0,61}}(?:[^\W_]|[{_MARKS}]))?\Z")
_CASES = "(?:[nt]|[eoö]n|r[ae]|b[ae]n?|h[oeö]z|[rt][óő]l|n[ae]k|v[ae]l|ért|ig)"  # of Hungarian
_GLUED = re.compile(
    rf"([a-z]{{2,24}})(?:[A-Z]|[^\x00-\x7f]|\d{{3,}}|-(?:[A-Z\xc4\xd6\xdc]|{_CASES}\Z))"
)
_GLUED_ABROAD = re.compile(rf"\.([a-z]{{2,24}})(?={_FOREIGN.pattern})")
_RUN_ON = re.compile(r"([^.]{2,60}?)(?:www\.|https?\Z)", re.IGNORECASE)  # another URL against it

# "Tel" and "Contact" are top-level domains, but not behind another one and with a capital.
_SENTENCE = re.compile(r"\.[a-z]{2,24}\.[A-Z][a-z]{2,}\Z")

# What stands before the local part: with which characters it ends, what it must match there, and
# words of which one must be in it, since a search for the expression takes longer.
_SPACE = " \t\r\n\xa0"
REFUSED_BEFORE = {
    "handle": ("@", re.compile(r"@\Z"), ()),
    "template": ("}$%)", re.compile(r"(?:[}$%]|%\(\w{1,40}\))\Z"), ()),
    "mask of a chat or a channel": ("!", re.compile(r"(?:\A|[\s(])(?::[\w-]{1,30})?!\Z"), ()),
    "command of TeX": ("\\", re.compile(r"\\(?:[egx]?def|let|(?:re)?newcommand\*?\{?)\\\Z"), ()),
    "masked": ("•●∙·", re.compile(r"\w[•●∙·]{2,20}\Z"), ()),
    "character class": ("]", re.compile(r"\w\[(?:\w-\w|(\w)(?i:\1))[^\]\s]{0,12}\]\Z"), ()),
    "truncated": ("…", re.compile(r"…\Z"), ()),
    "other scheme": (
        ":/",
        re.compile(r"\b(?:sips?|xmpp|acct|ssh|sftp|ftp|mid|cid|msrps?|matrix):(?://)?\Z", re.I),
        (),
    ),
    "remote shell": (
        _SPACE,
        re.compile(
            r"\b(?:ssh|ssh-copy-id|scp|sftp|rsync|sshfs|mosh|telnet|rlogin)\s+"
            r"(?:-\S{1,20}\s+(?:(?:\d+|[\w~./-]{0,60}[./][\w.-]{0,40})\s+)?){0,5}\Z"
        ),
        ("ssh", "scp", "sftp", "rsync", "mosh", "telnet", "rlogin"),
    ),
    "message id": (
        "<:=" + _SPACE,
        re.compile(
            r"(?:message-?id|in-?reply-?to|references|(?:content|call)-id|\n(?-i:UID))\s{0,3}:\s{0,3}"
            r"(?:<[^<>\s]{1,200}>\s{0,3}){0,5}<?(?:[^<>\s@]{0,100}=)?\Z|\bid\s<\Z",
            re.IGNORECASE,
        ),
        ("id", "reply-to", "references"),
    ),
    "kerberos principal": (
        "/",
        re.compile(r"\b(?:host|https?|nfs|ldap|cifs|imap|smtp|pop|krbtgt|afs)/\Z", re.IGNORECASE),
        (),
    ),
    "path of a URL": (
        "/",
        re.compile(
            r"(?:^|[\s\"'(<])(?:[\w-]{1,63}\.){1,8}[A-Za-z]{2,}/(?:[^\s@\"'<>()]{0,200}/)?\Z"
        ),
        (),
    ),
}
# What stands behind the domain.
REFUSED_AFTER = {
    "second sign": re.compile(r"@"),
    "scp or git remote": re.compile(r":(?:[~/]|[\w.-]+/|[\w-]+\.git\b)"),
    "shell prompt": re.compile(r"(?:[ :][~\w/.-]{1,40})\][#$%]|:[~/]?[\w/.-]{0,40}[#$%](?:\s|\Z)"),
    "call": re.compile(r"\(\)"),
    "name of a value": re.compile(r"=(?![0-9A-F]{2})\S"),
    "who came and went in a chat": re.compile(r"[\])]\s(?:has\s)?(?:joined|quit|left)\b"),
    "rest of a name": re.compile(rf"(?:_|-(?![A-Z\xc4\xd6\xdc]|{_CASES}\b))\w"),
}
_REFUSED_FIRST = frozenset("@:( -_=])")
# Local parts that machines write for machines.
MACHINE_MADE = {
    "digest": re.compile(r"(?=.*\d)[0-9a-f]{16,}\Z", re.IGNORECASE),
    "UUID": re.compile(
        r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE
    ),
    "serial number": re.compile(r"\d{15,}"),
    "message id": re.compile(
        r"\d{8,14}\.(?:[A-Z]{2}\d+|\d+|[0-9a-f]{6,})|\d{10}-\d+-\d+-git-send-email|(?:alpine|Pine)\.\w{3}\.\d"
        r"|.*\$[0-9a-f]{6,}\$|\d{8}-[\w.-]{1,80}-v\d{1,2}-\d{1,2}-[0-9a-f]{12}\Z"
        r"|[a-z0-9]+\$[a-z0-9]+\Z"
    ),
    "token": re.compile(r"(?=.*\d)(?=.*[A-Z])(?=.*[a-z])[\w+=-]{30,}\Z"),
}
_MESSAGE_HOSTS = frozenset(("mail.gmail.com",))  # no mail domain: Gmail's Message-IDs have it
# Who name things of their own like addresses (RFC 4251, 6), and who may be written to there.
_NAMESPACES = {"openssh.com": "openssh", "libssh.org": "libssh"}
_FORGES = words("github.com gitlab.com bitbucket.org codeberg.org git.sr.ht")
# Top-level domains that are also endings of files: "icon@2x.zip".
_FILES = words("zip mov sh py rs md pl ps so cc ml dev app in bz ai id st am la")
_HALVES = words("am pm")
_SCALE = re.compile(r"\d+(?:\.\d+)?x\Z", re.IGNORECASE)
_VERSION = re.compile(r"v?\d+(?:-[\w-]+)?\Z", re.IGNORECASE)


_DIGIT = re.compile(r"\d")


class Host(NamedTuple):
    """A host name at the start of a text."""

    text: str
    domain: str
    glued: bool  # what follows stood against it, and was cut off


class Match(NamedTuple):
    """An address in a text, as written, and its canonical domain."""

    local: str
    host: str
    domain: str
    glued: bool


def host_at(text: str) -> Host | None:
    """The host name that `text` begins with, if its top-level domain is real.

    >>> host_at("example.com, and")
    Host(text='example.com', domain='example.com', glued=False)
    >>> host_at("example.comPhone: 1") == host_at("example.com.Please write")
    True
    >>> host_at("example.comPhone: 1")
    Host(text='example.com', domain='example.com', glued=True)
    >>> [host_at(no) for no in ("2x.png", "1.2.3", "example..com", "-a.example.com", "sit…")]
    [None, None, None, None, None]
    """
    match = _HOST.match(text)
    if not match or (text[match.end() : match.end() + 1] or " ").isalnum():
        return None  # the second: a label longer than 63
    return _host(match[0])


@lru_cache(maxsize=16384)
def _host(text: str) -> Host | None:
    for run in _RUN_ON.finditer(text):
        end = _GLUED.match(run[1])
        tld = end[1] if end else run[1]
        if run.start() > 0 and text[run.start() - 1] == "." and is_tld(tld):
            found = _host(text[: run.start() + len(tld)])
            return found and found._replace(glued=True)
    known = canonical(text) if text.isascii() and not _SENTENCE.search(text) else None
    if known:  # nearly always: the answer of below, sooner
        return None if _file_or_version(text.split(".")) else Host(text, known, False)
    whole = text.rstrip("-_.．。｡")
    labels = _DOTS.split(whole)
    glued = False
    if _SENTENCE.search(whole) and is_tld(labels[-2]):
        whole = whole[: len(whole) - len(labels.pop()) - 1]
        glued = True
    while not is_tld(labels[-1]):
        last = labels[-1]
        cut = _GLUED.match(last)
        if cut and is_tld(cut[1]):
            whole = whole[: len(whole) - len(last) + len(cut[1])]
            labels[-1] = cut[1]
        elif len(labels) > 2 and is_tld(labels[-2]) and (last[0].isupper() or not last.isascii()):
            whole = whole[: len(whole) - len(last) - 1]
            labels.pop()
        elif (abroad := _GLUED_ABROAD.search(whole)) and is_tld(abroad[1]):
            labels = _DOTS.split(whole := whole[: abroad.end()])  # ".thโทร.02-000"
        else:
            return None
        glued = True
    if len(labels) < 2 or not all(map(_LABEL.match, labels)) or _file_or_version(labels):
        return None
    domain = canonical(whole)
    return Host(whole, domain, glued) if domain else None


def _file_or_version(labels: list[str]) -> bool:
    """Whether these labels are the rest of a file name or a version.

    >>> _file_or_version(["2x", "zip"]), _file_or_version(["1", "2", "dev"])
    (True, True)
    >>> _file_or_version(["2x", "com"]), _file_or_version(["123", "com"])
    (False, False)
    """
    if labels[-1].lower() in _FILES and _SCALE.match(labels[-2]):
        return True
    if len(labels) == 2 and labels[0].isdigit() and labels[1].lower() in _HALVES:
        return True  # "Sun@11.am"
    return len(labels) > 2 and all(map(_VERSION.match, labels[:-1]))


def local_at_end(text: str, ascii_host: bool = True) -> str | None:
    """The local part that `text` ends with, if it is whole.

    >>> [local_at_end(text) for text in ("write to <jane.o'doe+x", "邮箱info", "x\\\\u003einfo")]
    ["jane.o'doe+x", 'info', 'info']
    >>> local_at_end("joh..."), local_at_end("$user"), local_at_end("a" * 65)
    (None, None, None)
    """
    match = _LOCAL.match(text[:-67:-1])
    if not match or match[0][0] in ".'":
        return None
    local = match[0][::-1]
    if not local.isascii() and ascii_host and _FOREIGN.search(local):
        tail = _ASCII_TAIL.search(local)  # a word of another script stood against it
        local = tail[0] if tail else local
    residue = _RESIDUE.match(local)
    if residue:
        local = local[residue.end() :]
    local = local.lstrip(".-+'&")
    if not local or local[0] in "$%" or len(local.encode("utf-8", "replace")) > 64:
        return None
    if local[0] in "nrt" and len(local) > 1 and text[: len(text) - len(local)].endswith("\\"):
        local = local[1:]  # "\ninfo@…" in a string of a program
    return local


def machine_made(local: str, domain: str) -> bool:
    """Whether a machine wrote this for machines: digests, UUIDs, Message-IDs.

    >>> machine_made("605a7baede844d278b89dc95ae0a9123", "sentry.example.com")
    True
    >>> machine_made("20190404101122.GA1234", "example.com")
    True
    >>> machine_made("jane.doe", "example.com")
    False
    """
    if domain in _MESSAGE_HOSTS or (local == "git" and domain in _FORGES):
        return True
    if domain in _NAMESPACES and local.lower() != _NAMESPACES[domain]:
        return True
    if len(local) < 10 or not _DIGIT.search(local):
        return False
    return any(rule.match(local) for rule in MACHINE_MADE.values())


def clean_address(local: str, host: str) -> tuple[str, str, str] | None:
    """Key, spelling and domain of an ASCII address whose surroundings are known to be clean.

    >>> clean_address("Jane", "Example.COM")
    ('jane@example.com', 'Jane@Example.COM', 'example.com')
    """
    found = _host(host)
    if found is None or found.text != host or machine_made(local, found.domain):
        return None
    return f"{local.lower()}@{found.domain}", f"{local}@{host}", found.domain


def _in_url(before: str) -> bool:
    """Whether the text before a local part is the beginning of a URL that goes on.

    >>> _in_url("see https://user:"), _in_url("https://example.com/?to="), _in_url("mailto://")
    (True, True, False)
    >>> _in_url("https://example.com, ")
    False
    """
    start = before.rfind("://")
    if start < 0 or before.lower().endswith(("mailto:", "mailto://")):
        return False
    rest = before[start + 3 :]
    if any(character.isspace() or character in "<>\"'`" for character in rest):
        return False
    return "/" not in rest or rest[-1] not in ",;|)]"


_RULES_FOR: dict[str, list[tuple[re.Pattern[str], tuple[str, ...]]]] = {}
for _endings, _rule, _words in REFUSED_BEFORE.values():
    for _ending in _endings:
        _RULES_FOR.setdefault(_ending, []).append((_rule, _words))


def _refused(before: str) -> bool:
    """Whether what stands before a local part says that this is no address."""
    rules = _RULES_FOR.get(before[-1:])
    if rules:
        tail = before[-160:]
        lower = tail.lower()
        for rule, needed in rules:
            if (not needed or any(word in lower for word in needed)) and rule.search(tail):
                return True
    return "://" in before and _in_url(before)


def address_at(before: str, after: str) -> Match | None:
    """The address whose sign stands between `before` and `after`, if that is one.

    >>> address_at("Jane <jane", "example.com>")
    Match(local='jane', host='example.com', domain='example.com', glued=False)
    >>> address_at("https://user", "example.com/") is None
    True
    """
    host = host_at(after)
    if host is None:
        return None
    local = local_at_end(before, host.text.isascii())
    if local is None:
        return None
    before = before[: len(before) - len(local)]
    after = after[len(host.text) :]
    if before[-1:] == "=" and "." in local and is_tld(local.rpartition(".")[2]):
        bounce = local_at_end(before[:-1])  # "bounces+jane=example.com@lists.example.org"
        if bounce:
            local = f"{bounce}={local}"
            before = before[: -len(bounce) - 1]
    if before[-1:] == "*" and after[:1] != "*":
        return None  # "***fo@example.com": masked
    if local[0] == "~" and before[-1:] in ("[", "(", "!"):
        return None  # who somebody is in a chat
    if local[0] == "_" and after[:1] == "_":
        local = local.lstrip("_")  # markdown emphasis
        after = after.lstrip("_")
    if after[:1] == "…" or after[:3] == "...":
        return None  # truncated: who knows what came
    if (
        not local
        or _refused(before)
        or (
            after[:1] in _REFUSED_FIRST
            and any(rule.match(after) for rule in REFUSED_AFTER.values())
        )
        or machine_made(local, host.domain)
        or (local == "git" and after[:1] in (":", "/"))
    ):
        return None
    return Match(local, host.text, host.domain, host.glued)


def addresses_in(text: str) -> Iterator[tuple[int, Match]]:
    """Every address in a text, with the offset of its sign.

    >>> [m.local for _, m in addresses_in("a@example.com;b@example.com,@c@example.com")]
    ['a', 'b']
    """
    sign = text.find("@")
    while sign >= 0:
        match = address_at(text[max(0, sign - LEFT) : sign], text[sign + 1 : sign + RIGHT])
        if match:
            yield sign, match
        sign = text.find("@", sign + 1)
