"""The `cti` command: runs one command line, and gives each kind of failure its exit code.

Exit codes, the same for every subcommand:

    0  done, or all is well
    1  refused by the core, or something was found
    2  wrong usage
    3  the daemon cannot be reached; the next step is on standard error

`--json` prints the answer of the control socket as it came (docs in `cti.api.answers`; fields are
only ever added), one object, or for `cti events` one CloudEvent a line.
"""

import os
import sys
from collections.abc import Sequence

from cti.cli import ask
from cti.cli.client import RefusedError, UnreachableError
from cti.cli.codes import FOUND, INTERRUPTED, OK, UNREACHABLE
from cti.cli.parser import parser
from cti.cli.words import Words, language
from cti.config import ConfigError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line (default: that of the process) and return its exit code."""
    arguments = parser().parse_args(argv)
    words = Words(language(arguments.lang, os.environ))
    try:
        code: int = arguments.run(arguments, words)
        sys.stdout.flush()
    except ConfigError as error:
        print(error, file=sys.stderr)
        return FOUND
    except UnreachableError as error:
        print(f"cti: {error}", file=sys.stderr)
        print("next: cti serve --config FILE starts it; --socket or CTI_SOCKET says where it is",
              file=sys.stderr)  # fmt: skip
        return UNREACHABLE
    except RefusedError as error:
        return ask.refused(error, arguments)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # `cti events | head`: the reader has what it wanted. What is left in the buffer would
        # raise once more when Python closes standard output.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    return code
