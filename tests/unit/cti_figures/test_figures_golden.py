"""The golden vectors of the catalogue of indicators: one data set, every formula.

What an IVR counts is not here: the router does not see it.
"""

import pytest

from cti.figures import AgentCounts, Figures, QueueCounts, rates, total
from cti.record.envelope import Envelope
from routing import events as e
from routing.commands import OfferOutcome
from routing.transfers.messages import CallTransferred, Connection, TransferKind
from tests.worlds.record.history import agent_state, made

SECOND = 1_000_000
OPENING_US = 1_795_312_800 * SECOND  # 2026-11-22 10:00 in UTC+8
T_S = 20
OWN, OTHER = ("8001", "8002"), "9001"


def percent(rate):
    return rate.hundredths / 100


# --- vector 1: a published example ----------------------------------------------------------------


def test_published_service_levels():
    counts = QueueCounts(
        answered=1000,
        abandoned_waiting=60,
        answered_after_s={20: 860, 60: 140},
        abandoned_after_s={5: 10, 20: 10, 90: 40},
    )
    shown = {
        level(counts, T_S).name: percent(level(counts, T_S))
        for level in (rates.sl_b, rates.sl_c, rates.sl_d, rates.sl_e, rates.sl_f, rates.sl_g)
    }
    assert shown == {
        "SL-B": 81.13, "SL-C": 82.69, "SL-D": 83.02, "SL-E": 86.00, "SL-F": 81.90, "SL-G": 82.08,
    }  # fmt: skip


# --- vector 2: events of one half-hour ------------------------------------------------------------


class HalfHour:
    """Writes events at their seconds and gives them to the figures in the order of time."""

    def __init__(self):
        self._said = []
        self._calls = 0

    def say(self, at_s, event):
        self._said.append((round(at_s * SECOND), len(self._said), event))

    def shift(self, agent_id, until_s=1800):
        self.say(0, made(e.AgentLoggedOn, agent_id=agent_id))
        self.say(0, agent_state(agent_id, "notReady"))
        self.say(0, agent_state(agent_id, "ready"))
        self.say(until_s, agent_state(agent_id, "null"))

    def queued(self, at_s, queue_id="q1", call_id="", request_no=1, cause="arrived"):
        if not call_id:
            self._calls += 1
            call_id = f"a1-{self._calls}.1"
        call = {"call_id": call_id, "request_no": request_no, "queue_id": queue_id}
        first_us = OPENING_US + round(at_s * SECOND)
        self.say(at_s, made(e.CallQueued, **call, first_queued_us=first_us, cause=cause))
        return call

    def answered(self, at_s, call, wait_s, talk_s, hold_s, acw_s, *, agent_id="8001", ring_s=8,
                 by=e.ClearedBy.CALLER):  # fmt: skip
        """The conversation of a call that has waited since `at_s`; when it ended."""
        of_call = {**call, "agent_id": agent_id}
        begins_s, ring_s = at_s + wait_s, min(ring_s, wait_s)
        ends_s = begins_s + talk_s + hold_s
        self.say(begins_s - ring_s, agent_state(agent_id, "reserved"))
        self.say(
            begins_s, made(e.CallEstablished, **of_call, offer_id=1, waited_us=wait_s * SECOND)
        )
        self.say(begins_s, agent_state(agent_id, "busy"))
        if hold_s:
            self.say(begins_s + 1, made(e.CallHeldEvent, **of_call))
            self.say(begins_s + 1 + hold_s, made(e.CallRetrievedEvent, **of_call))
        self.say(ends_s, made(e.ConnectionCleared, **of_call, by=by, talked_us=talk_s * SECOND,
                              held_us=hold_s * SECOND))  # fmt: skip
        self.say(ends_s, agent_state(agent_id, "workingAfterCall" if acw_s else "ready"))
        if acw_s:
            self.say(ends_s + acw_s, agent_state(agent_id, "ready"))
        return ends_s

    def cleared(self, at_s, call, outcome):
        self.say(at_s, made(e.CallCleared, **call, outcome=e.CallOutcome(outcome)))

    def served(self, at_s, *times):
        call = self.queued(at_s)
        self.cleared(self.answered(at_s, call, *times), call, "answered")

    def figures(self):
        figures = Figures()
        employers = dict.fromkeys(OWN, "own") | {OTHER: "acme"}
        for seq, (at_us, _, event) in enumerate(sorted(self._said, key=lambda row: row[:2]), 1):
            employer = employers.get(getattr(event, "agent_id", ""), "")
            figures.apply(Envelope(1, seq, OPENING_US + at_us, event), employer)
        return figures


@pytest.fixture(scope="module")
def half_hour():
    day = HalfHour()
    for agent_id in OWN:
        day.shift(agent_id)
    day.shift(OTHER)
    day.say(100, agent_state("8002", "notReady", reason="break"))
    day.say(400, agent_state("8002", "ready"))
    # One after another by the first agent: no two conversations at once.
    day.served(0, 0, 120, 0, 30)
    day.served(200, 12, 200, 20, 40)
    day.served(500, 20, 90, 0, 10)
    day.served(650, 21, 300, 60, 50)
    day.served(1100, 75, 150, 0, 20)
    handed_on(day, 1400)
    for at_s, wait_s in ((10, 3), (20, 15), (30, 40)):
        day.cleared(at_s + wait_s, day.queued(at_s), "abandoned")
    ringing = day.queued(40)
    day.say(58, made(e.OfferEnded, **ringing, agent_id=OTHER, outcome=OfferOutcome.CALLER_GONE))
    day.cleared(58, ringing, "abandoned")
    day.cleared(80, day.queued(50), "lost")
    overflowed(day, 60)
    return day.figures()


def handed_on(day, at_s):
    """Answered in Q1, transferred in one step to Q3, answered there."""
    call = day.queued(at_s)
    ends_s = day.answered(at_s, call, 8, 100, 0, 5, by=e.ClearedBy.TRANSFER)
    day.say(
        ends_s,
        made(
            CallTransferred, call_id=call["call_id"], secondary_old_call=call["call_id"],
            request_no=2, queue_id="q3", agent_id="8001", kind=TransferKind.SINGLE_STEP,
            connection=Connection.QUEUED,
        ),
    )  # fmt: skip
    again = day.queued(ends_s, "q3", call["call_id"], 2, "singleStep")
    day.cleared(day.answered(ends_s, again, 5, 80, 0, 15, agent_id=OTHER), again, "answered")


def overflowed(day, at_s):
    """Waited for 60 s in Q1, answered in Q2."""
    call = day.queued(at_s)
    day.say(at_s + 60, made(e.CallDiverted, **call, to_queue="q2", cause="queueTimeOverflow",
                            waited_us=60 * SECOND))  # fmt: skip
    again = day.queued(at_s + 60, "q2", call["call_id"], 2, "queueTimeOverflow")
    day.cleared(day.answered(at_s, again, 90, 30, 0, 0, agent_id=OTHER), again, "answered")


@pytest.fixture
def q1(half_hour):
    return half_hour.queue("q1", OPENING_US)


@pytest.fixture
def agents(half_hour):
    return total(AgentCounts, (half_hour.agent(agent_id, OPENING_US) for agent_id in OWN))


def test_requests_of_q1(q1):
    assert (q1.offered, q1.requests, q1.answered, q1.abandoned) == (12, 12, 6, 4)
    assert (q1.abandoned_ringing, q1.lost, q1.flowed_out, q1.flowed_out_answered) == (1, 1, 1, 1)


def test_the_books_balance(half_hour):
    parts = half_hour.queues.of_day(OPENING_US).values()
    everything = total(QueueCounts, parts)
    assert everything.offered == everything.requests + everything.withdrawn == 14
    assert half_hour.in_hand() == {}
    assert half_hour.missing == 0


@pytest.mark.parametrize(
    ("rate", "fraction", "shown"),
    [
        (rates.connect_rate, (6, 12), 50.00),
        (rates.connect_rate_without_short, (6, 11), 54.55),
        (rates.connect_rate_followed, (7, 12), 58.33),
        (rates.contact_rate, (7, 12), 58.33),
        (rates.loss_rate, (5, 12), 41.67),
        (rates.abandon_rate, (4, 12), 33.33),
        (rates.abandon_rate_without_short, (3, 11), 27.27),
        (rates.platform_lost_rate, (1, 12), 8.33),
        (rates.transfer_rate, (1, 6), 16.67),
        (rates.agent_release_rate, (0, 6), 0.00),
    ],
)
def test_rates_of_q1(q1, rate, fraction, shown):
    found = rate(q1)
    assert ((found.count, found.of), percent(found)) == (fraction, shown)


@pytest.mark.parametrize(
    ("level", "fraction", "shown"),
    [
        (rates.sl_a, (4, 12), 33.33),
        (rates.sl_b, (4, 10), 40.00),
        (rates.sl_c, (4, 7), 57.14),
        (rates.sl_d, (7, 10), 70.00),
        (rates.sl_e, (4, 6), 66.67),
        (rates.sl_f, (4, 9), 44.44),
        (rates.sl_g, (5, 10), 50.00),
    ],
)
def test_service_levels_of_q1(q1, level, fraction, shown):
    found = level(q1, T_S)
    assert ((found.count, found.of), percent(found)) == (fraction, shown)


@pytest.mark.parametrize(
    ("mean", "of", "shown_s"),
    [
        (rates.speed_of_answer, (136, 6), 22.67),
        (rates.time_to_abandon, (76, 4), 19.00),
        (rates.handle_time, (1195, 6), 199.17),
        (rates.talk_time, (960, 6), 160.00),
        (rates.hold_time, (80, 6), 13.33),
        (rates.acw_time, (155, 6), 25.83),
    ],
)
def test_means_of_q1(q1, mean, of, shown_s):
    found = mean(q1)
    assert (found.sum_us, found.of) == (of[0] * SECOND, of[1])
    assert round(found.us / SECOND, 2) == shown_s


def test_ready_seconds(agents):
    assert agents.ready_us == 2065 * SECOND
    assert agents.not_ready_us == {"break": 300 * SECOND}
    assert agents.signed_in_us == 3600 * SECOND


@pytest.mark.parametrize(
    ("rate", "seconds", "shown"),
    [
        (rates.occupancy, (1195, 3260), 36.66),
        (rates.occupancy_with_ring, (1235, 3300), 37.42),
        (rates.call_utilisation, (1040, 3600), 28.89),
        (rates.work_time_utilisation, (3300, 3600), 91.67),
    ],
)
def test_agents_time(agents, rate, seconds, shown):
    found = rate(agents)
    assert (found.count, found.of) == (seconds[0] * SECOND, seconds[1] * SECOND)
    assert percent(found) == shown


def test_an_employer_is_the_sum_of_its_agents(half_hour, agents):
    assert half_hour.employers.of_day(OPENING_US)["own"] == agents


def test_a_day_is_the_sum_of_its_quarters(half_hour, q1):
    quarters = half_hour.queues.intervals
    assert len(quarters) == 2
    assert total(QueueCounts, (cells["q1"] for cells in quarters.values() if "q1" in cells)) == q1


def test_nothing_of_nothing_is_no_data():
    assert rates.sl_a(QueueCounts(), T_S).hundredths is None
    assert rates.speed_of_answer(QueueCounts()).us is None


@pytest.mark.parametrize(("count", "of", "hundredths"), [(1, 8, 1250), (1, 16, 625), (1, 32, 313)])
def test_percent_is_rounded_half_up(count, of, hundredths):
    assert rates.Rate("", count, of).hundredths == hundredths
