"""The two sides: Asterisk's own queue, and our router as a process of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from cti.cli.client import Client, RefusedError, UnreachableError
from tests.lab.asterisk import LabAsterisk

TICKS = os.sysconf("SC_CLK_TCK")
START_S = 20.0


def cpu_ms(pid: int) -> float:
    """User and system time that a process has used so far, in milliseconds."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / TICKS


def config(asterisk: LabAsterisk, agents: Mapping[str, Sequence[str]], folder: Path) -> str:
    """The router's configuration for these agents by queue; no after-call work, as in the queue."""
    queues = "".join(
        f'[[queues]]\nid = "{queue}"\nneed = "{queue}"\nafter_call_work_s = 0\n' for queue in agents
    )
    people = "".join(
        f'[[agents]]\nid = "{agent}"\ndevice = "{agent}"\nskills = {{ {queue} = 1 }}\n'
        for queue, names in agents.items()
        for agent in names
    )
    return f"""\
data_dir = "{folder}"
[[asterisks]]
name = "{asterisk.name}"
host = "127.0.0.1"
ami_port = {asterisk.ami_port}
secret = "{asterisk.ami_secret}"
[agi]
port = {asterisk.agi_port}
secret = "{asterisk.secret}"
[metrics]
port = 0
[bus]
enabled = false
{queues}{people}"""


class Router:
    """`cti serve` against the lab's Asterisk, with its agents signed in and ready."""

    def __init__(
        self, asterisk: LabAsterisk, agents: Mapping[str, Sequence[str]], folder: Path
    ) -> None:
        self.folder = folder
        self.agents = [name for names in agents.values() for name in names]
        self._config = folder / "cti.toml"
        self._config.write_text(config(asterisk, agents, folder), encoding="utf-8")
        self._config.chmod(0o600)
        self.process: subprocess.Popen[bytes] | None = None
        self.daemon = Client(folder / "cti.sock")

    @property
    def pid(self) -> int:
        """Of the running router."""
        if self.process is None:
            raise RuntimeError("the router does not run")
        return self.process.pid

    def start(self) -> None:
        """Start it and make everybody ready."""
        with (self.folder / "router.log").open("ab") as log:
            self.process = subprocess.Popen(
                (sys.executable, "-m", "cti", "serve", "--config", str(self._config)),
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + START_S
        while not self._is_ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"the router did not start: see {self.folder}/router.log")
            time.sleep(0.05)
        for agent in self.agents:
            self.daemon.order(agent, "log-on", {})
            self.daemon.order(agent, "state", {"state": "ready"})

    def _is_ready(self) -> bool:
        try:
            return self.daemon.health().ok
        except (RefusedError, UnreachableError):
            return False

    def stop(self) -> None:
        """End it."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
