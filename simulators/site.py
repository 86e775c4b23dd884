"""One simulated Asterisk with its phones and callers, as a process: `python -m simulators
asterisk`.

Runs until SIGINT or SIGTERM, then says how its callers fared.
"""

import asyncio
import json
import logging
import signal
import sys
from typing import Any

import msgspec

from simulators.loop_clock import LoopClock
from simulators.pbx.agi_client import AgiClient
from simulators.pbx.ami_server import AmiServer
from simulators.pbx.asterisk import OBSERVER, PbxSettings, SimulatedAsterisk
from simulators.pbx.dialplan import DialplanGlobals
from simulators.pbx.faults import CALM, ROUGH
from simulators.pbx.sessions import AmiUser
from simulators.people.callers import Callers
from simulators.people.habits import CallerHabits, PhoneHabits
from simulators.people.handsets import handsets
from simulators.prng import Prng


class SiteSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the site is like. `queues` are (name, weight); `calls_per_minute` 0: nobody calls."""

    seed: int = 1
    ami_host: str = "127.0.0.1"
    ami_port: int = 5038  # 0: any free one
    ami_user: str = "cti-router"
    ami_secret: str = "simulated-ami-secret"  # noqa: S105  # of a simulation
    agi_host: str = "127.0.0.1"
    agi_port: int = 4573
    agi_secret: str = "simulated-agi-secret"  # noqa: S105
    phones: tuple[str, ...] = ()
    queues: tuple[tuple[str, int], ...] = (("loans", 1),)
    calls_per_minute: int = 0
    rough: bool = False  # faults of all kinds


class Site:
    """The parts of the process. Made inside a running loop."""

    def __init__(self, settings: SiteSettings) -> None:
        clock, prng = LoopClock(), Prng(settings.seed)
        self.agi = AgiClient(settings.agi_host, settings.agi_port)
        self.pbx = SimulatedAsterisk(
            clock,
            self.agi,
            seed=settings.seed,
            settings=PbxSettings(
                users=(AmiUser(settings.ami_user, settings.ami_secret), OBSERVER),
                dialplan=DialplanGlobals(secret=settings.agi_secret),
            ),
            rates=ROUGH if settings.rough else CALM,
        )
        self.pbx.world.add_phones(handsets(settings.phones, prng.fork("phones"), PhoneHabits()))
        self.ami = AmiServer(self.pbx, settings.ami_host, settings.ami_port)
        self.callers: Callers | None = None
        if settings.calls_per_minute:
            habits = CallerHabits(
                mean_interval_ms=60_000 // settings.calls_per_minute, queues=settings.queues
            )
            self.callers = Callers(clock, prng.fork("callers"), habits, self.pbx.world.call)

    async def start(self) -> None:
        """Listen, and let the callers call. Raises OSError when the port cannot be had."""
        await self.ami.start()
        if self.callers is not None:
            self.callers.start()

    async def close(self) -> None:
        """Nobody calls any more, and Asterisk shuts down."""
        if self.callers is not None:
            self.callers.stop()
        self.pbx.stop()
        await self.ami.close()
        await self.agi.close()

    def summary(self) -> dict[str, Any]:
        """What has become of the callers, and which faults have struck."""
        callers, struck = self.callers, dict(sorted(self.pbx.faults.struck.items()))
        found: dict[str, Any] = {"questions": self.agi.asked_count, "faults": struck}
        if callers is not None:
            found |= {
                "calls": callers.placed_count,
                "redials": callers.redial_count,
                **{ending.value: callers.endings[ending] for ending in sorted(callers.endings)},
            }
        return found


async def run(settings: SiteSettings) -> None:
    """Run until a signal; one JSON line when it listens, one at the end."""
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, over.set)
    site = Site(settings)
    await site.start()
    _say({"ami": f"{settings.ami_host}:{site.ami.port}", "seed": settings.seed})
    await over.wait()
    await site.close()
    _say(site.summary())


def main(settings: SiteSettings) -> int:
    """The process; its exit code."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    try:
        asyncio.run(run(settings))
    except OSError as error:
        address = f"{settings.ami_host}:{settings.ami_port}"
        sys.stderr.write(
            f"asterisk: cannot listen on {address}: {error.strerror or error}\n"
            "next: --ami-port 0 takes a free port\n"
        )
        return 1
    return 0


def _say(facts: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(facts, ensure_ascii=False) + "\n")
    sys.stdout.flush()
