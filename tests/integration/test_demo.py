"""`make run` as a user meets it: processes, sockets, real time, and nothing left behind."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.eventually import eventually_sync

pytestmark = pytest.mark.room("simulators")

# It says three seconds of itself; what is left over is for a busy machine.
STOPS_WITHIN_S = 15

ROOT = Path(__file__).parents[2]
SUMMARY = re.compile(
    r"demo: seed (\d+), ran ([\d.]+) s, first routed call after ([\d.]+) s,"
    r" invariant breaches (\d+), all processes stopped in ([\d.]+) s"
)
FIGURES = re.compile(r"calls: waiting (\d+), talking (\d+), answered (\d+), abandoned (\d+)")


class Demo:
    """A demo in a folder of its own, and every process that it has ever had."""

    def __init__(self, folder: Path, *more: str) -> None:
        environment = {name: value for name, value in os.environ.items() if name[:4] != "CTI_"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "simulators", "demo", "--headless", "--seed", "7",
             "--calls-per-minute", "240", "--folder", str(folder), *more],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )  # fmt: skip
        self.family: dict[int, psutil.Process] = {}
        self.said = ""

    def until(self, text: str, within_s: float = 30) -> None:
        """Read until it has said this."""
        stream = self.process.stdout
        deadline = time.monotonic() + within_s
        while text not in self.said:
            line = stream.readline()
            assert line, f"ended before {text!r}: {self.said}"
            assert time.monotonic() < deadline, self.said
            self.said += line
        self.remember()

    def remember(self) -> None:
        own = psutil.Process(self.process.pid)
        for each in own.children(recursive=True):
            self.family[each.pid] = each

    def end(self, within_s: float = 60) -> int:
        """Wait for its end; its exit code."""
        more, _ = self.process.communicate(timeout=within_s)
        self.said += more
        return self.process.returncode

    def left_over(self) -> list[str]:
        """What of it still runs when it has been given time to end."""
        with suppress(AssertionError):
            eventually_sync(lambda: not any(map(is_alive, self.family.values())))
        return [" ".join(each.cmdline()) for each in self.family.values() if is_alive(each)]


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_calls_are_routed_and_the_summary_says_so(tmp_path):
    demo = Demo(tmp_path / "demo", "--seconds", "12")
    demo.until("first routed call")
    assert len(demo.family) >= 3
    assert demo.end() == 0
    seed, _, first_s, breaches, stopped_s = SUMMARY.search(demo.said).groups()
    assert (seed, breaches) == ("7", "0")
    assert float(first_s) > 0
    assert float(stopped_s) < STOPS_WITHIN_S
    _, _, answered, _ = map(int, FIGURES.findall(demo.said)[-1])
    assert answered > 3
    assert demo.left_over() == []
    assert (tmp_path / "demo" / "data").is_dir()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_everything_soon(tmp_path, number):
    demo = Demo(tmp_path / "demo")
    demo.until("first routed call")
    began = time.monotonic()
    demo.process.send_signal(number)
    assert demo.end() == 0
    assert time.monotonic() - began < STOPS_WITHIN_S
    assert "your own Asterisk" in demo.said
    assert demo.left_over() == []


def test_a_second_demo_runs_beside_a_first(tmp_path):
    demos = [Demo(tmp_path / name, "--seconds", "10") for name in ("one", "two")]
    for demo in demos:
        demo.until("first routed call")
    assert [demo.end() for demo in demos] == [0, 0]
    assert [demo.left_over() for demo in demos] == [[], []]


def test_a_folder_in_use_and_a_port_in_use_name_the_next_step(tmp_path):
    first = Demo(tmp_path / "demo")
    first.until("demo with seed")
    second = Demo(tmp_path / "demo")
    assert second.end() == 1
    assert "another demo is running" in second.said
    assert "next: --folder" in second.said
    first.process.send_signal(signal.SIGINT)
    first.end()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        third = Demo(tmp_path / "third", "--ami-port", str(port))
        assert third.end() == 1
    assert f"cannot listen on 127.0.0.1:{port}" in third.said
    assert "next: --ami-port 0 takes a free port" in third.said


def test_a_demo_that_is_killed_takes_its_processes_along(tmp_path):
    demo = Demo(tmp_path / "demo")
    demo.until("first routed call")
    demo.process.kill()
    demo.end()
    assert demo.left_over() == []


def test_a_daemon_that_dies_is_told_with_its_last_words(tmp_path):
    demo = Demo(tmp_path / "demo")
    demo.until("first routed call")
    (daemon,) = (each for each in demo.family.values() if "serve" in each.cmdline())
    daemon.kill()
    assert demo.end() == 1
    assert "cti ended with code" in demo.said
    assert demo.left_over() == []
