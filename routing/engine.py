"""The ACD core: one writer, one order, no I/O."""

from routing.commands import Command, Stamped
from routing.config import RoutingConfig
from routing.events import Event


class RoutingEngine:
    """SKETCH for those who build against it; the body follows.

    `handle(stamped) -> list[Event]`: the only thing that changes state.
    `next_deadline_us() -> int | None`: when `DeadlinesReached` is due.
    `event_seq`: how many events have left so far; event n of a `handle` has number
    `event_seq_before + n` (from 1), on replay too.
    """

    def __init__(self, config: RoutingConfig) -> None:
        self.config = config
        self.seq = 0
        self.event_seq = 0

    def handle(self, stamped: Stamped) -> list[Event]:
        raise NotImplementedError

    def next_deadline_us(self) -> int | None:
        raise NotImplementedError
