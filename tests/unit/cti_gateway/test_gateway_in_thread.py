"""Calls from end to end on a virtual clock: one Asterisk, one router, links that break."""

import pytest

from cti.ami.messages import action, event
from routing.call import CallState
from routing.events import (
    AgentState,
    CallCleared,
    CallEstablished,
    CallOutcome,
    ClearedBy,
    ConnectionCleared,
    OfferEnded,
    OfferMade,
)
from routing.ids import AgentId, CallId, PbxId
from simulators.pbx.dialplan import DialplanGlobals
from simulators.pbx.phones import Behaviour, Phone
from tests.worlds.gateway.thread import ThreadWorld, config


def phones(*behaviours: Behaviour, **habits: int) -> list[Phone]:
    return [Phone(f"p{8001 + n}", behaviour, **habits) for n, behaviour in enumerate(behaviours)]


ANSWERS = Behaviour.ANSWERS


def two_asterisks():
    one = config(2)
    return type(one)(
        version=one.version, queues=one.queues, agents=one.agents, pbxs=(*one.pbxs, PbxId("a2"))
    )


def outcomes(world):
    return [event.outcome.value for event in world.events(OfferEnded)]


def test_ring_answer_talk_hang_up():
    world = ThreadWorld(phones(ANSWERS, answer_after_ms=1_500))
    world.ready()
    world.call(talk_ms=30_000)
    world.pass_ms(40_000)
    assert world.endings() == ["served"]
    (established,) = world.events(CallEstablished)
    assert 1_500_000 <= established.rang_us < 1_600_000
    (cleared,) = world.events(ConnectionCleared)
    assert 29_900_000 <= cleared.talked_us < 30_200_000
    assert world.at_rest()


def test_the_caller_who_hangs_up_is_named_as_the_one_who_did():
    world = ThreadWorld(phones(ANSWERS))
    world.ready()
    world.call(talk_ms=5_000)
    world.pass_ms(10_000)
    assert [event.by for event in world.events(ConnectionCleared)] == [ClearedBy.CALLER]


def test_an_agent_who_becomes_free_is_rung_at_once():
    world = ThreadWorld(phones(ANSWERS))
    world.call(talk_ms=5_000)
    world.pass_ms(3_000)
    before_us = world.clock.now_us()
    world.ready()
    world.pass_ms(100)
    ringing = [e for e in world.told if type(e.event).__name__ == "CallDelivered"]
    assert ringing[0].at_us - before_us < 5_000
    world.pass_ms(10_000)
    assert world.endings() == ["served"]
    assert world.at_rest()


@pytest.mark.parametrize(
    ("behaviour", "outcome"),
    [
        (Behaviour.RINGS, "noAnswer"),
        (Behaviour.SOUNDS, "noAnswer"),
        (Behaviour.BUSY, "busy"),
        (Behaviour.REJECTS, "rejected"),
        (Behaviour.UNAVAILABLE, "rejected"),
        (Behaviour.DEAD, "unreachable"),
    ],
)
def test_four_ways_to_fail_and_the_next_agent_takes_it(behaviour, outcome):
    world = ThreadWorld(phones(behaviour, ANSWERS))
    world.ready()
    world.call(talk_ms=5_000)
    world.pass_ms(40_000)
    assert outcomes(world) == [outcome]
    assert world.endings() == ["served"]
    assert world.a1.counters.held == 1
    assert world.a1.counters.held_sent == 0  # the question carried it
    assert world.at_rest()


def test_a_phone_that_is_not_registered_is_not_offered_after_a_look_at_the_list():
    world = ThreadWorld(phones(Behaviour.UNREGISTERED, ANSWERS))
    world.ready()
    world.call(talk_ms=1_000)
    world.pass_ms(5_000)
    assert [event.agent_id for event in world.events(OfferMade)] == ["8002"]
    world.pbx.world.register("p8001")
    world.call(talk_ms=1_000)
    world.pass_ms(5_000)
    assert [event.agent_id for event in world.events(OfferMade)] == ["8002", "8001"]


@pytest.mark.parametrize("after_ms", [500, 3_000])
def test_a_caller_who_gives_up_waiting_or_ringing(after_ms):
    world = ThreadWorld(phones(Behaviour.RINGS))
    if after_ms > 1_000:
        world.ready()
    world.call(gives_up_after_ms=after_ms)
    world.pass_ms(5_000)
    assert [event.outcome for event in world.events(CallCleared)] == [CallOutcome.ABANDONED]
    assert outcomes(world) == (["callerGone"] if after_ms > 1_000 else [])
    assert world.at_rest()


def test_an_agent_who_hangs_up():
    world = ThreadWorld(phones(ANSWERS, hangs_up_after_ms=4_000), routing=config(1, 10_000_000))
    world.ready()
    world.call()
    world.pass_ms(6_000)
    assert [event.by for event in world.events(ConnectionCleared)] == [ClearedBy.AGENT]
    assert world.engine.agents[AgentId("8001")].shown is AgentState.WORKING_AFTER_CALL
    assert world.at_rest()


def test_calls_are_taken_in_the_order_of_their_arrival():
    world = ThreadWorld(phones(ANSWERS, answer_after_ms=100, hangs_up_after_ms=1_000))
    ids = [world.call(str(n)) for n in range(20)]
    world.ready()
    world.pass_ms(60_000)
    assert [event.call_id for event in world.events(CallEstablished)] == ids
    assert world.at_rest()


# --- links --------------------------------------------------------------------------------------


def test_a_link_that_is_cut_and_back_changes_nothing_for_the_callers():
    world = ThreadWorld(phones(ANSWERS, hangs_up_after_ms=20_000))
    world.ready()
    talking, waiting = world.call(), world.call()
    world.pass_ms(2_000)
    world.pbx.cut(for_us=500_000)
    world.pass_ms(300)
    assert world.engine.calls[CallId(waiting)].state is CallState.OUT_OF_SIGHT
    assert world.engine.calls[CallId(talking)].state is CallState.TALKING
    world.pass_ms(2_000)
    assert world.engine.calls[CallId(waiting)].state is CallState.WAITING
    world.pass_ms(60_000)
    assert world.endings() == ["served", "served"]
    assert world.at_rest()


def test_what_happened_while_the_link_was_down_is_made_up_for():
    world = ThreadWorld(phones(ANSWERS, ANSWERS))
    world.ready()
    world.call("talks", talk_ms=1_500)
    world.call("answers", talk_ms=60_000)
    world.call("leaves", gives_up_after_ms=1_200)
    world.pass_ms(500)
    world.pbx.cut(for_us=900_000)
    world.pass_ms(5_000)
    outcomes_ = [event.outcome.value for event in world.events(CallCleared)]
    assert sorted(outcomes_) == ["abandoned", "answered"]
    assert len(world.engine.calls) == 1
    world.pass_ms(60_000)
    assert world.at_rest()


def test_an_asterisk_that_dies_takes_its_calls_with_it_and_comes_back():
    world = ThreadWorld(phones(ANSWERS, hangs_up_after_ms=60_000))
    world.ready()
    world.call()
    world.call()
    world.pass_ms(2_000)
    world.pbx.restart(away_us=4_000_000)
    world.pass_ms(2_500)
    assert [event.outcome.value for event in world.events(CallCleared)] == ["answered", "lost"]
    world.pass_ms(5_000)
    world.call(talk_ms=1_000)
    world.pass_ms(10_000)
    assert world.endings() == ["served", "lost", "served"]
    assert world.at_rest()


def test_a_quick_restart_is_found_out_by_what_was_forgotten():
    world = ThreadWorld(phones(ANSWERS, hangs_up_after_ms=60_000))
    world.ready()
    world.call()
    world.call()
    world.pass_ms(500)
    world.a1.attach(world.link)  # nobody tells us that connections are refused
    world.pbx.restart(away_us=100_000)
    world.pass_ms(5_000)
    assert [event.outcome.value for event in world.events(CallCleared)] == ["answered", "lost"]
    assert world.a1.counters.restarts == 1
    assert world.at_rest()


def test_a_dialplan_that_clears_its_variables_is_no_restart():
    world = ThreadWorld(phones(ANSWERS, hangs_up_after_ms=60_000))
    world.ready()
    world.call()
    world.pass_ms(1_000)
    world.pbx.cut(for_us=900_000)
    world.pbx.world.globals.clear()
    world.pass_ms(5_000)
    assert world.a1.counters.restarts == 0
    assert world.endings() == []
    world.pass_ms(60_000)
    assert world.endings() == ["served"]
    assert world.at_rest()


def test_a_shutdown_on_purpose_is_believed():
    world = ThreadWorld(phones(ANSWERS))
    world.call()
    world.a1.heard(event("Shutdown", Shutdown="Cleanly", Restart="False"))
    assert [event.outcome.value for event in world.events(CallCleared)] == ["lost"]


# --- the router dies ----------------------------------------------------------------------------


def test_a_router_that_is_killed_loses_nobody_and_keeps_the_order():
    world = ThreadWorld(phones(ANSWERS, ANSWERS, ANSWERS, hangs_up_after_ms=8_000))
    world.ready()
    for number in range(10):
        world.call(str(number))
    world.pass_ms(1_000)
    world.kill_router()
    world.pass_ms(1_500)
    world.start_router()
    world.pass_ms(120_000)
    assert world.endings() == ["served"] * 10
    established = [event.call_id for event in world.events(CallEstablished)]
    assert established == sorted(established, key=lambda call: int(call.rpartition(".")[2]))
    assert len(established) == len(set(established))
    assert world.at_rest()


@pytest.mark.parametrize("after_ms", range(0, 2_600, 130))
def test_a_router_that_is_killed_at_any_moment_of_a_call(after_ms):
    """Arrival, ringing, answer, talk: whenever it dies, nobody is lost and nobody rung twice."""
    world = ThreadWorld(phones(ANSWERS, answer_after_ms=700, hangs_up_after_ms=1_500))
    world.call("waits")
    world.ready()
    world.clock.advance(after_ms * 1_000)
    world.kill_router()
    world.pass_ms(800)
    world.start_router()
    world.pass_ms(60_000)
    assert world.endings() == ["served"]
    assert len(world.events(CallEstablished)) <= 1
    assert world.at_rest()


def test_a_router_without_its_journal_learns_who_waits_from_asterisk():
    world = ThreadWorld(phones(ANSWERS))
    first = world.call("first")
    world.pass_ms(3_000)
    second = world.call("second")
    arrived = world.engine.calls[CallId(first)].first_queued_us
    world.kill_router()
    world.journal.kept.clear()
    world.start_router()
    calls = list(world.engine.calls.values())
    assert [call.call_id for call in calls] == [first, second]
    assert abs(calls[0].first_queued_us - arrived) < 1_000_000


def test_a_router_that_is_away_for_long_leaves_the_callers_to_failsafe():
    world = ThreadWorld(
        phones(ANSWERS, hangs_up_after_ms=1_000),
        dialplan=DialplanGlobals(failsafe_after_s=5, failsafe_dial="p8001"),
    )
    world.call()
    world.kill_router()
    world.pass_ms(30_000)
    assert world.endings() == ["served"]
    world.start_router()
    assert [event.outcome.value for event in world.events(CallCleared)] == ["abandoned"]
    assert world.at_rest()


def test_router_and_asterisk_die_together():
    world = ThreadWorld(phones(ANSWERS, hangs_up_after_ms=60_000))
    world.ready()
    for _ in range(3):
        world.call()
    world.kill_router()
    world.pbx.restart(away_us=1_000_000)
    world.pass_ms(2_000)
    world.start_router()
    assert sorted(event.outcome.value for event in world.events(CallCleared)) == [
        "answered",
        "lost",
        "lost",
    ]
    assert world.at_rest()


def test_several_asterisks_and_one_dies():
    world = ThreadWorld(phones(ANSWERS, ANSWERS), routing=two_asterisks())
    second = world.join("a2", phones(ANSWERS, ANSWERS))
    world.ready()
    world.call(talk_ms=4_000)
    other = world.call_at(second, talk_ms=4_000)
    world.pass_ms(1_000)
    assert {str(call_id).partition("-")[0] for call_id in world.engine.calls} == {"a1", "a2"}
    world.pbx.kill()
    world.pass_ms(2_000)
    assert list(world.engine.calls) == [other]
    world.pass_ms(5_000)
    third = world.call_at(second, talk_ms=500)
    world.pass_ms(3_000)
    assert third in [event.call_id for event in world.events(CallEstablished)]
    assert not world.engine.calls
    assert not world.breaches


def test_an_order_of_a_router_that_was_replaced_is_not_carried_out():
    world = ThreadWorld(phones(ANSWERS))
    world.call()
    world.pass_ms(1_000)
    (caller,) = world.a1.legs.callers.values()
    world.kill_router()
    world.start_router()
    stale = action(
        "Redirect", Channel=caller.channel, Context="cti-deliver", Exten="1*9*15*p8001", Priority=1
    )
    world.link.send(stale)
    world.pass_ms(10_000)
    assert world.pbx.world.phones["p8001"].legs == []
    world.ready()
    world.pass_ms(5_000)
    assert len(world.events(CallEstablished)) == 1


# --- an agent who hangs up at once --------------------------------------------------------------


@pytest.mark.parametrize("talk_ms", [None, 0, 30, 150])
def test_a_caller_who_was_dropped_at_once_is_served_by_the_next(talk_ms):
    dropping = Phone("p8001", Behaviour.DROPS if talk_ms is None else ANSWERS, 50, talk_ms)
    world = ThreadWorld([dropping, Phone("p8002", ANSWERS, 50, 5_000)])
    first = world.call("first")
    world.call("second")
    world.ready("8001")
    world.pass_ms(100 + (talk_ms or 0))
    world.ready("8002")
    world.pass_ms(1_000)
    talks = [event for event in world.events(CallEstablished) if event.agent_id == "8002"]
    assert [event.call_id for event in talks] == [first], "at the place of the first arrival"
    world.pass_ms(60_000)
    assert sorted(world.endings()) == ["served", "served"]
    assert world.at_rest()
