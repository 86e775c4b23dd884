"""What `make run` does, from top to bottom.

    folder -> simulated Asterisk -> daemon -> agents -> first routed call -> screen -> all stopped

The processes talk over real sockets and know nothing of each other that the real ones would not;
the one difference to a real site is the host and the port of the Asterisk in `cti.toml`.
"""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from rich.console import Console

from cti.api.answers import Status
from cti.cli.client import Client, RefusedError, UnreachableError
from cti.cli.output import can_say, without_chinese
from cti.cli.watch import watch
from cti.cli.words import Words, language
from simulators.demo import settings as defaults
from simulators.demo.children import ChildError, Children
from simulators.demo.folder import Folder, FolderError, take

START_S = 15.0
FIRST_CALL_S = 30.0
LINE_EVERY_S = 5.0


@dataclass(frozen=True, slots=True)
class Wishes:
    """The command line of `python -m simulators demo`."""

    seed: int
    agents: int = 16
    calls_per_minute: int = 36
    folder: Path | None = None
    ami_port: int = 0
    agi_port: int = 0
    rough: bool = False
    headless: bool = False
    seconds: int | None = None
    lang: str | None = None


def main(wishes: Wishes) -> int:
    """Run the demo; 1 and the next step on standard error when it cannot be done."""
    began = time.monotonic()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with take(wishes.folder) as folder:
            return Demo(wishes, folder, began).run()
    except FolderError as error:
        sys.stderr.write(f"demo: {error}\n")
        return 1


class Demo:
    """One demo in its folder."""

    def __init__(self, wishes: Wishes, folder: Folder, began: float) -> None:
        self._wishes = wishes
        self._folder = folder.path
        self._began = began
        self._until = began + wishes.seconds if wishes.seconds else None
        self._children = Children(folder.path / "log")
        self._client = Client(folder.path / "data" / "cti.sock")
        self._first_call_s: float | None = None
        self._last: Status | None = None

    def run(self) -> int:
        """From the start to the end; its exit code."""
        code = 0
        try:
            self._start()
            self._wait_for_a_call()
            self._show()
        except KeyboardInterrupt:
            pass
        except (ChildError, OSError) as error:
            sys.stderr.write(f"\ndemo: {error}\n")
            if "in use" in str(error):
                sys.stderr.write("next: leave --ami-port and --agi-port out: free ones are taken\n")
            code = 1
        finally:
            # A second Ctrl-C must not leave processes behind.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            self._look_once_more()
            stopped_s = self._children.stop()
        if code == 0:
            self._summary(stopped_s)
        return code

    # --- start ------------------------------------------------------------------------------------

    def _start(self) -> None:
        wishes, folder = self._wishes, self._folder
        _say(f"排队机 Paidui · demo with seed {wishes.seed} · everything is in {_short(folder)}")
        site = defaults.site_file(
            folder,
            seed=wishes.seed,
            agents=wishes.agents,
            calls_per_minute=wishes.calls_per_minute,
            ami_port=wishes.ami_port,
            agi_port=wishes.agi_port,
            rough=wishes.rough,
        )
        mqtt_port = defaults.free_port()
        config = defaults.config_file(folder, site, mqtt_port)
        known = f"{site.phones[0]}-{site.phones[-1]}"
        # All at once: each waits for the others by itself, as on a machine that boots.
        start, run = self._children.start, ("-m", "simulators")
        asterisk = start(
            "asterisk", [*run, "asterisk", "--settings", str(folder / "asterisk.json")], pipe=True
        )
        start("cti", ["-m", "cti", "serve", "--config", str(config)])
        start(
            "agents",
            [*run, "agents", "--socket", str(self._client.path), "--agents", known,
             "--seed", str(wishes.seed)],
        )  # fmt: skip
        address = asterisk.read_json(START_S)["ami"]
        self._wait_for_status(lambda _status: True, START_S, "the daemon does not answer")
        _say(
            f"simulated Asterisk: AMI {address}, {wishes.agents} phones,"
            f" {wishes.calls_per_minute} calls a minute · bus: MQTT 127.0.0.1:{mqtt_port}, topics"
            f" cti/v1/#\ndaemon: cti serve --config {_short(config)} · another screen: cti watch"
            f" --socket {_short(self._client.path)}"
        )

    def _wait_for_a_call(self) -> None:
        self._wait_for_status(_has_routed, FIRST_CALL_S, "no call was routed")
        self._first_call_s = time.monotonic() - self._began
        _say(f"first routed call {self._first_call_s:.1f} s after the start")

    def _wait_for_status(self, is_so: Callable[[Status], bool], within_s: float, why: str) -> None:
        until = time.monotonic() + within_s
        while time.monotonic() < until:
            try:
                if is_so(self._ask()):
                    return
            except (UnreachableError, RefusedError):
                pass
            time.sleep(0.05)
        raise ChildError(f"{why} within {within_s:.0f} s\nnext: look into {self._children.logs}")

    def _ask(self) -> Status:
        self._children.check()
        self._last = self._client.status()
        return self._last

    def _look_once_more(self) -> None:
        """For the summary: the figures at the end, or those seen last."""
        with contextlib.suppress(UnreachableError, RefusedError, ChildError):
            self._ask()

    # --- show -------------------------------------------------------------------------------------

    def _show(self) -> None:
        if self._wishes.headless or not sys.stdout.isatty():
            self._show_lines()
            return
        words = Words(language(self._wishes.lang, os.environ))
        watch(self._ask, words, Console(), None if self._until is None else self._is_over)

    def _is_over(self, seconds: float) -> bool:
        """Wait so long; whether the time of the whole demo is over."""
        time.sleep(seconds)
        return self._until is not None and time.monotonic() >= self._until

    def _show_lines(self) -> None:
        """For pipes and tests: one line now and then, until the time is over or Ctrl-C."""
        next_line = time.monotonic() + LINE_EVERY_S
        while self._until is None or time.monotonic() < self._until:
            time.sleep(0.1)
            self._children.check()
            if time.monotonic() >= next_line:
                next_line += LINE_EVERY_S
                _say(_line(self._ask()))

    def _summary(self, stopped_s: float) -> None:
        if self._last is not None:
            _say(_line(self._last))
        first = "none" if self._first_call_s is None else f"after {self._first_call_s:.1f} s"
        breaches = self._last.invariant_breaches if self._last else 0
        _say(
            f"demo: seed {self._wishes.seed}, ran {time.monotonic() - self._began:.1f} s,"
            f" first routed call {first}, invariant breaches {breaches},"
            f" all processes stopped in {stopped_s:.1f} s"
        )
        _say(
            "your own Asterisk: include asterisk-config/ as its README says, put host and secrets"
            f" into a copy of {_short(self._folder / 'cti.toml')},\n"
            "  then: cti asterisk check --config FILE   and: cti serve --config FILE"
        )


def _has_routed(status: Status) -> bool:
    return any(row.ringing or row.talking or row.answered for row in status.queues)


def _line(status: Status) -> str:
    """Everything in one line."""
    rows = status.queues
    counted = {
        name: sum(getattr(row, name) for row in rows)
        for name in ("waiting", "talking", "answered", "abandoned")
    }
    states = ", ".join(f"{state} {count}" for state, count in sorted(status.agent_states.items()))
    figures = ", ".join(f"{name} {count}" for name, count in counted.items())
    return f"calls: {figures} · agents: {states}"


def _short(path: Path) -> str:
    """Relative to here, where that is shorter."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """SIGTERM ends a demo like Ctrl-C."""
    raise KeyboardInterrupt


def _say(text: str) -> None:
    said = text if can_say("排队机", sys.stdout) else without_chinese(text).strip()
    sys.stdout.write(said + "\n")
    sys.stdout.flush()
