"""How sure a way of finding is: fitted to the corpora, not felt.

For each kind of evidence: the lower end of the 95 % interval (Wilson) of the share of right
addresses, on the reviewed cases, our own and real pages; so it is what their number can vouch for.
``python -m benchmarks.extraction --quality`` prints the counts and fits anew.
"""

from __future__ import annotations

from mailharvest.extract.tables import words

EVIDENCE = {
    "link": (words("mailto"), 0.999),
    "text": (words("text"), 0.998),
    "cloak": (
        words(
            "words cloudflare typo3 joomla rot13 base64 charcode concatenation unescape reversed"
        ),
        0.976,
    ),
    "data": (words("jsonld json attribute meta"), 0.927),
    "bare words": (frozenset(("bare words",)), 0.886),
}
"""By kind of evidence: its methods, and the share of right addresses that is certain."""
GLUED = 0.806
"""What stood against the address was cut off."""

_OF = {method: sure for methods, sure in EVIDENCE.values() for method in methods}


def confidence(method: str, glued: bool) -> float:
    """The share of right addresses among those found like this.

    >>> confidence("mailto", False) > confidence("text", True)
    True
    """
    return min(_OF[method], GLUED) if glued else _OF[method]
