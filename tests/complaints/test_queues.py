"""What users of queueing systems complain about, row by row, each as a test that it cannot happen.

The rows are numbered as in the collection that was made before this project began; the citation in
each docstring is the thread where somebody suffered.
"""

import msgspec

from routing import commands as c
from routing import snapshot
from routing.commands import OfferOutcome
from routing.events import (
    CallEstablished,
    CallQueued,
    CommandRefused,
    ConnectionCleared,
)
from routing.ids import AgentId, CallId
from routing.refusals import Refusal
from tests.worlds.routing.centre import Centre, S, agent, queue


def test_01_two_agents_never_answer_one_call():
    """asterisk#176, OpenACD#5: a late answer of an offer that is over is refused, not connected."""
    centre = Centre([queue("loans")], [agent("8001", "loans"), agent("8002", "loans")])
    centre.ready("8001", "8002")
    centre.call("c1", "loans")
    stale = centre.offer_of("8001")
    centre.fail("8001", OfferOutcome.REJECTED)
    events = centre.do(c.LegsBridged(stale))
    assert [e.code for e in events if isinstance(e, CommandRefused)] == [Refusal.OFFER_CLOSED]
    centre.answer("8002")
    assert centre.count(CallEstablished) == 1
    assert centre.talking("8001") == ""


def test_01b_many_calls_at_once_do_not_ring_the_same_agent():
    """OpenACD#5: every call reserves before the next one looks."""
    centre = Centre([queue("loans")], [agent(str(n), "loans") for n in range(8001, 8006)])
    centre.ready(*(str(n) for n in range(8001, 8006)))
    offers = [centre.offered(centre.call(f"c{n}", "loans")) for n in range(5)]
    assert len({pair[0][1] for pair in offers}) == 5


def test_02_agent_who_picks_up_and_drops_before_the_bridge_costs_only_their_offer():
    """asterisk#1557: the call keeps its place and goes to the next agent."""
    centre = Centre([queue("loans")], [agent("8001", "loans"), agent("8002", "loans")])
    centre.ready("8001")
    first = next(e for e in centre.call("c1", "loans") if isinstance(e, CallQueued))
    centre.ready("8002")
    centre.do(c.OfferRinging(centre.offer_of("8001")))
    centre.do(c.OfferAnswered(centre.offer_of("8001")))
    events = centre.fail("8001", OfferOutcome.REJECTED)
    again = next(e for e in events if isinstance(e, CallQueued))
    assert again.first_queued_us == first.first_queued_us
    assert centre.offered(events) == [("c1", "8002")]


def test_03_after_call_work_is_not_cut_short_by_another_queue():
    """asterisk#1006: after-call work belongs to the agent, whatever queues the agent serves."""
    centre = Centre(
        [queue("loans", after_call_work_us=30 * S), queue("cards", after_call_work_us=0)],
        [agent("8001", "loans", "cards")],
    )
    centre.ready("8001")
    centre.call("c1", "loans")
    centre.answer("8001")
    centre.call("c2", "cards")
    centre.hang_up("c1")
    assert centre.offered(centre.wait(29)) == []
    assert centre.offered(centre.wait(1)) == [("c2", "8001")]


def test_04_the_agents_clock_is_written_by_the_agent_only():
    """asterisk#607: an offer whose caller hangs up leaves the idle time as it was."""
    centre = Centre([queue("loans")], [agent("8001", "loans"), agent("8002", "loans")])
    centre.ready("8001")
    centre.wait(10)
    centre.ready("8002")
    centre.call("c1", "loans")
    centre.wait(1)
    centre.hang_up("c1")
    assert centre.offered(centre.call("c2", "loans")) == [("c2", "8001")]


def test_05_a_completed_call_counts_once():
    """asterisk#1736: completion is idempotent; repeated reports are refused."""
    centre = Centre([queue("loans"), queue("cards")], [agent("8001", "loans", "cards")])
    centre.ready("8001")
    centre.call("c1", "loans")
    centre.answer("8001")
    centre.agent_hangs_up("c1", "8001")
    again = centre.agent_hangs_up("c1", "8001")
    assert [e.code for e in again if isinstance(e, CommandRefused)] == [Refusal.CALL_STATE]
    centre.hang_up("c1")
    assert centre.core.agents[AgentId("8001")].calls == 1
    assert centre.count(ConnectionCleared) == 1


def test_06_a_new_configuration_does_not_touch_what_it_does_not_name():
    """asterisk#1255, freeswitch#39: nobody is logged out, no call moves, no state is reset."""
    centre = Centre([queue("loans"), queue("cards")], [agent("8001", "loans"), agent("8002", "x")])
    centre.ready("8001", "8002")
    centre.call("c1", "loans")
    centre.answer("8001")
    centre.call("c2", "cards")
    before = snapshot.dump(centre.core)
    changed = msgspec.structs.replace(
        centre.config, version=2, queues=(*centre.config.queues, queue("new"))
    )
    centre.do(c.ApplyConfig(changed))
    after = msgspec.json.decode(snapshot.dump(centre.core))
    for part in ("calls", "agents", "offers"):
        assert after[part] == msgspec.json.decode(before)[part]


def test_07_a_heavy_call_that_nobody_may_take_does_not_starve_a_light_one():
    """asterisk#1561: eligibility first, then rank."""
    centre = Centre(
        [queue("vip", need="vip>=5", priority=1000), queue("loans")],
        [agent("8001", "loans", "vip:1")],
    )
    centre.call("heavy", "vip")
    centre.call("light", "loans")
    assert centre.offered(centre.ready("8001")) == [("light", "8001")]


def test_08_one_order_over_all_queues_of_an_agent():
    """asterisk#108, #1637, #1640: priority and age together; equal ones by first arrival."""
    centre = Centre(
        [queue("loans", priority=10), queue("cards")], [agent("8001", "loans", "cards")]
    )
    centre.call("old", "cards")
    centre.wait(11)
    centre.call("urgent", "loans")
    assert centre.offered(centre.ready("8001")) == [("old", "8001")]


def test_08b_nobody_starves():
    """With age that counts up to a cap, a caller of priority p waits for at most cap - p points."""
    centre = Centre(
        [queue("vip", need="loans", priority=60), queue("loans", age_cap=3600)],
        [agent("8001", "loans")],
    )
    centre.call("patient", "loans")
    for number in range(59):
        centre.wait(1)
        centre.call(f"vip{number}", "vip")
    centre.wait(2)
    centre.call("vip-late", "vip")
    centre.hang_up("vip0")
    assert centre.core.calls[CallId("patient")].first_queued_us
    order = []
    centre.ready("8001")
    for _ in range(60):
        call_id = centre.core.agents[AgentId("8001")].call_id
        order.append(call_id)
        centre.hang_up(call_id)
        if "patient" in order:
            break
    assert "vip-late" not in order, "who came more than 60 s later was served first"


def test_09_one_unusable_agent_does_not_stop_the_others():
    """freeswitch#1216, #1221."""
    centre = Centre(
        [queue("loans")], [agent("8001", "loans"), agent("8002", "loans"), agent("8003", "loans")]
    )
    centre.ready("8001", "8002", "8003")
    centre.do(c.DeviceReachable(AgentId("8003"), reachable=False))
    centre.call("c1", "loans")
    centre.fail("8001", OfferOutcome.UNREACHABLE)
    centre.answer("8002")
    assert centre.talking("8002") == "c1"
