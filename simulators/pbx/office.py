"""The operator's own dialplan around the queues: phones that call each other, a receptionist, a
queue behind a Local channel, pick-up and parking. Pure.

The same as tests/worlds/acts/office.py writes for the real Asterisk. Whatever else is dialled is
the name of a queue.
"""

from simulators.pbx.acts import LOT, OFFICE, RETURNS_RING_US, Acts
from simulators.pbx.channels import Channel
from simulators.pbx.dialling import Dial
from simulators.pbx.dialplan import Dialplan
from simulators.pbx.local import LocalDial, optimise
from simulators.pbx.world import NORMAL_CLEARING, World

PICKUP = "*8"
RING_US = 30_000_000
RECEPTION = "reception"
DETOURS = {"detour": False, "detour-n": True}
RECEPTIONIST = "o1"
QUEUE_BEHIND = "loans"
OTHER_NAMES = {"99": RECEPTIONIST, "c8001": "a8001", "c8002": "a8002", "c8003": "a8003"}


class Office:
    """Its contexts, for the dialplan of one Asterisk."""

    def __init__(self, world: World, acts: Acts, dialplan: Dialplan) -> None:
        self._world = world
        self._acts = acts
        self._inbound = dialplan.inbound
        dialplan.add(OFFICE, self._office)
        dialplan.add("from-trunk", self._trunk)
        dialplan.add("park-dial", self._back)
        world.optimise = lambda half: optimise(world, half)

    def _trunk(self, channel: Channel) -> None:
        exten = channel.exten
        if exten == RECEPTION:
            self._world.answer(channel)
            self._dial(channel, RECEPTIONIST)
        elif exten in DETOURS:
            end = LocalDial(self._world, channel, lambda: self._hang_up(channel))
            end.begin(QUEUE_BEHIND, OFFICE, stays=DETOURS[exten])
        else:
            self._inbound(channel)

    def _office(self, channel: Channel) -> None:
        exten = channel.exten
        phone = OTHER_NAMES.get(exten, exten)
        if phone in self._world.phones:
            self._dial(channel, phone)
        elif exten == PICKUP:
            self._acts.picks_up(channel)
        elif exten in ("music", "spy"):
            self._world.answer(channel)
            channel.stop = lambda: None
        elif exten.isdecimal() and int(exten) in LOT:
            self._acts.takes_parked(channel, exten)
        else:
            self._inbound(channel)

    def _back(self, channel: Channel) -> None:
        """The parking lot rings the one who has parked (`comebacktoorigin`)."""
        self._dial(channel, channel.exten.removeprefix("PJSIP_"), RETURNS_RING_US)

    def _dial(self, channel: Channel, endpoint: str, ring_us: int = RING_US) -> None:
        """`Dial` and `Hangup`, nothing of ours."""
        Dial(self._world, channel, endpoint, lambda _: self._hang_up(channel)).begin(ring_us)

    def _hang_up(self, channel: Channel) -> None:
        channel.stop = None
        channel.cause = channel.cause or NORMAL_CLEARING
        self._world.hang_up(channel)
