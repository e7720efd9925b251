"""One site of the simulated web: its names, its manners, the shape of its paths."""

from __future__ import annotations

import re
from enum import IntEnum

from mailharvest.simweb.draw import mix
from mailharvest.simweb.words import FIRST, LAST, PLACES, ROLES, SEPARATORS, TRADES, WIDE

SUFFIX = ".simweb.localhost"
"""What the host names end in; names under localhost are loopback (RFC 6761 §6.3)."""

CRAWL_DELAY = 2
CLOSED_FOLDER = "members"
_SECTIONS = ("team", "about", "contact", "services", "projects", "news", CLOSED_FOLDER, "offices")
_NUMBER = re.compile(r"(\d{1,9})\D*\Z")
_PEOPLE = len(FIRST) * len(LAST)


class Robots(IntEnum):
    """What a site answers to a request for robots.txt."""

    MISSING = 0  # 404: everything is allowed (RFC 9309 §2.3.1.3)
    PLAIN = 1  # nothing that concerns us
    DELAY = 2  # Crawl-delay
    FOLDER = 3  # one folder disallowed
    CLOSED = 4  # everything disallowed
    BROKEN = 5  # 503: everything is disallowed (RFC 9309 §2.3.1.4)


_RULES = (Robots.CLOSED,) * 4 + (Robots.FOLDER,) * 6 + (Robots.DELAY,) * 4 + (Robots.BROKEN,) * 2


class Site:
    """A company's site.

    Attributes
    ----------
    index : int
        Its number in the world.
    draw : int
        64 random bits, the source of everything that is particular to it.
    name : str
        Its host name is this and ``.simweb.localhost``.
    domain, shown : str
        Domain of its addresses, as A-labels (RFC 5890) and as its pages write it.
    robots : Robots
    slow : bool
    poisoned : bool
        Its front page is at ``/poison``.
    """

    __slots__ = ("domain", "draw", "index", "name", "poisoned", "robots", "shown", "slow", "style")

    def __init__(self, index: int, draw: int, robots: int, slow: int, poisoned: bool) -> None:
        """`robots` and `slow` are thresholds that 16 random bits must stay below."""
        self.index = index
        self.poisoned = poisoned
        self.draw = draw
        self.name = name = f"{PLACES[draw & 63]}-{TRADES[draw >> 6 & 31]}-{index:05d}"
        ending = ("com", "com", "org", "net")[draw >> 11 & 3]
        self.domain = self.shown = f"{name}.example.{ending}"
        if not draw >> 13 & 0xFF:
            label = f"{WIDE[draw % len(WIDE)]}-{index:05d}"
            self.shown = f"{label}.example.{ending}"
            self.domain = f"xn--{label.encode('punycode').decode()}.example.{ending}"
        self.slow = draw >> 21 & 0xFFFF < slow
        rule = draw >> 37 & 15
        if draw >> 48 < robots and not poisoned:
            self.robots = _RULES[rule]
        else:
            self.robots = Robots.PLAIN if rule > 3 else Robots.MISSING
        self.style = 0 if self.robots is Robots.FOLDER else draw >> 41 & 3

    @property
    def title(self) -> str:
        """The company's name, as its pages write it."""
        return f"{PLACES[self.draw & 63]} {TRADES[self.draw >> 6 & 31]}".title()

    @property
    def wide(self) -> bool:
        """Whether its domain has letters beyond ASCII."""
        return self.domain != self.shown

    @property
    def blocked(self) -> bool:
        """Whether robots.txt keeps every page from us."""
        return self.robots >= Robots.CLOSED

    def section(self, number: int) -> str:
        """The folder of a page; the front page has none."""
        return _SECTIONS[self.draw >> number * 5 % 61 & 7] if number else ""

    def path(self, number: int) -> str:
        """Path of the site's page `number`."""
        if number == 0:
            return "/poison" if self.poisoned else "/"
        if self.style == 2:
            return f"/index.php?page={number}"
        section = self.section(number)
        if self.style == 0:
            return f"/{section}/{section}-{number}.html"
        return f"/{section}/{number}/" if self.style == 1 else f"/{section}-{number}"

    def number(self, path: str) -> int | None:
        """Number that `path` would have: the inverse of :meth:`path`."""
        if path == self.path(0):
            return 0
        match = _NUMBER.search(path)
        if match and self.path(number := int(match[1])) == path:
            return number
        return None

    def role_address(self, page: int) -> str:
        """Address of a department, another one for each page."""
        turn, role = divmod((self.draw >> 30 & 0xFF) + page, len(ROLES))
        base = (self.draw >> 30 & 0xFF) // len(ROLES)
        return f"{ROLES[role]}{turn - base or ''}@{self.domain}"

    def person_address(self, nth: int) -> str:
        """Address of a person: distinct for distinct `nth`."""
        turn, person = divmod(nth, _PEOPLE)
        person = (person * 2741 + (self.draw >> 25)) % _PEOPLE
        separator = SEPARATORS[(self.draw >> 18) % len(SEPARATORS)]
        first, last = FIRST[person % len(FIRST)], LAST[person // len(FIRST)]
        return f"{first}{separator}{last}{turn or ''}@{self.domain}"

    @property
    def main_address(self) -> str:
        return f"info@{self.domain}"


def network_address(draw: int, pool: int, seed: int) -> str:
    """An address that many sites show: an agency's, a portal's. Few of them are seen often."""
    chance = draw & 0x1FFFFF
    index = chance * chance * chance * pool >> 63
    key = mix(seed + index)
    who = ("press", "web", "partner", "hello")[key >> 8 & 3]
    ending = ("com", "org", "net")[key % 3]
    return f"{who}@{PLACES[key >> 10 & 63]}-network-{index}.example.{ending}"
