"""A simulated Asterisk at the message port: the router's code in one thread, on a virtual clock.

`WorldLink` is to the gateway what `cti.ami.client` is (`cti.gateway.link.AmiLink`): the same login,
the same back-off, the same table of open actions, without a socket. `AgiInThread` is to the
dialplan what the FastAGI server is. Between them the production code cannot tell where it runs, and
a day of calls takes as long as its events take to compute.

Not pure by the letter of the rules (it logs nothing and waits for nothing, but it calls the
daemon's code); everything that it does, it does on the scheduler.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cti.agi.messages import AgiCommand, AgiRequest
from cti.ami.encoder import encode_action
from cti.ami.errors import AmiDown, AmiTimeout
from cti.ami.messages import AmiAction, AmiEvent, AmiResponse, action
from cti.ami.open_actions import OnAnswer, OpenActions, Settled
from simulators.pbx.asterisk import ROUTER, SimulatedAsterisk
from simulators.pbx.line import Line
from simulators.pbx.questions import ANSWER_VARIABLE, Asking, Heard, Question
from simulators.pbx.sessions import AmiUser, Message
from simulators.virtual_clock import Scheduler, Timer

RETRY_US = 200_000
DEADLINE_US = 5_000_000
WIRE_US = 200
"""One way over loopback and through a parser, some 0.2 ms."""


@dataclass(frozen=True, slots=True)
class Listener:
    """Who hears of this Asterisk: `cti.gateway`, or a test."""

    on_up: Callable[[], None]
    on_down: Callable[[str], None]
    on_event: Callable[[AmiEvent], None]


class WorldLink:
    """One AMI user of one simulated Asterisk, in the same thread."""

    def __init__(
        self, name: str, asterisk: SimulatedAsterisk, listener: Listener, user: AmiUser = ROUTER
    ) -> None:
        self._name = name
        self._asterisk = asterisk
        self._clock = asterisk.clock
        self._listener = listener
        self._user = user
        self._open = OpenActions()
        self._line: Line | None = None
        self._retry: Timer | None = None
        self._is_up = False
        self._action_count = 0

    @property
    def name(self) -> str:
        """The Asterisk's name in our configuration."""
        return self._name

    @property
    def is_up(self) -> bool:
        """Logged in and booted."""
        return self._is_up

    @property
    def is_refused(self) -> bool:
        """Nobody listens on the port: the process is dead, not just out of reach."""
        return self._line is None and not self._asterisk.is_alive

    def start(self) -> None:
        """Connect, and keep at it until `close`."""
        self._retry = None
        self._line = self._asterisk.connect(self._arrives, self._lost)
        if self._line is None:
            self._retry = self._later(RETRY_US, self.start)
            return
        login = action("Login", Username=self._user.name, Secret=self._user.secret)
        self._transmit(login, self._next_id(), None)

    def close(self) -> None:
        """End for good; open actions fail, `on_down` is not called."""
        if self._retry is not None:
            self._retry.cancel()
        line, self._line = self._line, None
        self._is_up = False
        self._settle(self._open.fail_all(AmiDown("closed")))
        if line is not None:
            line.cut()

    def send(self, order: AmiAction, on_answer: OnAnswer | None = None, /) -> str:
        """Give an order; the answer comes once, later (`AmiLink.send`)."""
        action_id = self._next_id()
        encode_action(order, action_id)  # what may not be written is refused here as there
        if not self._is_up:
            if on_answer is not None:
                self._later(0, lambda: on_answer(AmiDown("no link")))
            return action_id
        self._transmit(order, action_id, on_answer)
        return action_id

    # --- internal -----------------------------------------------------------------------------

    def _transmit(self, order: AmiAction, action_id: str, on_answer: OnAnswer | None) -> None:
        line = self._line
        if line is None:
            return
        deadline = self._later(
            DEADLINE_US, lambda: self._settle([self._open.fail(action_id, AmiTimeout("late"))])
        )
        self._open.add(action_id, on_answer, deadline)
        marked = AmiAction(order.name, (("ActionID", action_id), *order.fields))
        self._later(WIRE_US, lambda: line.said(marked))

    def _arrives(self, message: Message) -> None:
        """Asterisk has put a message on the wire."""
        line = self._line
        self._later(WIRE_US, lambda: self._take(message) if self._line is line else None)

    def _take(self, message: Message) -> None:
        if isinstance(message, AmiResponse):
            if message.action_id in self._open:
                self._settle([self._open.take_response(message)])
            return
        is_item, settled = self._open.take_item(message)
        if is_item:
            self._settle([settled])
            return
        if not self._is_up and message.name == "FullyBooted":
            self._is_up = True
            self._listener.on_up()
        if self._is_up:
            self._listener.on_event(message)

    def _lost(self) -> None:
        """The connection has broken."""
        if self._line is None:
            return
        self._line = None
        was_up, self._is_up = self._is_up, False
        failed = self._open.fail_all(AmiDown("the connection broke"))
        self._retry = self._later(RETRY_US, self.start)
        self._later(0, lambda: self._tell_lost(failed, was_up=was_up))

    def _tell_lost(self, failed: list[Settled], *, was_up: bool) -> None:
        self._settle(failed)
        if was_up:
            self._listener.on_down("the connection broke")

    @staticmethod
    def _settle(settled: Sequence[Settled | None]) -> None:
        for each in settled:
            if each is not None and each.on_answer is not None:
                each.on_answer(each.answer)

    def _later(self, after_us: int, act: Callable[[], object]) -> Timer:
        return self._clock.at(self._clock.now_us() + after_us, lambda: _drop(act()))

    def _next_id(self) -> str:
        self._action_count += 1
        return f"sim-{self._action_count}"


def _drop(_result: object) -> None:
    """A callback gives nothing."""


@dataclass(slots=True)
class AgiInThread:
    """The dialplan's way to a handler of AGI requests (`cti.agi.server.AgiHandler`), same thread.

    With `handler` None the router is not there. `on_done` is told whether the answer was taken.
    """

    clock: Scheduler
    handler: Callable[[AgiRequest], Sequence[AgiCommand]] | None = None
    on_done: Callable[[AgiRequest, bool], None] | None = None

    def ask(self, question: Question, heard: Heard) -> Asking:
        """One question, there and back in twice the time of the wire."""
        under_way = _UnderWay()
        asked_us = self.clock.now_us() + WIRE_US
        under_way.timer = self.clock.at(asked_us, lambda: self._asked(question, heard, under_way))
        return under_way

    def _asked(self, question: Question, heard: Heard, under_way: "_UnderWay") -> None:
        if self.handler is None:
            heard("")
            return
        headers = dict(question.headers("simulated"))
        request = AgiRequest(
            script=question.verb,
            channel=headers["agi_channel"],
            uniqueid=headers["agi_uniqueid"],
            callerid=headers["agi_callerid"],
            calleridname=headers["agi_calleridname"],
            dnid=headers["agi_dnid"],
            args=question.arguments,
            headers=headers,
        )
        commands = self.handler(request)
        answer = ""
        for command in commands:
            if command.words[:3] == ("SET", "VARIABLE", ANSWER_VARIABLE):
                answer = command.words[3]

        def answered() -> None:
            self._done(request, is_complete=True)
            heard(answer)

        under_way.on_cancel = lambda: self._done(request, is_complete=False)
        under_way.timer = self.clock.at(self.clock.now_us() + WIRE_US, answered)

    def _done(self, request: AgiRequest, *, is_complete: bool) -> None:
        if self.on_done is not None:
            self.on_done(request, is_complete)


class _UnderWay:
    """A question between the dialplan and the handler."""

    def __init__(self) -> None:
        self.timer: Timer | None = None
        self.on_cancel: Callable[[], None] | None = None

    def cancel(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
        if self.on_cancel is not None:
            self.on_cancel()
