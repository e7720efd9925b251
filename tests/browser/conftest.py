"""A real browser, and a JupyterLab to look at with it; both are looked for, not downloaded."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent
SECONDS = 90.0


def until(true: Callable[[], Any], seconds: float = SECONDS) -> Any:
    """Wait until `true()` is, and return what it gave."""
    end = time.monotonic() + seconds
    while not (value := true()):
        assert time.monotonic() < end, "it did not become true"
        time.sleep(0.1)
    return value


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """One that speaks English."""
    with chromium_that_speaks("en") as opened:
        yield opened


@contextmanager
def chromium_that_speaks(language: str) -> Iterator[Any]:
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    driver = shutil.which("chromedriver")
    if not chromium or not driver:
        pytest.skip("no chromium and chromedriver on this machine (apt: chromium chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"):
        options.add_argument(argument)
    options.add_argument(f"--lang={language}")
    options.add_experimental_option("prefs", {"intl.accept_languages": language})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    opened = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    try:
        yield opened
    finally:
        opened.quit()


@pytest.fixture(scope="session")
def lab(tmp_path_factory) -> Iterator[tuple[str, Path]]:
    """The address of a JupyterLab, and the folder that it shows."""
    pytest.importorskip("jupyterlab", reason="jupyterlab is not installed")
    folder = tmp_path_factory.mktemp("lab")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # Without a question whether one wants news, which would lie over the buttons.
    asked = folder / "settings" / "@jupyterlab" / "apputils-extension"
    asked.mkdir(parents=True)
    quiet = '{"fetchNews": "false", "checkForUpdates": false}'
    (asked / "notification.jupyterlab-settings").write_text(quiet)
    variables = {
        **os.environ,
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "MAILHARVEST_HOME": str(folder / "home"),
    }
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
            *("--ip=127.0.0.1", f"--port={port}", "--IdentityProvider.token=lab"),
            *(f"--ServerApp.root_dir={folder}", "--expose-app-in-browser"),
        ],
        env=variables,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    base = f"http://127.0.0.1:{port}"
    try:
        until(lambda: _answers(f"{base}/api?token=lab"))
        yield base, folder
    finally:
        server.terminate()
        server.wait(30)


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=5).close()
    except (urllib.error.URLError, OSError):
        return False
    return True


def wrong(browser: Any, but: tuple[str, ...] = ()) -> list[str]:
    """What the page complained of in the console."""
    said = [entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
    return [message for message in said if not any(part in message for part in but)]


def overflow(browser: Any, selector: str) -> list[str]:
    """Elements under `selector` that stick out of the window to the right."""
    found: list[str] = browser.execute_script(
        """return [...document.querySelectorAll(arguments[0])].filter(
               e => e.getBoundingClientRect().right > window.innerWidth + 1
           ).map(e => e.outerHTML.slice(0, 120))""",
        selector,
    )
    return found
