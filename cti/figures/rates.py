"""The formulas of the catalogue of indicators, over sums of `cti.figures.counts`.

A rate is two integers (C12); nothing of nothing is no data, neither 0 nor 100 % (C11). Every rate
is shown with its name, since one day's events give service levels from 33 to 70 %. T and S are
seconds: within what an answer is in time, and up to what an abandon is called short (C6).
"""

import msgspec

from cti.figures.counts import AgentCounts, QueueCounts

SHORT_S = 5


class Rate(msgspec.Struct, frozen=True):
    """`count` of `of`; both may be lengths."""

    name: str
    count: int
    of: int

    @property
    def hundredths(self) -> int | None:
        """Percent with two decimals, as an integer, half up: 3333 is 33.33 %. None: no data."""
        return (20_000 * self.count + self.of) // (2 * self.of) if self.of else None


class Mean(msgspec.Struct, frozen=True):
    """A sum of lengths over how many they are."""

    name: str
    sum_us: int
    of: int

    @property
    def us(self) -> int | None:
        """The mean length, rounded half up. None: no data."""
        return (2 * self.sum_us + self.of) // (2 * self.of) if self.of else None


# --- service levels ------------------------------------------------------------------------------


def sl_a(c: QueueCounts, t_s: int) -> Rate:
    """Strict, counts every loss: the default of reports."""
    return Rate("SL-A", c.answered_within(t_s), c.requests)


def sl_b(c: QueueCounts, t_s: int) -> Rate:
    """Of those who were answered or gave up."""
    return Rate("SL-B", c.answered_within(t_s), c.answered + c.abandoned)


def sl_c(c: QueueCounts, t_s: int) -> Rate:
    """Who gave up within T is left out."""
    of = c.answered + c.abandoned - c.abandoned_within(t_s)
    return Rate("SL-C", c.answered_within(t_s), of)


def sl_d(c: QueueCounts, t_s: int) -> Rate:
    """Who gave up within T counts as served."""
    count = c.answered_within(t_s) + c.abandoned_within(t_s)
    return Rate("SL-D", count, c.answered + c.abandoned)


def sl_e(c: QueueCounts, t_s: int) -> Rate:
    """Of those who were answered; says nothing of the others."""
    return Rate("SL-E", c.answered_within(t_s), c.answered)


def sl_f(c: QueueCounts, t_s: int, short_s: int = SHORT_S) -> Rate:
    """Short abandons are left out."""
    of = c.answered + c.abandoned - c.abandoned_within(short_s)
    return Rate("SL-F", c.answered_within(t_s), of)


def sl_g(c: QueueCounts, t_s: int, short_s: int = SHORT_S) -> Rate:
    """Short abandons count as served."""
    count = c.answered_within(t_s) + c.abandoned_within(short_s)
    return Rate("SL-G", count, c.answered + c.abandoned)


# --- access and speed ----------------------------------------------------------------------------


def connect_rate(c: QueueCounts) -> Rate:
    """K01: requests answered here, of all."""
    return Rate("K01", c.answered, c.requests)


def connect_rate_without_short(c: QueueCounts, short_s: int = SHORT_S) -> Rate:
    """K01 where short abandons are no requests."""
    return Rate("K01 without short", c.answered, c.requests - c.abandoned_within(short_s))


def connect_rate_followed(c: QueueCounts) -> Rate:
    """K01 where an answer in the queue that the request flowed to counts (C7)."""
    return Rate("K01 followed", c.answered + c.flowed_out_answered, c.requests)


def contact_rate(c: QueueCounts) -> Rate:
    """K02: contacts with an answer, of all that asked for a human."""
    return Rate("K02", c.contacts_answered, c.contacts)


def loss_rate(c: QueueCounts) -> Rate:
    """K03: not answered, neither here nor where the request flowed to."""
    return Rate("K03", c.requests - c.answered - c.flowed_out_answered, c.requests)


def abandon_rate(c: QueueCounts) -> Rate:
    """K04."""
    return Rate("K04", c.abandoned, c.requests)


def abandon_rate_without_short(c: QueueCounts, short_s: int = SHORT_S) -> Rate:
    """K05."""
    short = c.abandoned_within(short_s)
    return Rate("K05", c.abandoned - short, c.requests - short)


def platform_lost_rate(c: QueueCounts) -> Rate:
    """K09."""
    return Rate("K09", c.platform_lost, c.requests)


def speed_of_answer(c: QueueCounts) -> Mean:
    """K11, ASA: wait of those who were answered."""
    return Mean("K11", c.answered_wait_us, c.answered)


def time_to_abandon(c: QueueCounts) -> Mean:
    """K13."""
    return Mean("K13", c.abandoned_wait_us, c.abandoned)


# --- handling and agents' time -------------------------------------------------------------------


def handle_time(c: QueueCounts) -> Mean:
    """K20, AHT: talk, hold and after-call work, without consulting."""
    return Mean("K20", c.talk_us + c.hold_us + c.acw_us, c.answered)


def talk_time(c: QueueCounts) -> Mean:
    """K21, hold not in it."""
    return Mean("K21", c.talk_us, c.answered)


def hold_time(c: QueueCounts) -> Mean:
    """Hold per answered request; K22 is of those that were held."""
    return Mean("hold", c.hold_us, c.answered)


def acw_time(c: QueueCounts) -> Mean:
    """K23."""
    return Mean("K23", c.acw_us, c.answered)


def transfer_rate(c: QueueCounts) -> Rate:
    """K24."""
    return Rate("K24", c.transferred, c.answered)


def agent_release_rate(c: QueueCounts) -> Rate:
    """K25."""
    return Rate("K25", c.released, c.answered)


def ring_time(a: AgentCounts) -> Mean:
    """K14."""
    return Mean("K14", a.ring_us, a.offers)


def no_answer_rate(a: AgentCounts) -> Rate:
    """K38."""
    return Rate("K38", a.no_answer, a.offers)


def occupancy(a: AgentCounts) -> Rate:
    """K30, strict: ringing is no work."""
    handled = _handled_us(a)
    return Rate("K30", handled, handled + a.ready_us)


def occupancy_with_ring(a: AgentCounts) -> Rate:
    """K30 where ringing is work."""
    busy = _handled_us(a) + a.ring_us
    return Rate("K30 with ring", busy, busy + a.ready_us)


def call_utilisation(a: AgentCounts) -> Rate:
    """K31, of the signed-in time."""
    return Rate("K31", a.talk_us + a.hold_us, a.signed_in_us)


def work_time_utilisation(a: AgentCounts) -> Rate:
    """K32, of the signed-in time."""
    return Rate("K32 on SIGN", _handled_us(a) + a.ring_us + a.ready_us, a.signed_in_us)


def _handled_us(a: AgentCounts) -> int:
    return a.talk_us + a.hold_us + a.acw_us
