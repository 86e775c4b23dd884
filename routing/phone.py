"""A phone: whether it can be called is a fact of the device, whoever sits at it.

Each Asterisk says for itself whether it can call the phone (`said`), because a caller of one
Asterisk can only be put through to a phone that is registered there. Of an Asterisk that has said
nothing nothing is claimed: it is found out by calling the phone.

What follows from `said` is kept beside it, since every match looks at it:

* `state`, in one word for all Asterisks: while one of them that we hear can call the phone, it can
  be called;
* `barred`, the Asterisks that cannot, while others can, or have not said so. It does not change
  with who is heard.

`own` are the calls that the phone has by itself: while there is one, nothing is offered there.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from routing.ids import AgentId, LegId, PbxId
from routing.words import DeviceState
from routing.words import PhoneState as PhoneState

ANYWHERE: Final = PbxId("")
"""In `said`: no Asterisk is named, so it holds for all of them."""


MAX_OWN: Final = 16
"""Own calls of one phone that are kept apart. More than the lines of any desk phone; one is enough
to know that it is in use.
"""


@dataclass(slots=True, eq=False)
class OwnCall:
    """A channel of the phone that is not of our calls."""

    leg_id: LegId
    pbx: PbxId
    began_us: int
    outgoing: bool
    answered_us: int = 0

    @property
    def engages(self) -> bool:
        """Is somebody at the phone, who cannot answer another call? Not while it only rings."""
        return self.outgoing or self.answered_us != 0


STORED: Final = ("leg_id", "pbx", "began_us", "outgoing", "answered_us")
"""The fields of an own call that a snapshot keeps."""


@dataclass(slots=True, eq=False)
class Phone:
    """A device that is an agent's: the agent sits at it, or else is configured with it."""

    device: str = ""
    said: dict[PbxId, DeviceState] = field(default_factory=dict)
    agents: dict[AgentId, None] = field(default_factory=dict)  # index: whose it is
    state: PhoneState = PhoneState.REACHABLE
    barred: tuple[PbxId, ...] = ()
    own: dict[LegId, OwnCall] = field(default_factory=dict)

    @property
    def is_reachable(self) -> bool:
        """Can it be called from some Asterisk?"""
        return self.state is PhoneState.REACHABLE

    def hear(
        self,
        said: Mapping[PbxId, DeviceState],
        pbxs: Collection[PbxId],
        lost: Collection[PbxId] = (),
    ) -> None:
        """Know so much of it, and no more. `pbxs` are all the Asterisks that may say something,
        `lost` those that we do not hear.
        """
        self.said = dict(said)
        self.barred = ()
        if self._can_be_called(pbxs):
            cannot = (p for p, word in said.items() if word is not DeviceState.REACHABLE)
            self.barred = tuple(sorted(cannot))
        self.state = self.state_of(pbxs, lost)

    def state_of(self, pbxs: Collection[PbxId], lost: Collection[PbxId]) -> PhoneState:
        """What follows from what was said, when these Asterisks are not heard."""
        if self._can_be_called(pbxs):
            is_heard = not lost or not pbxs or self._can_be_called_by_one_of(pbxs, lost)
            return PhoneState.REACHABLE if is_heard else PhoneState.UNHEARD
        if DeviceState.UNREACHABLE in self.said.values():
            return PhoneState.UNREACHABLE
        return PhoneState.MISSING

    def _can_be_called(self, pbxs: Collection[PbxId]) -> bool:
        words = self.said.values()
        is_open = ANYWHERE not in self.said and any(pbx not in self.said for pbx in pbxs)
        return not words or is_open or DeviceState.REACHABLE in words

    def _can_be_called_by_one_of(self, pbxs: Collection[PbxId], lost: Collection[PbxId]) -> bool:
        """… that we hear. What was said for all holds for each."""
        otherwise = self.said.get(ANYWHERE, DeviceState.REACHABLE)
        heard = (pbx for pbx in (*pbxs, *self.said) if pbx != ANYWHERE and pbx not in lost)
        return any(self.said.get(pbx, otherwise) is DeviceState.REACHABLE for pbx in heard)
