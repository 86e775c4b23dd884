"""Centres of two agents, and what is told of them, for the tests that need no more."""

from routing.commands import RequestedState
from routing.config import Reserve
from routing.events import AgentStateChanged
from tests.worlds.routing.centre import Centre, agent, queue
from tests.worlds.routing.told import of

READY, NOT_READY, WORK = (
    RequestedState.READY,
    RequestedState.NOT_READY,
    RequestedState.WORKING_AFTER_CALL,
)


def pair(**fields):
    return Centre(
        [queue("loans", **fields), queue("cards")],
        [agent("8001", "loans:3", "cards:1"), agent("8002", "loans:1")],
    )


def shown(events, who="8001"):
    """The states told of one agent: (state, reason, pending)."""
    found = [e for e in of(events, AgentStateChanged) if e.agent_id == who]
    return [(str(e.state), e.reason, e.pending) for e in found]


def in_state(centre, state):
    """Bring 8001 to `reserved` or `busy`."""
    centre.ready("8001")
    centre.call("c1", "loans")
    if state == "busy":
        centre.answer("8001")


def reserve_centre(open_at=3, close_at=1, **fields):
    """Line q with own agent 8001, and 8002 who helps out only in need."""
    spec = queue("q", reserve=Reserve("helpers", open_at, close_at), **fields)
    return Centre(
        [spec, queue("h", need="helpers")], [agent("8001", "q"), agent("8002", "helpers")]
    )
