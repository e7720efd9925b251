"""The language of the browser that shows a notebook.

ipywidgets does not tell it, and the kernel may run on another machine. What every front end has
(JupyterLab, Notebook, VS Code's web view) is a document in which our widgets stand: a line of
script in one of them writes ``navigator.language`` into another, a hidden text field, whose value
ipywidgets brings to the kernel. Where scripts are forbidden nothing is heard, and the language
stays that of this process.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import ipywidgets as W

from mailharvest.ui.words import Language

# An image that cannot be loaded: scripts in HTML that is inserted later do not run, this does.
# The field may come into the document after it, so it is looked for during five seconds.
_ASK = """<img hidden alt="" src="data:," onerror="(function ask(left) {{
    const fields = document.querySelectorAll('.{name} input');
    if (!fields.length &amp;&amp; left) return setTimeout(ask, 100, left - 1);
    for (const field of fields) {{
        field.value = navigator.language;
        for (const kind of ['input', 'change'])
            field.dispatchEvent(new Event(kind, {{bubbles: true}}));
    }}
}})(50)">"""


def ask(heard: Callable[[Language], None]) -> W.Widget:
    """A hidden widget that calls `heard` with the browser's language when it is shown."""
    name = f"mh-language-{uuid4().hex}"
    field = W.Text()
    field.add_class(name)

    def changed(change: dict[str, str]) -> None:
        if change["new"]:
            heard("ar" if change["new"].lower().startswith("ar") else "en")

    field.observe(changed, names="value")
    return W.HBox([field, W.HTML(_ASK.format(name=name))], layout=W.Layout(display="none"))
