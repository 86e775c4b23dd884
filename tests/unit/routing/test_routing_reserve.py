"""The reserve of a queue opens and closes by every way into its line and out of it."""

from msgspec.structs import replace

from routing import commands as c
from routing.commands import OfferOutcome
from routing.config import Overflow, Reserve
from routing.events import ReserveChanged
from routing.transfers.messages import IfMissed
from tests.worlds.routing.centre import Centre, S, agent, queue
from tests.worlds.routing.told import apply, of
from tests.worlds.routing.transfer_desk import Desk


def changes(events):
    return [(each.queue_id, each.open, each.waiting) for each in of(events, ReserveChanged)]


def test_who_is_sent_on_leaves_a_shorter_line():
    flow = Overflow("queueTimeOverflow", "b")
    reserve = Reserve("helpers", 2, 1)
    a = queue("a", max_wait_us=30 * S, overflows=(flow,), reserve=reserve)
    centre = Centre([a, queue("b"), queue("h", need="helpers")], [agent("8001", "helpers")])
    centre.call("c1", "a")
    centre.wait(5)
    assert changes(centre.call("c2", "a")) == [("a", True, 2)]
    assert changes(centre.wait(25)) == [("a", False, 1)]


def test_a_call_back_whose_pause_is_over_is_in_the_line_again():
    q = queue("q", after_call_work_us=0, callback_retry_us=60 * S, reserve=Reserve("h", 2, 0))
    centre = Centre([q, queue("h")], [agent("8001", "q")])
    centre.call("c1", "q")
    centre.do(c.BookCallback("c1", "138"))
    centre.hang_up("c1")
    centre.ready("8001")
    centre.fail("8001", OfferOutcome.CUSTOMER_UNREACHABLE)
    centre.not_ready("8001")
    assert changes(centre.call("c2", "q")) == []
    assert changes(centre.wait(60)) == [("q", True, 2)]


def test_a_consultation_that_goes_elsewhere_leaves_a_shorter_line():
    """It waited for one agent, who signs out, on behalf of the customer's queue."""
    desk = Desk()
    desk.change(queue("loans", reserve=Reserve("nobody", 2, 1)))
    desk.ready("cat", "dan")
    desk.call("c8", "cards")
    desk.answer("cat")
    desk.not_ready("dan")
    rules = {"busy": IfMissed.QUEUE_TO_AGENT, "not_ready": IfMissed.OVERFLOW}
    desk.start("consult", "cat", overflow_to="cards", **rules)
    assert changes(desk.call("c9", "loans")) == [("loans", True, 2)]
    desk.do(c.LogOffAgent("cat"))
    desk.hang_up("c8")
    desk.now_us += 10 * S
    events = desk.do(c.DeadlinesReached())  # after-call work is over
    assert changes(events) == [("loans", False, 1)]


def test_another_threshold_counts_from_the_moment_it_is_agreed():
    q = queue("q", reserve=Reserve("helpers", 3, 1))
    centre = Centre([q, queue("h", need="helpers")], [agent("8001", "helpers")])
    centre.call("c1", "q")
    centre.call("c2", "q")
    lower = replace(q, reserve=Reserve("helpers", 2, 1))
    assert changes(apply(centre, queues=(lower, *centre.config.queues[1:]))) == [("q", True, 2)]
    higher = replace(q, reserve=Reserve("helpers", 5, 2))
    assert changes(apply(centre, queues=(higher, *centre.config.queues[1:]))) == [("q", False, 2)]
