"""The processes of a demo: started, watched, and ended by their process ids, all of them.

Each has a session of its own, so that Ctrl-C on the terminal reaches the demo only, which then ends
them in order; and each ends by itself when the demo is killed (`cti.bus.tied`).
"""

import contextlib
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from cti.bus import tied

STOP_S = 2.5
"""For all together; who is still there after this is killed."""

EACH_S = 1.5
"""How long the next one waits for the one before."""


class ChildError(Exception):
    """A process did not start, or has ended; the message holds its last words and its log."""


@dataclass(slots=True)
class Child:
    """One process. Its standard error goes to `log`, its standard output there too, or to a
    pipe.
    """

    name: str
    process: subprocess.Popen[str]
    log: Path

    @property
    def is_alive(self) -> bool:
        """Whether it runs."""
        return self.process.poll() is None

    def read_json(self, within_s: float) -> dict[str, Any]:
        """The next line of its output; ChildError when it ends instead."""
        stream = self.process.stdout
        line = _line_within(stream, within_s) if stream is not None else ""
        if not line:
            raise ChildError(self.last_words("did not start"))
        found: dict[str, Any] = json.loads(line)
        return found

    def last_words(self, what: str) -> str:
        """What has happened to it, in one or two lines."""
        text = self.log.read_text(encoding="utf-8", errors="replace")
        words = [line for line in text.splitlines() if line.strip()][-3:]
        return "\n".join([f"{self.name} {what} (log: {self.log})", *words])


@dataclass(slots=True)
class Children:
    """All processes of one demo, in the order of their start."""

    logs: Path
    started: list[Child] = field(default_factory=list)

    def start(self, name: str, arguments: Sequence[str], *, pipe: bool = False) -> Child:
        """`python ARGUMENTS` as a process that does not outlive us."""
        self.logs.mkdir(exist_ok=True)
        log = self.logs / f"{name}.log"
        command = [sys.executable, "-I", "-S", str(tied.__file__), str(os.getpid())]
        with log.open("wb") as sink:
            process = subprocess.Popen(
                [*command, sys.executable, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if pipe else sink,
                stderr=sink,
                text=True,
                start_new_session=True,
            )
        child = Child(name, process, log)
        self.started.append(child)
        return child

    def check(self) -> None:
        """ChildError when one of them has ended by itself."""
        for child in self.started:
            if not child.is_alive:
                raise ChildError(child.last_words(f"ended with code {child.process.returncode}"))

    def stop(self) -> float:
        """End all, the last one started first, and give the seconds that it took."""
        began = time.monotonic()
        for child in reversed(self.started):
            child.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.process.wait(min(EACH_S, max(0.0, STOP_S - time.monotonic() + began)))
        for child in self.started:
            child.process.kill()  # nothing, to one that has ended
            child.process.wait()
            if child.process.stdout is not None:
                child.process.stdout.close()
        self.started.clear()
        return time.monotonic() - began


def _line_within(stream: IO[str], within_s: float) -> str:
    """A line of a pipe, or nothing when it does not come in time."""
    ready, _, _ = select.select([stream], [], [], within_s)
    return stream.readline() if ready else ""
