"""The `cti` command: runs one command line, and gives each kind of failure its exit code.

Exit codes, the same for every subcommand:

    0    done, or all is well
    1    refused by the core, or something was found
    2    wrong usage
    3    the daemon cannot be reached; the next step is on standard error
    130  Ctrl-C; 129, 131, 143: ended by SIGHUP, SIGQUIT, SIGTERM, the terminal as it was

`--json` prints the answer of the control socket as it came (docs in `cti.api.answers`; fields are
only ever added), one object, or for `cti events` one CloudEvent a line.
"""

import argparse
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Final

from cti.cli import ask, output
from cti.cli.client import RefusedError, UnreachableError
from cti.cli.codes import FOUND, INTERRUPTED, OK, SIGNALLED, UNREACHABLE
from cti.cli.parser import parser
from cti.cli.words import Words, language
from cti.config import ConfigError

_ENDING: Final = (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line (default: that of the process) and return its exit code."""
    output.prepare()
    arguments = parser().parse_args(argv)
    wanted = getattr(arguments, "lang", None)
    can_chinese = output.can_say("中文", sys.stdout)
    spoken = language(wanted, os.environ, can_chinese=can_chinese)
    words = Words(spoken, can_chinese=can_chinese)
    try:
        with _ended_by_signals():
            return _run(arguments, words)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # `cti events | head`: the reader has what it wanted.
        _write_no_more()
        return OK
    except OSError as error:  # a full disk behind `>`, most likely
        _write_no_more()
        print(f"cti: {words.said('cannot_write', why=error)}", file=sys.stderr)
        return FOUND


def _run(arguments: argparse.Namespace, words: Words) -> int:
    try:
        code: int = arguments.run(arguments, words)
    except ConfigError as error:
        print(error, file=sys.stderr)
        code = FOUND
    except UnreachableError as error:
        print(f"cti: {words.said(error.key, **error.values)}", file=sys.stderr)
        print(words("next_serve"), file=sys.stderr)
        code = UNREACHABLE
    except RefusedError as error:
        code = ask.refused(error, arguments, words)
    sys.stdout.flush()
    return code


def _write_no_more() -> None:
    """What is left in the buffer would raise once more when Python closes standard output."""
    with suppress(OSError, ValueError):  # not a file: in a test, say
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Leave by an exception, so that the live screen gives the terminal back as it was. The daemon
    takes these signals over when it runs.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(SIGNALLED + number)

    before = {number: signal.signal(number, end) for number in _ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
