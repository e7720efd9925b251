"""``python -m mailharvest.simweb``."""

from __future__ import annotations

import sys

from mailharvest.simweb.process import main

if __name__ == "__main__":
    sys.exit(main())
