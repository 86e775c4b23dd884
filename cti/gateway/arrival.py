"""When a caller first arrived: the dialplan's word, held to what else is known of the time. Pure.

A wrong time is no small thing: a call that comes in eight hours old overtakes everybody, and is cut
off by the first `max_wait_s`. Three clocks speak of it. The channel's unique id begins with the
second in which Asterisk made it; ASKED_S is Asterisk's clock at this question; ours is ours.

* Before the channel was, or after the question was asked: that is no arrival. (A dialplan that asks
  for local time makes such ones.)
* Asterisk's clock and ours apart: only how long ago it was counts, so both clocks may be wrong.
"""

import re
from enum import Enum
from typing import Final

from cti.gateway.question import Question, Verb

SECOND_US: Final = 1_000_000

SLACK_US: Final = 5 * SECOND_US
"""A clock that is being put right moves by less; what is off by less harms nobody's place."""

# main/channel.c, `__ast_channel_alloc_ap`: SYSTEMNAME-SECOND.COUNT, or SECOND.COUNT
_CREATED: Final = re.compile(r"(?:.*-)?([0-9]{9,11})\.[0-9]+")


class Wrong(Enum):
    """What may be wrong with an arrival: it cannot have been then, or the clocks are apart."""

    TIME = "time"
    CLOCK = "clock"


def created_us(uniqueid: str) -> int:
    """The second in which the channel was made; 0 when its unique id was chosen by somebody."""
    found = _CREATED.fullmatch(uniqueid)
    return int(found[1]) * SECOND_US if found else 0


def first_arrival(question: Question, now_us: int) -> tuple[int, Wrong | None]:
    """Microseconds since 1970 by our clock (0: now), and what was wrong with it."""
    arrived_us, wrong = plausible(question.arrived_us, question.uniqueid, question.asked_us)
    if wrong:
        # Nobody knows when. An `arrive` has just arrived; who asks again has waited, at most since.
        arrived_us = 0 if question.verb is Verb.ARRIVE else arrived_us
    apart_us = now_us - question.asked_us if question.asked_us else 0
    if arrived_us and abs(apart_us) > SLACK_US:
        # Whole seconds, so that callers of one second keep their order.
        arrived_us += apart_us // SECOND_US * SECOND_US
        wrong = wrong or Wrong.CLOCK
    return arrived_us, wrong


def plausible(arrived_us: int, uniqueid: str, asked_us: int = 0) -> tuple[int, Wrong | None]:
    """The arrival, or the birth of its channel where it cannot have been then; what was wrong."""
    birth_us = created_us(uniqueid)
    too_early = 0 < arrived_us < birth_us - SLACK_US
    too_late = 0 < asked_us < arrived_us - SLACK_US
    return (birth_us, Wrong.TIME) if too_early or too_late else (arrived_us, None)
