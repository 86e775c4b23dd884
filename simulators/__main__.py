"""`python -m simulators asterisk | agents | demo`; README.md says how to use each."""

import argparse
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from cti.cli import output
from simulators import room, site
from simulators.demo import run as demo


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line; its exit code."""
    output.prepare()
    given = _parser().parse_args(argv)
    code: int = given.run(given)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m simulators", description=__doc__)
    verbs = parser.add_subparsers(metavar="COMMAND", required=True)
    _asterisk_verb(verbs.add_parser("asterisk", help="a simulated Asterisk, phones and callers"))
    _agents_verb(verbs.add_parser("agents", help="simulated agents at a running daemon"))
    _demo_verb(verbs.add_parser("demo", help="all of it with the daemon and a live screen"))
    return parser


def _asterisk_verb(verb: argparse.ArgumentParser) -> None:
    default = site.SiteSettings()
    verb.add_argument("--settings", type=Path, metavar="FILE", help="JSON; options below win")
    verb.add_argument("--seed", type=int, help="the same seed makes the same choices")
    verb.add_argument("--ami-host", help=f"where AMI listens ({default.ami_host})")
    verb.add_argument("--ami-port", type=_port, help=f"0: a free one ({default.ami_port})")
    verb.add_argument("--ami-secret", help=f"of the user {default.ami_user}")
    verb.add_argument("--agi-host", help=f"where the router listens ({default.agi_host})")
    verb.add_argument("--agi-port", type=_port, help=f"({default.agi_port})")
    verb.add_argument("--agi-secret", help="what the dialplan makes its tokens with")
    verb.add_argument("--phones", type=_numbers, metavar="A-B", help="such as 8001-8020")
    verb.add_argument("--queues", type=_queues, metavar="Q,Q:WEIGHT", help="such as loans,cards:3")
    verb.add_argument("--calls-per-minute", type=int, metavar="N", help="0: nobody calls (0)")
    verb.add_argument("--rough", action="store_true", default=None, help="faults of all kinds")
    verb.set_defaults(run=_asterisk)


def _agents_verb(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--socket", type=Path, required=True, help="the daemon's control socket")
    verb.add_argument("--agents", type=_numbers, required=True, metavar="A-B")
    verb.add_argument("--seed", type=int, default=1)
    verb.set_defaults(run=lambda given: room.main(given.socket, given.agents, given.seed))


def _demo_verb(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--seed", type=int, help="drawn and shown, unless given")
    verb.add_argument("--agents", type=_count, default=16, metavar="N", help="(16)")
    verb.add_argument("--calls-per-minute", type=_count, default=36, metavar="N", help="(36)")
    verb.add_argument("--folder", type=Path, help="where everything is kept (var/demo)")
    verb.add_argument("--ami-port", type=_port, default=0, help="a free one")
    verb.add_argument("--agi-port", type=_port, default=0, help="a free one")
    verb.add_argument("--rough", action="store_true", help="faults of all kinds")
    verb.add_argument("--headless", action="store_true", help="no screen, a summary at the end")
    verb.add_argument("--seconds", type=_count, metavar="N", help="stop by itself after so long")
    verb.add_argument("--lang", choices=("zh", "en"), help="of the screen; by the locale")
    verb.set_defaults(run=_demo)


def _asterisk(given: argparse.Namespace) -> int:
    settings = site.SiteSettings()
    if given.settings is not None:
        settings = msgspec.json.decode(given.settings.read_bytes(), type=site.SiteSettings)
    wanted = {
        name: value
        for name in settings.__struct_fields__
        if (value := getattr(given, name, None)) is not None
    }
    return site.main(msgspec.structs.replace(settings, **wanted))


def _demo(given: argparse.Namespace) -> int:
    seed = given.seed if given.seed is not None else secrets.randbelow(1_000_000)
    return demo.main(
        demo.Wishes(
            seed=seed,
            agents=given.agents,
            calls_per_minute=given.calls_per_minute,
            folder=given.folder,
            ami_port=given.ami_port,
            agi_port=given.agi_port,
            rough=given.rough,
            headless=given.headless,
            seconds=given.seconds,
            lang=given.lang,
        )
    )


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < 6 and int(text) < 65_536:
        return int(text)
    raise argparse.ArgumentTypeError("must be a port from 0 to 65535")


def _count(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < 7 and int(text) > 0:
        return int(text)
    raise argparse.ArgumentTypeError("must be a number above 0")


def _numbers(text: str) -> tuple[str, ...]:
    """`8001-8020`, `8001` or `8001,8005`."""
    found: list[str] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        if not (first.isdecimal() and (last or first).isdecimal()):
            raise argparse.ArgumentTypeError("must be numbers such as 8001-8020 or 8001,8005")
        numbers = range(int(first), int(last or first) + 1)
        if not 0 < len(numbers) <= 10_000:
            raise argparse.ArgumentTypeError("must name 1 to 10000 numbers, the lower one first")
        found += (f"{number:0{len(first)}}" for number in numbers)
    return tuple(found)


def _queues(text: str) -> tuple[tuple[str, int], ...]:
    """`loans,cards:3`: names and weights."""
    found = []
    for part in text.split(","):
        name, _, weight = part.partition(":")
        if not name or not (weight or "1").isdecimal():
            raise argparse.ArgumentTypeError("must be queues such as loans,cards:3")
        found.append((name, int(weight or "1")))
    return tuple(found)


if __name__ == "__main__":
    sys.exit(main())
