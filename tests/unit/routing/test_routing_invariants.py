"""Every invariant can fail: the state is broken by hand, and exactly that breach is told.

An alarm that has never rung proves nothing; here each of them rings, once for each way in which it
can be broken, and none of the others does.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from routing import RoutingEngine, invariants
from routing.agent import Agent, AgentStatus, AgentWork
from routing.call import CallState
from routing.deadlines import DeadlineKind
from routing.index.needs import parse
from routing.invariants import NAMES, Breach, check
from routing.phone import Phone
from routing.words import AgentState, DeviceState
from tests.worlds.routing.damaged_index import (
    band_of_another_asterisk,
    band_that_is_empty,
    band_that_knows_nobody_so_new,
    band_with_another_head,
    busy_agent_with_entries,
    busy_house,
    call_of_the_future,
    call_out_of_sight_for_no_reason,
    employer_line_that_counts_twice,
    pool_that_lost_its_bands,
    pool_that_misses_a_member,
    pool_that_misses_a_ready_agent,
    pool_that_misses_an_employer,
    queue_that_lost_its_bands,
    queue_that_miscounts,
    queue_with_an_empty_band,
    ready_agent_without_entries,
    ready_line_of_another_asterisk,
    ready_line_that_is_empty,
    stray,
    talking_call_in_line,
    waiting_call_in_no_line,
)


@dataclass(frozen=True)
class Damage:
    """One way to break the state, and the alarm that rings."""

    how: str
    invariant: str
    break_it: Callable[[RoutingEngine], None]


def live_offer(core: RoutingEngine):
    return next(iter(core.offers.values()))


def offer_to_a_forgotten_call(core):
    offer = live_offer(core)
    del core.calls[offer.call_id]
    core.arrived -= 1


def offer_of_another_call(core):
    core.calls[live_offer(core).call_id].offer_id = 77
    core.calls["offered"].offer_id = 77


def offered_call_that_waits(core):
    """It has an offer and stands in line as well."""
    call = core.calls["offered"]
    line = core.queues["rare"]
    core.pools.enter_line(call, line.pools[0], line, 0)
    call.state, call.queue_id = CallState.WAITING, "rare"


def call_with_an_offer_that_is_gone(core):
    stray(core, "ghost", state=CallState.OFFERED, offer_id=77)


def agent_with_another_offer(core):
    core.agents["ring"].offer_id = 0


def agent_who_is_not_reserved(core):
    """The offer lives, and its agent writes a record."""
    found = core.agents["ring"]
    found.work, found.shown = AgentWork.AFTER_CALL_WORK, AgentState.WORKING_AFTER_CALL
    core.deadlines.set(DeadlineKind.WORK, "ring", core.now_us + 1)


def agent_reserved_for_nothing(core):
    offer = live_offer(core)
    core.deadlines.cancel(DeadlineKind.OFFER, offer.offer_id)
    del core.offers[offer.offer_id]
    core.calls["offered"].state = CallState.RELEASED


def agent_reserved_while_not_ready(core):
    core.agents["ring"].status = AgentStatus.NOT_READY


def agent_shown_as_another(core):
    core.agents["free"].shown = AgentState.NOT_READY


def offer_without_deadline(core):
    core.deadlines.cancel(DeadlineKind.OFFER, live_offer(core).offer_id)


def work_without_deadline(core):
    core.deadlines.cancel(DeadlineKind.WORK, "acw")


def gap_without_deadline(core):
    core.deadlines.cancel(DeadlineKind.GAP, "gap")


def deadline_without_gap(core):
    core.deadlines.set(DeadlineKind.GAP, "talk", core.now_us + 1)


def call_that_would_wait_for_ever(core):
    """Line `slow` sends on after a minute."""
    core.deadlines.cancel(DeadlineKind.CALL, "slow")


def callback_without_deadline(core):
    core.calls["slow"].paused_until_us = core.now_us + 5


def asterisk_that_is_away_for_ever(core):
    core.pbx_lost["a9"] = "lost"


def dead_asterisk_that_is_waited_for(core):
    core.pbx_lost["a9"] = "gone"
    core.deadlines.set(DeadlineKind.PBX, "a9", core.now_us + 5)


def ready_agent_beside_a_call_of_the_index(core):
    """The call waits in the pool of line q, as if nobody had looked for an agent."""
    call = stray(core, "overlooked")
    line = core.queues["q"]
    core.pools.enter_line(call, line.pools[0], line, 0)


def agent_busy_with_nothing(core):
    core.agents["talk"].call_id = "nobody"
    core.calls["rings"].state = CallState.RELEASED


def agent_busy_with_the_call_of_another(core):
    core.calls["rings"].agent_id = "free"
    core.calls["rings"].state = CallState.RELEASED


def call_with_an_agent_who_does_not_talk(core):
    stray(core, "ghost", state=CallState.TALKING, agent_id="free")


def call_on_hold_with_nobody(core):
    stray(core, "ghost", state=CallState.HELD, agent_id="nobody")


def phone_of_nobody(core):
    del core.devices["phone-free"]


def phone_of_who_signed_off(core):
    core.agents["out"].device = "phone-out"
    core.devices["phone-out"] = "out"


def agent_with_another_phone(core):
    core.agents["free"].phone = Phone("phone-free")


def phone_that_forgot_its_agent(core):
    core.phones["phone-free"].agents.clear()


def phone_that_nobody_has(core):
    core.phones["ghost"] = Phone("ghost")


def phone_that_is_not_as_was_said(core):
    core.phones["phone-out"].state = DeviceState.MISSING


def a_call_too_many(core):
    core.arrived += 1


def an_end_too_many(core):
    core.outcomes["answered"] = core.outcomes.get("answered", 0) + 1


def time_that_was_lost(core):
    core.agents["free"].state_us["notReady"] = -1


def a_break_that_nobody_has(core):
    core.on_break["free"] = "break"


def a_break_that_is_not_counted(core):
    found = core.agents["acw"]
    found.pending, found.pending_reason = "notReady", "break"


def a_break_of_somebody_unknown(core):
    core.on_break["stranger"] = "break"


def a_request_of_somebody_unknown(core):
    core.breaks["stranger"] = "break"


def a_request_of_who_signed_off(core):
    core.breaks["out"] = "break"


DAMAGES = [
    Damage("an offer of a call that is forgotten", "one_offer_per_call", offer_to_a_forgotten_call),
    Damage("an offer of a call that has another", "one_offer_per_call", offer_of_another_call),
    Damage("an offered call that waits", "one_offer_per_call", offered_call_that_waits),
    Damage("a call offered to nobody", "one_offer_per_call", call_with_an_offer_that_is_gone),
    Damage("an agent with another offer", "one_offer_per_agent", agent_with_another_offer),
    Damage("an agent who is not reserved", "one_offer_per_agent", agent_who_is_not_reserved),
    Damage("an agent reserved for nothing", "one_offer_per_agent", agent_reserved_for_nothing),
    Damage("reserved, not ready", "only_ready_agents", agent_reserved_while_not_ready),
    Damage("shown as another", "shown_state", agent_shown_as_another),
    Damage("an offer for ever", "deadline_for_every_wait", offer_without_deadline),
    Damage("after-call work for ever", "deadline_for_every_wait", work_without_deadline),
    Damage("a pause for ever", "deadline_for_every_wait", gap_without_deadline),
    Damage("a deadline of no pause", "deadline_for_every_wait", deadline_without_gap),
    Damage("a wait for ever", "deadline_for_every_wait", call_that_would_wait_for_ever),
    Damage("a call-back for ever", "deadline_for_every_wait", callback_without_deadline),
    Damage("an Asterisk away for ever", "deadline_for_every_wait", asterisk_that_is_away_for_ever),
    Damage("a dead Asterisk", "deadline_for_every_wait", dead_asterisk_that_is_waited_for),
    Damage(
        "an agent beside a call",
        "no_ready_agent_beside_a_waiting_call",
        ready_agent_beside_a_call_of_the_index,
    ),
    Damage("busy with nothing", "call_belongs_to_its_agent", agent_busy_with_nothing),
    Damage(
        "busy with another's call", "call_belongs_to_its_agent", agent_busy_with_the_call_of_another
    ),
    Damage(
        "a call with an idle agent",
        "call_belongs_to_its_agent",
        call_with_an_agent_who_does_not_talk,
    ),
    Damage("a call held by nobody", "call_belongs_to_its_agent", call_on_hold_with_nobody),
    Damage("a call of the future", "line_index", call_of_the_future),
    Damage("waiting in no line", "line_index", waiting_call_in_no_line),
    Damage("talking in line", "line_index", talking_call_in_line),
    Damage("out of sight for no reason", "line_index", call_out_of_sight_for_no_reason),
    Damage("a queue that miscounts", "line_index", queue_that_miscounts),
    Damage("a queue without its bands", "line_index", queue_that_lost_its_bands),
    Damage("a queue with an empty band", "line_index", queue_with_an_empty_band),
    Damage("a pool without its bands", "line_index", pool_that_lost_its_bands),
    Damage("an empty band", "line_index", band_that_is_empty),
    Damage("a band with another head", "line_index", band_with_another_head),
    Damage("a band that knows nobody so new", "line_index", band_that_knows_nobody_so_new),
    Damage("ready, but in no pool", "ready_index", ready_agent_without_entries),
    Damage("busy, but in a pool", "ready_index", busy_agent_with_entries),
    Damage("a member missing", "ready_index", pool_that_misses_a_member),
    Damage("a ready agent missing", "ready_index", pool_that_misses_a_ready_agent),
    Damage("an employer missing", "ready_index", pool_that_misses_an_employer),
    Damage("an employer twice", "ready_index", employer_line_that_counts_twice),
    Damage("a phone of nobody", "devices", phone_of_nobody),
    Damage("a phone of who signed off", "devices", phone_of_who_signed_off),
    Damage("ready, in another's line", "ready_index", ready_line_of_another_asterisk),
    Damage("a ready line that is empty", "ready_index", ready_line_that_is_empty),
    Damage("a band of another Asterisk", "line_index", band_of_another_asterisk),
    Damage("an agent with another phone", "phones", agent_with_another_phone),
    Damage("a phone that forgot its agent", "phones", phone_that_forgot_its_agent),
    Damage("a phone that nobody has", "phones", phone_that_nobody_has),
    Damage("a phone that is not as was said", "phones", phone_that_is_not_as_was_said),
    Damage("a call too many", "calls_balance", a_call_too_many),
    Damage("an end too many", "calls_balance", an_end_too_many),
    Damage("time lost", "state_times_add_up", time_that_was_lost),
    Damage("a break that nobody has", "break_index", a_break_that_nobody_has),
    Damage("a break not counted", "break_index", a_break_that_is_not_counted),
    Damage("a break of a stranger", "break_index", a_break_of_somebody_unknown),
    Damage("a request of a stranger", "break_index", a_request_of_somebody_unknown),
    Damage("a request of who signed off", "break_index", a_request_of_who_signed_off),
]


RINGS_ALONG = {"customer_has_an_owner"}  # with each that leaves a customer to nobody, or to two
OF_TRANSFERS = {"transfer_and_its_calls"}  # see test_transfers_invariants


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.how)
def test_exactly_this_breach_is_told(damage):
    core = busy_house()
    damage.break_it(core)
    assert {breach.invariant for breach in check(core)} - RINGS_ALONG == {damage.invariant}


def test_every_invariant_has_rung():
    assert {damage.invariant for damage in DAMAGES} == set(NAMES) - RINGS_ALONG - OF_TRANSFERS


def test_a_breach_says_where():
    core = busy_house()
    waiting_call_in_no_line(core)
    assert check(core)[0] == Breach("line_index", "call ghost")
    core = busy_house()
    time_that_was_lost(core)
    assert check(core) == [Breach("state_times_add_up", "agent free")]


def test_a_pool_of_a_callers_wish_is_checked_like_a_queues():
    """… and an agent ready beside it is told of the pool, too."""
    core = busy_house()
    call = stray(core, "picky", needs="q")
    line = core.queues["rare"]
    pool = core.pools.pool(("q", line.spec.strategy, False, False), parse("q"))
    del core.pools.pools[pool.key]
    core.pools.enter_line(call, pool, line, 0)
    pool.pinned = False
    core.pools.pools[pool.key] = pool
    assert "no_ready_agent_beside_a_waiting_call" in {each.invariant for each in check(core)}


@pytest.mark.parametrize("state", [AgentStatus.LOGGED_OFF, AgentStatus.READY])
def test_nothing_is_told_of_a_house_in_order(state):
    core = busy_house()
    assert [each for each in core.agents.values() if each.status is state]
    assert isinstance(core.agents["free"], Agent)
    assert invariants.check(core) == []
