"""Who talks to whom, by the channels and bridges of the simulated Asterisk: ours are not asked.

A *contact* is somebody who has come to our line, by the channel that stands for them now: it is
followed through transfers and through Local channels that are optimised away, as docs/phone-acts.md
decides (P07 to P09, P17). `moved_us` says when a channel's place was last told of, so that a reader
knows what can have been heard.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from cti.ami.messages import AmiEvent
from cti.gateway.border import endpoint_of
from simulators.pbx.asterisk import SimulatedAsterisk
from simulators.pbx.channels import Channel, ChannelState
from simulators.pbx.link import WIRE_US
from simulators.pbx.world import HOP_US

KNOWABLE_US = HOP_US + WIRE_US
"""From the making of a channel to the moment in which a router can have read of it: the DialBegin
of a phone comes a hop after its channel, and one way over the wire follows."""

TOLD = frozenset({
    "Newchannel", "DialBegin", "DialEnd", "BridgeEnter", "BridgeLeave", "Hold", "Unhold",
    "BlindTransfer", "AttendedTransfer", "Hangup", "UserEvent", "OriginateResponse",
})  # fmt: skip


@dataclass(slots=True, eq=False)
class Part:
    """One stay of a contact in a conversation with a phone."""

    call_id: str
    leg: str  # unique id of the phone's channel
    device: str
    began_us: int
    ended_us: int = 0  # 0: goes on
    held_us: int = 0
    held_since_us: int = 0
    is_second: bool = False  # the phone had another contact then (P34)


@dataclass(slots=True, eq=False)
class Contact:
    """`channel` None: another contact's channel stands for them, too."""

    call_id: str
    channel: Channel | None
    came_us: int  # to our dialplan
    parts: list[Part] = field(default_factory=list)


class Truth:
    """Kept up by what the Asterisk tells, at the moment of telling."""

    def __init__(self, pbx: SimulatedAsterisk, moved: Callable[[], None]) -> None:
        self._pbx = pbx
        self._moved = moved
        self.contacts: dict[str, Contact] = {}
        self.moved_us: dict[str, int] = {}  # by unique id, and by phone
        self.ordered: set[str] = set()  # channels of phones that an order of ours has rung
        pbx.announcer.listen(self._hear, TOLD)

    # --- who is where ----------------------------------------------------------------------------

    def conversation(self, channel: Channel | None) -> list[Channel]:
        """Who else is in its conversation; nobody in a parking lot, or alone."""
        if channel is None or channel.bridge is None or channel.bridge.holds:
            return []
        return [each for each in channel.bridge.members if each is not channel]

    def legs(self, device: str) -> list[Channel]:
        """The channels of this phone."""
        phone = self._pbx.world.phones.get(device)
        return [leg for leg in phone.legs if not leg.gone] if phone is not None else []

    def rings_for_us(self, leg: Channel) -> bool:
        """By an order of ours, and nobody has answered."""
        return leg.uniqueid in self.ordered and leg.state is not ChannelState.UP

    def in_use_by_itself(self, leg: Channel, now_us: int) -> bool:
        """It rings for no order of ours, or somebody has answered it; and a router can have read of
        it by now.
        """
        return not self.rings_for_us(leg) and leg.created_us + KNOWABLE_US < now_us

    def talks_with(self, contact: Contact, device: str) -> Channel | None:
        """The phone's channel in the contact's conversation."""
        others = self.conversation(contact.channel)
        return next((each for each in others if _is_of(each, device)), None)

    def phones_with(self, contact: Contact) -> list[str]:
        """The phones that the contact talks to."""
        others = self.conversation(contact.channel)
        return [each.phone.endpoint for each in others if each.phone is not None]

    def waits(self, channel: Channel) -> bool:
        """In our line, with the music of a slice."""
        return (
            not channel.gone
            and channel.bridge is None
            and channel.context == "cti-wait"
            and channel.exten == "answer-wait"
        )

    def settled(self, *channels: Channel | None, since_us: int) -> bool:
        """Nothing has been told of any of them since then."""
        last = (self.moved_us.get(each.uniqueid, 0) for each in channels if each is not None)
        return all(moved_us <= since_us for moved_us in last)

    def phone_settled(self, device: str, since_us: int) -> bool:
        """Nothing has been told of any channel of this phone since then."""
        there = self.settled(*self.legs(device), since_us=since_us)
        return there and self.moved_us.get(device, 0) <= since_us

    # --- contacts --------------------------------------------------------------------------------

    def came(self, call_id: str, uniqueid: str, now_us: int) -> Contact | None:
        """The router has taken that channel in as this call. None: there is no such channel."""
        before = self.contacts.get(call_id)
        channel = before.channel if before is not None else self._pbx.world.find(uniqueid)
        if channel is None:
            return None
        arrived = channel.get("CTI_ARRIVED")
        came_us = int(arrived) * 1000 if arrived.isdecimal() else now_us
        contact = self.contacts[call_id] = Contact(call_id, channel, came_us)
        return contact

    def contact_of(self, channel: Channel) -> Contact | None:
        """Whose channel it is."""
        return next((c for c in self.contacts.values() if c.channel is channel), None)

    # --- what is told ----------------------------------------------------------------------------

    def _hear(self, event: AmiEvent) -> None:
        get, now_us = event.headers.get, self._pbx.clock.now_us()
        for name in _NAMES:
            if get(name):
                self.moved_us[get(name)] = now_us
        for name in ("Channel", "DestChannel"):
            self.moved_us[endpoint_of(get(name))] = now_us
        if event.name == "DialBegin" and get("Context") == "cti-deliver":
            self.ordered.add(get("DestUniqueid"))
        if event.name == "BridgeEnter":
            for member in self._members(get("BridgeUniqueid"), get("Uniqueid")):
                self.moved_us[member.uniqueid] = now_us
            if get("SwapUniqueid"):
                self._takes_place(get("Uniqueid"), get("SwapUniqueid"))
        if event.name in ("BridgeEnter", "BridgeLeave", "Hangup"):
            self._mark_parts(now_us)
        elif event.name in ("Hold", "Unhold"):
            self._mark_hold(get("Uniqueid"), event.name == "Hold", now_us)
        self._moved()

    def _members(self, bridge: str, uniqueid: str) -> list[Channel]:
        channel = self._pbx.world.find(uniqueid)
        there = channel.bridge if channel is not None else None
        return there.members if there is not None and there.uniqueid == bridge else []

    def _takes_place(self, uniqueid: str, taken_id: str) -> None:
        """`uniqueid` is where `taken_id` was. Of a Local pair, whose halves are both in the way,
        either outer channel may be the one that moves.
        """
        mover, taken = self._pbx.world.find(uniqueid), self._pbx.world.find(taken_id)
        if mover is None or taken is None:
            return
        contact = self.contact_of(taken)
        if contact is not None:
            self._goes_on(contact, mover)
        elif taken.other_half is not None and (contact := self.contact_of(taken.other_half)):
            outer = next(iter(self.conversation(mover)), None)
            if outer is not None:
                self._goes_on(contact, outer)

    def _goes_on(self, contact: Contact, channel: Channel) -> None:
        before = self.contact_of(channel)
        if before is not None and before is not contact:
            before.channel = None
        contact.channel = channel

    @staticmethod
    def held_us(part: Part) -> int:
        """How long the phone has held the contact."""
        return part.held_us + (part.ended_us - part.held_since_us if part.held_since_us else 0)

    def _mark_hold(self, leg: str, held: bool, now_us: int) -> None:
        """By the phone that has the contact: what it did before is of another conversation."""
        for contact in self.contacts.values():
            part = contact.parts[-1] if contact.parts else None
            if part is not None and not part.ended_us and part.leg == leg:
                _hold(part, held=held, now_us=now_us)

    def _mark_parts(self, now_us: int) -> None:
        """Begin and end the parts of all contacts: there are few."""
        for contact in self.contacts.values():
            talks = {
                each.uniqueid: each
                for each in self.conversation(contact.channel)
                if each.phone is not None
            }
            part = contact.parts[-1] if contact.parts else None
            if part is not None and not part.ended_us:
                if part.leg in talks:
                    continue
                part.ended_us = now_us
            if not talks:
                continue
            if part is not None and part.ended_us == now_us and part.leg in talks:
                part.ended_us = 0  # the customer's side was exchanged
                continue
            leg = next(iter(talks.values()))
            device = leg.phone.endpoint if leg.phone is not None else ""
            second = any(
                each is not contact and self.talks_with(each, device)
                for each in self.contacts.values()
            )
            part = Part(contact.call_id, leg.uniqueid, device, now_us, is_second=second)
            contact.parts.append(part)


def _hold(part: Part, *, held: bool, now_us: int) -> None:
    if held and not part.held_since_us:
        part.held_since_us = now_us
    elif not held and part.held_since_us:
        part.held_us += now_us - part.held_since_us
        part.held_since_us = 0


def _is_of(channel: Channel, device: str) -> bool:
    return channel.phone is not None and channel.phone.endpoint == device


_NAMES = (
    "Uniqueid", "DestUniqueid", "TransfererUniqueid", "TransfereeUniqueid",
    "OrigTransfererUniqueid", "SecondTransfererUniqueid", "TransferTargetUniqueid", "SwapUniqueid",
)  # fmt: skip
