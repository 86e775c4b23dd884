"""`cti watch`: asks for the status once a second and draws it, until somebody leaves.

The alternate screen of the terminal is overwritten in place, never cleared, so nothing flickers; at
the end the terminal is as it was. A daemon that does not answer is waited for, with its last
figures on the screen.
"""

import os
import select
import signal
import sys
import termios
import time
import tty
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.live import Live

from cti.api.answers import Status
from cti.cli.client import RefusedError, UnreachableError
from cti.cli.frame import frame
from cti.cli.words import Words

EVERY_S = 1.0


def watch(
    ask: Callable[[], Status],
    words: Words,
    console: Console,
    wait: Callable[[float], bool] | None = None,
) -> None:
    """Show what `ask` answers until `wait` says to leave (by default: q or Ctrl-C).

    Raises UnreachableError when the very first question gets no answer.
    """
    status, trying = ask(), False
    with Keys() as keys, Live(console=console, screen=True, auto_refresh=False) as live:
        leave = wait or keys.wait
        with suppress(KeyboardInterrupt):
            while True:
                size = console.size
                shown = frame(status, words, size.width, size.height, trying=trying)
                live.update(shown, refresh=True)
                if leave(EVERY_S):
                    return
                try:
                    status, trying = ask(), False
                except (UnreachableError, RefusedError):
                    trying = True


class Keys:
    """The keyboard without waiting for Enter, where there is one."""

    def __init__(self) -> None:
        self._saved: list[Any] | None = None
        self._stop: Any = signal.SIG_DFL

    def __enter__(self) -> Self:
        if sys.stdin.isatty():
            self._saved = termios.tcgetattr(sys.stdin)
            tty.setcbreak(sys.stdin)
            # Ctrl-Z would hand the terminal back as it is now: no echo, the other screen.
            self._stop = signal.signal(signal.SIGTSTP, signal.SIG_IGN)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._saved is not None:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self._saved)
            signal.signal(signal.SIGTSTP, self._stop)

    def wait(self, seconds: float) -> bool:
        """Wait so long, or until a key: true when it was q."""
        if self._saved is None:
            time.sleep(seconds)
            return False
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            ready, _, _ = select.select([sys.stdin], [], [], left)
            # Not sys.stdin.read: it would keep what was typed ahead from the next select.
            if ready and (not (typed := os.read(sys.stdin.fileno(), 64)) or b"q" in typed.lower()):
                return True
        return False
