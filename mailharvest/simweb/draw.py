"""Chance that is arithmetic: the same number for the same place, on every machine and version."""

from __future__ import annotations

from hashlib import blake2b

_MASK = (1 << 64) - 1


def mix(value: int) -> int:
    """64 well-mixed bits of `value`: the output function of splitmix64 (Steele et al., 2014).

    >>> hex(mix(0))
    '0xe220a8397b1dcdaf'
    """
    value = (value + 0x9E3779B97F4A7C15) & _MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)


def digest(text: str) -> int:
    """64 bits of a text."""
    return int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "big")


def threshold(share: float) -> int:
    """What 16 random bits must stay below to happen in `share` of the cases."""
    return round(share * 0x10000)


def about(mean: float, bits: int) -> int:
    """A whole number from 0 to 2 x `mean`, `mean` on average, out of 40 random bits.

    >>> about(4.5, 0), about(4.5, (1 << 40) - 1)
    (0, 9)
    """
    spread = (bits & 0xFFFFF) / 0x100000
    rounding = (bits >> 20 & 0xFFFFF) / 0x100000
    return int(2 * mean * spread + rounding)
