"""One daemon to a socket, and nobody but its owner."""

import asyncio
import os
import socket
import stat
import subprocess
import sys
import threading

import pytest

from cti.api import servers as servers_module
from cti.api.sockets import ControlSocket, SocketBusy
from cti.private import NotPrivate
from tests.worlds.api.router import Router


def test_only_the_owner_may_use_it(tmp_path):
    control = ControlSocket(tmp_path / "run" / "cti.sock")
    mode = control.path.stat().st_mode
    assert (stat.S_ISSOCK(mode), stat.S_IMODE(mode)) == (True, 0o600)
    assert stat.S_IMODE(control.path.parent.stat().st_mode) == 0o700
    control.close()


def test_there_is_no_moment_at_which_others_may_use_it(tmp_path, monkeypatch):
    """Before the mode is set by name it is right already, whatever the umask says."""
    modes = []
    monkeypatch.setattr(
        type(tmp_path), "chmod", lambda path, mode: modes.append(stat.S_IMODE(path.stat().st_mode))
    )
    old = os.umask(0)
    try:
        ControlSocket(tmp_path / "cti.sock").close()
    finally:
        os.umask(old)
    assert modes == [0o600]


def test_a_second_daemon_is_refused_and_the_first_lives_on(tmp_path):
    first = ControlSocket(tmp_path / "cti.sock")
    with pytest.raises(SocketBusy, match="another cti daemon is running on"):
        ControlSocket(tmp_path / "cti.sock")
    with socket.socket(socket.AF_UNIX) as caller:
        caller.connect(str(first.path))
    first.close()
    ControlSocket(tmp_path / "cti.sock").close()


def test_of_many_that_start_at_once_exactly_one_gets_it(tmp_path):
    got, busy = [], []
    gate = threading.Barrier(16)

    def start():
        gate.wait()
        try:
            got.append(ControlSocket(tmp_path / "cti.sock"))
        except SocketBusy:
            busy.append(1)

    threads = [threading.Thread(target=start) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(got), len(busy)) == (1, 15)
    got[0].close()


def test_what_a_killed_daemon_left_behind_is_replaced(tmp_path):
    path = tmp_path / "cti.sock"
    code = (
        "import os, sys; from pathlib import Path; from cti.api.sockets import ControlSocket;"
        "ControlSocket(Path(sys.argv[1])); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert path.is_socket()
    control = ControlSocket(path)
    with socket.socket(socket.AF_UNIX) as caller:
        caller.connect(str(path))
    control.close()


@pytest.mark.parametrize("make", [lambda p: p.write_text("mine"), lambda p: p.mkdir()])
def test_a_file_that_is_no_socket_is_never_removed(tmp_path, make):
    make(tmp_path / "cti.sock")
    with pytest.raises(FileExistsError, match="no socket"):
        ControlSocket(tmp_path / "cti.sock")
    assert (tmp_path / "cti.sock").exists()
    (tmp_path / "cti.sock").rename(tmp_path / "kept")
    ControlSocket(tmp_path / "cti.sock").close()  # the failed start has let go of the lock


def test_a_link_to_a_socket_of_somebody_else_is_not_followed(tmp_path):
    theirs = ControlSocket(tmp_path / "theirs.sock")
    (tmp_path / "cti.sock").symlink_to(theirs.path)
    with pytest.raises(FileExistsError):
        ControlSocket(tmp_path / "cti.sock")
    assert theirs.path.is_socket()
    theirs.close()


def test_a_folder_that_everybody_may_write_to_is_refused_unless_it_is_sticky(tmp_path):
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(NotPrivate, match=f"next: chmod o-w {folder}, or another"):
        ControlSocket(folder / "cti.sock")
    folder.chmod(0o1777)
    ControlSocket(folder / "cti.sock").close()


def test_a_lock_that_is_a_link_is_not_followed(tmp_path):
    (tmp_path / "cti.sock.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        ControlSocket(tmp_path / "cti.sock")
    assert not (tmp_path / "elsewhere").exists()


def test_a_path_that_is_too_long_says_so(tmp_path):
    with pytest.raises(OSError, match="path too long"):
        ControlSocket(tmp_path / ("x" * 120))


def test_closing_twice_is_harmless_and_does_not_take_away_the_next_daemons_socket(tmp_path):
    first = ControlSocket(tmp_path / "cti.sock")
    first.close()
    second = ControlSocket(tmp_path / "cti.sock")
    first.close()
    assert second.path.is_socket()
    second.close()
    assert not second.path.exists()


async def test_a_port_that_is_taken_leaves_nothing_open(tmp_path):
    router = Router()
    first = await router.serve(tmp_path / "a.sock")
    from aiohttp import web

    from cti.api.servers import Servers

    second = Servers(
        web.Application(),
        web.Application(),
        socket=ControlSocket(tmp_path / "b.sock"),
        host="127.0.0.1",
        port=first.port,
    )
    with pytest.raises(OSError, match="address already in use"):
        await second.start()
    assert not (tmp_path / "b.sock").exists()
    await second.stop()
    await first.stop()
    await first.stop()
    await router.log.close()
    assert not (tmp_path / "a.sock").exists()


async def test_who_holds_connections_to_the_probes_gives_way_to_who_asks(tmp_path, monkeypatch):
    """The port has no password; idle connections and half a request cost their owner only."""
    monkeypatch.setattr(servers_module, "PROBES_AT_ONCE", 3)
    router = Router()
    servers = await router.serve(tmp_path / "a.sock")
    idle = []
    for _ in range(3):
        reader, writer = await asyncio.open_connection("127.0.0.1", servers.port)
        writer.write(b"GET /healthz HTTP/1.1\r\n")
        idle.append((reader, writer))
    reader, writer = await asyncio.open_connection("127.0.0.1", servers.port)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    async with asyncio.timeout(5):
        assert (await reader.read()).endswith(b"ok\n")
        assert await idle[0][0].read() == b""
    assert not any(reader.at_eof() for reader, _ in idle[1:])
    for _, each in (*idle, (reader, writer)):
        each.close()
    await servers.stop()
    await router.log.close()
