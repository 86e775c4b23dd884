"""The broker as a child: it comes up, comes back, and goes when it should."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import aiomqtt
import psutil
import pytest

from cti.bus import broker as module
from cti.bus.broker import Broker, BrokerError
from cti.bus.broker_kinds import Account, BrokerKind, config_of, program_of
from cti.bus.link import Message
from cti.bus.mqtt import MqttConnector
from cti.config import Settings
from cti.parts import client_id_of
from tests.eventually import eventually, time_passes
from tests.worlds.bus.world import address_of, broker_of, kinds, listening

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
        await time_passes(0.1)
        assert not starting.done()
        server.close()
        await starting
    finally:
        await broker.stop()


@each_kind
async def test_a_broker_that_ends_at_once_says_why(kind, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "config_of", lambda *_: {"x.conf": "no such { thing"})
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
    (text,) = config_of(BrokerKind.NATS, Path('/a b"c'), 1, Account()).values()
    assert 'store_dir: "/a b\\"c/jetstream"' in text


# --- who may write --------------------------------------------------------------------------------

STATE = "cti/v1/main/queue/loans/state"
WILL = Message("cti/v1/main/router/n1/state", b"{}")


class Deaf:
    def acknowledged(self, message, refusal=""):
        pass

    def lost(self):
        pass


async def retained(broker, topic):
    """What somebody who comes now is given on this topic; None when there is nothing.

    A second message, on a topic of its own and after the first, says that no more is to come.
    """
    mark = "cti/v1/main/router/mark/state"
    address = address_of(broker)
    async with aiomqtt.Client(
        broker.host, broker.port, username=address.username, password=address.password
    ) as writer:
        await writer.publish(mark, b"1", qos=1, retain=True)
    found = None
    async with aiomqtt.Client(broker.host, broker.port, timeout=5) as reader:
        await reader.subscribe([(topic, 1), (mark, 1)])
        async for message in reader.messages:
            if str(message.topic) == mark:
                break
            found = bytes(message.payload)
    return found


async def until_retained(broker, topic, payload):
    async def is_it() -> bool:
        return await retained(broker, topic) == payload

    await eventually(is_it)


async def forge(broker, topic, **how):
    """Publish without a name, however that ends."""
    with contextlib.suppress(aiomqtt.MqttError):
        async with aiomqtt.Client(broker.host, broker.port, timeout=2) as forger:
            await forger.publish(topic, b"forged", qos=1, retain=True, **how)


@each_kind
async def test_a_state_that_a_stranger_retains_is_not_taken(kind, tmp_path):
    async with broker_of(kind, tmp_path) as broker:
        await forge(broker, STATE)
        assert await retained(broker, STATE) is None
        address = address_of(broker)
        async with MqttConnector(address, "n1").connect(WILL, Deaf()) as link:
            link.send(Message(STATE, b"true"))
            await until_retained(broker, STATE, b"true")
        await forge(broker, STATE)
        assert await retained(broker, STATE) == b"true"


async def vanish(broker, topic, username="", password=""):
    """Connect with a will, and go without a good-bye (MQTT 3.1.1, 3.1)."""

    def text(value):
        return len(value).to_bytes(2) + value.encode()

    flags = 0x2E | (0xC0 if username else 0)  # clean, will of QoS 1, retained; name and password
    body = text("MQTT") + bytes((4, flags, 0, 30)) + text("") + text(topic) + text("will")
    body += text(username) + text(password) if username else b""
    reader, writer = await asyncio.open_connection(broker.host, broker.port)
    writer.write(bytes((0x10, len(body))) + body)
    await reader.read(4)  # accepted or not
    writer.transport.abort()


@each_kind
async def test_nor_does_a_stranger_speak_through_a_will(kind, tmp_path):
    async with broker_of(kind, tmp_path) as broker:
        await vanish(broker, STATE)
        # The router's own does, and later: so that of the stranger has had its time.
        await vanish(broker, WILL.topic, broker.writer.username, broker.writer.password)
        await until_retained(broker, WILL.topic, b"will")
        assert await retained(broker, STATE) is None


@each_kind
async def test_the_password_is_new_at_each_start_and_only_the_owner_can_read_it(kind, tmp_path):
    seen = []
    for _ in range(2):
        async with broker_of(kind, tmp_path) as broker:
            seen.append(broker.writer.password)
            files = [path for path in broker.folder.iterdir() if path.is_file()]
            texts = [path for path in files if path.suffix != ".db"]
            assert all(path.stat().st_mode & 0o077 == 0 for path in files if path.suffix != ".log")
            kept = any(seen[-1] in path.read_text("utf-8", "replace") for path in texts)
            assert kept is (kind is BrokerKind.NATS)  # Mosquitto keeps a hash
    assert seen[0] != seen[1]
    assert seen[0] not in repr(Account())


@each_kind
async def test_a_folder_that_was_made_beforehand_is_closed_to_others(kind, tmp_path, caplog):
    (tmp_path / "broker").mkdir(mode=0o755)
    (tmp_path / "broker").chmod(0o755)
    async with broker_of(kind, tmp_path) as broker:
        assert broker.folder.stat().st_mode & 0o777 == 0o700
    assert "was open to others (mode 0755): it is 0700 now" in caplog.text


def test_nobody_can_guess_by_which_id_our_broker_knows_us(tmp_path):
    """A reader with the publisher's id would make the broker hang up on the publisher."""
    settings = Settings(node="cti-1")
    seen = {client_id_of(settings, Broker(tmp_path)) for _ in range(2)}
    assert len(seen) == 2
    assert all(each.startswith("cti-1-") for each in seen)
    assert client_id_of(settings, None) == "cti-1"
