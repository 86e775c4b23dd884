"""Whether a phone can be called is a fact of the phone, not of the agent, and of each Asterisk."""

import msgspec
import pytest

from routing import commands as c
from routing.config import AgentSpec, OutcomePolicy, Policies
from routing.events import CommandRefused, DeviceChanged, OfferMade
from routing.ids import AgentId
from routing.snapshot import dump, load, state_hash
from tests.worlds.routing.centre import Centre, S, agent, queue
from tests.worlds.routing.told import one

REACHABLE, UNREACHABLE, MISSING = c.DeviceState
A1, A2 = "a1", "a2"
BOTH = (A1, A2)


def centre_of(*names: str, pbxs=(A1,), **fields) -> Centre:
    return Centre([queue("q")], [agent(name, "q") for name in names], pbxs=pbxs, **fields)


def say(centre: Centre, device: str, state: c.DeviceState, pbx: str = A1):
    return centre.do(c.DeviceReported(device, pbx, state))


def arrives(centre: Centre, name: str, pbx: str = A1):
    return centre.offered(centre.do(c.CallArrived(name, "q", pbx)))


def changes(events) -> list[tuple[str, str, bool, bool]]:
    return [
        (event.agent_id, event.device, event.reachable, event.missing)
        for event in events
        if isinstance(event, DeviceChanged)
    ]


# --- whose it is ----------------------------------------------------------------------------------


def test_an_agent_who_sits_down_at_a_phone_that_is_there_can_be_called():
    centre = centre_of("ann", "ben")
    say(centre, "phone-ann", UNREACHABLE)
    say(centre, "phone-ben", REACHABLE)
    events = centre.do(c.LogOnAgent("ann", device="phone-ben"))
    assert changes(events) == [("ann", "phone-ben", True, False)]
    centre.do(c.SetAgentState("ann", c.RequestedState.READY))
    assert arrives(centre, "c1") == [("c1", "ann")]


def test_at_a_phone_that_is_gone_she_cannot():
    centre = centre_of("ann", "ben")
    say(centre, "phone-ben", UNREACHABLE)
    events = centre.do(c.LogOnAgent("ann", device="phone-ben"))
    assert changes(events) == [("ann", "phone-ben", False, False)]
    centre.do(c.SetAgentState("ann", c.RequestedState.READY))
    assert arrives(centre, "c1") == []
    assert centre.offered(say(centre, "phone-ben", REACHABLE)) == [("c1", "ann")]


def test_the_late_shift_sits_at_the_phone_of_the_early_one():
    centre = centre_of("early", "late")
    say(centre, "phone-late", UNREACHABLE)
    centre.ready("early")
    centre.do(c.LogOffAgent("early"))
    centre.do(c.LogOnAgent("late", device="phone-early"))
    centre.do(c.SetAgentState("late", c.RequestedState.READY))
    assert arrives(centre, "c1") == [("c1", "late")]


def test_back_home_it_is_the_own_phone_again():
    centre = centre_of("ann", "ben")
    say(centre, "phone-ben", UNREACHABLE)
    centre.do(c.LogOnAgent("ann", device="phone-ben"))
    assert changes(centre.do(c.LogOffAgent("ann"))) == [("ann", "phone-ann", True, False)]
    assert centre.core.agents["ann"].phone is centre.core.phones["phone-ann"]


def test_two_who_are_configured_with_one_phone_share_what_is_known_of_it():
    specs = [AgentSpec(AgentId(name), "desk", (("q", 1),)) for name in ("late", "early")]
    centre = Centre([queue("q")], specs, pbxs=(A1,))
    events = say(centre, "desk", UNREACHABLE)
    assert changes(events) == [("early", "desk", False, False), ("late", "desk", False, False)]
    centre.ready("early")
    assert arrives(centre, "c1") == []
    assert centre.offered(say(centre, "desk", REACHABLE)) == [("c1", "early")]


def test_a_phone_that_is_nobodys_is_not_kept():
    centre = centre_of("ann")
    assert say(centre, "door", REACHABLE) == [
        CommandRefused("DeviceReported", "door", "unknownDevice")
    ]
    centre.do(c.LogOnAgent("ann", device="door"))
    say(centre, "door", UNREACHABLE)
    assert list(centre.core.phones) == ["door"]
    centre.do(c.LogOffAgent("ann"))
    assert list(centre.core.phones) == ["phone-ann"]


def test_a_missing_phone_is_told_apart_from_one_that_is_away():
    centre = centre_of("ann")
    assert changes(say(centre, "phone-ann", UNREACHABLE)) == [("ann", "phone-ann", False, False)]
    assert changes(say(centre, "phone-ann", MISSING)) == [("ann", "phone-ann", False, True)]
    assert say(centre, "phone-ann", MISSING) == []


def test_what_an_agents_phone_is_said_to_be_without_its_name_holds_everywhere():
    centre = centre_of("ann", pbxs=BOTH)
    say(centre, "phone-ann", REACHABLE, A2)
    centre.do(c.DeviceReachable("ann", reachable=False))
    centre.ready("ann")
    assert arrives(centre, "c1", A2) == []
    assert centre.offered(say(centre, "phone-ann", UNREACHABLE, A2)) == []
    assert arrives(centre, "c2", A1) == [("c2", "ann")], "a1 has not said so itself"


# --- which Asterisk has it ------------------------------------------------------------------------


def test_a_call_is_offered_where_the_phone_is():
    centre = centre_of("ann", "ben", pbxs=BOTH)
    say(centre, "phone-ann", MISSING, A2)
    say(centre, "phone-ben", MISSING, A1)
    centre.ready("ann", "ben")
    assert arrives(centre, "c1", A2) == [("c1", "ben")]
    assert arrives(centre, "c2", A2) == []
    assert arrives(centre, "c3", A1) == [("c3", "ann")]


def test_a_free_agent_gets_the_best_call_of_an_asterisk_that_has_the_phone():
    centre = centre_of("ann", "ben", pbxs=BOTH)
    say(centre, "phone-ann", MISSING, A1)
    for name, pbx in (("old", A1), ("new", A2)):
        arrives(centre, name, pbx)
        centre.wait(1)
    assert centre.offered(centre.ready("ann")) == [("new", "ann")]
    assert centre.offered(centre.ready("ben")) == [("old", "ben")]


def test_a_phone_that_comes_to_one_more_asterisk_is_given_its_calls():
    centre = centre_of("ann", pbxs=BOTH)
    say(centre, "phone-ann", UNREACHABLE, A2)
    centre.ready("ann")
    assert arrives(centre, "c1", A2) == []
    events = say(centre, "phone-ann", REACHABLE, A2)
    assert centre.offered(events) == [("c1", "ann")]
    assert changes(events) == [], "it could be called before, too"
    assert one(events, OfferMade).decision.trigger == "deviceReachable"


def test_a_phone_that_leaves_one_of_two_takes_calls_of_the_other():
    centre = centre_of("ann", pbxs=BOTH)
    centre.ready("ann")
    assert say(centre, "phone-ann", UNREACHABLE, A2) == []
    assert arrives(centre, "c1", A2) == []
    assert arrives(centre, "c2", A1) == [("c2", "ann")]


def test_shares_between_employers_hold_among_those_who_can_be_called():
    specs = [agent("own", "q"), agent("far", "q", employer="x"), agent("near", "q", employer="x")]
    shares = (("own", 10), ("x", 90))
    centre = Centre([queue("q", allocation=shares)], specs, pbxs=BOTH)
    say(centre, "phone-far", MISSING, A1)
    centre.ready("own", "far", "near")
    events = centre.do(c.CallArrived("c1", "q", A1))
    assert centre.offered(events) == [("c1", "near")]
    decision = one(events, OfferMade).decision
    assert [name for name, _ in decision.candidates] == ["own", "near"]
    assert dict(decision.passed_over) == {"far": "deviceElsewhere"}
    assert arrives(centre, "c2", A1) == [("c2", "own")]
    assert arrives(centre, "c3", A1) == []
    assert arrives(centre, "c4", A2) == [("c4", "far")]


def test_an_asterisk_that_is_taken_out_of_the_configuration_has_no_say():
    centre = centre_of("ann", pbxs=BOTH)
    say(centre, "phone-ann", MISSING, A1)
    config = msgspec.structs.replace(centre.config, version=2, pbxs=(A1,))
    assert changes(centre.do(c.ApplyConfig(config))) == [("ann", "phone-ann", False, True)]
    assert changes(centre.do(c.RollbackConfig())) == [("ann", "phone-ann", True, False)]


def test_another_configured_phone_is_the_agents_at_once():
    centre = centre_of("ann", "ben")
    say(centre, "phone-ben", MISSING)
    moved = [
        msgspec.structs.replace(spec, device=device)
        for spec, device in zip(centre.config.agents, ("phone-ben", "phone-ann"), strict=True)
    ]
    config = msgspec.structs.replace(centre.config, version=2, agents=tuple(moved))
    assert changes(centre.do(c.ApplyConfig(config))) == [
        ("ann", "phone-ben", False, True),
        ("ben", "phone-ann", True, False),
    ]


# --- an Asterisk that is not heard ----------------------------------------------------------------


def unheard(events) -> list[tuple[str, bool, bool]]:
    told = [event for event in events if isinstance(event, DeviceChanged)]
    return [(event.agent_id, event.reachable, event.unheard) for event in told]


def two_sites() -> Centre:
    """Ann's phone is at both Asterisks, ben's at the second only, cat's at none."""
    centre = centre_of("ann", "ben", "cat", pbxs=BOTH)
    for pbx in BOTH:
        say(centre, "phone-ann", REACHABLE, pbx)
        say(centre, "phone-cat", UNREACHABLE, pbx)
    say(centre, "phone-ben", MISSING, A1)
    say(centre, "phone-ben", REACHABLE, A2)
    return centre


def test_a_phone_that_only_a_lost_asterisk_can_call_cannot_be_called():
    centre = two_sites()
    assert unheard(centre.do(c.TelephonyLost(A2))) == [("ben", False, True)]
    assert centre.core.phones["phone-ben"].barred == (A1,)
    assert centre.core.agents["ben"].why_not(A2) == "loggedOff"
    assert unheard(centre.do(c.TelephonyGone(A2))) == []
    assert unheard(centre.do(c.TelephonyRestored(A2))) == [("ben", True, False)]
    assert unheard(centre.do(c.TelephonyLost(A1))) == []
    assert unheard(centre.do(c.TelephonyLost(A2))) == [("ann", False, True), ("ben", False, True)]
    assert unheard(centre.do(c.TelephonyRestored(A1))) == [("ann", True, False)]


def test_nobody_at_such_a_phone_is_ready_and_all_is_as_before_when_it_is_heard():
    centre = two_sites()
    centre.ready("ann", "ben")
    arrives(centre, "c0", A1)  # ann has it
    assert arrives(centre, "c1", A1) == []
    centre.do(c.TelephonyGone(A2))
    assert centre.core.agents["ben"].why_not(A2) == "deviceUnheard"
    assert arrives(centre, "c2", A1) == []
    assert centre.offered(centre.do(c.TelephonyRestored(A2))) == [], "c1 and c2 are at a1"
    assert arrives(centre, "c3", A2) == [("c3", "ben")]


def test_the_callers_who_waited_at_the_lost_asterisk_are_served_in_their_order():
    centre = two_sites()
    centre.ready("ben")
    assert arrives(centre, "c0", A2) == [("c0", "ben")]
    for name in ("c1", "c2"):
        assert arrives(centre, name, A2) == []
    centre.do(c.TelephonyLost(A2))
    centre.do(c.CallerHungUp("c0"))
    assert not centre.core.agents["ben"].is_offerable
    assert centre.offered(centre.do(c.TelephonyRestored(A2))) == [("c1", "ben")]


def test_what_is_reported_of_a_phone_while_its_asterisk_is_lost_counts_when_it_is_heard():
    centre = two_sites()
    centre.do(c.TelephonyLost(A2))
    assert unheard(say(centre, "phone-ben", UNREACHABLE, A2)) == [("ben", False, False)]
    assert unheard(centre.do(c.TelephonyRestored(A2))) == []
    centre.do(c.TelephonyLost(A2))
    assert unheard(say(centre, "phone-ben", REACHABLE, A2)) == [("ben", False, True)]
    assert unheard(say(centre, "phone-ben", REACHABLE, A1)) == [("ben", True, False)]


def test_whoever_sits_down_at_a_phone_of_a_lost_asterisk_is_told_so():
    centre = centre_of("ann")
    centre.do(c.TelephonyLost(A1))
    assert not centre.core.agents["ann"].phone.is_reachable
    centre.do(c.LogOnAgent("ann", device="door"))
    assert not centre.core.agents["ann"].phone.is_reachable
    again = load(dump(centre.core))
    assert state_hash(again) == state_hash(centre.core)
    assert [again.phones["door"].state, again.phones["door"].said] == ["unheard", {}]


# --- pauses ---------------------------------------------------------------------------------------


def test_only_a_registration_ends_the_pause_of_a_phone_that_was_not_found():
    centre = centre_of("ann", pbxs=BOTH)
    centre.ready("ann")
    arrives(centre, "c1")
    centre.fail("ann", c.OfferOutcome.UNREACHABLE)
    assert centre.offered(say(centre, "phone-ann", UNREACHABLE, A2)) == []
    assert centre.core.agents["ann"].gap_until_us
    assert centre.offered(say(centre, "phone-ann", REACHABLE, A1)) == [("c1", "ann")]


def test_a_registration_begins_the_count_anew():
    centre = centre_of("ann")
    centre.ready("ann")
    arrives(centre, "c1")
    for _ in range(4):
        centre.fail("ann", c.OfferOutcome.UNREACHABLE)
        say(centre, "phone-ann", REACHABLE)
    centre.fail("ann", c.OfferOutcome.UNREACHABLE)
    assert centre.core.agents["ann"].status == "ready", "the fifth in a row would not be"


def test_the_pause_doubles_with_each_in_a_row_up_to_the_longest():
    policy = OutcomePolicy(gap_us=5 * S, gap_max_us=30 * S)
    centre = centre_of("ann", policies=Policies(busy=policy))
    centre.ready("ann")
    arrives(centre, "c1")
    pauses = []
    for _ in range(5):
        centre.fail("ann", c.OfferOutcome.BUSY)
        pauses.append((centre.core.agents["ann"].gap_until_us - centre.now_us) // S)
        centre.wait(pauses[-1])
    assert pauses == [5, 10, 20, 30, 30]
    centre.answer("ann")
    centre.agent_hangs_up("c1", "ann")
    centre.wait(5)
    arrives(centre, "c2")
    centre.fail("ann", c.OfferOutcome.BUSY)
    assert centre.core.agents["ann"].gap_until_us - centre.now_us == 5 * S


@pytest.mark.parametrize(
    ("outcome", "tries", "within_s"),
    [
        (c.OfferOutcome.NO_ANSWER, 1, 0),
        (c.OfferOutcome.REJECTED, 3, 15),
        (c.OfferOutcome.UNREACHABLE, 5, 130),
        (c.OfferOutcome.BUSY, 10, 375),
    ],
)
def test_by_default_nobody_whose_phone_takes_no_calls_stays_ready(outcome, tries, within_s):
    centre = centre_of("ann")
    centre.ready("ann")
    arrives(centre, "c1")
    began_us, offers = centre.now_us, 0
    while centre.core.agents["ann"].status == "ready":
        centre.fail("ann", outcome)
        offers += 1
        gap_until_us = centre.core.agents["ann"].gap_until_us
        centre.wait(max(0, gap_until_us - centre.now_us) / S)
    assert (offers, (centre.now_us - began_us) // S) == (tries, within_s)


def test_a_pause_that_has_doubled_a_thousand_times_is_still_a_number_of_days():
    assert OutcomePolicy(1, gap_max_us=2**60).gap_after_us(1_000) == 2**20


# --- kept -----------------------------------------------------------------------------------------


def test_what_is_known_of_phones_is_in_the_snapshot():
    centre = centre_of("ann", "ben", "cat", pbxs=BOTH)
    say(centre, "phone-ann", MISSING, A2)
    say(centre, "phone-ann", REACHABLE, A1)
    centre.do(c.LogOnAgent("ben", device="door"))
    say(centre, "door", UNREACHABLE, A1)
    say(centre, "door", MISSING, A2)
    centre.do(c.DeviceReachable("cat", reachable=False))
    centre.ready("ann")
    again = load(dump(centre.core))
    assert state_hash(again) == state_hash(centre.core)
    assert again.agents["ann"].phone.barred == (A2,)
    assert again.agents["ben"].phone.state == UNREACHABLE
    assert not again.agents["cat"].phone.is_reachable
    centre.core = again
    assert arrives(centre, "c1", A2) == []
    assert arrives(centre, "c2", A1) == [("c2", "ann")]


def of_version_2(data: bytes, unreachable: set[str]) -> bytes:
    """As it was written when each agent's row said whether the agent's phone could be called."""
    stored = msgspec.json.decode(data)
    stored["version"] = 2
    del stored["phones"]
    for row in stored["agents"]:
        row.insert(8, row[0] not in unreachable)
    return msgspec.json.encode(stored)


def test_a_snapshot_of_the_version_before_is_read():
    centre = centre_of("ann", "ben", "cat")
    centre.do(c.LogOnAgent("ben", device="door"))
    core = load(of_version_2(dump(centre.core), {"ann", "ben"}))
    assert [core.agents[name].phone.is_reachable for name in ("ann", "ben", "cat")] == [
        False, False, True,
    ]  # fmt: skip
    assert core.agents["ben"].phone.device == "door"
    centre.core = core
    centre.do(c.SetAgentState("ben", c.RequestedState.READY))
    assert arrives(centre, "c1") == []
    assert centre.offered(say(centre, "door", REACHABLE)) == [("c1", "ben")]


def test_a_journal_of_the_version_before_is_read():
    line = b'[1,2,{"type":"DeviceReachable","agent_id":"ann","reachable":false}]'
    stamped = msgspec.json.decode(line, type=c.Stamped)
    assert stamped.command == c.DeviceReachable("ann", reachable=False)
