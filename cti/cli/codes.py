"""Exit codes of the `cti` command. They are part of its interface."""

OK = 0
FOUND = 1  # refused by the core, or a check found something
USAGE = 2  # argparse's own choice as well
UNREACHABLE = 3
SIGNALLED = 128  # and the number of the signal
INTERRUPTED = 130  # 128 + SIGINT, as shells have it
