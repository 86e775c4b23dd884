"""What users of queueing systems complain about, row by row, each as a test that it cannot happen.

The rows are numbered as in the collection that was made before this project began; the citation in
each docstring is the thread where somebody suffered.
"""

import pytest

from routing import commands as c
from routing import snapshot
from routing.commands import OfferOutcome, RequestedState
from routing.config import Overflow, Step
from routing.events import (
    AgentState,
    AgentStateChanged,
    CallCleared,
    CallDiverted,
    CallOutcome,
    ConnectionCleared,
    OfferEnded,
    OfferMade,
)
from routing.ids import AgentId, CallId, QueueId
from tests.worlds.routing.centre import Centre, S, agent, queue


@pytest.mark.parametrize("reports", [0, 1, 2])
def test_10_no_state_without_a_way_out(reports):
    """freeswitch#2540, opensips#3123: whatever Asterisk forgets to say, the agent comes free."""
    centre = Centre([queue("loans")], [agent("8001", "loans")])
    centre.ready("8001")
    centre.call("c1", "loans")
    for command in (c.OfferRinging, c.OfferAnswered)[:reports]:
        centre.do(command(centre.offer_of("8001")))
    first = centre.offer_of("8001")
    centre.wait(60)
    assert first not in centre.core.offers
    assert centre.core.agents[AgentId("8001")].work != "busy"


def test_11_no_ghosts_after_a_call_has_ended():
    """freeswitch#1973: what has ended is forgotten in the same command."""
    centre = Centre([queue("loans")], [agent("8001", "loans")])
    centre.ready("8001")
    centre.call("c1", "loans")
    centre.answer("8001")
    centre.hang_up("c1")
    assert not centre.core.calls
    assert not centre.core.offers


def test_12_a_caller_who_is_gone_stops_the_ringing_and_blames_nobody():
    """freeswitch#2529: the offer ends at once, no counter moves, the agent is ready again."""
    centre = Centre([queue("loans")], [agent("8001", "loans")])
    centre.ready("8001")
    centre.call("c1", "loans")
    centre.do(c.OfferRinging(centre.offer_of("8001")))
    events = centre.hang_up("c1")
    assert [e.outcome for e in events if isinstance(e, OfferEnded)] == [OfferOutcome.CALLER_GONE]
    assert centre.core.agents[AgentId("8001")].failures == {}
    assert centre.core.agents[AgentId("8001")].is_offerable


def test_13_a_request_during_an_offer_waits_for_its_end():
    """freeswitch#800: no loop of offers; what was asked for holds when the offer is over."""
    centre = Centre([queue("loans")], [agent("8001", "loans")])
    centre.ready("8001")
    centre.call("c1", "loans")
    asked = centre.not_ready("8001")
    assert [e.pending for e in asked if isinstance(e, AgentStateChanged)] == ["notReady"]
    events = centre.fail("8001", OfferOutcome.REJECTED)
    assert centre.offered(events) == []
    assert centre.core.agents[AgentId("8001")].reason == "break"


def test_13b_a_phone_that_rejects_is_not_rung_in_a_loop():
    """freeswitch#800: there is a pause between two offers to a phone that just failed."""
    centre = Centre([queue("loans")], [agent("8001", "loans")])
    centre.ready("8001")
    centre.call("c1", "loans")
    assert centre.offered(centre.fail("8001", OfferOutcome.REJECTED)) == []
    assert centre.offered(centre.wait(4.9)) == []
    assert centre.offered(centre.wait(0.1)) == [("c1", "8001")]


@pytest.mark.parametrize(
    ("outcome", "state", "reason"),
    [
        (OfferOutcome.NO_ANSWER, AgentState.NOT_READY, "ringNoAnswer"),
        (OfferOutcome.BUSY, AgentState.READY, ""),
        (OfferOutcome.REJECTED, AgentState.READY, ""),
        (OfferOutcome.UNREACHABLE, AgentState.READY, ""),
    ],
)
def test_14_four_ways_to_fail_are_four_ways(outcome, state, reason):
    """freeswitch#152, kazoo#6608: each has its own counter and policy."""
    centre = Centre([queue("loans")], [agent("8001", "loans")])
    centre.ready("8001")
    centre.call("c1", "loans")
    centre.fail("8001", outcome)
    found = centre.core.agents[AgentId("8001")]
    assert (found.shown, found.reason) == (state, reason)
    assert found.failures == {outcome: 1}


def test_14b_a_phone_that_registers_again_is_used_at_once():
    """kazoo#6609: nobody is thrown out for ever."""
    centre = Centre([queue("loans")], [agent("8001", "loans")])
    centre.ready("8001")
    centre.call("c1", "loans")
    centre.fail("8001", OfferOutcome.UNREACHABLE)
    events = centre.do(c.DeviceReachable(AgentId("8001"), reachable=True))
    assert centre.offered(events) == [("c1", "8001")]


def test_15_ready_without_a_phone_gets_no_calls():
    """fusionpbx#2831: ready is the agent's wish and the reachable device together."""
    centre = Centre([queue("loans")], [agent("8001", "loans")])
    centre.ready("8001")
    centre.do(c.DeviceReachable(AgentId("8001"), reachable=False))
    assert centre.offered(centre.call("c1", "loans")) == []
    events = centre.do(c.DeviceReachable(AgentId("8001"), reachable=True))
    assert centre.offered(events) == [("c1", "8001")]


def test_16_a_reject_goes_to_the_next_agent_with_the_place_kept():
    """opensips#2886: the caller is not dropped, and stays before those who came later."""
    centre = Centre([queue("loans")], [agent("8001", "loans"), agent("8002", "loans")])
    centre.ready("8001")
    centre.call("c1", "loans")
    centre.call("c2", "loans")
    centre.fail("8001", OfferOutcome.REJECTED)
    assert centre.offered(centre.ready("8002")) == [("c1", "8002")]


def test_17_talk_time_is_exactly_what_was_talked():
    """asterisk#759: each agent's conversation has its own record, to the microsecond."""
    centre = Centre([queue("loans")], [agent("8001", "loans")])
    centre.ready("8001")
    centre.call("c1", "loans")
    centre.answer("8001")
    centre.wait(61)
    cleared = next(
        e for e in centre.agent_hangs_up("c1", "8001") if isinstance(e, ConnectionCleared)
    )
    centre.wait(3600)
    over = next(e for e in centre.hang_up("c1") if isinstance(e, CallCleared))
    assert cleared.talked_us == over.talked_us == 61 * S


def test_17b_the_states_of_a_day_add_up_to_the_signed_in_time():
    """asterisk#393: not a microsecond is lost between two states."""
    centre = Centre([queue("loans")], [agent("8001", "loans")])
    centre.ready("8001")
    for number in range(5):
        centre.wait(7)
        centre.call(f"c{number}", "loans")
        centre.wait(1)
        centre.answer("8001")
        centre.wait(30)
        centre.hang_up(f"c{number}")
    centre.wait(20)
    centre.do(c.LogOffAgent(AgentId("8001")))
    spent = [e.previous_us for e in centre.told if isinstance(e, AgentStateChanged)]
    assert sum(spent) == 5 * 38 * S + 20 * S


def test_18_the_customer_is_never_without_an_owner():
    """streams#897, OpenACD#110: whatever fails, the call is in line, offered, or with somebody."""
    centre = Centre(
        [
            queue(
                "loans",
                max_wait_us=40 * S,
                steps=(Step(10 * S, "loans | cards"),),
                overflows=(Overflow("queueTimeOverflow", QueueId("cards")),),
            ),
            queue("cards"),
        ],
        [agent("8001", "loans"), agent("8002", "cards")],
    )
    centre.ready("8001")
    centre.call("c1", "loans")
    centre.fail("8001", OfferOutcome.NO_ANSWER)
    centre.wait(39)
    assert centre.core.calls[CallId("c1")].state == "waiting"
    diverted = [e.cause for e in centre.wait(1) if isinstance(e, CallDiverted)]
    assert diverted == ["queueTimeOverflow"]
    assert centre.offered(centre.ready("8002")) == [("c1", "8002")]


def test_19_state_and_reason_survive_a_restart():
    """asterisk#66, #395: what an agent chose, why and since when is in the snapshot."""
    centre = Centre([queue("loans")], [agent("8001", "loans")])
    centre.ready("8001")
    centre.not_ready("8001", "meal")
    centre.wait(100)
    found = snapshot.load(snapshot.dump(centre.core)).agents[AgentId("8001")]
    assert (found.status, found.reason) == ("notReady", "meal")
    assert centre.now_us - found.shown_since_us == 100 * S


def test_20_after_call_work_is_visible_and_can_be_ended_or_extended():
    """asterisk#1377: it has a start, a planned end, and an end."""
    centre = Centre([queue("loans")], [agent("8001", "loans")])
    centre.ready("8001")
    centre.call("c1", "loans")
    centre.answer("8001")
    shown = [e for e in centre.hang_up("c1") if isinstance(e, AgentStateChanged)]
    assert shown[-1].state == AgentState.WORKING_AFTER_CALL
    assert shown[-1].until_us == centre.now_us + 5 * S
    centre.do(c.ExtendAfterCallWork(AgentId("8001"), 60 * S))
    assert centre.wait(64) == []
    assert centre.wait(1) != []
    assert centre.core.agents[AgentId("8001")].shown == AgentState.READY


def test_25_a_callback_keeps_its_place_and_does_not_jump_it():
    """issue-tracker#621: same line, original age, dialled only when an agent is reserved."""
    centre = Centre([queue("loans")], [agent("8001", "loans")])
    centre.call("first", "loans")
    centre.wait(1)
    centre.call("back", "loans")
    centre.do(c.BookCallback(CallId("back"), "13800138000"))
    assert centre.hang_up("back") == []
    centre.wait(1)
    centre.call("third", "loans")
    order = []
    centre.ready("8001")
    for _ in range(3):
        offer = next(e for e in reversed(centre.told) if isinstance(e, OfferMade))
        order.append((offer.call_id, offer.callback))
        centre.answer("8001")
        centre.agent_hangs_up(offer.call_id, "8001")
        centre.hang_up(offer.call_id)
        centre.wait(5)
    assert order == [("first", ""), ("back", "13800138000"), ("third", "")]


def test_every_ending_has_its_own_name():
    """Calls in = calls out, by outcome."""
    centre = Centre([queue("loans", max_waiting=1)], [agent("8001", "loans")])
    centre.call("waits", "loans")
    centre.call("full", "loans")
    centre.hang_up("waits")
    outcomes = [e.outcome for e in centre.told if isinstance(e, CallCleared)]
    assert outcomes == [CallOutcome.DIVERTED, CallOutcome.ABANDONED]


def test_a_state_that_holds_already_is_acknowledged_in_silence():
    """CSTA 9.5.1: the same state again is no event."""
    centre = Centre([queue("loans")], [agent("8001", "loans")])
    centre.ready("8001")
    assert centre.do(c.SetAgentState(AgentId("8001"), RequestedState.READY)) == []
