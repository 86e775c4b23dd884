"""The live screen in a real (pseudo) terminal: it comes, it follows, q leaves, all is as it was."""

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import time

import pytest


class Terminal:
    """A process in a terminal of its own; `until` reads what it says until that holds."""

    def __init__(self, arguments, width, height):
        self.ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        self.before = termios.tcgetattr(theirs)
        environ = os.environ | {"TERM": "xterm-256color", "LANG": "zh_CN.UTF-8"}
        for name in ("NO_COLOR", "COLUMNS", "LINES"):
            environ.pop(name, None)
        command = [sys.executable, "-m", "cti", *arguments]
        self.process = subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, env=environ, start_new_session=True
        )
        self.theirs = theirs
        self.said = ""

    def until(self, pattern, timeout_s=20):
        deadline_s = time.monotonic() + timeout_s
        while not re.search(pattern, self.said):
            assert time.monotonic() < deadline_s, self.said
            self.said += os.read(self.ours, 65536).decode(errors="replace")

    def type(self, keys):
        os.write(self.ours, keys.encode())

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        os.close(self.ours)
        os.close(self.theirs)


@pytest.fixture
def terminal(daemon):
    opened = []

    def open_(width=100, height=30):
        opened.append(Terminal(["watch", "--socket", str(daemon.path)], width, height))
        return opened[-1]

    yield open_
    for each in opened:
        each.close()


@pytest.mark.parametrize("keys", ["q", "Q", "xyq"])
def test_q_leaves_the_terminal_as_it_was(terminal, keys):
    screen = terminal()
    screen.until("q 退出")
    screen.type(keys)
    screen.until(re.escape("\x1b[?1049l"))
    assert screen.process.wait(10) == 0
    assert termios.tcgetattr(screen.theirs) == screen.before
    assert screen.said.count("\x1b[?25l") == screen.said.count("\x1b[?25h")  # the cursor is back


def test_it_follows_what_happens(terminal, daemon):
    screen = terminal()
    screen.until("还没有事件")
    daemon.do(lambda: daemon.router.arrives("a1-1.77", "cards"))
    screen.until(r"a1-1\.77")
    screen.type("q")
    assert screen.process.wait(10) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGINT])
def test_a_signal_leaves_the_terminal_as_it_was(terminal, number):
    screen = terminal()
    screen.until("q 退出")
    screen.process.send_signal(number)
    screen.until(re.escape("\x1b[?1049l"))
    assert screen.process.wait(10) == (0 if number == signal.SIGINT else 128 + number)
    assert termios.tcgetattr(screen.theirs) == screen.before
    assert screen.said.count("\x1b[?25l") == screen.said.count("\x1b[?25h")


def test_it_is_not_put_aside_with_the_terminal_in_its_own_way(terminal):
    """Ctrl-Z would leave the shell in the other screen without an echo."""
    screen = terminal()
    screen.until("q 退出")
    screen.process.send_signal(signal.SIGTSTP)
    screen.type("q")
    assert screen.process.wait(10) == 0


def test_it_waits_for_a_daemon_that_has_gone(terminal, daemon):
    screen = terminal()
    screen.until("q 退出")
    daemon.stop()
    screen.until("没有应答")
    screen.type("q")
    assert screen.process.wait(10) == 0
