"""Our side of one Asterisk: the few things that everything about it needs. No decisions here."""

import logging
from collections.abc import Callable

from cti.ami.errors import AmiUsageError
from cti.ami.messages import AmiAction, AmiResponse
from cti.dispatcher import RouterStopped
from cti.gateway.claim import Claim
from cti.gateway.counters import PbxCounters
from cti.gateway.effects import Moment
from cti.gateway.legs import Legs
from cti.gateway.link import AmiAnswer, AmiLink, OnAnswer
from cti.gateway.surroundings import Surroundings
from routing.commands import Command
from routing.engine import RoutingEngine
from routing.ids import CallId, PbxId

log = logging.getLogger(__name__)


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
        self.on_unsure: Callable[[], None] = lambda: None  # it may obey another router by now
        self.claim = Claim(name, around, self.send, self.counters)

    @property
    def engine(self) -> RoutingEngine:
        """The core, to look at."""
        return self.around.dispatcher.engine

    @property
    def moment(self) -> Moment:
        """Now, as this router."""
        return Moment(self.claim.epoch, self.around.clock.now_us())

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

    def order(self, order: AmiAction, on_answer: OnAnswer | None = None) -> None:
        """Have something done, as long as it is sure that this Asterisk obeys us. Otherwise nothing
        is sent, `on_answer` is not called, and all is compared anew.
        """
        if self.claim.is_sure:
            self.send(order, on_answer)
        else:
            self.counters.withheld += 1
            self.on_unsure()

    def send(self, order: AmiAction, on_answer: OnAnswer | None = None) -> None:
        """Ask something, or order it (`order`); nothing that could be misread gets out."""
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
