"""When a harvest ends, from the decay of new addresses per page.

Task counts say little about it: pages bring fewer new addresses the longer a harvest runs. Two ways
in which collecting slows down are weighed here against going on as before: a fixed stock drawn
evenly (new addresses a page fall exponentially), and one with a long tail (they fall as
``(1 + bp)^-2``, the Michaelis-Menten curve that ecologists fit to the number of species seen).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

EVIDENCE = 20
"""New addresses before anything is foreseen."""

DOUBT = 2.0
"""The evidence counts for so much less: half of a run cannot tell the two decays apart, and where
it seems to, an ETA between the two is less wrong than one of them that is the wrong one."""

WIDTH = 0.3
"""How far from the middle a foreseen end counts, in natural logarithms: a third more or less."""


@dataclass(frozen=True, slots=True)
class Curves:
    """Ways in which it may go on, each with how likely it is.

    A curve has found ``scale · C(p)`` addresses after work ``p``. With ``b = 0``, ``C(p) = p``;
    else ``(1 - exp(-bp)) / b``, or ``p / (1 + bp)`` for those with a long `tail`.
    """

    bend: Floats
    tail: npt.NDArray[np.bool_]
    scale: Floats
    weight: Floats
    work: float
    found: float

    @classmethod
    def fit(cls, work: Floats, found: Floats) -> Curves | None:
        """Weigh the curves by how well each explains what was found (a Poisson likelihood).

        Parameters
        ----------
        work, found : array
            Work done and unique addresses at some moments, both growing.

        Returns
        -------
        Curves or None
            None when there is too little to go by.
        """
        # Where the work stood still, its last moment stands for all of them.
        moves = np.append(np.diff(work) > 0, True)
        work, found = work[moves] - work[0], found[moves]
        new, span = np.diff(found), work[-1]
        if new.sum() < EVIDENCE or len(new) < 4 or not span:
            return None
        bends = np.geomspace(0.05, 30.0, 40) / span
        bend = np.concatenate(([0.0], bends, bends))
        tail = np.arange(bend.size) > bends.size
        expected = np.diff(_collected(bend[:, None], tail[:, None], work[None, :]), axis=1)
        scale = new.sum() / expected.sum(axis=1)
        mean = np.maximum(expected * scale[:, None], 1e-9)
        likelihood = (new * np.log(mean) - mean).sum(axis=1)
        best = int(likelihood.argmax())
        # Addresses come in clumps (a staff page, a directory): more scatter than Poisson's.
        scatter = float(((new - mean[best]) ** 2 / mean[best]).sum()) / max(len(new) - 2, 1)
        logs = (likelihood - likelihood[best]) / max(scatter, 1.0) / DOUBT
        # "As before" is believed until the counts speak against it: chance alone bends the first
        # fifth of a steady run by enough to mislead about the rest. Of decays, the web's are
        # rather long-tailed. (These and DOUBT were set by replaying runs: tests/test_progress.py.)
        prior = np.where(bend == 0, 20.0, np.where(tail, 1.4, 1.0) / (2 * bends.size))
        weight = prior * np.exp(logs)
        return cls(bend, tail, scale, weight / weight.sum(), span, float(found[-1] - found[0]))

    def work_to(self, need: int, ahead: int | None) -> tuple[float, float]:
        """Work until `need` more addresses, and the probability that there are not so many."""
        goal = _collected(self.bend, self.tail, np.float64(self.work)) + need / self.scale
        room = 1 - self.bend * goal
        with np.errstate(divide="ignore", invalid="ignore"):
            at = np.where(self.tail, goal / room, -np.log(room) / self.bend)
        at = np.where(self.bend == 0, goal, at)
        more = at - self.work
        reached = (room > 0) & (more <= (math.inf if ahead is None else ahead))
        chance = float(self.weight[reached].sum())
        if chance < 1e-6:
            return math.inf, 1.0
        logs = np.log(np.maximum(more[reached], 1e-9))
        return math.exp(_middle(logs, self.weight[reached] / chance)), 1 - chance

    def work_to_end(self, ahead: int | None) -> tuple[float, float]:
        """Work until the source is exhausted, and the new addresses of it.

        What is `ahead` is the end, when that is known; else the point where not one in a hundred
        of all addresses is still to be found. Infinite, when nothing points to an end.
        """
        here = _collected(self.bend, self.tail, np.float64(self.work))
        if ahead is not None:
            there = _collected(self.bend, self.tail, np.float64(self.work + ahead))
            return float(ahead), float(self.weight @ (self.scale * (there - here)))
        bent = self.bend > 0
        chance = float(self.weight[bent].sum())
        if chance < 0.5:
            return math.inf, math.inf
        bend, tail, weight = self.bend[bent], self.tail[bent], self.weight[bent] / chance
        new = self.scale[bent] * (1 / bend - here[bent])
        total = self.found + new
        left = np.minimum(0.01 * total / np.maximum(new, 1e-9), 1.0)
        more = np.where(tail, (1 / left - 1) * (1 / bend + self.work), -np.log(left) / bend)
        return float(np.exp(weight @ np.log1p(more)) - 1), float(np.exp(weight @ np.log1p(new)) - 1)


def _middle(values: Floats, weights: Floats) -> float:
    """Where most of `values` are: from their median towards the mean of those that are near.

    A curve that only just reaches the target does so after ages, and would pull any mean with it.
    """
    order = np.argsort(values)
    values, weights = values[order], weights[order]
    reached = np.cumsum(weights) - weights / 2
    middle = float(np.interp(0.5, reached, values))
    for _ in range(3):
        near = weights * np.exp(-(((values - middle) / WIDTH) ** 2))
        middle = float(near @ values / near.sum())
    return middle


def _collected(bend: Floats, tail: npt.NDArray[np.bool_], work: Floats | np.float64) -> Floats:
    """``C(work)`` of :class:`Curves`, for arrays that broadcast."""
    curved = np.maximum(bend, 1e-300)
    falling = np.where(tail, work / (1 + bend * work), -np.expm1(-bend * work) / curved)
    return np.asarray(np.where(bend == 0, work, falling))
