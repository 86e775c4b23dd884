"""The figures against the real core: the books balance, time is whole, nothing is counted twice.

Centres, calls, agents, transfers and lost Asterisks are drawn from a seed.
"""

from collections import Counter
from functools import cache
from itertools import count

import pytest

from cti.figures import AgentCounts, Calendar, Figures, QueueCounts, total
from cti.record.envelope import Envelope
from routing import events as e
from routing.call import CallState
from routing.config import RoutingConfig
from routing.engine import RoutingEngine
from tests.naive.duel import DisagreementError, fought

IN_HAND = (CallState.WAITING, CallState.OUT_OF_SIGHT, CallState.OFFERED)
BUSY = ("talk_us", "hold_us", "consult_us")
SEEDS = 10


@cache
def drawn(seed):
    """A configuration and a journal that mean something to the core."""
    try:
        duel = fought(seed, commands=400)
    except DisagreementError as found:  # of the core and the naive engine: not our business here
        return found.config, found.journal
    return duel.config, duel.journal


def played(seed):
    """The core after each command, with what it said."""
    config, journal = drawn(seed)
    engine, numbers = RoutingEngine(config), count(1)
    for stamped in journal:
        events = engine.handle(stamped)
        yield engine, [Envelope(1, next(numbers), stamped.at_us, event) for event in events]


def employers_of(config: RoutingConfig):
    found = {agent.agent_id: agent.employer for agent in config.agents}
    return lambda envelope: found.get(getattr(envelope.event, "agent_id", ""), "")


def folded(envelopes, employer_of, figures=None):
    figures = figures or Figures(Calendar(interval_us=60_000_000))
    for envelope in envelopes:
        figures.apply(envelope, employer_of(envelope))
    return figures


def history(seed):
    *_, (engine, _) = turns = list(played(seed))
    envelopes = [envelope for _, said in turns for envelope in said]
    return engine, envelopes, employers_of(drawn(seed)[0])


def everything(figures):
    return total(QueueCounts, (c for day in figures.queues.days.values() for c in day.values()))


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_request_is_in_hand_exactly_while_its_call_waits(seed):
    figures = Figures()
    for engine, said in played(seed):
        folded(said, lambda _: "own", figures)
        waiting = [call.queue_id for call in engine.calls.values() if call.state in IN_HAND]
        assert figures.in_hand() == dict(Counter(waiting)), said
    counts = everything(figures)
    assert counts.offered == counts.requests + counts.withdrawn + sum(figures.in_hand().values())


@pytest.mark.parametrize("seed", range(SEEDS))
def test_contacts_and_answers_are_those_that_the_core_counts(seed):
    engine, envelopes, employer_of = history(seed)
    counts = everything(folded(envelopes, employer_of))
    assert counts.contacts == sum(engine.outcomes.values())
    assert counts.contacts_answered == engine.outcomes.get(e.CallOutcome.ANSWERED, 0)
    assert counts.lost >= engine.outcomes.get(e.CallOutcome.LOST, 0)
    assert sum(counts.answered_after_s.values()) == counts.answered
    assert sum(counts.abandoned_after_s.values()) == counts.abandoned


@pytest.mark.parametrize("seed", range(SEEDS))
def test_every_moment_of_an_agent_is_in_one_bucket(seed):
    """Against the core's own sum of what each state lasted."""
    engine, envelopes, employer_of = history(seed)
    figures = folded(envelopes, employer_of)
    figures.settle(engine.now_us)
    spent: dict[str, Counter] = {}
    for envelope in envelopes:
        event = envelope.event
        if isinstance(event, e.AgentStateChanged) and event.previous is not e.AgentState.NULL:
            spent.setdefault(event.agent_id, Counter())[event.previous] += event.previous_us
    for agent in engine.agents.values():
        if agent.shown is not e.AgentState.NULL:
            since_us = engine.now_us - agent.shown_since_us
            spent.setdefault(agent.agent_id, Counter())[agent.shown] += since_us
    for agent_id, states in spent.items():
        counts = total(AgentCounts, (day[agent_id] for day in figures.agents.days.values()))
        assert counts.ready_us == states["ready"]
        assert counts.ring_us == states["reserved"]
        assert counts.acw_us == states["workingAfterCall"]
        assert sum(counts.not_ready_us.values()) == states["notReady"]
        assert sum(getattr(counts, name) for name in BUSY) == states["busy"]
        assert counts.signed_in_us == states.total()


@pytest.mark.parametrize("seed", range(SEEDS))
def test_talk_is_as_long_as_the_core_says_and_hold_and_consult_are_the_rest(seed):
    """Of conversations with customers; when two agents consult, neither of them talks to one."""
    _, envelopes, employer_of = history(seed)
    figures = folded(envelopes, employer_of)
    conversations = [
        each.event for each in envelopes if isinstance(each.event, e.ConnectionCleared)
    ]
    figures.settle(envelopes[-1].at_us)
    counts = total(AgentCounts, (c for day in figures.agents.days.values() for c in day.values()))
    talked_us = sum(event.talked_us for event in conversations if "~" not in event.call_id)
    assert counts.talk_us >= talked_us  # and those who talk still, and all three of a conference
    assert counts.held == sum(1 for event in conversations
                              if "~" not in event.call_id and event.held_us)  # fmt: skip


@pytest.mark.parametrize("seed", range(SEEDS))
def test_days_quarters_and_employers_are_sums_of_the_same(seed):
    engine, envelopes, employer_of = history(seed)
    figures = folded(envelopes, employer_of)
    figures.settle(engine.now_us)
    parts = (c for cells in figures.queues.intervals.values() for c in cells.values())
    assert total(QueueCounts, parts) == everything(figures)
    agents = total(AgentCounts, (c for d in figures.agents.days.values() for c in d.values()))
    for kept in (figures.employers.days, figures.employers.intervals):
        assert total(AgentCounts, (c for cells in kept.values() for c in cells.values())) == agents


@pytest.mark.parametrize("seed", range(SEEDS))
def test_an_event_told_twice_is_counted_once_and_one_that_is_missing_is_said(seed):
    _, envelopes, employer_of = history(seed)
    once = folded(envelopes, employer_of)
    twice = folded([each for each in envelopes for _ in range(2)], employer_of)
    folded(envelopes[: len(envelopes) // 2], employer_of, twice)
    assert twice.queues.days == once.queues.days
    assert (once.missing, twice.missing) == (0, 0)
    holey = folded([each for each in envelopes if each.seq not in (3, 4, 9)], employer_of)
    assert holey.missing == 3


@pytest.mark.parametrize("seed", range(SEEDS))
def test_what_is_settled_in_between_changes_nothing(seed):
    engine, envelopes, employer_of = history(seed)
    at_end = folded(envelopes, employer_of)
    at_end.settle(engine.now_us)
    often = Figures(Calendar(interval_us=60_000_000))
    for envelope in envelopes:
        often.settle(envelope.at_us)
        often.apply(envelope, employer_of(envelope))
    often.settle(engine.now_us)
    assert often.agents.days == at_end.agents.days
    assert often.queues.intervals == at_end.queues.intervals


@pytest.mark.parametrize("seed", range(SEEDS))
def test_live_counts_are_those_since_then(seed):
    _, envelopes, employer_of = history(seed)
    cut = len(envelopes) // 2
    figures = folded(envelopes[:cut], employer_of)
    before = everything(figures)
    figures.count_live()
    folded(envelopes[cut:], employer_of, figures)
    live = total(QueueCounts, figures.queues.live.values())
    assert total(QueueCounts, (before, live)).answered == everything(figures).answered
    assert total(QueueCounts, (before, live)).offered == everything(figures).offered


@pytest.mark.parametrize("seed", range(SEEDS))
def test_who_begins_in_the_midst_of_calls_counts_what_ends_from_then_on(seed):
    """Of calls and agents that are not known, events say enough themselves."""
    _, envelopes, employer_of = history(seed)
    cut = len(envelopes) // 2
    whole, late = Figures(), Figures()
    folded(envelopes[:cut], employer_of, whole)
    whole.count_live()
    folded(envelopes[cut:], employer_of, whole)
    late.begin_after(cut, since_us=0)
    folded(envelopes[cut:], employer_of, late)
    expected, found = total(QueueCounts, whole.queues.live.values()), everything(late)
    assert found.answered == expected.answered
    assert found.contacts_answered == expected.contacts_answered
    assert (
        found.abandoned <= expected.abandoned
    )  # one who waits again was answered, for all it knows
    assert expected.offered - found.offered <= len(envelopes[:cut])
    assert late.missing == 0
