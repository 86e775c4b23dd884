"""What phones and strangers do, drawn from a seed."""

from collections.abc import Sequence
from random import Random

from routing import commands as c
from routing import legs as m
from routing.commands import Command
from routing.control import ControlCall, ControlFailed, ControlService
from tests.naive.records import Call


def some_hold(rng: Random, call: Call | None, call_id: str, agent_id: str) -> Command:
    """One holds the other or is back; or it is ordered, mostly by whose call it is."""
    if rng.random() < 0.7:
        by = rng.choice((c.ClearedBy.AGENT, c.ClearedBy.AGENT, c.ClearedBy.CALLER))
        return rng.choice((c.CallHeld, c.CallRetrieved))(call_id, by)
    if call is not None and call.agent_id and rng.random() < 0.8:
        agent_id = call.agent_id
    service = rng.choice(list(ControlService))
    if rng.random() < 0.2:
        return ControlFailed(call_id, agent_id, service, "timeout")
    return ControlCall(call_id, agent_id, service, rng.choice(("", "boss")))


def some_leg(rng: Random, call_id: str, pbxs: Sequence[str]) -> Command:
    """The customer talks to somebody, or a phone has an own call."""
    device = rng.choice((*[f"phone-{n}" for n in range(4)], f"phone-{rng.randrange(12)}", ""))
    leg = f"leg-{rng.randrange(4)}"
    choice = rng.random()
    if choice < 0.35:
        return m.CallerBridged(call_id, device, leg)
    if choice < 0.4:
        return m.CallerMoved(call_id, leg)
    if choice < 0.65:
        return m.OwnCallBegan(leg, device, rng.choice(pbxs), rng.random() < 0.5, "110")
    if choice < 0.75:
        return m.OwnCallAnswered(leg, device)
    return m.OwnCallEnded(leg, device, rng.choice(list(c.ClearedBy)), 16)
