"""Rate limits, kept where chunks are claimed: so many starts in so many seconds, cluster-wide.

A limited chunk stays ``ready`` and uses no try. A window slides: in no stretch of `per` seconds
do more than `most` start. To keep its memory small, starts within a twentieth of `per` are
remembered as one, at the earliest time and until the latest; so the rate reached may be up to 5 %
below the one allowed, never above.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field

from sqlalchemy import Connection, bindparam, text

_GET = text("SELECT key, value FROM meta WHERE key IN :keys").bindparams(
    bindparam("keys", expanding=True)
)
_ALL = text("SELECT key, value FROM meta WHERE key LIKE 'limit:%'")
_SET = text(
    "INSERT INTO meta (key, value) VALUES (:key, :value)"
    " ON CONFLICT (key) DO UPDATE SET value = excluded.value"
)
_BINS = 20


@dataclass(slots=True)
class Limit:
    """A window that slides.

    Attributes
    ----------
    most : int
        Starts in `per` seconds.
    used : list of [from, until, n]
        What was started at `from`, and until when it counts.
    closed : float
        Nothing starts before: the other side asked for a pause.
    """

    most: int
    per: float
    used: list[list[float]] = field(default_factory=list)
    closed: float = 0.0

    def free(self, now: float) -> int:
        """How many may start now."""
        # A clock that was set back must not stop the queue for longer than a window.
        self.used = [bin for bin in self.used if bin[1] > now and bin[0] <= now + self.per]
        if self.closed > now:
            return 0
        return max(0, self.most - int(sum(n for _, _, n in self.used)))

    def take(self, cost: int, now: float) -> None:
        """`cost` start now. One that costs more than a window holds fills several."""
        until = now + self.per * max(1.0, cost / self.most)
        if self.used and now < self.used[-1][0] + self.per / _BINS:
            last = self.used[-1]
            last[1], last[2] = max(last[1], until), last[2] + cost
        else:
            self.used.append([now, until, cost])

    def allows(self, cost: int, now: float) -> bool:
        """Whether something of this cost may start."""
        return self.free(now) >= min(cost, self.most)

    def opens(self, now: float) -> float:
        """When something may start again; `now` if it may at once."""
        if self.free(now):
            return now
        return max(self.closed, min((until for _, until, _ in self.used), default=now))


def load(connection: Connection, names: Iterable[str]) -> dict[str, Limit]:
    """The limits of these names, as far as there are any."""
    keys = [f"limit:{name}" for name in names]
    return {
        key[6:]: Limit(**json.loads(value))
        for key, value in connection.execute(_GET, {"keys": keys})
    }


def load_all(connection: Connection) -> dict[str, Limit]:
    """Every limit that there is."""
    return {key[6:]: Limit(**json.loads(value)) for key, value in connection.execute(_ALL)}


def save(connection: Connection, limits: dict[str, Limit]) -> None:
    """Write them back."""
    rows = [{"key": f"limit:{name}", "value": json.dumps(asdict(limits[name]))} for name in limits]
    if rows:
        connection.execute(_SET, rows)


def define(connection: Connection, name: str, most: int, per: float) -> None:
    """Set a limit; what was started under an earlier one still counts."""
    old = load(connection, [name]).get(name)
    save(connection, {name: Limit(most, per, old.used if old else [], old.closed if old else 0.0)})


def close(connection: Connection, name: str, until: float) -> None:
    """Start nothing under this limit before `until`, if there is such a limit."""
    for limit in load(connection, [name]).values():
        limit.closed = max(limit.closed, until)
        save(connection, {name: limit})
