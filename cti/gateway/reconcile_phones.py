"""The part of `reconcile` that is about agents' phones: which are in use by themselves. Pure."""

from collections.abc import Iterable
from typing import Final

from cti.gateway.channels import PhoneChannel
from cti.gateway.effects import Moment
from cti.gateway.legs import Legs, PhoneLeg
from routing.commands import Command
from routing.engine import RoutingEngine
from routing.ids import LegId
from routing.legs import OwnCallAnswered, OwnCallBegan, OwnCallEnded

SETTLED_S: Final = 2
"""While the link is up, what is younger than this is told by events."""


def compare_phones(
    phones: Iterable[PhoneChannel], engine: RoutingEngine, legs: Legs, moment: Moment, *, live: bool
) -> list[Command]:
    """Own calls that the core does not know, and those that are over. `legs` follow."""
    commands: list[Command] = []
    parts = {call.agent_leg: call for call in engine.calls.values() if call.agent_leg}
    seen: set[LegId] = set()
    for phone in phones:
        leg_id = legs.leg_id(phone.uniqueid)
        seen.add(leg_id)
        if _is_offered(phone, engine) or legs.delivery_of_leg(phone.uniqueid) is not None:
            continue
        leg = legs.phone_legs.get(phone.uniqueid)
        if leg is None and not (live and phone.age_s < SETTLED_S):
            leg = legs.phone_legs[phone.uniqueid] = PhoneLeg(phone.uniqueid, phone.device)
        if leg is None:
            continue
        legs.bridges.enters(phone.uniqueid, "", phone.bridge)
        call = parts.get(leg_id)
        caller = legs.callers.get(call.call_id) if call is not None else None
        if call is not None and caller is not None:
            legs.takes(leg, caller, call.agent_id)
        elif not leg.call_id:
            commands += _own_call(phone, leg_id, engine, legs)
    commands += _over(seen, engine, legs, moment, live=live)
    return commands


def _is_offered(phone: PhoneChannel, engine: RoutingEngine) -> bool:
    """Rung by an order of ours that lives, or that ends in this moment."""
    ours = phone.leg_of == phone.device
    return ours and (phone.offer_id in engine.offers or not phone.is_up)


def _own_call(
    phone: PhoneChannel, leg_id: LegId, engine: RoutingEngine, legs: Legs
) -> Iterable[Command]:
    known = engine.phones[phone.device].own.get(leg_id)
    if known is None:
        yield OwnCallBegan(leg_id, phone.device, legs.pbx, outgoing=phone.is_up)
    if phone.is_up and (known is None or not known.answered_us) and phone.bridge:
        yield OwnCallAnswered(leg_id, phone.device)


def _over(
    seen: set[LegId], engine: RoutingEngine, legs: Legs, moment: Moment, *, live: bool
) -> Iterable[Command]:
    for phone in engine.phones.values():
        for own in phone.own.values():
            is_young = live and moment.now_us - own.began_us < SETTLED_S * 1_000_000
            if own.pbx == legs.pbx and own.leg_id not in seen and not is_young:
                yield OwnCallEnded(own.leg_id, phone.device)
    gone = [leg for leg in legs.phone_legs.values() if legs.leg_id(leg.uniqueid) not in seen]
    for leg in gone if not live else ():
        legs.lets_go(leg)
        del legs.phone_legs[leg.uniqueid]
