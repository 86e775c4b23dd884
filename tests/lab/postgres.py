"""A real PostgreSQL of the tests' own: one server a test process, in its own folder, reached by a
unix socket only. It refuses to run as root, so it runs as the user `postgres` there.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import psutil

from tests.lab.tools import run

PROGRAMS = Path("/usr/lib/postgresql/15/bin")
POSTGRES = f"{PROGRAMS}/postgres"
USER = "paidui"

# What a test writes outlives the server, and need not outlive the machine.
OPTIONS = ("fsync=off", "full_page_writes=off", "shared_buffers=16MB",
           "max_connections=60", "listen_addresses=", "jit=off", "autovacuum=off")  # fmt: skip


class Postgres:
    """A server from `start` to `stop`. `url(name)` is what the configuration says."""

    def __init__(self) -> None:
        # Not below pytest's folders: those are closed to the user that the server runs as, and a
        # socket's path has at most 107 bytes.
        self.folder = Path(tempfile.mkdtemp(prefix="paidui-pg-"))
        self._as: dict[str, int] = {}
        if os.geteuid() == 0:
            found = pwd.getpwnam("postgres")
            os.chown(self.folder, found.pw_uid, found.pw_gid)
            self._as = {"user": found.pw_uid, "group": found.pw_gid}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._do("initdb", "--no-sync", "-A", "trust", "-U", USER, "-E", "UTF8",
                 "--locale=C.UTF-8", "-D", f"{self.folder}/data")  # fmt: skip
        self.up()

    def up(self) -> None:
        """Start the server on the data that is there."""
        options = [part for option in OPTIONS for part in ("-c", option)]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                (POSTGRES, "-D", f"{self.folder}/data", "-k", str(self.folder), *options),
                stdout=log, stderr=log, cwd=self.folder, **self._as,  # type: ignore[call-overload]
            )  # fmt: skip
        asked = (f"{PROGRAMS}/pg_isready", "-q", "-h", str(self.folder), "-t", "1")
        while run(*asked).returncode:
            if self._process.poll() is not None:
                raise RuntimeError((self.folder / "log").read_text(encoding="utf-8"))

    def down(self) -> None:
        """The server is gone, at once, with every connection."""
        assert self._process is not None
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait()

    def freeze(self, *, on: bool) -> None:
        """Every process of the server stands still, as one whose disk hangs, or goes on."""
        assert self._process is not None
        server = psutil.Process(self._process.pid)
        for pid in (server.pid, *(each.pid for each in server.children())):
            os.kill(pid, signal.SIGSTOP if on else signal.SIGCONT)

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self.down()
        shutil.rmtree(self.folder)

    def url(self, name: str) -> str:
        return f"postgresql://{USER}@/{name}?host={self.folder}"

    def create(self, name: str, template: str = "template1") -> str:
        """A new database; its URL."""
        self.sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url(name)

    def sql(self, statement: str) -> str:
        return self._do("psql", "-h", str(self.folder), "-U", USER, "-d", "postgres", "-qAtc",
                        statement)  # fmt: skip

    def _do(self, program: str, *arguments: str) -> str:
        done = subprocess.run(
            (f"{PROGRAMS}/{program}", *arguments), capture_output=True, text=True, check=False,
            cwd=self.folder, **self._as,  # type: ignore[call-overload]
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stderr}")
        return str(done.stdout)
