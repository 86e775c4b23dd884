"""Asks one Asterisk about the phones of the agents, and tells the core what is new.

    after a login, a reload     every phone
    a contact went              that phone: another contact may be there
    an agent has another phone  that phone, unless it is known that it can be called; where it is in
                                use already, the list of channels says how
    a Dial found nobody         that phone: the report that it went may have been missed
    now and then                the phones that cannot be called and at which somebody waits for
                                calls; a directory in a database adds endpoints without a word

An answer that does not come is no answer: the core goes on with what it knows.
"""

import logging
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

from cti.ami.messages import AmiEvent, AmiResponse
from cti.gateway.border import BorderError
from cti.gateway.devices import QUESTIONS, contact_says, question
from cti.gateway.link import AmiAnswer
from cti.gateway.reconcile_phones import SETTLED_S
from cti.gateway.side import Side
from routing.commands import DeviceReported, DeviceState, OfferOutcome
from routing.ids import NO_AGENT

log = logging.getLogger(__name__)

AT_ONCE: Final = 64
"""Phones that are asked about at one time. A question takes Asterisk 26 us (measured, 22.10.1), and
what it reports waits behind them: 5 ms."""

IN_USE: Final = ("INUSE", "BUSY", "RINGING", "RINGINUSE", "ONHOLD")
"""What `DEVICE_STATE` says of a phone that has a channel (main/devicestate.c)."""

Told = Callable[[DeviceState | None], None]
"""Who asks is told once; None: Asterisk did not say."""


class Phones:
    """The phones of one Asterisk."""

    def __init__(self, side: Side) -> None:
        self._side = side
        self.on_in_use: Callable[[], None] = lambda: None
        self._waiting: dict[str, list[Told]] = {}
        self._asking: dict[str, list[Told]] = {}

    def link_changed(self) -> None:
        """What was asked is not answered any more."""
        given_up = [*self._asking.values(), *self._waiting.values()]
        self._asking, self._waiting = {}, {}
        for told in given_up:
            for tell in told:
                tell(None)

    # --- when to ask -----------------------------------------------------------------------------

    def ask_all(self) -> None:
        """Every phone that an agent has, or sits at."""
        self._ask_each(self._side.engine.phones)

    def look_again(self) -> None:
        """The phones at which somebody is signed in and that cannot be called from here."""
        self._ask_each(device for device in self._side.engine.devices if self._is_in_doubt(device))

    def given(self, device: str) -> None:
        """It is an agent's phone from now on. What is known of it is known from before."""
        if self._is_in_doubt(device):
            self.ask(device)

    def _is_in_doubt(self, device: str) -> bool:
        phone = self._side.engine.phones.get(device)
        return phone is None or phone.said.get(self._side.name) is not DeviceState.REACHABLE

    def contact_changed(self, event: AmiEvent) -> None:
        """A `ContactStatus` event."""
        device, there = contact_says(event)
        if device not in self._side.engine.phones:
            return
        if there:
            self._learnt(device, DeviceState.REACHABLE, came=True)
        elif there is False:
            self.ask(device)

    def ask(self, device: str, *told: Told) -> None:
        """Ask about this phone; the core is told when it is somebody's."""
        self._waiting.setdefault(device, []).extend(told)
        self._go_on()

    def _ask_each(self, devices: Iterable[str]) -> None:
        for device in devices:
            self._waiting.setdefault(device, [])
        self._go_on()

    # --- asking ----------------------------------------------------------------------------------

    def _go_on(self) -> None:
        """Phones that are asked about again while they are asked about wait for that answer: it may
        be of before what has brought the second question.
        """
        for device in [each for each in self._waiting if each not in self._asking]:
            if len(self._asking) >= AT_ONCE:
                return
            self._asking[device] = self._waiting.pop(device)
            self._put(0, device)

    def _put(self, number: int, device: str) -> None:
        side = self._side
        try:
            order = question(number, device)
        except BorderError as problem:
            log.error("%s: not asked: %s", side.name, problem, extra={"pbx": side.name})
            side.later(0, partial(self._done, device, None))
            return
        side.send(order, partial(self._answered, side.session, number, device))

    def _answered(self, session: int, number: int, device: str, answer: AmiAnswer) -> None:
        if session != self._side.session:
            return
        if not isinstance(answer, AmiResponse) or not answer.success:
            self._done(device, None)
            return
        self._look_whose(device, answer.headers.get("Value"))
        state = QUESTIONS[number][1](answer.headers.get("Value"))
        if state is None:
            self._put(number + 1, device)
        else:
            self._learnt(device, state)
            self._done(device, state)

    def _look_whose(self, device: str, said: str) -> None:
        """In use, and not by what we know of: the list of channels says how. What is young is left
        to events, so there is a second look.
        """
        phone = self._side.engine.phones.get(device)
        if said in IN_USE and phone is not None and not phone.own:
            self.on_in_use()
            self._side.later(SETTLED_S + 1, self.on_in_use)

    def _done(self, device: str, state: DeviceState | None) -> None:
        for tell in self._asking.pop(device, ()):
            tell(state)
        self._go_on()

    def _learnt(self, device: str, state: DeviceState, *, came: bool = False) -> None:
        """The core is told what it does not know, and of a phone that `came` when it waits for
        that: a phone that was dead, and whose registration was still good, registers anew.
        """
        side = self._side
        phone = side.engine.phones.get(device)
        if phone is None:
            return
        if phone.said.get(side.name) is not state or (came and self._is_spared(device)):
            side.submit(DeviceReported(device, side.name, state))

    def _is_spared(self, device: str) -> bool:
        """Does the agent who sits there get no calls because the phone was not found?"""
        engine = self._side.engine
        agent = engine.agents.get(engine.devices.get(device, NO_AGENT))
        return agent is not None and OfferOutcome.UNREACHABLE in (agent.gap_cause, agent.reason)
