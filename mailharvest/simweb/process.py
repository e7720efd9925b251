"""A world in a process of its own: started from Python, or from the command line."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields
from functools import partial
from types import TracebackType
from typing import Any, get_args, get_type_hints
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from mailharvest.errors import MailharvestError, SpecError
from mailharvest.simweb.server import Server
from mailharvest.simweb.world import World

HOST = "127.0.0.1"
DEMO = World(latency=0.1, search_latency=0.1, slow_seconds=2.0)
"""The world of a job on the simulated web that does not say where it is."""

_START_SECONDS = 60
_STOP_SECONDS = 5
_BACKLOG = 8192


class Running:
    """A simulated web in a process of its own, which ends with this one.

    Attributes
    ----------
    world : World
    port : int
    url : str
        ``http://127.0.0.1:PORT``, the ``base_url`` of providers ``simweb`` and ``serper``.
    search_url : str
        Where Serper-shaped searches are posted.
    searx_url : str
        The ``base_url`` of provider ``searxng``.
    """

    def __init__(self, world: World, port: int, process: subprocess.Popen[bytes]) -> None:
        self.world = world
        self.port = port
        self._process = process
        self.url = f"http://{HOST}:{port}"
        self.search_url = f"{self.url}/search"
        self.searx_url = f"{self.url}/searx"

    @property
    def pid(self) -> int:
        return self._process.pid

    def link(self, page: int) -> str:
        """The URL by which a search finds that page."""
        return self.world.link(page, self.port)

    def stats(self, pace: float = 0.0) -> dict[str, Any]:
        """What the server saw since it began, or since the last :meth:`reset`.

        `pace` (seconds) asks for the sites that were asked twice within it: ``too_fast``.
        """
        with urlopen(f"{self.url}/simweb/stats?pace={pace}", timeout=_STOP_SECONDS) as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def reset(self) -> None:
        """Begin the counts, the credits and the first answers of flaky pages anew."""
        asked = Request(f"{self.url}/simweb/reset", data=b"", method="POST")
        urlopen(asked, timeout=_STOP_SECONDS).close()

    def stop(self) -> None:
        """End the process; a second call does nothing."""
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def __enter__(self) -> Running:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def start(world: World | None = None, port: int = 0) -> Running:
    """Serve `world` from a new process, and return when it answers.

    Parameters
    ----------
    world : World, optional
        The one with the default of every number.
    port : int
        0 takes a free one.

    Raises
    ------
    MailharvestError
        The process did not start; the port may be taken.
    """
    world = world or World()
    process = subprocess.Popen(
        [sys.executable, "-m", "mailharvest.simweb", "--port", str(port), "--world", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(json.dumps(asdict(world)).encode() + b"\n")
    process.stdin.flush()
    timer = threading.Timer(_START_SECONDS, process.kill)
    timer.start()
    try:
        line = process.stdout.readline()
    finally:
        timer.cancel()
    if not line.strip().isdigit():
        process.stdin.close()
        process.stdout.close()
        process.wait()
        raise MailharvestError(f"the simulated web did not start on port {port or 'any'}")
    return Running(world, int(line), process)


def ensure(base_url: str | None = None) -> Running | None:
    """See that a simulated web answers at `base_url`, for a job that names none or a past one.

    Parameters
    ----------
    base_url : str, optional
        ``http://127.0.0.1:PORT``. None starts :data:`DEMO` on a free port. The world is the same
        whenever it is started, so a job that goes on later finds the pages that it knows of.

    Returns
    -------
    Running or None
        What was started; None when the address answers already, or is not on this machine.

    Raises
    ------
    MailharvestError
        The process did not start.
    """
    if base_url is None:
        return start(DEMO)
    parts = urlsplit(base_url)
    if parts.hostname not in (HOST, "localhost") or not parts.port:
        return None
    try:
        socket.create_connection((HOST, parts.port), timeout=_STOP_SECONDS).close()
    except OSError:
        return start(DEMO, parts.port)
    return None


def serve(
    world: World,
    port: int = 0,
    *,
    ready: Callable[[int], object] | None = None,
    with_stdin: bool = False,
) -> None:
    """Serve `world` from this process, until it is interrupted (``KeyboardInterrupt``).

    Parameters
    ----------
    world : World
    port : int
        0 takes a free one.
    ready : callable, optional
        Called with the port when connections are taken; by default it is printed how to use it.
    with_stdin : bool
        Return when standard input ends.

    Raises
    ------
    OSError
        The port is taken.
    """
    _raise_file_limit()
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(world, port, ready or partial(_tell_person, world), with_stdin))


async def _serve(world: World, port: int, ready: Callable[[int], object], with_stdin: bool) -> None:
    loop = asyncio.get_running_loop()
    done = asyncio.Event()
    server = Server(world, port)
    listener = await loop.create_server(server.connection, HOST, port, backlog=_BACKLOG)
    server.port = listener.sockets[0].getsockname()[1]
    if with_stdin:
        threading.Thread(target=_wait_for_stdin, args=(loop, done), daemon=True).start()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)  # ten thousand sockets are no garbage
    ready(server.port)
    try:
        await done.wait()
    finally:
        listener.close()


def _wait_for_stdin(loop: asyncio.AbstractEventLoop, done: asyncio.Event) -> None:
    """Set `done` when the other end of standard input is gone, however it went."""
    # The bare descriptor: a thread inside sys.stdin's lock would hinder the interpreter's end.
    with contextlib.suppress(OSError):
        while os.read(0, 1024):
            pass
    with contextlib.suppress(RuntimeError):  # the loop has been closed
        loop.call_soon_threadsafe(done.set)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def _raise_file_limit() -> None:
    """Allow as many sockets as the system lets this process have."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # macOS: hard may be more than it grants
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 1 << 18)), hard))


def main(argv: Sequence[str] | None = None) -> int:
    """The command line: ``python -m mailharvest.simweb``. Returns the exit code."""
    parser = _parser()
    asked = vars(parser.parse_args(argv))
    port, is_child = asked.pop("port"), asked.pop("world") == "-"
    if is_child:
        # A child of start(): the terminal's Ctrl-C is its parent's to handle.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        asked = json.loads(sys.stdin.buffer.readline())
    try:
        world = World(**{name: value for name, value in asked.items() if value is not None})
        serve(world, port, ready=_tell_port if is_child else None, with_stdin=is_child)
    except SpecError as error:
        parser.error(str(error))
    except OSError as error:
        parser.error(f"cannot listen on port {port}: {error.strerror}")
    except KeyboardInterrupt:
        pass
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mailharvest simweb",
        description="A simulated web on loopback: sites, pages with planted addresses, a search"
        " API in the wire shapes of Serper and SearXNG. Shares are between 0 and 1.",
    )
    parser.add_argument("--port", type=_port, default=8400, help="0 takes a free one; default 8400")
    parser.add_argument("--world", choices=["-"], help=argparse.SUPPRESS)
    types = get_type_hints(World)
    for field in fields(World):
        kind = next(
            one
            for one in (int, float, str)
            if one in (types[field.name], *get_args(types[field.name]))
        )
        parser.add_argument(
            "--" + field.name.replace("_", "-"),
            type=kind,
            metavar={int: "N", float: "X", str: "TEXT"}[kind],
            help=f"default {'none' if field.default is None else field.default}",
        )
    return parser


def _port(text: str) -> int:
    """A port; of a number that is none the system would take the lower sixteen bits."""
    port = int(text)
    if not 0 <= port < 1 << 16:
        raise argparse.ArgumentTypeError(f"{text} is no port; write 0 to {(1 << 16) - 1}")
    return port


_port.__name__ = "port"  # as argparse calls it in what it says of other texts


def _tell_port(port: int) -> None:
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()


def _tell_person(world: World, port: int) -> None:
    url = f"http://{HOST}:{port}"
    sys.stdout.write(
        f"""\
simweb: {world.sites:,} sites, {world.pages:,} pages at {url}

A page:    {world.link(0, port)}
A search:  curl -s {url}/search -H 'X-API-KEY: {world.api_key or "any"}' \\
             -H 'Content-Type: application/json' \\
             -d '{{"q": "real estate agents Cairo", "gl": "eg", "num": 10, "page": 1}}'
Or:        curl -s '{url}/searx/search?q=real+estate&format=json'
Counts:    curl -s '{url}/simweb/stats?pace=1'

A job.yaml for it:

  query: "real estate agents {{city}}"
  expand: {{city: [Cairo, Giza, Alexandria]}}
  search: {{provider: simweb, base_url: "{url}"}}
  fetch: {{allow_private: true}}
  output: [leads.csv]

Ctrl-C stops it.
"""
    )
    sys.stdout.flush()
