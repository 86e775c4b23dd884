"""One AMI connection to a simulated Asterisk, with its faults, above the bytes. Pure.

Both roads in use it: `ami_server` puts bytes on its ends, `link` plain messages. What is told to a
line leaves it in order, except for what a fault holds back; an event that is held back holds back
what follows about the same channel, since Asterisk never swaps the events of one channel.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from cti.ami.messages import AmiAction, AmiEvent
from simulators.pbx.faults import GOOD_ACTION, GOOD_EVENT, Faults
from simulators.pbx.sessions import AmiSession, Message, SessionState, refused
from simulators.virtual_clock import Scheduler

EFFECT_US = 500
"""What an action does begins on another thread of Asterisk, after the response."""


@dataclass(slots=True)
class Line:
    """`send` puts a message on the wire, `shut` cuts it; both are the road's.

    `listen` is called with the names that the user may hear (None: all) when it has logged in:
    events that nobody hears are never put together.
    """

    clock: Scheduler
    faults: Faults
    session: AmiSession
    send: Callable[[Message], None]
    shut: Callable[[], None]
    listen: Callable[[frozenset[str] | None], None]
    is_open: bool = True
    _held: dict[str, list[AmiEvent]] = field(default_factory=dict)

    def told(self, event: AmiEvent) -> None:
        """Asterisk tells all lines of something."""
        if not self.is_open or not self.session.hears(event):
            return
        fate = self.faults.event_fate()
        if fate is GOOD_EVENT and not self._held:
            self.send(event)
            return
        key = event.headers.get("Uniqueid")
        for _ in range(fate.copies):
            if key in self._held:
                self._held[key].append(event)
            elif fate.delay_us:
                self._held[key] = [event]
                self._later(fate.delay_us, lambda: self._let_go(key))
            else:
                self.send(event)

    def said(self, action: AmiAction) -> None:
        """The other side asks for something."""
        if not self.is_open:
            return
        is_in = self.session.state is SessionState.IN
        fate = self.faults.action_fate() if is_in else GOOD_ACTION
        if not fate.carried_out:
            if fate.refused:
                self.send(refused(action.action_id))
            return
        messages, effect = self.session.act(action)
        if not is_in and self.session.user is not None:
            self.listen(self.session.user.events)
        if fate.answered:
            self._later(fate.delay_us, lambda: self._send_all(messages))
        if effect is not None:
            self.clock.at(self.clock.now_us() + EFFECT_US, effect)

    def cut(self) -> None:
        """The connection breaks; what is on its way is lost."""
        if self.is_open:
            self.is_open = False
            self._held.clear()
            self.shut()

    def _send_all(self, messages: list[Message]) -> None:
        for message in messages:
            self.send(message)
        if self.session.state is SessionState.OVER:
            self.cut()

    def _let_go(self, key: str) -> None:
        for event in self._held.pop(key, ()):
            self.send(event)

    def _later(self, after_us: int, act: Callable[[], None]) -> None:
        """Now, when there is nothing to wait for: one thread's order is the wire's order."""
        if not after_us:
            act()
            return

        def if_open() -> None:
            if self.is_open:
                act()

        self.clock.at(self.clock.now_us() + after_us, if_open)
