"""A notebook in JupyterLab, driven through the browser."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

from .conftest import until


class Notebook:
    """Opens a notebook with `cells` and runs them all."""

    def __init__(self, browser: Any, lab: tuple[str, Path], *cells: str) -> None:
        base, folder = lab
        self.browser = browser
        name = f"{uuid.uuid4().hex[:8]}.ipynb"
        source = [
            {"cell_type": "code", "id": f"c{i}", "source": cell, "metadata": {}, "outputs": [],
             "execution_count": None}
            for i, cell in enumerate(cells)
        ]  # fmt: skip
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        document = {"cells": source, "metadata": {"kernelspec": kernel}}
        (folder / name).write_text(json.dumps({**document, "nbformat": 4, "nbformat_minor": 5}))
        browser.get(f"{base}/doc/tree/{name}?token=lab&reset")
        until(lambda: browser.execute_script("return !!window.jupyterapp"))
        until(lambda: self.find(".jp-Notebook-cell"))
        until(self._kernel_is_idle)
        self.command("notebook:run-all-cells")

    def _kernel_is_idle(self) -> bool:
        return bool(
            self.browser.execute_script(
                """const p = window.jupyterapp.shell.currentWidget;
                   const k = p && p.sessionContext && p.sessionContext.session
                       && p.sessionContext.session.kernel;
                   return !!k && k.status === 'idle'"""
            )
        )

    def command(self, name: str, **arguments: Any) -> None:
        """A command of JupyterLab."""
        self.browser.execute_script(
            "window.jupyterapp.commands.execute(arguments[0], arguments[1])", name, arguments
        )

    def find(self, selector: str) -> list[Any]:
        found: list[Any] = self.browser.find_elements("css selector", selector)
        return found

    def text(self, selector: str) -> str:
        """What is written in the first that fits; empty while there is none."""
        said: str = self.browser.execute_script(
            "const e = document.querySelector(arguments[0]); return e ? e.innerText : ''", selector
        )
        return said

    def button(self, label: str) -> Any:
        """The first button of this label that is shown."""
        return until(
            lambda: next(
                (b for b in self.find("button") if b.text == label and b.is_displayed()), None
            )
        )

    def close(self) -> None:
        """End the kernel, and with it what it started."""
        self.browser.execute_async_script(
            """const done = arguments[arguments.length - 1];
               window.jupyterapp.shell.currentWidget.sessionContext.shutdown().then(done, done)"""
        )
