"""`python -m benchmarks NAME [...]`: each benchmark prints a table, and JSON when asked."""

import importlib
import sys
from collections.abc import Sequence

from cti.cli import output

BENCHMARKS = {
    "core": "the routing core alone: call lives a second, growth, memory, replay",
    "handoff": "on a real Asterisk: app_queue and our router under the same calls",
    "arrival": "on a real Asterisk: where the milliseconds from arrival to ring go",
}


def main(arguments: Sequence[str]) -> int:
    """Run the benchmark that the first word names with the words after it."""
    output.prepare()
    if not arguments or arguments[0] not in BENCHMARKS:
        lines = [f"  {name:10}{text}" for name, text in BENCHMARKS.items()]
        print("\n".join(["usage: python -m benchmarks NAME [--help]", *lines]), file=sys.stderr)
        return 2
    # imported by name, so that one benchmark does not need what another measures
    benchmark = importlib.import_module(f"benchmarks.{arguments[0]}")
    return int(benchmark.main(arguments[1:]) or 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
