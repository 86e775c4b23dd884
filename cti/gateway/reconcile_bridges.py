"""The part of `reconcile` that is about bridges: who is in one with whom, by the list. Pure."""

from collections.abc import Iterable

from cti.ami.messages import AmiEvent
from cti.gateway.border import endpoint_of
from cti.gateway.bridges import Member
from cti.gateway.legs import NO_OFFER, Caller, Legs, PhoneLeg, Place
from routing.call import Call
from routing.commands import ClearedBy, Command
from routing.engine import RoutingEngine
from routing.legs import CallerBridged, CallerMoved, OwnCallEnded


class Inside:
    """Every bridge of the list, with those in it."""

    def __init__(self, items: Iterable[AmiEvent]) -> None:
        self._bridge_of: dict[str, str] = {}
        self._in: dict[str, list[Member]] = {}
        self._sent: set[str] = set()
        for item in items:
            get = item.headers.get
            uniqueid, bridge = get("Uniqueid"), get("BridgeID")
            self._bridge_of[uniqueid] = bridge
            if get("Exten") not in ("", "s"):
                self._sent.add(uniqueid)
            if bridge:
                self._in.setdefault(bridge, []).append(Member(uniqueid, get("Channel"), bridge))

    def rows(self) -> Iterable[tuple[str, str, str]]:
        """Uniqueid, Channel, BridgeID of all who are in one."""
        for bridge, members in self._in.items():
            for member in members:
                yield member.uniqueid, member.channel, bridge

    def __contains__(self, uniqueid: str) -> bool:
        """Does this channel live?"""
        return uniqueid in self._bridge_of

    def was_sent(self, uniqueid: str) -> bool:
        """Is it at an extension? A phone that was dialled and has answered is at none: somebody has
        sent it there, away from who had dialled it.
        """
        return uniqueid in self._sent

    def of(self, uniqueid: str) -> str:
        """Its bridge, "" for none."""
        return self._bridge_of.get(uniqueid, "")

    def others(self, bridge: str, uniqueid: str) -> list[Member]:
        """Who else is there."""
        inside = self._in.get(bridge, []) if bridge else []
        return [member for member in inside if member.uniqueid != uniqueid]

    def is_with_others(self, bridge: str, uniqueid: str, device: str) -> bool:
        """Is somebody there, and this phone is not?"""
        others = self.others(bridge, uniqueid)
        return bool(others) and all(endpoint_of(each.channel) != device for each in others)


def under_another(call: Call, agent_leg: str, inside: Inside, legs: Legs) -> list[Command]:
    """The caller's channel is gone, and the agent's talks to another one: the call goes on under
    that one (a transfer of the caller's own, a Local channel that was optimised away). Nothing: it
    does not.
    """
    others = inside.others(inside.of(agent_leg), agent_leg)
    if not others:
        return []
    caller = legs.learn(call.call_id, "")
    legs.moves(caller, others[0].uniqueid, others[0].channel)
    caller.place = Place.TALKING
    return [CallerMoved(call.call_id, legs.leg_id(others[0].uniqueid))]


def with_phone(
    caller: Caller, uniqueid: str, device: str, engine: RoutingEngine, legs: Legs
) -> list[Command]:
    """The customer talks to a phone that no order of ours has brought them to."""
    leg_id = legs.leg_id(uniqueid)
    caller.place = Place.TALKING
    commands: list[Command] = [CallerBridged(caller.call_id, device, leg_id)]
    agent_id = legs.sitting_at(device)
    if not agent_id or legs.has_another(agent_id, caller.call_id):
        return commands
    if caller.phone is not None:
        legs.lets_go(caller.phone)
    legs.forget_offer(caller.offer_id)
    caller.offer_id = NO_OFFER
    leg = legs.phone_legs.setdefault(uniqueid, PhoneLeg(uniqueid, device, answered=True))
    legs.takes(leg, caller, agent_id)
    if leg_id in engine.phones[device].own:
        commands.append(OwnCallEnded(leg_id, device, ClearedBy.OTHER))
    return commands
