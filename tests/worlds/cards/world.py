"""What a card needs of a world: phones, callers, a wire that can be cut, and the real daemon."""

from pathlib import Path
from typing import Protocol

from tests.eventually import eventually
from tests.worlds.cards.router import Router
from tests.worlds.cards.wire import Wire
from tests.worlds.cards.words import Call, Phone

SPACING_S = 0.1
"""Between two callers, so that their order of arrival is what the card says."""


OPERATED = (
    "kill", "restartNow", "stopAndStart", "restartGracefully", "abortRestart", "reloadDialplan",
)  # fmt: skip
"""What may happen to an Asterisk: it dies and comes back, or its operator does that to it. A reload
clears all globals.
"""


class World(Protocol):
    """One Asterisk with its people. `router` is a process of its own in both worlds."""

    name: str
    router: Router
    wire: Wire
    agi_port: int
    agi_secret: str
    served: int  # callers who were answered by somebody and have ended

    async def start(self, folder: Path) -> None:
        """Everything but the router."""

    async def stop(self) -> None:
        """Everything, the router included; nothing is left behind."""

    async def call(self, call: Call) -> None:
        """The callers call, one after the other."""

    async def operate(self, what: str) -> None:
        """What happens to it, one of `OPERATED`."""

    async def channels(self) -> int:
        """How many channels Asterisk has now."""


async def until_channels(world: World, count: int, within_s: float = 20) -> None:
    """Wait until Asterisk has so many channels."""

    async def are_there() -> bool:
        return await world.channels() == count

    await eventually(are_there, within_s)


def device_of(agent: str) -> str:
    """The endpoint of an agent's phone: unlike his number, so that nobody can mix them up."""
    return f"a{agent}"


def router_for(
    folder: Path,
    phones: dict[str, Phone],
    *,
    ami_port: int,
    ami_secret: str,
    agi_port: int,
    agi_secret: str,
    after_call_work_s: float,
) -> Router:
    """The daemon's folder and configuration."""
    return Router(
        folder,
        ami_port=ami_port,
        ami_secret=ami_secret,
        agi_port=agi_port,
        agi_secret=agi_secret,
        devices={agent: device_of(agent) for agent in phones},
        after_call_work_s=after_call_work_s,
    )
