"""One Asterisk and its link: what the core is told of it, and what it is told by the core.

    link_up    CTI_EPOCH is set, so that our orders are taken and those of our predecessor are not;
               the list of channels is asked for, and what is heard until it is there waits
    the list   `reconcile`, `TelephonyRestored`, then what has waited
    link_down  `TelephonyLost`. When connections are *refused* for a second, the process behind the
               port is dead and its channels with it: `TelephonyGone`
    FullyBooted with a later boot time than before: it was restarted meanwhile. `TelephonyGone`
    now and then, and in doubt: a look at the list while all is well, the net under the events

The core refuses what does not fit (reports cross); nothing here depends on whether it does.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from time import perf_counter
from typing import Final

from cti.ami.errors import AmiFailure, AmiUsageError
from cti.ami.messages import AmiAction, AmiEvent, AmiResponse, action
from cti.clock import Clock
from cti.dispatcher import CallLater, Dispatcher, RouterStopped
from cti.gateway.channels import status_request
from cti.gateway.devices import Devices
from cti.gateway.effects import Effects, Moment, deliver, effects_of
from cti.gateway.legs import Legs, Place
from cti.gateway.link import AmiAnswer, AmiLink, OnAnswer
from cti.gateway.reconcile import reconcile
from cti.gateway.translate import translate
from routing.call import CallState
from routing.commands import CallerHungUp, Command, TelephonyGone, TelephonyLost, TelephonyRestored
from routing.events import Event
from routing.ids import CallId, OfferId, PbxId

log = logging.getLogger(__name__)

HELD_S: Final = 1.0
"""A question follows a failed Dial within a millisecond or two; after this long it will not."""

REFUSED_S: Final = 1.0
"""Asterisk's port is open again 0.3 to 0.5 s after a restart of the process began (measured)."""

LIST_RETRY_S: Final = 1.0
LOOK_S: Final = 30.0
LOOK_SHARE: Final = 1000
"""A look that took d is not repeated before 1000 d have passed."""

BACKLOG: Final = 100_000
_SECOND_US: Final = 1_000_000

EVENTS: Final = frozenset({
    "FullyBooted", "Shutdown", "DialBegin", "DialEnd", "BridgeEnter", "Hold", "Unhold",
    "HangupRequest", "Hangup", "ContactStatus", "UserEvent",
})  # fmt: skip
"""All that is read; docs/call-flow.md and the filter in `asterisk-config` say the same."""


class Hearing(StrEnum):
    """How well we hear it."""

    DEAF = "deaf"
    SYNCING = "syncing"
    UP = "up"


@dataclass(slots=True)
class PbxCounters:
    """Plain numbers for the metrics to read."""

    orders: int = 0
    orders_refused: int = 0
    orders_unanswered: int = 0
    held: int = 0  # orders that waited for the question after a failed Dial
    held_sent: int = 0  # … which did not come
    looks: int = 0  # at the list of channels
    repairs: int = 0  # commands and orders that a look led to
    restarts: int = 0
    last_look_us: int = 0  # how long the last comparison took


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all Asterisks of one router share."""

    dispatcher: Dispatcher
    clock: Clock
    devices: Devices
    call_later: CallLater


class Pbx:
    """One Asterisk. `link_up`, `link_down` and `heard` are for its link; see above."""

    def __init__(self, name: PbxId, around: Surroundings) -> None:
        self.name = name
        self.legs = Legs(name)
        self.counters = PbxCounters()
        self.hearing = Hearing.DEAF
        self._around = around
        self._engine = around.dispatcher.engine
        self._link: AmiLink | None = None
        self._is_refused: Callable[[], bool] = _never
        self._session = 0  # grows with each change of the link: late answers find another number
        self._backlog: list[AmiEvent] = []
        self._refused_since_us = 0
        self._gone = False
        self._booted_us = 0
        self._looking = False
        self._next_look_us = 0

    def attach(self, link: AmiLink, is_refused: Callable[[], bool] = lambda: False) -> None:
        """The link to it. `is_refused`: connections are refused, not just lost or unanswered."""
        self._link = link
        self._is_refused = is_refused

    @property
    def moment(self) -> Moment:
        """Now, as this router."""
        return Moment(self._around.dispatcher.epoch, self._around.clock.now_us())

    # --- the link --------------------------------------------------------------------------------

    def link_up(self) -> None:
        """Actions are taken again."""
        self._session += 1
        self.hearing = Hearing.SYNCING
        self._backlog.clear()
        self._refused_since_us = 0
        epoch = str(self._around.dispatcher.epoch)
        self._send(action("Setvar", Variable="CTI_EPOCH", Value=epoch))
        self._send(action("DeviceStateList"), partial(self._devices_listed, self._session))
        self._ask_for_channels(self._session)

    def link_down(self, reason: str) -> None:
        """Nothing is heard any more."""
        log.warning("%s: not heard: %s", self.name, reason, extra={"pbx": self.name})
        self._session += 1
        self.hearing = Hearing.DEAF
        self._backlog.clear()
        self.submit(TelephonyLost(self.name))

    def tick(self) -> None:
        """A few times a second: is it dead, is it time to look?"""
        now_us = self._around.clock.now_us()
        if self.hearing is Hearing.DEAF:
            self._watch_refusals(now_us)
        elif self.hearing is Hearing.UP and now_us >= self._next_look_us:
            self.look()

    def _watch_refusals(self, now_us: int) -> None:
        if not self._is_refused():
            self._refused_since_us = 0
        elif not self._refused_since_us:
            self._refused_since_us = now_us
        elif now_us - self._refused_since_us >= REFUSED_S * _SECOND_US:
            self._has_died("connections are refused")

    def _has_died(self, why: str) -> None:
        if not self._gone:
            log.error("%s: is gone: %s", self.name, why, extra={"pbx": self.name})
            self._gone = True
            self.counters.restarts += 1
            self.submit(TelephonyGone(self.name))

    # --- after a login ---------------------------------------------------------------------------

    def _ask_for_channels(self, session: int) -> None:
        if session == self._session:
            known = self._calls()
            self._send(status_request(), partial(self._channels_listed, session, known))

    def _channels_listed(self, session: int, known: list[CallId], answer: AmiAnswer) -> None:
        if session != self._session:
            return
        if not isinstance(answer, AmiResponse) or not answer.success:
            log.error("%s: no list of channels: %s", self.name, _why(answer))
            self._around.call_later(LIST_RETRY_S, partial(self._ask_for_channels, session))
            return
        repair = reconcile(answer.events, self._engine, self.legs, known, self.moment)
        log.info(
            "%s: heard again; %d channels, %d calls known, %d differences",
            self.name, len(answer.events), len(known), len(repair.commands) + len(repair.orders),
            extra={"pbx": self.name},
        )  # fmt: skip
        self.counters.repairs += len(repair.commands) + len(repair.orders)
        for command in repair.commands:
            self.submit(command)
        for order in repair.orders:
            self._send(order)
        self.hearing, self._gone = Hearing.UP, False
        self._next_look_us = self._around.clock.now_us() + int(LOOK_S * _SECOND_US)
        self.submit(TelephonyRestored(self.name))
        backlog, self._backlog = self._backlog, []
        for event in backlog:
            self._apply(event)

    def _devices_listed(self, session: int, answer: AmiAnswer) -> None:
        if session == self._session and isinstance(answer, AmiResponse) and answer.success:
            for command in self._around.devices.listed(self.name, answer.events):
                self.submit(command)

    # --- while it is heard -----------------------------------------------------------------------

    def heard(self, event: AmiEvent) -> None:
        """An event of this Asterisk."""
        if event.name == "FullyBooted":
            self._note_boot(event)
        elif self.hearing is Hearing.UP:
            self._apply(event)
        elif self.hearing is Hearing.SYNCING:
            self._backlog.append(event)
            if len(self._backlog) > BACKLOG:  # a newer list says the same in less
                self._backlog.clear()
                self._ask_for_channels(self._session)

    def _apply(self, event: AmiEvent) -> None:
        if event.name == "ContactStatus":
            for change in self._around.devices.contact_changed(self.name, event):
                self.submit(change)
            return
        for command in translate(event, self.legs):
            if isinstance(command, TelephonyGone):
                self._has_died("it says that it shuts down")
            else:
                self.submit(command)

    def _note_boot(self, event: AmiEvent) -> None:
        """Told at each login: for how long it has been up, in whole seconds."""
        uptime = event.headers.get("Uptime")
        if not (uptime.isascii() and uptime.isdigit()):
            return
        booted_us = self._around.clock.now_us() - int(uptime) * _SECOND_US
        alive_us = self._booted_us + _SECOND_US if self._booted_us else self._newest_arrival_us()
        if alive_us and booted_us - _SECOND_US > alive_us:
            self._has_died("it was started anew")
        self._booted_us = booted_us

    def _newest_arrival_us(self) -> int:
        """A time at which it was alive for sure, when this is the first we hear of it."""
        calls = (self._engine.calls[call_id] for call_id in self._calls())
        return max((call.first_queued_us for call in calls), default=0)

    # --- the net under the events ----------------------------------------------------------------

    def look(self) -> None:
        """Compare with its list while all is well; a look under way is enough."""
        if self._looking or self.hearing is not Hearing.UP:
            return
        self._looking = True
        marks = {call_id: self._mark(call_id) for call_id in self._calls()}
        self._send(status_request(), partial(self._looked, self._session, marks))

    def _looked(
        self,
        session: int,
        marks: dict[CallId, tuple[CallState, OfferId] | None],
        answer: AmiAnswer,
    ) -> None:
        self._looking = False
        now_us = self._around.clock.now_us()
        self._next_look_us = now_us + int(LOOK_S * _SECOND_US)
        if session != self._session or not isinstance(answer, AmiResponse) or not answer.success:
            return
        began = perf_counter()
        still = [call_id for call_id, mark in marks.items() if mark == self._mark(call_id)]
        repair = reconcile(answer.events, self._engine, self.legs, still, self.moment, live=True)
        took_us = round((perf_counter() - began) * _SECOND_US)
        self._next_look_us = now_us + max(int(LOOK_S * _SECOND_US), took_us * LOOK_SHARE)
        self.counters.looks += 1
        self.counters.last_look_us = took_us
        self.counters.repairs += len(repair.commands) + len(repair.orders)
        for command in repair.commands:
            log.warning("%s: a report was missed: %r", self.name, command)
            self.submit(command)
        for order in repair.orders:
            self._send(order)

    def _mark(self, call_id: CallId) -> tuple[CallState, OfferId] | None:
        """Changes when the core has moved the call."""
        call = self._engine.calls.get(call_id)
        return None if call is None else (call.state, call.offer_id)

    def _calls(self) -> list[CallId]:
        return [call.call_id for call in self._engine.calls.values() if call.pbx == self.name]

    # --- to Asterisk -----------------------------------------------------------------------------

    def decided(self, events: Sequence[Event], at_us: int) -> None:
        """Order what the core has decided with one command."""
        effects = effects_of(events, self.legs, Moment(self._around.dispatcher.epoch, at_us))
        for problem in effects.problems:
            log.error("%s: not ordered: %s", self.name, problem, extra={"pbx": self.name})
        for note in effects.notes:
            self._send(note)
        for call_id, order in effects.orders.items():
            self.counters.orders += 1
            self._send(order, partial(self._ordered, call_id))
        self._hold(effects)
        if effects.doubt:
            self.look()

    def _hold(self, effects: Effects) -> None:
        for offer_id in effects.held:
            self.counters.held += 1
            self._around.call_later(HELD_S, partial(self._send_held, offer_id))

    def _send_held(self, offer_id: OfferId) -> None:
        """The question that was to carry this order has not come."""
        delivery = self.legs.deliveries.get(offer_id)
        caller = self.legs.callers.get(delivery.call_id) if delivery is not None else None
        if delivery is None or caller is None or caller.offer_id != offer_id:
            return
        if caller.place is Place.RETURNING:
            self.counters.held_sent += 1
            self.counters.orders += 1
            order = deliver(caller, delivery, self.moment)
            self._send(order, partial(self._ordered, caller.call_id))

    def _ordered(self, call_id: CallId, answer: AmiAnswer) -> None:
        """Success means nothing; "Channel does not exist" does."""
        if isinstance(answer, AmiFailure):
            self.counters.orders_unanswered += 1
        elif not answer.success:
            self.counters.orders_refused += 1
            if "does not exist" in answer.message and call_id in self.legs.callers:
                self.legs.forget_call(call_id)
                self.submit(CallerHungUp(call_id))

    def _send(self, order: AmiAction, on_answer: OnAnswer | None = None) -> None:
        if self._link is None:
            return
        try:
            self._link.send(order, on_answer)
        except AmiUsageError as error:  # the last gate: nothing that could be misread gets out
            log.error("%s: not ordered: %s", self.name, error, extra={"pbx": self.name})

    def submit(self, command: Command) -> None:
        """Tell the core; a router that has stopped is told no more."""
        try:
            self._around.dispatcher.submit(command)
        except RouterStopped:
            log.debug("%s: too late for %r", self.name, command)


def _never() -> bool:
    return False


def _why(answer: AmiAnswer) -> str:
    return answer.message if isinstance(answer, AmiResponse) else f"{answer!r}"
