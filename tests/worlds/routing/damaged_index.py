"""A house with somebody in every state, and each way in which its lines and pools can be broken."""

from routing import RoutingEngine
from routing import commands as c
from routing.call import Call, CallState
from routing.config import BreakCap
from routing.index.ordered import OrderedLine
from routing.index.pool import Band
from routing.invariants import check
from tests.worlds.routing.centre import Centre, S, agent, queue


def busy_house() -> RoutingEngine:
    """Agents: `free` stands ready, `ring` has an offer, `talk` a call, `acw` its record to write,
    `gap` a pause, `out` signed off. Calls: `waits` for a skill that nobody ready has, `rings`,
    `talks`.
    """
    agents = [agent(name, "q") for name in ("free", "ring", "talk", "acw", "gap", "out")]
    caps = (BreakCap("", ("break",), 1),)
    lines = [
        queue("q"),
        queue("shared", need="q", allocation=(("own", 100),)),
        queue("rare"),
        queue("slow", need="rare", max_wait_us=60 * S),
    ]
    centre = Centre(lines, agents, break_caps=caps)
    centre.ready("acw")
    centre.call("past", "q")
    centre.answer("acw")
    centre.ready("gap")
    centre.call("rings", "q")
    centre.fail("gap", c.OfferOutcome.BUSY)
    centre.hang_up("past")
    centre.ready("talk")
    centre.answer("talk")
    centre.call("offered", "q")
    centre.ready("ring")
    centre.call("waits", "rare")
    centre.call("slow", "slow")
    centre.ready("free")
    core = centre.core
    assert core.agents["talk"].call_id == "rings"
    assert core.calls["offered"].agent_id == ""
    assert core.agents["ring"].work == "reserved"
    assert core.agents["acw"].work == "afterCallWork"
    assert core.agents["gap"].gap_until_us
    assert check(core) == []
    return core


def stray(core: RoutingEngine, name: str, **fields: object) -> Call:
    """A call that nobody took in; the books are kept in order."""
    call = Call(name, 99, "q", "a1", 0, "", core.now_us, "", "", 0, ())
    for field, value in fields.items():
        setattr(call, field, value)
    core.calls[name] = call
    core.arrived += 1
    return call


def call_of_the_future(core):
    core.calls["rings"].first_queued_us = core.now_us + 1


def waiting_call_in_no_line(core):
    stray(core, "ghost")


def talking_call_in_line(core):
    line = core.queues["rare"]
    core.pools.enter_line(core.calls["rings"], line.pools[0], line, 0)
    core.calls["rings"].queue_id = "rare"


def call_out_of_sight_for_no_reason(core):
    stray(core, "ghost", state=CallState.OUT_OF_SIGHT)


def queue_that_miscounts(core):
    core.queues["rare"].waiting += 1


def queue_that_lost_its_bands(core):
    core.queues["rare"].bands.clear()


def queue_with_an_empty_band(core):
    queue = core.queues["rare"]
    call = queue.bands[0].head
    empty = Band(queue.pools[0], queue.ageing, 99, call)
    empty.leave(call)
    call.band = queue.bands[0]
    queue.bands.append(empty)


def pool_that_lost_its_bands(core):
    core.queues["rare"].pools[0].bands.clear()


def band_that_is_empty(core):
    band = core.queues["rare"].bands[0]
    band.remove_first()


def band_with_another_head(core):
    core.queues["rare"].bands[0].head_no += 1


def band_that_knows_nobody_so_new(core):
    core.queues["rare"].bands[0].newest_us = 0


def ready_agent_without_entries(core):
    core.pools.leave_ready(core.agents["free"])


def busy_agent_with_entries(core):
    core.agents["talk"].entries = []


def pool_that_misses_a_member(core):
    del core.queues["q"].pools[0].members["talk"]


def pool_that_misses_a_ready_agent(core):
    core.queues["q"].pools[0].ready = OrderedLine()


def pool_that_misses_an_employer(core):
    core.queues["shared"].pools[0].apart.clear()


def employer_line_that_counts_twice(core):
    lines = core.queues["shared"].pools[0].apart
    lines["north", ()] = lines["own", ()]


def ready_line_of_another_asterisk(core):
    pool = core.queues["q"].pools[0]
    pool.apart["", ("a2",)], pool.ready = pool.ready, OrderedLine()


def ready_line_that_is_empty(core):
    core.queues["q"].pools[0].apart["", ("a2",)] = OrderedLine()


def band_of_another_asterisk(core):
    core.queues["rare"].bands[0].pbx = "a2"
