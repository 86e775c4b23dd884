"""One real Asterisk of the lab: its configuration, its start, its death and its end.

    with LabAsterisk(agents=[Agent("a8001", 5080)]) as asterisk:
        asterisk.ami_port, asterisk.sip_port, asterisk.agi_port ...

Any number of instances run side by side from one root. Each lives in a mount namespace of its own:
its folder appears there as /lab, the root is read-only, and the kernel undoes every mount when the
process ends, however it ends. All ports are picked free and bound to 127.0.0.1.

The files of `asterisk-config/` are included verbatim by the files of `operator/`, which are what a
bank would write. A test may change the files in `etc` before `start()`, or after and `reload()`.
"""

from __future__ import annotations

import itertools
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.lab import rootfs, running
from tests.lab.ports import free_port, rtp_range
from tests.lab.tools import LabError
from tests.lab.zone import HERE, Zone

OPERATOR = Path(__file__).parent / "operator"
SHIPPED = rootfs.REPOSITORY / "asterisk-config"
SHIPPED_FOLDERS = ("extensions.d", "manager.d", "pjsip.d")

# Files that Asterisk wants to see, all at their defaults.
EMPTY = ("acl", "ccss", "cel", "confbridge", "features", "pjproject", "udptl")

# Sounds that the dialplan may be asked for: {name in cti/: a sound of the stock package}.
SOUNDS = {
    "welcome": "hello-world",
    "all-busy": "queue-thankyou",
    "goodbye": "vm-goodbye",
    "leave-queueFull": "vm-goodbye",
}

# 400 Hz, a quiet square wave in mu-law: the music that no other sound of the lab looks like.
MUSIC = bytes([0x9F] * 10 + [0x1F] * 10)
MUSIC_S = 30

BOOT_S = 30.0

# Runs as the first program of the mount namespace and turns into Asterisk, so that the process id
# that we hold is that of Asterisk.
ENTER = """
set -e
mount --bind "$1" "$1"
mount -o remount,ro,bind "$1"
mount --rbind /dev "$1/dev"
mount -t proc proc "$1/proc"
mount -t tmpfs tmpfs "$1/tmp"
mount --bind "$2" "$1/lab"
[ -z "$3" ] || mount --bind "$3" "$1/etc"
exec chroot "$1" /usr/sbin/asterisk -f -C /lab/etc/asterisk.conf
"""

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Agent:
    """An agent's phone: an endpoint with a fixed contact at `port`; None: it registers, from up to
    `contacts` places at once.
    """

    name: str
    port: int | None = None
    password: str = "lab"
    contacts: int = 1

    def endpoint(self) -> str:
        """The operator's lines in pjsip.conf."""
        lines = [
            f"\n[{self.name}](cti-agent)",
            "context = from-agent",
            f"aors = {self.name}",
            f"callerid = {self.name} <{self.name}>",
            "rtp_timeout = 0            ; SIPp sends no sound",
        ]
        if self.port is None:
            lines += [
                f"auth = {self.name}",
                f"[{self.name}](cti-aor)",
                "qualify_frequency = 0",
                f"max_contacts = {self.contacts}",
                f"[{self.name}]",
                "type = auth",
                f"username = {self.name}",
                f"password = {self.password}",
            ]
        else:
            lines += [
                f"[{self.name}]",
                "type = aor",
                f"contact = sip:{self.name}@127.0.0.1:{self.port}",
            ]
        return "\n".join(lines)


class LabAsterisk:
    """An Asterisk with the shipped configuration and an operator's own around it."""

    def __init__(
        self,
        *,
        agents: Sequence[Agent] = (),
        queues: Mapping[str, Sequence[str]] | None = None,
        settings: Mapping[str, str] | None = None,
        extensions: str = "",
        agi_port: int | None = None,
        user: str = "asterisk",
        rtp_ports: int = 4000,
        name: str | None = None,
        zone: Zone = HERE,
    ) -> None:
        """Write the configuration; nothing runs yet.

        `agents`: phones. `queues`: stock queues {name: agents} for comparison, reached by dialling
        their names (`peer-…`); `failsafe` always exists, with all agents. `settings`: more globals.
        `extensions`: more lines of extensions.conf. `agi_port`: where a router will listen (picked
        free if not said). `rtp_ports`: 4 are used by each call that is talking, 2 by each waiting.
        `zone`: where its machine stands.
        """
        self.name = name or f"a{next(_numbers)}"
        self.agents = tuple(agents)
        self.user = user
        self.zone = zone
        self.agi_port = agi_port or free_port(socket.SOCK_STREAM)
        self.ami_port = free_port(socket.SOCK_STREAM)
        self.http_port = free_port(socket.SOCK_STREAM)
        self.sip_port = free_port(socket.SOCK_DGRAM)
        self.ami_secret = secrets.token_hex(12)
        self.secret = secrets.token_hex(16)
        self.settings = dict(settings or {})
        self.queues = {"failsafe": [agent.name for agent in self.agents], **(queues or {})}
        self.folder = Path(tempfile.mkdtemp(prefix=f"lab-{self.name}-"))
        self.process: subprocess.Popen[bytes] | None = None
        self.boot_s = 0.0
        self._extensions = extensions
        self._rtp = rtp_range(rtp_ports)
        self._write()

    @property
    def etc(self) -> Path:
        """The configuration folder; change files there before `start()` or before `reload()`."""
        return self.folder / "etc"

    @property
    def log(self) -> Path:
        """Asterisk's notices, warnings and errors."""
        return self.folder / "log" / "messages"

    @property
    def sip(self) -> str:
        """Where callers send their INVITE: `127.0.0.1:PORT`."""
        return f"127.0.0.1:{self.sip_port}"

    @property
    def pid(self) -> int | None:
        """The process id of Asterisk while it runs."""
        return self.process.pid if self.process and self.process.poll() is None else None

    def start(self) -> None:
        """Start and wait for FullyBooted. LabError with the last line of the log if not."""
        if self.pid is not None:
            raise LabError(f"{self.name} runs already")
        root = rootfs.root_folder()
        if not rootfs.is_built():
            raise LabError("the lab is not built: python -m tests.lab build")
        # What a kill -9 leaves behind would tell the next start that an Asterisk is running.
        for stale in (self.folder / "run").iterdir():
            stale.unlink()
        began = time.monotonic()
        with (self.folder / "log" / "console").open("ab") as console:
            self.process = subprocess.Popen(
                ("unshare", "--mount", "--propagation", "private",
                 "sh", "-c", ENTER, "enter", str(root), str(self.folder),
                 str(self.zone.etc(root, self.folder) or "")),
                stdin=subprocess.DEVNULL, stdout=console, stderr=console,
                start_new_session=True, env=self.zone.environment(),
            )  # fmt: skip
        running.remember(self.process.pid, self.folder)
        try:
            self._wait_for_boot(began + BOOT_S)
        except BaseException:
            self.kill9()
            raise
        self.boot_s = time.monotonic() - began

    def stop(self) -> None:
        """End it and remove its folder: nothing is left. May be repeated."""
        self.kill9()
        shutil.rmtree(self.folder, ignore_errors=True)

    def halt(self) -> None:
        """End it as `systemctl stop` would; it can be started again."""
        if self.process:
            self.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(5)
        self.kill9()

    def kill9(self) -> None:
        """End it at once, with everything that it holds; it can be started again."""
        if self.process:
            self.process.kill()
            self.process.wait()
            running.forget(self.process.pid)
        self.process = None

    def restart(self) -> None:
        """Halt and start again with the same ports."""
        self.halt()
        self.start()

    def freeze(self) -> None:
        """SIGSTOP, until every thread stands: it is there and says nothing."""
        if self.pid is not None:
            os.kill(self.pid, signal.SIGSTOP)
            while any(_state(thread) != "T" for thread in Path(f"/proc/{self.pid}/task").iterdir()):
                time.sleep(0.001)

    def thaw(self) -> None:
        """SIGCONT."""
        if self.pid is not None:
            os.kill(self.pid, signal.SIGCONT)

    def cli(self, command: str) -> str:
        """What the console answers to a command (over AMI, a session for each)."""
        answer = self._manager(
            f"Action: Command\r\nCommand: {command}\r\n\r\n", until=b"\r\n\r\n", answers=2
        )
        lines = answer.decode(errors="replace").splitlines()
        return "\n".join(line.removeprefix("Output: ") for line in lines if "Output: " in line)

    def command(self, command: str) -> None:
        """Give a command that Asterisk may not live to answer: `core restart now`."""
        action = f"Action: Command\r\nCommand: {command}\r\n\r\n"
        self._manager(action, until=b"Authentication accepted", answers=1)

    def console(self, command: str) -> None:
        """The same over its console socket, which it listens to also while it is shutting down."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as console:
            console.settimeout(5)
            console.connect(str(self.folder / "run" / "asterisk.ctl"))
            console.recv(1000)  # who it is
            console.sendall(f"{command}\0".encode())

    def reload(self, module: str = "") -> str:
        """Read the configuration again, of one module or of all."""
        return self.cli(f"module reload {module}".strip())

    def warnings(self) -> list[str]:
        """Warnings and errors in the log so far."""
        if not self.log.exists():
            return []
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return [line for line in lines if "WARNING[" in line or "ERROR[" in line]

    def __enter__(self) -> Self:
        """Start."""
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        self.stop()

    # -- configuration --------------------------------------------------------------------------

    def _write(self) -> None:
        for name in ("etc", "run", "log", "spool", "lib", "lib/keys", "data"):
            (self.folder / name).mkdir()
        for name in SHIPPED_FOLDERS:
            shutil.copytree(SHIPPED / name, self.etc / name)
        values = self._values()
        for template in sorted(OPERATOR.glob("*.conf")):
            text = template.read_text(encoding="utf-8")
            for name, value in values.items():
                text = text.replace(f"@{name}@", value)
            (self.etc / template.name).write_text(text, encoding="utf-8")
        for name in EMPTY:
            (self.etc / f"{name}.conf").touch()
        self._write_sounds()
        for path in (self.folder, *self.folder.rglob("*")):
            os.chown(path, rootfs.ASTERISK_UID, rootfs.ASTERISK_UID, follow_symlinks=False)

    def _values(self) -> dict[str, str]:
        settings = [f"{name}={value}" for name, value in self.settings.items()]
        queues = [
            "\n".join((f"\n[{name}](queue)", *(f"member => PJSIP/{agent}" for agent in members)))
            for name, members in self.queues.items()
        ]
        root = rootfs.root_folder()
        modules = next(root.glob("usr/lib/*/asterisk/modules"), root)
        return {
            "MODULES": f"/{modules.relative_to(root)}",
            "USER": self.user,
            "RTP_START": str(self._rtp.start),
            "RTP_END": str(self._rtp.stop - 1),
            "HTTP_PORT": str(self.http_port),
            "AMI_PORT": str(self.ami_port),
            "AMI_SECRET": self.ami_secret,
            "SIP_PORT": str(self.sip_port),
            "AGI_PORT": str(self.agi_port),
            "SECRET": self.secret,
            "GLOBALS": "\n".join(settings),
            "EXTENSIONS": self._extensions,
            "QUEUES": "\n".join(queues),
            "ENDPOINTS": "\n".join(agent.endpoint() for agent in self.agents),
        }

    def _write_sounds(self) -> None:
        data, stock = self.folder / "data", rootfs.root_folder() / "usr/share/asterisk"
        for item in stock.iterdir():
            if item.name not in ("sounds", "moh"):
                (data / item.name).symlink_to(f"/usr/share/asterisk/{item.name}")
        (data / "moh").mkdir()
        (data / "moh" / "music.ulaw").write_bytes(MUSIC * (MUSIC_S * 8000 // len(MUSIC)))
        (data / "sounds" / "cti").mkdir(parents=True)
        for language in (stock / "sounds").iterdir():
            if language.is_dir() and not language.is_symlink():
                (data / "sounds" / language.name).symlink_to(
                    f"/usr/share/asterisk/sounds/{language.name}"
                )
                for name, sound in SOUNDS.items():
                    found = next(language.glob(f"{sound}.*"), None)
                    if found is not None:
                        shutil.copy(found, data / "sounds" / "cti" / f"{name}{found.suffix}")

    # -- start ----------------------------------------------------------------------------------

    def _wait_for_boot(self, deadline: float) -> None:
        while True:
            if self.process is None or self.process.poll() is not None:
                raise LabError(f"{self.name} ended at its start: {self._last_words()}")
            try:
                self._manager("", until=b"Event: FullyBooted", answers=1)
            except OSError:
                if time.monotonic() > deadline:
                    raise LabError(
                        f"{self.name} was not up within {BOOT_S:.0f} s: {self._last_words()}"
                    ) from None
                time.sleep(0.02)
            else:
                return

    def _last_words(self) -> str:
        for path in (self.log, self.folder / "log" / "console"):
            text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
            lines = [line for line in text.splitlines() if line.strip()]
            if lines:
                return f"{lines[-1]} (log: {path})"
        return f"no log (folder: {self.folder})"

    def _manager(self, action: str, *, until: bytes, answers: int) -> bytes:
        """Log in as `lab` without events, send one action, read until `until` has come so often."""
        login = f"Action: Login\r\nUsername: lab\r\nSecret: {self.ami_secret}\r\n"
        if action:
            login += "Events: off\r\n"
        with socket.create_connection(("127.0.0.1", self.ami_port), 5) as link:
            link.sendall(f"{login}\r\n{action}".encode())
            seen = b""
            while seen.count(until) < answers:
                piece = link.recv(65536)
                if not piece:
                    raise ConnectionError("Asterisk closed the manager connection")
                seen += piece
        return seen


def _state(task: Path) -> str:
    """State of a thread (proc(5)): R, S, D, T …"""
    return (task / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
