"""Our side of one Asterisk: the few things that everything about it needs. No decisions here."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from cti.ami.errors import AmiUsageError
from cti.ami.messages import AmiAction, AmiResponse
from cti.clock import Clock
from cti.dispatcher import CallLater, Dispatcher, RouterStopped
from cti.gateway.effects import Moment
from cti.gateway.legs import Legs
from cti.gateway.link import AmiAnswer, AmiLink, OnAnswer
from routing.commands import Command
from routing.engine import RoutingEngine
from routing.ids import CallId, PbxId

log = logging.getLogger(__name__)


@dataclass(slots=True)
class PbxCounters:
    """Plain numbers for the metrics to read."""

    orders: int = 0
    orders_refused: int = 0
    orders_unanswered: int = 0
    held: int = 0  # orders that waited for the question after a failed Dial
    held_sent: int = 0  # … which did not come
    looks: int = 0  # at the list of channels, in between
    lookups: int = 0  # of one caller of whom too little was heard
    repairs: int = 0  # commands and orders that a comparison with Asterisk led to
    restarts: int = 0
    came_back: int = 0  # orders that the dialplan did not carry out, for want of our epoch
    failsafes: int = 0  # callers whom the dialplan serves by itself
    last_look_us: int = 0  # how long the last comparison took


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all Asterisks of one router share."""

    dispatcher: Dispatcher
    clock: Clock
    call_later: CallLater


class Side:
    """`session` grows whenever the link changes, so that a late answer finds another number."""

    def __init__(self, name: PbxId, around: Surroundings) -> None:
        self.name = name
        self.around = around
        self.legs = Legs(name, around.dispatcher.engine)
        self.counters = PbxCounters()
        self.link: AmiLink | None = None
        self.session = 0
        self.on_leaving: Callable[[], None] = lambda: None  # it refuses all actions

    @property
    def engine(self) -> RoutingEngine:
        """The core, to look at."""
        return self.around.dispatcher.engine

    @property
    def moment(self) -> Moment:
        """Now, as this router."""
        return Moment(self.around.dispatcher.epoch, self.around.clock.now_us())

    def calls(self) -> list[CallId]:
        """The core's calls that have a channel here, in the order of their arrival. Who is to be
        called back has none, nor has a consultation.
        """
        calls = self.engine.calls.values()
        return [
            call.call_id
            for call in calls
            if call.pbx == self.name and not call.callback and not call.consult_for
        ]

    def send(self, order: AmiAction, on_answer: OnAnswer | None = None) -> None:
        """Give an order; nothing that could be misread gets out."""
        if self.link is None:
            return

        def answered(answer: AmiAnswer) -> None:
            if isinstance(answer, AmiResponse) and answer.is_shutting_down:
                self.on_leaving()
            if on_answer is not None:
                on_answer(answer)

        try:
            self.link.send(order, answered)
        except AmiUsageError as error:
            log.error("%s: not ordered: %s", self.name, error, extra={"pbx": self.name})

    def submit(self, command: Command) -> None:
        """Tell the core; a router that has stopped is told no more."""
        try:
            self.around.dispatcher.submit(command)
        except RouterStopped:
            log.debug("%s: too late for %s", self.name, type(command).__name__)

    def later(self, delay_s: float, call: Callable[[], None]) -> None:
        """Do it in so many seconds, if the link is still the same then."""
        session = self.session
        self.around.call_later(delay_s, lambda: call() if session == self.session else None)
