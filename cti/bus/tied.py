"""`python tied.py PARENT_PID PROGRAM ARG…` becomes PROGRAM, which ends when its parent does.

On Linux the kernel sends SIGTERM to a process that asked for it (`PR_SET_PDEATHSIG`, prctl(2)) when
the thread that started it ends; the wish survives `execve` of an ordinary program. The usual place
to ask is `preexec_fn`, which runs Python between `fork` and `exec` of a process with threads: the
interpreter's locks may be held by threads that the child does not have, so it can hang there, and
CPython's documentation warns of it. A small program that asks and then becomes the other one has
nobody to inherit locks from. It needs no package, so it is started with `-I -S` and costs 15 ms.

Elsewhere than on Linux it only becomes the program.
"""

import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Ask, look whether the parent has died meanwhile, become the program."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415  only here, and slow to load

        if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM) != 0:
            sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")
        if os.getppid() != parent:
            sys.exit("the parent has ended before we could ask")
    os.execv(command[0], command)  # noqa: S606  no shell, which is meant


if __name__ == "__main__":
    main()
