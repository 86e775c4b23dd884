"""Why does this call wait now, while somebody is idle? Each obstacle, in both languages."""

import pytest

from routing import commands as c
from routing.commands import OfferOutcome
from routing.config import AgentSpec, OutcomePolicy, Policies, Reserve, Step
from routing.explain import Obstacle, standing_of, tell_standing
from routing.snapshot import state_hash
from tests.worlds.routing.centre import Centre, S, agent, queue

PAUSE = Policies(rejected=OutcomePolicy(gap_us=30 * S))


def standing(centre, call_id="c1"):
    return standing_of(centre.core, call_id, centre.now_us)


def said(centre, lang="en", call_id="c1"):
    return tell_standing(standing(centre, call_id), lang)


def idle(centre):
    return {
        each.agent_id: (each.obstacle, each.detail, each.in_us) for each in standing(centre).idle
    }


def test_the_need_is_not_met_and_the_missing_part_is_named():
    centre = Centre([queue("q", need="loans>=2 & english")], [agent("a", "loans", "english")])
    centre.ready("a")
    centre.wait(75)
    centre.call("c1", "q")
    centre.wait(42)
    assert idle(centre) == {"a": (Obstacle.NEED, "loans>=2", -1)}
    assert said(centre) == [
        "now: waits for 42.0 s in queue q, 0 in front, needs loans>=2 & english",
        "  idle, and not given this call: a (117.0 s): lacks loans>=2",
        "  who meets the need and is not idle: nobody",
    ]
    assert said(centre, "zh") == [
        "现状：在队列 q 已等待 42.0 秒，前面 0 人，需求：loans>=2 & english",
        "  空闲而未派单：a（空闲 117.0 秒）：不具备 loans>=2",
        "  符合需求而不空闲：无人",
    ]


def test_what_a_caller_brings_counts_too():
    centre = Centre([queue("q")], [agent("a", "q")])
    centre.ready("a")
    centre.call("c1", "q", needs="english")
    assert idle(centre) == {"a": (Obstacle.NEED, "english", -1)}


def test_a_later_step_is_named_with_its_time():
    centre = Centre(
        [queue("q", need="q>=3", steps=(Step(20 * S, "q>=2"), Step(60 * S, "q")))],
        [agent("a", "q")],
    )
    centre.ready("a")
    centre.call("c1", "q")
    centre.wait(5)
    assert idle(centre) == {"a": (Obstacle.LATER, "q", 55 * S)}
    assert said(centre)[-1] == "  in 15.0 s it needs q>=2"
    assert said(centre, "zh")[-1] == "  15.0 秒后需求变为：q>=2"


def test_a_pause_after_a_failed_offer_is_named_with_what_is_left_of_it():
    centre = Centre([queue("q")], [agent("a", "q")], policies=PAUSE)
    centre.ready("a")
    centre.call("c1", "q")
    centre.fail("a", OfferOutcome.REJECTED)
    centre.wait(10)
    assert idle(centre) == {"a": (Obstacle.GAP, "rejected", 20 * S)}
    assert "pauses after the last offer (rejected at the phone), 20.0 s more" in said(centre)[1]
    assert "上次派单后停歇（话机拒接），还需 20.0 秒" in said(centre, "zh")[1]


def test_a_phone_that_cannot_be_reached():
    centre = Centre([queue("q")], [agent("a", "q")])
    centre.ready("a")
    centre.do(c.DeviceReachable("a", reachable=False))
    centre.call("c1", "q")
    assert idle(centre) == {"a": (Obstacle.UNREACHABLE, "phone-a", -1)}


def test_a_phone_that_no_asterisk_has_or_another_one():
    centre = Centre([queue("q")], [agent("a", "q")], pbxs=("a1", "a2"))
    centre.ready("a")
    centre.do(c.DeviceReported("phone-a", "a1", c.DeviceState.MISSING))
    centre.call("c1", "q")
    assert idle(centre) == {"a": (Obstacle.ELSEWHERE, "phone-a (a1)", -1)}
    assert "cannot be called from the caller's Asterisk: phone-a (a1)" in said(centre)[1]
    assert "来电所在的 Asterisk 不能呼叫话机：phone-a (a1)" in said(centre, "zh")[1]
    centre.do(c.DeviceReported("phone-a", "a2", c.DeviceState.MISSING))
    assert idle(centre) == {"a": (Obstacle.MISSING, "phone-a", -1)}
    assert "Asterisk has no such phone: phone-a" in said(centre)[1]
    centre.do(c.DeviceReported("phone-a", "a2", c.DeviceState.REACHABLE))
    centre.do(c.TelephonyLost("a2"))
    assert idle(centre) == {"a": (Obstacle.UNHEARD, "phone-a", -1)}
    assert "the Asterisk that can call the phone phone-a is not heard" in said(centre)[1]
    assert "能呼叫话机 phone-a 的 Asterisk 失联" in said(centre, "zh")[1]


@pytest.mark.parametrize(("seat", "practice"), [(True, False), (False, True)])
def test_training_seats_and_customers_never_meet(seat, practice):
    trainee = AgentSpec("a", "phone-a", (("q", 1),), training=seat)
    centre = Centre([queue("q")], [trainee])
    centre.ready("a")
    centre.call("c1", "q", training=practice)
    assert idle(centre) == {"a": (Obstacle.TRAINING, "", -1)}


def test_a_group_that_was_taken_out_of_use():
    centre = Centre([queue("q")], [agent("a", "q", "cards")])
    centre.ready("a")
    centre.do(c.ServeGroup("a", "q", serving=False))
    centre.call("c1", "q")
    assert idle(centre) == {"a": (Obstacle.GROUP, "q", -1)}
    assert "has taken a group out of use: q" in said(centre)[1]


def test_a_reserve_that_is_closed():
    centre = Centre(
        [queue("q", reserve=Reserve("cards", open_at=3, close_at=1))],
        [agent("a", "cards"), agent("b", "q")],
    )
    centre.ready("a")
    centre.call("c1", "q")
    assert idle(centre) == {"a": (Obstacle.RESERVE, "1/3", -1)}
    assert "reserve is open, 1/3 wait" in said(centre)[1]


def test_a_call_that_waits_for_one_agent():
    centre = Centre(
        [queue("q", sticky_us=30 * S)], [agent("a", "q"), agent("b", "q")], policies=PAUSE
    )
    centre.ready("a", "b")
    centre.not_ready("b")
    centre.call("c1", "q", preferred_agent="b")
    centre.wait(10)
    assert idle(centre) == {"a": (Obstacle.WANTED, "b", 20 * S)}
    assert said(centre)[0].endswith("needs agent b alone")
    assert said(centre)[1].endswith("the call waits for agent b, 20.0 s more")
    assert said(centre)[2] == "  who meets the need and is not idle: 1 break"
    assert said(centre)[3] == "  in 20.0 s it needs q"


def test_an_asterisk_that_is_not_heard_stands_before_all_else():
    centre = Centre([queue("q")], [agent("a", "q")], pbxs=("a1",))
    centre.ready("a")
    centre.do(c.TelephonyLost("a1"))
    centre.call("c1", "q")
    assert standing(centre).idle == ()
    assert said(centre)[1:] == [
        "  its Asterisk a1 is not heard (lost): offered to nobody until it is"
    ]
    assert said(centre, "zh")[1:] == ["  其 Asterisk a1 失联，恢复之前不派单"]


def test_a_call_back_between_two_attempts():
    centre = Centre([queue("q", callback_retry_us=300 * S)], [agent("a", "q")])
    centre.call("c1", "q")
    centre.do(c.BookCallback("c1", "13800138000"))
    centre.hang_up("c1")
    centre.ready("a")
    centre.fail("a", OfferOutcome.CUSTOMER_UNREACHABLE)
    centre.wait(100)
    assert said(centre)[1:] == ["  a call-back, tried again in 200.0 s"]


def test_who_meets_the_need_and_is_not_idle_is_counted_by_why():
    names = [f"{number}" for number in range(6)]
    centre = Centre([queue("q")], [agent(name, "q") for name in names])
    centre.ready(*names)
    for number in range(3):
        centre.call(f"t{number}", "q")
        centre.answer(names[number])
    for name in names[3:5]:
        centre.not_ready(name, "meal")
    centre.not_ready(names[5])
    centre.call("c1", "q")
    assert standing(centre).busy == (("busy", 3), ("meal", 2), ("break", 1))
    assert said(centre)[1:] == [
        "  no agent is idle",
        "  who meets the need and is not idle: 3 busy, 2 meal, 1 break",
    ]
    assert said(centre, "zh")[2] == "  符合需求而不空闲：通话中 3 人，用餐 2 人，小休 1 人"


def test_many_idle_agents_are_counted():
    names = [f"{number:03}" for number in range(25)]
    centre = Centre([queue("q")], [agent(name, "cards") for name in names])
    centre.ready(*names)
    centre.call("c1", "q")
    assert len(standing(centre).idle) == 10
    assert said(centre)[11] == "  … and 15 more idle agents"


def test_a_call_that_does_not_wait_says_with_whom_it_is_and_how_long():
    centre = Centre([queue("q")], [agent("a", "q")])
    centre.ready("a")
    centre.call("c1", "q")
    centre.wait(2)
    assert said(centre) == ["now: is being offered to agent a for 2.0 s"]
    centre.answer("a")
    centre.wait(5)
    assert said(centre, "zh") == ["现状：通话中，座席 a，已 5.0 秒"]
    centre.do(c.CallHeld("c1"))
    centre.wait(7)
    assert said(centre) == ["now: on hold with agent a for 7.0 s"]
    centre.hang_up("c1")
    assert standing_of(centre.core, "c1", centre.now_us) is None


def test_every_obstacle_has_its_words_and_the_need_of_a_defect_is_said():
    from routing.explain import chinese, english

    assert set(english._OBSTACLES) == set(chinese._OBSTACLES) == set(Obstacle)


def test_looking_changes_nothing():
    centre = Centre(
        [queue("q", need="q>=3", steps=(Step(20 * S, "q"),))], [agent("a", "q"), agent("b", "x")]
    )
    centre.ready("a", "b")
    centre.call("c1", "q", needs="z")
    before, pools = state_hash(centre.core), dict(centre.core.pools.pools)
    said(centre)
    assert (state_hash(centre.core), dict(centre.core.pools.pools)) == (before, pools)
