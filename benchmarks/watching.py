"""A manager session of the benchmarks' own, which hears what it measures and nothing else."""

import asyncio
from collections.abc import Callable

from cti.ami.client import AmiClient
from cti.ami.messages import AmiEvent
from tests.lab.asterisk import LabAsterisk


def add_user(asterisk: LabAsterisk, wanted: frozenset[str]) -> None:
    """The user `watch`, who hears these events only: watching must cost both sides little."""
    filters = "".join(f"eventfilter(name({name}),action(include)) =\n" for name in sorted(wanted))
    with (asterisk.etc / "manager.conf").open("a", encoding="utf-8") as conf:
        conf.write(
            f"\n[watch]\nsecret = {asterisk.ami_secret}\npermit = 127.0.0.1/32\n"
            f"read = call,agent,system,dialplan\nwrite = system\n{filters}"
        )


def client(
    asterisk: LabAsterisk,
    user: str,
    wanted: frozenset[str] | None,
    see: Callable[[AmiEvent], None],
) -> AmiClient:
    """A session of this user; `wanted` None: whatever comes."""
    return AmiClient(
        asterisk.name,
        "127.0.0.1",
        asterisk.ami_port,
        user,
        asterisk.ami_secret,
        wanted=wanted,
        on_event=see,
        on_up=lambda: None,
        on_down=lambda _: None,
        ping_s=30,
        dead_after_s=60,
    )


async def until_up(session: AmiClient) -> None:
    """Start it and wait for the login."""
    session.start()
    for _ in range(200):
        if session.is_up:
            return
        await asyncio.sleep(0.02)
    raise RuntimeError("the observer could not log in")
