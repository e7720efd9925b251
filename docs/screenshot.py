"""Remake progress.svg, the picture in the README: a real run, drawn as the terminal draws it.

python docs/screenshot.py
"""

from __future__ import annotations

import io
import re
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

import mailharvest as mh
from mailharvest.ui.console import block, summary

HERE = Path(__file__).parent


def main() -> None:
    console = Console(record=True, width=104, file=io.StringIO(), force_terminal=True)
    command = "python -m mailharvest run examples/quickstart.yaml"
    console.print(Text.assemble(("$ ", "green"), command), end="\n\n")
    with tempfile.TemporaryDirectory() as folder:
        job = mh.HarvestJob.from_yaml(HERE.parent / "examples" / "quickstart.yaml")
        with mh.harvest(job, home=folder) as run:
            middle = run.progress
            while not run.wait(0.5):
                if (run.progress.percentage or 0) < 65:
                    middle = run.progress
            console.print(block(middle))
            console.print()
            console.print(summary(run.summary(), run.progress))
    picture = console.export_svg(title="mailharvest")
    # Rich would have the reader's browser fetch a font from elsewhere.
    picture = re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.S)
    (HERE / "progress.svg").write_text(picture, "utf-8")


if __name__ == "__main__":
    main()
