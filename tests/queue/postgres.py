"""A real PostgreSQL server for the tests: its own folder, a free loopback port, gone afterwards."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

INSTALL = "PostgreSQL is not here: apt-get install postgresql (Debian), or put initdb on the PATH"


def binaries() -> Path | None:
    """The folder of initdb and postgres, the newest there is."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: len(str(p)))
    return found[-1].parent if found else None


@contextmanager
def server(*settings: str) -> Iterator[str]:
    """Start one; yields the URL of its database ``postgres``."""
    folder = binaries()
    if folder is None:
        raise FileNotFoundError(INSTALL)
    home = Path(tempfile.mkdtemp(prefix="mailharvest-pg-"))
    # It refuses to run as root.
    other = {"user": "nobody"} if os.name == "posix" and os.geteuid() == 0 else {}
    if other:
        shutil.chown(home, "nobody")
    try:
        data = home / "data"
        subprocess.run(
            [folder / "initdb", "-D", data, "-U", "mail", "-A", "trust", "-E", "UTF8", "-N"],
            check=True, capture_output=True, cwd=home, **other,
        )  # fmt: skip
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        options = [f"port={port}", "listen_addresses=127.0.0.1", "unix_socket_directories="]
        flags = [part for setting in (*options, *settings) for part in ("-c", setting)]
        with (home / "log").open("wb") as log:
            process = subprocess.Popen(
                [folder / "postgres", "-D", data, *flags],
                stdout=log, stderr=subprocess.STDOUT, cwd=home, **other,
            )  # fmt: skip
        try:
            ready = [folder / "pg_isready", "-h", "127.0.0.1", "-p", str(port), "-t", "1"]
            for _ in range(200):
                if subprocess.run(ready, capture_output=True, check=False).returncode == 0:
                    break
                if process.poll() is not None:
                    raise RuntimeError((home / "log").read_text())
            yield f"postgresql://mail@127.0.0.1:{port}/postgres"
        finally:
            process.terminate()  # smart shutdown would wait for clients; SIGINT ends them
            process.send_signal(2)
            process.wait(30)
    finally:
        shutil.rmtree(home, ignore_errors=True)
