"""What phones and strangers do, drawn from a seed."""

from collections.abc import Sequence
from random import Random

from routing import commands as c
from routing import legs as m
from routing.commands import Command


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
