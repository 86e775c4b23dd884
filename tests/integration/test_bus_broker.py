"""The broker as a child: it comes up, comes back, and goes when it should."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from cti.bus import broker as module
from cti.bus.broker import Broker, BrokerError
from cti.bus.broker_kinds import BrokerKind, config_of, program_of
from tests.eventually import eventually
from tests.worlds.bus.world import broker_of, kinds, listening

pytestmark = pytest.mark.room("bus")

each_kind = pytest.mark.parametrize("kind", kinds())


def is_alive(pid):
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


@each_kind
async def test_it_answers_and_stops(kind, tmp_path):
    async with broker_of(kind, tmp_path) as broker:
        pid = broker.pid
        assert is_alive(pid)
        assert await module._answers(broker.host, broker.port)
        assert str(kind) in psutil.Process(pid).name()
    assert not psutil.pid_exists(pid)
    assert broker.pid == 0


@each_kind
async def test_it_listens_on_loopback_only_and_keeps_to_its_folder(kind, tmp_path):
    async with broker_of(kind, tmp_path) as broker:
        listening = [
            connection.laddr.ip
            for connection in psutil.Process(broker.pid).net_connections("tcp")
            if connection.status == psutil.CONN_LISTEN
        ]
        assert set(listening) == {"127.0.0.1"}
        assert broker.folder == tmp_path / "broker"
        assert (broker.folder / "broker.log").stat().st_size > 0
        assert broker.folder.stat().st_mode & 0o077 == 0


@each_kind
async def test_a_killed_broker_is_back_on_the_same_port(kind, tmp_path):
    async with broker_of(kind, tmp_path) as broker:
        port, pid = broker.port, broker.pid
        os.kill(pid, signal.SIGKILL)
        await eventually(lambda: broker.restarts == 1 and broker.pid not in (0, pid), 10)
        assert broker.port == port
        async with listening(broker):
            pass


@each_kind
async def test_a_broker_that_will_not_end_is_killed(kind, tmp_path):
    async with broker_of(kind, tmp_path) as broker:
        pid = broker.pid
        os.kill(pid, signal.SIGSTOP)
        await asyncio.wait_for(broker.stop(), 5)
        assert not psutil.pid_exists(pid)


@each_kind
async def test_it_ends_when_its_parent_is_killed(kind, tmp_path):
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "cti.bus.broker", "--folder", str(tmp_path), "--port", "0",
        "--kind", kind, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert str(kind) in (await parent.stdout.readline()).decode()
    (child,) = psutil.Process(parent.pid).children()
    parent.kill()
    await parent.wait()
    await eventually(lambda: not is_alive(child.pid))


@each_kind
async def test_alone_it_runs_until_it_is_interrupted(kind, tmp_path):
    alone = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "cti.bus.broker", "--folder", str(tmp_path), "--port", "0",
        "--kind", kind, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert f"data in {tmp_path}" in (await alone.stdout.readline()).decode()
    (child,) = psutil.Process(alone.pid).children()
    alone.send_signal(signal.SIGINT)
    await asyncio.wait_for(alone.communicate(), 10)
    assert alone.returncode == 0
    assert not is_alive(child.pid)


async def test_a_port_that_is_taken_is_named(tmp_path):
    async def hang_up(_reader, writer):
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        with pytest.raises(BrokerError, match=f"port {port} is taken"):
            await Broker(tmp_path, port=port).start(timeout_s=0.2)


async def test_it_waits_for_the_port_of_a_router_that_was_just_killed(tmp_path):
    async def hang_up(_reader, writer):
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    broker = Broker(tmp_path, port=server.sockets[0].getsockname()[1])
    starting = asyncio.create_task(broker.start())
    try:
        await asyncio.sleep(0.1)
        assert not starting.done()
        server.close()
        await starting
    finally:
        await broker.stop()


@each_kind
async def test_a_broker_that_ends_at_once_says_why(kind, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "config_of", lambda *_: "no such { thing")
    broker = Broker(tmp_path, kind=kind)
    with pytest.raises(BrokerError, match=f"{kind} ended with [1-9]"):
        await broker.start()
    assert broker.pid == 0


async def test_a_long_log_is_set_aside(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "LOG_BYTES_MAX", 10)
    for _ in range(2):
        async with broker_of(None, tmp_path):
            pass
    assert (tmp_path / "broker" / "broker.log.1").stat().st_size > 10


async def test_a_machine_without_any_broker_is_told_so(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "program_of", lambda _kind: None)
    with pytest.raises(BrokerError, match="no Mosquitto and no nats-server"):
        await Broker(tmp_path).start()


def test_nats_server_is_found_where_our_dependency_put_it():
    found = program_of(BrokerKind.NATS)
    assert found is not None
    assert found.is_file()


def test_a_folder_with_odd_characters_is_quoted():
    assert 'store_dir: "/a b\\"c/jetstream"' in config_of(BrokerKind.NATS, Path('/a b"c'), 1)
