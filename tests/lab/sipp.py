"""Phones and callers made of SIPp processes.

    with Phones(phone_answers(after_ms=200), port=5080): ...
    with Callers(asterisk.sip, "95588", rate=5, calls=50, stay_ms=3000) as callers:
        result = callers.wait()
    assert result.failed == 0

One process plays any number of phones: endpoints whose contacts point at its port. What happened is
read from SIPp's own statistics file, never guessed from its exit code.
"""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.lab import running, scenarios
from tests.lab.ports import free_port, is_free, media_port
from tests.lab.tools import LabError

START_S = 15.0
START_ATTEMPTS = 3

# Not an error: each wait of a scenario that ended as it was meant to.
_EXPECTED = re.compile(r"[^\n]*receive timeout on message \S+, jumping to label \d+?(?=\d{4}-|$)")


@dataclass(frozen=True)
class Result:
    """What SIPp counted. Answered and ended by a BYE of either side is successful."""

    created: int
    successful: int
    failed: int
    live: int
    answered_ms: float
    """Mean time from INVITE to 200 OK."""


class _Sipp:
    """One SIPp process with its own folder, ended by its process id."""

    def __init__(self, scenario: str, *, port: int | None, arguments: tuple[str, ...]) -> None:
        self.port = port or free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="sipp-"))
        self.scenario = scenario
        self.arguments = arguments
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait until it listens."""
        (self.folder / "scenario.xml").write_text(self.scenario, encoding="utf-8")
        for attempt in range(START_ATTEMPTS):
            try:
                self._start_once()
            except LabError as error:
                # Its ports for sound and control were free when they were picked.
                if "in use" not in str(error) or attempt == START_ATTEMPTS - 1:
                    raise
            else:
                return

    def _start_once(self) -> None:
        with (self.folder / "output").open("wb") as output:
            self.process = subprocess.Popen(
                ("sipp", *self.arguments, "-sf", "scenario.xml", "-i", "127.0.0.1",
                 "-p", str(self.port), "-mp", str(media_port()), "-cp", str(free_port()),
                 "-nostdin", "-skip_rlimit", "-buff_size", "4194304", "-aa",
                 "-trace_stat", "-stf", "statistics.csv", "-fd", "1",
                 "-trace_err", "-error_file", "errors.log"),
                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        running.remember(self.process.pid, self.folder)
        deadline = time.monotonic() + START_S
        while is_free(self.port):
            if self.process.poll() is not None and self.result().created:
                return  # all calls made and done
            if self.process.poll() is not None or time.monotonic() > deadline:
                ended = "ended at its start" if self.process.poll() is not None else "is not up"
                words = self.last_words()
                self._end()
                raise LabError(f"sipp {ended}: {words}")
            time.sleep(0.005)

    def stop(self) -> None:
        """End it and remove its folder; may be repeated."""
        self._end()
        shutil.rmtree(self.folder, ignore_errors=True)

    def result(self) -> Result:
        """Newest line of the statistics file (SIPp writes one a second, and one at its end)."""
        path = self.folder / "statistics.csv"
        rows = []
        if path.exists():
            with path.open(encoding="utf-8", errors="replace", newline="") as file:
                rows = list(csv.DictReader(file, delimiter=";"))
        whole = [row for row in rows if row.get("FailedCall(C)")]
        if not whole:
            return Result(0, 0, 0, 0, 0.0)
        last = whole[-1]
        return Result(
            created=int(last["TotalCallCreated"]),
            successful=int(last["SuccessfulCall(C)"]),
            failed=int(last["FailedCall(C)"]),
            live=int(last["CurrentCall"]),
            answered_ms=_milliseconds(last.get("ResponseTimeanswered(C)") or ""),
        )

    def errors(self) -> str:
        """Messages that the scenario did not expect, as SIPp wrote them down."""
        path = self.folder / "errors.log"
        text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
        return _EXPECTED.sub("", text).removeprefix("The following events occurred:").strip()

    def last_words(self) -> str:
        """The last line that SIPp said, for an error message."""
        text = self.errors() or (self.folder / "output").read_text(errors="replace")
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        return lines[-1] if lines else "no message"

    def _end(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()
            running.forget(self.process.pid)
        self.process = None


class Phones(_Sipp):
    """A SIPp that answers as `scenario` says, for every agent whose contact points at `port`."""

    def __init__(self, scenario: str | None = None, *, port: int | None = None) -> None:
        super().__init__(scenario or scenarios.phone_answers(), port=port, arguments=())

    def become(self, scenario: str) -> None:
        """The same phones with another behaviour; calls that are under way are forgotten."""
        self._end()
        self.scenario = scenario
        self.start()

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        self.stop()


class Callers(_Sipp):
    """A SIPp that calls `number` at `target` (`127.0.0.1:PORT`)."""

    def __init__(
        self,
        target: str,
        number: str,
        *,
        calls: int = 1,
        rate: float = 10,
        stay_ms: int = 10_000,
        prefix: str = "1390",
        name: str = "",
        media_port: int | None = None,
    ) -> None:
        """`calls` at `rate` a second, from numbers `prefix`1, `prefix`2 …; each stays at most
        `stay_ms` (talk time or patience: whoever waits cannot tell the one from the other).
        """
        self.calls = calls
        # SIPp holds calls back at its limit, which would be a lower rate than was asked for.
        limit = int(rate * (stay_ms / 1000 + 15)) + calls if calls < 100 else calls
        super().__init__(
            scenarios.caller(prefix, stay_ms, name=name, media_port=media_port),
            port=None,
            arguments=(target, "-s", number, "-m", str(calls), "-l", str(limit),
                       "-r", str(max(1, round(rate * 10))), "-rp", "10000"),
        )  # fmt: skip

    def wait(self, timeout_s: float = 60) -> Result:
        """Wait until all calls have ended; LabError when they have not in time."""
        if self.process is None:
            return self.result()
        try:
            self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise LabError(f"after {timeout_s:.0f} s: {self.result()}") from None
        return self.result()

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        self.stop()


def _milliseconds(text: str) -> float:
    """`00:00:00:004000` (hours, minutes, seconds, microseconds) in milliseconds."""
    parts = text.split(":")
    if len(parts) != 4:
        return 0.0
    hours, minutes, seconds, micros = (int(part) for part in parts)
    return (hours * 3600 + minutes * 60 + seconds) * 1000 + micros / 1000
