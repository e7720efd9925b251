"""How sure a way of finding is: measured on the corpora, not felt.

Of the addresses at 0.9 and above at least 98 % are right; `benchmarks/extraction.py` prints the
share for each method.
"""

from __future__ import annotations

CONFIDENCE = {
    "jsonld": 0.98,
    "mailto": 0.98,
    "text": 0.97,
    "attribute": 0.93,
    "meta": 0.93,
    "json": 0.93,
    "cloudflare": 0.98,
    "typo3": 0.98,
    "joomla": 0.97,
    "rot13": 0.95,
    "base64": 0.95,
    "charcode": 0.95,
    "concatenation": 0.95,
    "unescape": 0.95,
    "reversed": 0.94,
    "words": 0.92,
    "bare words": 0.75,
}
_GLUED = 0.6


def confidence(method: str, glued: bool) -> float:
    """The share of right addresses among those found like this."""
    return min(CONFIDENCE[method], _GLUED) if glued else CONFIDENCE[method]
