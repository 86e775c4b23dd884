"""Callers who wait only because a free agent's phone is at another Asterisk."""

from cti.watch.check import Check
from cti.watch.reach import Reach, check_of_reach, reach_of
from routing import commands as c
from routing.explain.elsewhere import Elsewhere, elsewhere
from tests.worlds.routing.centre import Centre, agent, queue

REACHABLE, MISSING = c.DeviceState.REACHABLE, c.DeviceState.MISSING


def two_sites() -> Centre:
    """Ann's phone is at a1 only, ben's and cat's at a2 only; cat serves loans, too."""
    agents = [agent("ann", "q"), agent("ben", "q"), agent("cat", "q", "loans")]
    centre = Centre([queue("q"), queue("loans")], agents, pbxs=("a1", "a2"))
    for name, pbx in (("ann", "a1"), ("ben", "a2"), ("cat", "a2")):
        for each in ("a1", "a2"):
            state = REACHABLE if each == pbx else MISSING
            centre.do(c.DeviceReported(f"phone-{name}", each, state))
    return centre


def test_a_caller_whom_nobody_free_can_be_put_through_to():
    centre = two_sites()
    centre.ready("ben", "cat")
    for number, where in enumerate(("q", "q", "loans")):
        centre.do(c.CallArrived(f"c{number}", where, "a1"))
    assert elsewhere(centre.core) == [
        Elsewhere("q", "a1", 2, ("ben", "cat")),
        Elsewhere("loans", "a1", 1, ("cat",)),
    ]
    assert reach_of(centre.core) == Reach(3, agents_barred=2, agents_unheard=0)
    assert check_of_reach(centre.core) == Check(
        "reach",
        ok=False,
        detail="2 in queue q wait at a1, which cannot call the phones of free agents (ben, cat); "
        "1 in queue loans wait at a1, which cannot call the phones of free agents (cat)",
    )
    centre.ready("ann")  # and gets c0
    assert reach_of(centre.core) == Reach(2, agents_barred=3, agents_unheard=0)


def test_the_end_of_it():
    centre = two_sites()
    centre.ready("ben")
    centre.do(c.CallArrived("c1", "q", "a1"))
    assert reach_of(centre.core).waiting_elsewhere == 1
    events = centre.do(c.DeviceReported("phone-ben", "a1", REACHABLE))  # it registers at both
    assert centre.offered(events) == [("c1", "ben")]
    assert reach_of(centre.core) == Reach(0, agents_barred=0, agents_unheard=0)
    assert check_of_reach(centre.core) == Check("reach", ok=True)


def test_who_has_no_agent_at_all_does_not_wait_for_a_phone():
    centre = two_sites()
    centre.do(c.CallArrived("c1", "q", "a1"))
    centre.do(c.LogOnAgent("ben"))
    assert reach_of(centre.core) == Reach(0, agents_barred=1, agents_unheard=0)
    centre.do(c.TelephonyLost("a2"))
    assert reach_of(centre.core) == Reach(0, agents_barred=1, agents_unheard=1)
    assert elsewhere(centre.core) == []
