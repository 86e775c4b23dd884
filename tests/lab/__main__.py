"""`python -m tests.lab build | run | where`: the real Asterisk of the tests, by hand."""

from __future__ import annotations

import argparse
import platform
import signal
import sys

from tests.lab import other_python, rootfs, running, tools
from tests.lab.asterisk import Agent, LabAsterisk
from tests.lab.scenarios import phone_answers
from tests.lab.sipp import Phones
from tests.lab.tools import LabError


def main() -> int:
    """Do what the command line says; 1 and one line on stderr when it cannot be done."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("build", help="build what does not stand yet, and say the versions")
    commands.add_parser("where", help="say where the lab is and whether it is built")
    run = commands.add_parser("run", help="start one Asterisk with phones until Ctrl-C")
    run.add_argument("--agents", type=int, default=4, help="phones a8001, a8002, … (4)")
    run.add_argument("--agi-port", type=int, default=4573, help="where a router listens (4573)")
    given = parser.parse_args()
    try:
        if given.command == "where":
            return _where()
        rootfs.ensure()
        running.sweep()
        if given.command == "run":
            _run(given.agents, given.agi_port)
        else:
            other_python.ensure()
            tools.say(f"lab: {_versions()}")
    except LabError as error:
        sys.stderr.write(f"lab: {error}\n")
        return 1
    return 0


def _versions() -> str:
    """What the tests run against; LabError when something of it is too old for them."""
    found = {
        "Asterisk": rootfs.version(),
        **tools.versions(),
        "Python": f"{platform.python_version()} and {other_python.version()}",
    }
    return ", ".join(f"{name} {version}" for name, version in found.items())


def _where() -> int:
    reason = rootfs.cannot_host()
    built = f"built, Asterisk {rootfs.version()}" if rootfs.is_built() else "not built"
    sys.stdout.write(f"{rootfs.root_folder()}: {built}\n")
    if reason:
        sys.stdout.write(f"this machine cannot host it: {reason}\n")
    return 1 if reason else 0


def _run(agents: int, agi_port: int) -> None:
    with (
        Phones(phone_answers(after_ms=1500)) as phones,
        LabAsterisk(
            agents=[Agent(f"a{8001 + number}", phones.port) for number in range(agents)],
            agi_port=agi_port,
        ) as asterisk,
    ):
        sys.stdout.write(
            f"AMI   127.0.0.1:{asterisk.ami_port}  users cti-router, cti-check, lab;"
            f" secret {asterisk.ami_secret}\n"
            f"AGI   127.0.0.1:{agi_port}  CTI_SECRET {asterisk.secret}\n"
            f"SIP   {asterisk.sip}  dial any queue's name; phones {asterisk.agents[0].name}"
            f" … {asterisk.agents[-1].name} answer after 1.5 s\n"
            f"log   {asterisk.log}\n"
            f"call  sipp -sn uac {asterisk.sip} -s 95588 -i 127.0.0.1 -d 10000 -m 1\n"
            "Ctrl-C ends it.\n"
        )
        sys.stdout.flush()
        # A SIGTERM ends it like Ctrl-C, so that nothing is left behind.
        signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))
        try:
            signal.pause()
        except KeyboardInterrupt:
            sys.stdout.write("\n")


if __name__ == "__main__":
    sys.exit(main())
