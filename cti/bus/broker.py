"""A real MQTT broker as a child process, for `make run`, small sites and tests.

Mosquitto where the machine has it, else the `nats-server` that our dependency brings. It listens on
the loopback interface only, keeps its data and its log in one folder, is started again when it
dies, and ends when we do, `kill -9` included (`cti.bus.tied`). It gets a session of its own, so
that Ctrl-C on our terminal does not reach it: the router has a last word to say to it first.

`python -m cti.bus.broker --port 1883` runs one alone.
"""

import argparse
import asyncio
import logging
import os
import signal
import socket
import sys
from asyncio.subprocess import Process
from contextlib import suppress
from pathlib import Path

from cti.bus import tied
from cti.bus.broker_kinds import Account, BrokerKind, config_of, program_of
from cti.private import own_folder, write_own

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
RESTART_MIN_S, RESTART_MAX_S = 0.2, 5.0
LOG_BYTES_MAX = 10_000_000

# MQTT 3.1.1: CONNECT with a clean session and no client id (section 3.1), CONNACK "accepted"
# (3.2), DISCONNECT (3.14).
_CONNECT = b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x0a\x00\x00"
_ACCEPTED = b"\x20\x02\x00\x00"
_DISCONNECT = b"\xe0\x00"


class BrokerError(Exception):
    """There is no broker to start, or it does not come up; the message holds its last words."""


class Broker:
    """One broker process. `port` 0 takes a free one; `kind` None takes what the machine has.

    `writer` is who may publish, with a password of this one start; all others may read.
    """

    def __init__(self, folder: Path, *, port: int = 0, kind: BrokerKind | None = None) -> None:
        self.host = HOST
        self.port = port
        self.folder = folder.resolve()
        self.kind = kind
        self.writer = Account()
        self.restarts = 0
        self._process: Process | None = None
        self._keeper: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int:
        """Of the running process; 0 when there is none."""
        running = self._process is not None and self._process.returncode is None
        return self._process.pid if self._process is not None and running else 0

    async def start(self, timeout_s: float = 10.0) -> None:
        """Returns when it answers MQTT. Raises BrokerError."""
        self.kind, program = _choose(self.kind)
        own_folder(self.folder)  # call events are personal data
        self.port = self.port or free_port()
        files = config_of(self.kind, self.folder, self.port, self.writer)
        for name, text in files.items():
            write_own(self.folder / name, text)
        config = self.folder / next(iter(files))
        command = (str(program), "-c", str(config))  # both brokers take it so
        try:
            async with asyncio.timeout(timeout_s):
                # By the broker of a router that was just killed? Its end is no event of ours.
                while _is_taken(self.port):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
                await self._launch(command)
        except TimeoutError:
            taken = self._process is None
            await self.stop()
            problem = "is taken" if taken else f"gets no answer from {self.kind}"
            raise BrokerError(f"port {self.port} {problem}") from None
        except BaseException:
            await self.stop()
            raise
        self._keeper = asyncio.create_task(self._keep(command), name="broker")
        log.info("broker: %s on %s:%d", self.kind, self.host, self.port)

    async def stop(self, timeout_s: float = 2.0) -> None:
        """Ends within the limit: asked first, killed at three quarters of it."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait((self._keeper,))
            self._keeper = None
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(timeout_s * 0.75):
                await process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _launch(self, command: tuple[str, ...]) -> None:
        """Start it and wait until it answers. Raises BrokerError when it ends instead."""
        process = self._process = await self._spawn(command)
        while not await _answers(self.host, self.port):
            if process.returncode is not None:
                words = self._last_words()
                raise BrokerError(f"{self.kind} ended with {process.returncode}: {words}")
            await asyncio.sleep(0.02)

    async def _spawn(self, command: tuple[str, ...]) -> Process:
        path = self._log_path()
        if path.exists() and path.stat().st_size > LOG_BYTES_MAX:
            path.replace(path.with_suffix(".log.1"))
        with path.open("ab") as output:
            return await asyncio.create_subprocess_exec(
                sys.executable, "-I", "-S", tied.__file__, str(os.getpid()), *command,
                stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output,
                start_new_session=True,
            )  # fmt: skip

    async def _keep(self, command: tuple[str, ...]) -> None:
        """Start it again whenever it has died."""
        delay_s = RESTART_MIN_S
        loop = asyncio.get_running_loop()
        while self._process is not None:
            begun_s = loop.time()
            code = await self._process.wait()
            if loop.time() - begun_s > 2 * RESTART_MAX_S:
                delay_s = RESTART_MIN_S
            log.warning("broker: ended with %d; again in %.1f s", code, delay_s)
            await asyncio.sleep(delay_s)
            delay_s = min(delay_s * 2, RESTART_MAX_S)
            self.restarts += 1
            try:
                await self._launch(command)
            except (BrokerError, OSError) as error:
                log.warning("broker: %s", error)
            except Exception:
                log.exception("broker: a defect")

    def _log_path(self) -> Path:
        return self.folder / "broker.log"

    def _last_words(self) -> str:
        return " / ".join(self._log_path().read_text("utf-8", "replace").splitlines()[-3:])


def _choose(wanted: BrokerKind | None) -> tuple[BrokerKind, Path]:
    for kind in (wanted,) if wanted else BrokerKind:
        program = program_of(kind)
        if program is not None:
            return kind, program
    raise BrokerError(f"no {wanted or 'Mosquitto and no nats-server'} on this machine")


def free_port() -> int:
    """A port that is free now; whoever takes it before the broker does makes the start fail."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _is_taken(port: int) -> bool:
    """Somebody listens there. Asked for MQTT, a stranger might answer and be taken for ours."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # ended connections: no matter
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
    return False


async def _answers(host: str, port: int) -> bool:
    """Does somebody there speak MQTT and let us in?"""
    try:
        async with asyncio.timeout(1.0):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(_CONNECT)
                accepted = await reader.readexactly(len(_ACCEPTED)) == _ACCEPTED
                writer.write(_DISCONNECT)
            finally:
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()
    except (OSError, EOFError, TimeoutError):
        return False
    return accepted


async def _serve(broker: Broker) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    await broker.start()
    password = broker.folder / "publisher.secret"
    write_own(password, broker.writer.password)
    sys.stdout.write(
        f"{broker.kind} on {broker.host}:{broker.port}, data in {broker.folder}\n"
        f"anybody on this machine may read; to publish: {broker.writer.username}, password in"
        f" {password}, new at each start\n"
    )
    sys.stdout.flush()
    try:
        await ended.wait()
    finally:
        await broker.stop()


def main() -> None:
    """One broker in the foreground, until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m cti.bus.broker", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("var/broker"))
    parser.add_argument("--port", type=int, default=1883, help="0: a free one (default: 1883)")
    parser.add_argument("--kind", type=BrokerKind, choices=list(BrokerKind), default=None)
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        asyncio.run(_serve(Broker(given.folder, port=given.port, kind=given.kind)))
    except BrokerError as error:
        sys.exit(f"broker: {error}")


if __name__ == "__main__":
    main()
