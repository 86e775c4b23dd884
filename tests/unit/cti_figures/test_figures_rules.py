"""Rules of counting, one by one, on the real core."""

import pytest

from cti.figures import Figures
from routing import commands as c
from routing.config import AgentSpec, Overflow, QueueSpec, RoutingConfig
from routing.transfers import messages as t
from tests.worlds.api.router import SECOND, Router

CONFIG = RoutingConfig(
    queues=(
        QueueSpec("loans", need="loans", max_waiting=2, callback_attempts=1),
        QueueSpec("cards", need="cards", after_call_work_us=10 * SECOND),
    ),
    agents=(
        AgentSpec("8001", "8001", (("loans", 1),), employer="own"),
        AgentSpec("8002", "8002", (("cards", 1),), employer="acme"),
    ),
    pbxs=("a1",),
)


class Counted(Router):
    """A router whose events are folded."""

    def __init__(self, config=CONFIG):
        super().__init__(config)
        self.figures = Figures()
        employers = {agent.agent_id: agent.employer for agent in config.agents}
        self.listeners.append(
            lambda envelope: self.figures.apply(
                envelope, employers.get(getattr(envelope.event, "agent_id", ""), "")
            )
        )

    def counts(self, queue_id="loans"):
        return self.figures.queue(queue_id, self.clock.us)

    def time(self, agent_id):
        self.figures.settle(self.clock.us)
        return self.figures.agent(agent_id, self.clock.us)

    def talks(self, call="c1", agent="8001"):
        self.ready(agent)
        self.arrives(call)
        self.rings()
        self.answers()

    def transfers(self, kind, call="c1", agent="8001", **to):
        self.do(t.StartTransfer(call, agent, t.TransferKind(kind), **to))

    def balances(self):
        books = self.figures.queues.of_day(self.clock.us).values()
        asked = sum(each.offered for each in books)
        ended = sum(each.requests + each.withdrawn for each in books)
        return asked == ended + sum(self.figures.in_hand().values())


@pytest.fixture
def router():
    return Counted()


def test_who_gives_up_after_a_transfer_has_abandoned_that_request(router):
    router.talks()
    router.ready("8002")
    router.do(c.SetAgentState("8002", c.RequestedState.NOT_READY, "meal"))
    router.wait(60)
    router.transfers("singleStep", to_queue="cards")
    router.wait(7)
    router.hangs_up("c1")
    cards = router.counts("cards")
    assert (cards.offered, cards.abandoned, cards.abandoned_within(7)) == (1, 1, 1)
    assert cards.abandoned_wait_us == 7 * SECOND  # not the minute that they talked (C15)
    loans = router.counts()
    assert (loans.answered, loans.transferred, loans.contacts_answered) == (1, 1, 1)
    assert router.balances()


def test_a_search_that_is_called_off_is_no_abandon(router):
    router.talks()
    router.ready("8002")
    router.do(c.SetAgentState("8002", c.RequestedState.NOT_READY, "meal"))
    router.transfers("consult", to_queue="cards")
    router.do(t.CancelTransfer(1))
    cards = router.counts("cards")
    assert (cards.offered, cards.withdrawn, cards.requests) == (1, 1, 0)
    assert router.balances()


def test_a_caller_who_leaves_while_a_target_is_sought_was_answered_and_waits_nowhere(router):
    router.talks()
    router.ready("8002")
    router.do(c.SetAgentState("8002", c.RequestedState.NOT_READY, "meal"))
    router.transfers("blind", to_queue="cards")
    router.hangs_up("c1")
    assert (router.counts("cards").withdrawn, router.counts("cards").abandoned) == (1, 0)
    assert (router.counts().contacts, router.counts().contacts_answered) == (1, 1)
    assert router.balances()


def test_both_sides_of_a_consultation_spend_their_time_consulting(router):
    router.talks()
    router.wait(30)
    router.ready("8002")
    router.transfers("consult", to_queue="cards")
    router.rings()
    router.wait(2)
    router.answers()
    router.wait(20)
    router.do(t.TransferBridged(1))
    router.wait(15)
    router.hangs_up("c1")
    router.wait(60)
    sender, target = router.time("8001"), router.time("8002")
    assert (sender.talk_us, sender.consult_us, sender.hold_us) == (32 * SECOND, 20 * SECOND, 0)
    assert (target.ring_us, target.consult_us, target.talk_us) == (
        2 * SECOND, 20 * SECOND, 15 * SECOND,
    )  # fmt: skip
    assert (target.acw_us, router.counts("cards").acw_us) == (10 * SECOND, 10 * SECOND)
    assert router.counts("cards").answered == 1


def test_hold_without_anybody_else_is_hold(router):
    router.talks()
    router.wait(5)
    router.do(c.CallHeld("c1"))
    router.wait(8)
    router.do(c.CallRetrieved("c1"))
    router.wait(2)
    router.hangs_up("c1")
    time = router.time("8001")
    assert (time.talk_us, time.hold_us, time.held) == (7 * SECOND, 8 * SECOND, 1)


def test_an_overflow_is_one_wait_and_its_answer_is_the_first_queues_too():
    queues = (
        QueueSpec("loans", need="loans", max_wait_us=20 * SECOND,
                  overflows=(Overflow("queueTimeOverflow", "cards"),)),
        QueueSpec("cards", need="cards"),
    )  # fmt: skip
    router = Counted(RoutingConfig(queues=queues, agents=CONFIG.agents, pbxs=("a1",)))
    router.arrives("c1")
    router.arrives("c2")
    router.wait(25)
    router.ready("8002")
    router.rings()
    router.answers()
    router.hangs_up("c2")
    loans, cards = router.counts(), router.counts("cards")
    assert (loans.flowed_out, loans.flowed_out_answered, loans.requests) == (2, 1, 2)
    assert (cards.answered, cards.answered_within(24), cards.answered_within(25)) == (1, 0, 1)
    assert cards.abandoned_wait_us == 25 * SECOND
    assert (loans.contacts, cards.contacts) == (1, 0)  # one of them talks still
    assert router.balances()


def test_each_way_out_of_a_queue_has_a_count_of_its_own(router):
    for n in range(3):
        router.arrives(f"c{n}")
    router.do(c.SetQueueAccepting("cards", accepting=False))
    router.arrives("c4", "cards")
    assert (router.counts().full, router.counts("cards").closed) == (1, 1)
    router.do(c.CallTaken("c0"))
    router.do(c.TelephonyGone("a1"))
    assert (router.counts().taken, router.counts().lost) == (1, 1)
    assert router.balances()


def test_who_waited_again_when_their_asterisk_died_is_lost_and_has_not_given_up(router):
    router.talks()
    router.ready("8002")
    router.do(c.SetAgentState("8002", c.RequestedState.NOT_READY, "meal"))
    router.transfers("singleStep", to_queue="cards")
    router.do(c.TelephonyGone("a1"))
    assert (router.counts("cards").lost, router.counts("cards").abandoned) == (1, 0)


def test_a_caller_who_gives_up_while_a_phone_rings_is_counted_apart(router):
    router.ready("8001")
    router.arrives("c1")
    router.rings()
    router.wait(6)
    router.hangs_up("c1")
    counts = router.counts()
    assert (counts.abandoned_ringing, counts.abandoned_waiting) == (1, 0)
    assert (counts.abandoned_within(5), counts.abandoned_within(6)) == (0, 1)
    assert router.time("8001").ring_us == 6 * SECOND


def test_four_ways_a_phone_can_fail_are_four_counts(router):
    for outcome in ("noAnswer", "busy", "rejected", "unreachable"):
        router.ready("8001")
        router.do(c.SetAgentState("8001", c.RequestedState.READY))
        router.arrives(f"c-{outcome}")
        router.rings()
        router.fails(c.OfferOutcome(outcome))
        router.hangs_up(f"c-{outcome}")
        router.wait(60)
    time = router.time("8001")
    assert (time.no_answer, time.busy, time.rejected, time.unreachable) == (1, 1, 1, 1)
    assert time.offers == 4


def test_what_an_employers_agents_do_is_counted_for_it(router):
    router.talks()
    router.wait(10)
    own = router.figures.employers.of_day(router.clock.us)
    router.figures.settle(router.clock.us)
    assert (own["own"].answered, own["own"].talk_us) == (1, 10 * SECOND)
    assert "acme" not in own
