"""`connect`: what is given is used and left open, what is opened here is closed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import dask
import pytest
from distributed import Client, KilledWorker, LocalCluster

from mailharvest import HarvestJob, harvest, resume
from mailharvest.cluster.connect import connect
from mailharvest.errors import ClusterError, SpecError


def cluster() -> LocalCluster:
    return LocalCluster(
        n_workers=1, threads_per_worker=2, host="127.0.0.1", dashboard_address="127.0.0.1:0"
    )


def test_our_own_cluster_listens_on_loopback_only_and_is_closed() -> None:
    connection = connect(workers=1, threads=2)
    client = connection.client
    info = client.scheduler_info(n_workers=-1)
    assert info["address"].startswith("tcp://127.0.0.1:")
    assert all(address.startswith("tcp://127.0.0.1:") for address in info["workers"])
    port = info["services"]["dashboard"]
    listening = client.run_on_scheduler(
        lambda dask_scheduler: [
            address[0] for sock in dask_scheduler.http_server._sockets.values()
            for address in [sock.getsockname()]
        ]
    )  # fmt: skip
    assert port and set(listening) == {"127.0.0.1"}
    connection.close()
    assert client.status == "closed"


def test_a_worker_of_our_own_that_dies_again_on_its_way_back_is_not_given_up() -> None:
    with dask.config.set({"distributed.deploy.lost-worker-timeout": "50ms"}):
        connection = connect(workers=1, threads=2)
        for _ in range(2):
            died = connection.client.submit(os._exit, 9)
            with pytest.raises(KilledWorker):
                died.result(30)
            connection.client.wait_for_workers(1, timeout=60)
        assert connection.client.submit(int, "7").result() == 7
        connection.close()


def test_a_client_a_cluster_or_an_address_is_used_and_stays_open() -> None:
    with cluster() as given, Client(given, set_as_default=False) as client:
        by_client = connect(client)
        assert by_client.client is client
        by_client.close()
        for on in (given, given.scheduler_address):
            connection = connect(on)
            connection.close()
            assert connection.client.status == "closed"
        assert client.status == "running"
        assert given.status.name == "running"
        assert client.submit(int, "7").result() == 7


def test_the_default_client_is_found() -> None:
    with cluster() as given, Client(given) as client:
        connection = connect()
        assert connection.client is client
        connection.close()
        assert client.status == "running"


def test_no_scheduler_is_one_clear_error() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(ClusterError, match="no Dask scheduler at") as caught:
        connect(address)
    assert address in str(caught.value)


CALL = "from mailharvest.cluster.connect import connect\nconnect(workers=2, threads=1).close()\n"


def python(file: str, program: str = "") -> list[str]:
    ended = subprocess.run(
        [sys.executable, file], input=program, capture_output=True, text=True, timeout=120
    )
    assert ended.returncode == 1
    return ended.stderr.splitlines()


def test_a_script_without_a_guard_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(CALL)
    said = python(str(tmp_path / "script.py"))
    assert 'put the call under `if __name__ == "__main__":`' in said[-1]
    assert "ClusterError: our workers did not start" in said[-1]
    assert sum(line.startswith("Traceback") for line in said) == 1


def test_a_program_from_stdin_cannot_start_workers() -> None:
    said = python("-", CALL)
    assert "ClusterError: workers cannot import a program from stdin; save it" in said[-1]
    assert sum(line.startswith("Traceback") for line in said) == 1


def test_a_child_that_imports_its_program_starts_no_workers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(multiprocessing.current_process(), "_inheriting", True, raising=False)
    with pytest.raises(ClusterError, match=r"still importing its program.*put the call under"):
        connect(workers=1)


@pytest.mark.parametrize("wrong", ["foo", "tcp://foo", "tcp://127.0.0.1:99999", "http://x:1", ""])
def test_what_is_no_address_is_refused_before_dask_makes_a_client_of_it(
    wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It would not be closed for a minute: there must be none.
    monkeypatch.setattr(Client, "__init__", lambda *_, **__: pytest.fail("a client was made"))
    with pytest.raises(SpecError, match="is no address of a Dask scheduler") as caught:
        connect(wrong)
    assert "tcp://HOST:8786" in str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"workers": "2"}, "^workers: '2' is no whole number from 1 on"),
        ({"workers": 1.5}, "^workers: 1.5 is no whole number"),
        ({"workers": 0}, "^workers: 0 is no whole number"),
        ({"threads": -1}, "^threads: -1 is no whole number"),
        ({"on": 5}, "^on: 5 is neither a Client, a cluster nor the address"),
        ({"on": Client}, "^on: .* is neither a Client"),
    ],
)
def test_what_cannot_be_used_is_refused_before_anything_starts(
    wrong: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(SpecError, match=message):
        connect(**wrong)
    with pytest.raises(SpecError, match=message):
        resume("x", **wrong, home=tmp_path)
    with pytest.raises(SpecError, match=message):
        harvest(HarvestJob(files=["*.html"]), **wrong, home=tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_cluster_that_is_closed_is_said_to_be() -> None:
    with (
        cluster() as ours,
        Client(ours, set_as_default=False) as client,
    ):
        pass
    for closed in (client, ours):
        with pytest.raises(ClusterError, match="is closed; give one that is open"):
            connect(closed)


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no SIGINT to one process")
def test_a_ctrl_c_in_the_terminal_leaves_our_workers_to_the_client() -> None:
    connection = connect(workers=2, threads=1)
    before = connection.client.run(os.getpid)
    for pid in before.values():
        os.kill(pid, signal.SIGINT)
    # Had the signal ended them, these would be others.
    assert connection.client.run(os.getpid) == before
    connection.close()
