"""Which phones are out of reach, and who waits because of it: for the metrics and `cti status`.

A caller of one Asterisk can only be put through to a phone of that Asterisk. Who is free elsewhere
is not offered the call; what is said here is that this is so, and what to do.
"""

from dataclasses import dataclass

from cti.watch.check import Check
from routing.agent import AgentStatus
from routing.engine import RoutingEngine
from routing.explain import elsewhere
from routing.phone import PhoneState


@dataclass(frozen=True, slots=True)
class Reach:
    """`waiting_elsewhere`: callers for whom somebody is free whose phone their Asterisk cannot
    call. Of the agents who are signed in: `agents_barred` have a phone that some Asterisk cannot
    call, `agents_unheard` one whose Asterisk is not heard.
    """

    waiting_elsewhere: int
    agents_barred: int
    agents_unheard: int


def reach_of(core: RoutingEngine) -> Reach:
    """As it is now."""
    phones = [a.phone for a in core.agents.values() if a.status is not AgentStatus.LOGGED_OFF]
    return Reach(
        waiting_elsewhere=sum(each.calls for each in elsewhere(core)),
        agents_barred=sum(bool(phone.barred) for phone in phones),
        agents_unheard=sum(phone.state is PhoneState.UNHEARD for phone in phones),
    )


def check_of_reach(core: RoutingEngine) -> Check:
    """Nobody waits while an agent is free whose phone is only at another Asterisk."""
    said = [
        f"{each.calls} in queue {each.queue_id} wait at {each.pbx}, which cannot call the phones "
        f"of free agents ({', '.join(each.agents)})"
        for each in elsewhere(core)
    ]
    return Check("reach", not said, "; ".join(said))
