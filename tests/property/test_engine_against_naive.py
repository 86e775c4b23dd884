"""The engine does what the naive engine does, decision for decision.

Two drivers: seeded worlds, crowded and unlucky, some thousand commands a second (`python -m
tests.naive` runs as many as you like), and a Hypothesis machine that finds short stories. After
every command: equal events, equal next deadline, no invariant broken.
"""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from routing import commands as c
from routing.commands import OfferOutcome, RequestedState
from routing.transfers import messages as t
from routing.transfers.transfer import TransferState
from tests.lanes import lane
from tests.naive.chance import FAILURES, PBXS, REASONS, SECOND, some_config, some_need
from tests.naive.chance_transfers import ASKS, REPORTS
from tests.naive.duel import START_US, DisagreementError, Duel, fought, replayed, shrunk

pytestmark = pytest.mark.soak


@pytest.mark.parametrize("seed", range(lane(120, whole=2_000)))
def test_a_seeded_world(seed):
    fought(seed)


@pytest.mark.parametrize("seed", range(10_000, 10_000 + lane(40, whole=500)))
def test_a_seeded_world_with_a_late_dispatcher(seed):
    fought(seed, prompt=0.3)


def test_the_worlds_reach_every_state_of_a_transfer_and_every_connection():
    """A duel that never gets anywhere proves nothing."""
    seen = {"seeking"}
    for seed in range(200, 225):
        first = fought(seed)
        duel = Duel(first.config, check_invariants=False)
        for stamped in first.journal:
            events = duel.submit(stamped.at_us, stamped.command)
            seen.update(each.connection for each in events if type(each) is t.CallTransferred)
            seen.update(transfer.state for transfer in duel.naive.world.transfers)
    assert {*TransferState, *t.Connection} - seen == set()


def test_a_crowded_world_for_a_long_time():
    fought(seed=7, commands=3000)


class NaiveMachine(RuleBasedStateMachine):
    """Short stories: Hypothesis chooses what happens, to whom, and how much time passes."""

    @initialize(seed=st.integers(0, 1_000_000))
    def open_the_centre(self, seed):
        from random import Random

        self.rng = Random(seed)
        self.duel = Duel(some_config(self.rng))
        self.world = self.duel.naive.world
        self.now_us = START_US
        self.arrived = 0

    def submit(self, command):
        self.duel.submit(self.now_us, command)

    def agent(self, number):
        agents = self.world.config.agents
        return agents[number % len(agents)].agent_id

    def call(self, number):
        calls = self.world.calls
        return calls[number % len(calls)].call_id if calls else "nobody"

    def offer(self, number):
        offers = self.world.offers
        return offers[number % len(offers)].offer_id if offers else number

    numbers = st.integers(0, 11)

    @rule(pause_us=st.sampled_from((1, SECOND, 3 * SECOND, 10 * SECOND, 60 * SECOND)))
    def time_passes(self, pause_us):
        until_us = self.now_us + pause_us
        while (due_us := self.duel.naive.next_deadline_us()) and due_us <= until_us:
            self.now_us = max(self.now_us, due_us)
            self.submit(c.DeadlinesReached())
        self.now_us = until_us

    @rule(
        queue=numbers,
        pbx=st.sampled_from(PBXS),
        priority=st.sampled_from((0, 0, 7)),
        picky=st.booleans(),
        preferred=st.one_of(st.none(), numbers),
    )
    def a_caller_arrives(self, queue, pbx, priority, picky, preferred):
        self.arrived += 1
        queues = self.world.config.queues
        self.submit(
            c.CallArrived(
                call_id=f"c{self.arrived}",
                queue_id=queues[queue % len(queues)].queue_id,
                pbx=pbx,
                priority=priority,
                needs=some_need(self.rng, 3) if picky else "",
                preferred_agent="" if preferred is None else self.agent(preferred),
            )
        )

    @rule(number=numbers)
    def an_agent_gets_ready(self, number):
        self.submit(c.LogOnAgent(self.agent(number)))
        self.submit(c.SetAgentState(self.agent(number), RequestedState.READY))

    @rule(number=numbers, state=st.sampled_from(RequestedState), reason=st.sampled_from(REASONS))
    def an_agent_asks(self, number, state, reason):
        self.submit(c.SetAgentState(self.agent(number), state, reason))

    @rule(number=numbers)
    def an_agent_leaves(self, number):
        self.submit(c.LogOffAgent(self.agent(number)))

    @rule(number=numbers, report=st.sampled_from((c.OfferRinging, c.OfferAnswered, c.LegsBridged)))
    def an_offer_goes_on(self, number, report):
        self.submit(report(self.offer(number)))

    @rule(number=numbers, outcome=st.sampled_from(FAILURES))
    def an_offer_fails(self, number, outcome):
        self.submit(c.OfferFailed(self.offer(number), OfferOutcome(outcome)))

    @rule(number=numbers, what=st.sampled_from((c.CallHeld, c.CallRetrieved, c.CallTaken)))
    def something_happens_to_a_call(self, number, what):
        self.submit(what(self.call(number)))

    @rule(number=numbers)
    def a_caller_hangs_up(self, number):
        self.submit(c.CallerHungUp(self.call(number)))

    @rule(number=numbers)
    def an_agent_hangs_up(self, number):
        talking = [call for call in self.world.calls if call.connected]
        if talking:
            call = talking[number % len(talking)]
            self.submit(c.AgentLegCleared(call.call_id, call.agent_id))

    @rule(number=numbers, reachable=st.booleans())
    def a_phone_comes_or_goes(self, number, reachable):
        self.submit(c.DeviceReachable(self.agent(number), reachable))

    @rule(pbx=st.sampled_from(PBXS), what=st.sampled_from((c.TelephonyLost, c.TelephonyRestored)))
    def a_link_comes_or_goes(self, pbx, what):
        self.submit(what(pbx))

    @rule(
        number=numbers,
        kind=st.sampled_from(t.TransferKind),
        to_queue=st.one_of(st.none(), numbers),
        towards=numbers,
        if_missed=st.sampled_from(t.IfMissed),
    )
    def a_customer_is_handed_on(self, number, kind, to_queue, towards, if_missed):
        talking = [call for call in self.world.calls if call.connected]
        if not talking:
            return
        call, queues = talking[number % len(talking)], self.world.config.queues
        overflow_to = queues[towards % len(queues)].queue_id
        self.submit(
            t.StartTransfer(
                call_id=call.call_id,
                initiator=call.agent_id,
                kind=kind,
                to_queue="" if to_queue is None else queues[to_queue % len(queues)].queue_id,
                to_agent=self.agent(towards) if to_queue is None else "",
                policy=t.TransferPolicy(if_missed, if_missed, if_missed, overflow_to),
            )
        )

    @rule(number=numbers, what=st.sampled_from((*ASKS, *REPORTS)))
    def a_transfer_goes_on(self, number, what):
        live = self.world.transfers
        if live:
            self.submit(what(live[number % len(live)].transfer_id))


TestNaiveMachine = NaiveMachine.TestCase
TestNaiveMachine.settings = settings(
    max_examples=lane(60, whole=1_000), stateful_step_count=60, deadline=None
)


# --- the test of the test -----------------------------------------------------------------------


class WrongNaive(Duel):
    """An engine that is wrong in one small way: it forgets who has waited longest."""

    def __post_init__(self):
        super().__post_init__()
        becomes_idle = self.naive.becomes_idle

        def forgetful(agent):
            becomes_idle(agent)
            agent.idle_since_us = 0

        self.naive.becomes_idle = forgetful


def fight_many(seeds):
    for seed in range(seeds):
        fought(seed)


def test_a_small_difference_is_found_and_shortened(monkeypatch):
    monkeypatch.setattr("tests.naive.duel.Duel", WrongNaive)
    with pytest.raises(DisagreementError) as found:
        fight_many(200)
    journal = shrunk(found.value.config, found.value.journal)
    assert replayed(found.value.config, journal)
    assert len(journal) < 40
