"""``python -m mailharvest``."""

from __future__ import annotations

import sys

from mailharvest.cli import main

if __name__ == "__main__":
    sys.exit(main())
