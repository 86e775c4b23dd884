"""Two Asterisks and one router: the cards' world, twice, with phones that register where they like.

Both have the endpoints of all agents (`DEVICES`). A phone answers after 50 ms and leaves the end to
the caller; a caller hangs up by itself.
"""

from pathlib import Path
from typing import Protocol

from tests.eventually import eventually
from tests.worlds.cards.router import Router
from tests.worlds.cards.wire import Wire

NAMES = ("a1", "a2")
DEVICES = {"8001": "a8001", "8002": "a8002"}
ANSWERS_AFTER_MS = 50


class Site(Protocol):
    """One of the two Asterisks. `wire` is the way of its AMI to the router."""

    wire: Wire
    ami_secret: str

    async def stop(self) -> None:
        """It ends, and nothing is left."""

    async def call(self, stay_ms: int) -> None:
        """Somebody calls and hangs up after so long."""

    async def register(self, device: str) -> None:
        """The phone registers here, too."""

    async def leave(self, device: str) -> None:
        """Its registration here ends."""

    async def stranger_calls(self, device: str) -> None:
        """Somebody else's AMI calls this phone and lets it hear music."""

    async def stranger_leaves(self) -> None:
        """… and hangs it up."""

    async def die(self) -> None:
        """`kill -9`."""

    async def rise(self) -> None:
        """It starts again, and whoever had registered does so again."""

    async def channels(self) -> int:
        """How many channels it has now."""


class Pair(Protocol):
    """The two by their names, and the router that has both."""

    sites: dict[str, Site]
    router: Router

    async def start(self, folder: Path) -> None:
        """Both Asterisks; the router is made and not started."""

    async def stop(self) -> None:
        """Everything, the router included."""


def router_of(folder: Path, sites: dict[str, Site], *, agi_port: int, agi_secret: str) -> Router:
    """The daemon's folder and configuration."""
    one, other = (sites[name] for name in NAMES)
    second = (
        "[[asterisks]]", f'name = "{NAMES[1]}"', 'host = "127.0.0.1"',
        f"ami_port = {other.wire.port}", f'secret = "{other.ami_secret}"',
    )  # fmt: skip
    return Router(
        folder,
        ami_port=one.wire.port,
        ami_secret=one.ami_secret,
        agi_port=agi_port,
        agi_secret=agi_secret,
        devices=DEVICES,
        more=second,
    )


async def until_heard(router: Router, **wanted: str) -> None:
    """Wait until the Asterisks are as said: `up`, `lost`, `gone`; by default both are up."""
    states = wanted or dict.fromkeys(NAMES, "up")

    async def is_so() -> bool:
        telephony = (await router.get("/v1/status"))["telephony"]
        return all(telephony.get(name) == state for name, state in states.items())

    await eventually(is_so)
