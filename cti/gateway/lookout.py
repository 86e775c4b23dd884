"""The net under the stream of events: now and then, and in doubt, a look at Asterisk's own list.

One report that was missed would otherwise leave a call in our books for ever, or tear two people
apart who talk without our knowing. After an outage the comparison is whole; while all is well it
leaves out what has moved since the list was asked for.
"""

import logging
from functools import partial
from time import perf_counter
from typing import Final

from cti.ami.errors import AmiFailure
from cti.ami.messages import AmiResponse
from cti.gateway.channels import status_request
from cti.gateway.legs import Caller, Place
from cti.gateway.link import AmiAnswer
from cti.gateway.reconcile import Repair, reconcile
from cti.gateway.side import Side
from routing.call import CallState
from routing.ids import CallId, OfferId

log = logging.getLogger(__name__)

LOOK_S: Final = 30.0
LOOK_SHARE: Final = 1000
"""A comparison that took d is not repeated before 1000 d have passed."""

RETRY_S: Final = 1.0

DOUBT_US: Final = 1_000_000
"""Who is connected at once is reported within milliseconds, and need not be asked about."""

DOUBTS_AT_ONCE: Final = 100
"""Of one tick, four a second. Each costs some 0.2 ms here, and a tenth of that in Asterisk."""

_UNREPORTED: Final = (Place.WAITING, Place.ORDERED)
"""Where only we have put a caller; from all other places a report has come."""

_NO_CHANNEL: Final = "No such channel"  # action_status in main/manager.c
_SECOND_US: Final = 1_000_000

Mark = tuple[CallState, OfferId] | None


class Lookout:
    """Compares one Asterisk with the core."""

    def __init__(self, side: Side) -> None:
        self._side = side
        self._looking = 0  # the session of a look under way
        self._doubts: dict[CallId, int] = {}  # when to ask, microseconds since 1970
        self.next_us = 0

    # --- after an outage -------------------------------------------------------------------------

    def repair_all(self, known: list[CallId], answer: AmiResponse) -> None:
        """Bring the core up to date with the whole list; `known` as `reconcile` says."""
        side = self._side
        repair = reconcile(answer.events, side.engine, side.legs, known, side.moment)
        log.info(
            "%s: heard again; %d channels, %d calls known, %d differences",
            side.name, len(answer.events), len(known), len(repair.commands) + len(repair.orders),
            extra={"pbx": side.name},
        )  # fmt: skip
        self._carry_out(repair)
        self._next(0)

    # --- while all is well -----------------------------------------------------------------------

    def look(self) -> bool:
        """Compare with its list; whether one was begun: a look under way is enough."""
        side = self._side
        if self._looking == side.session:
            return False
        self._looking = side.session
        marks = {call_id: self._mark(call_id) for call_id in side.calls()}
        side.send(status_request(), partial(self._looked, side.session, marks))
        return True

    def _looked(self, session: int, marks: dict[CallId, Mark], answer: AmiAnswer) -> None:
        side = self._side
        if session != side.session:
            return
        self._looking = 0
        self._next(0)
        if isinstance(answer, AmiFailure) or not answer.success:
            return
        began = perf_counter()
        still = [call_id for call_id, mark in marks.items() if mark == self._mark(call_id)]
        repair = reconcile(answer.events, side.engine, side.legs, still, side.moment, live=True)
        took_us = round((perf_counter() - began) * _SECOND_US)
        side.counters.looks += 1
        side.counters.last_look_us = took_us
        self._next(took_us)
        self._carry_out(repair)

    def look_up(self, call_id: CallId) -> None:
        """Where is this caller? Asked before anybody is moved who may be talking."""
        caller = self._side.legs.callers.get(call_id)
        if caller is not None and caller.place is Place.LOST:
            self._ask(caller)

    def doubt(self, call_id: CallId, *, at_once: bool) -> None:
        """Ask about this caller, unless a report has come until then.

        A question proves that its channel was there once. Those who ask may have hung up before it
        was read, and whoever has heard a token can say it again.
        """
        now_us = self._side.around.clock.now_us()
        self._doubts[call_id] = now_us if at_once else now_us + DOUBT_US

    def ask_about_doubts(self, now_us: int) -> None:
        """Of those who have waited long enough, some, in the order of their coming."""
        due = [call_id for call_id, due_us in self._doubts.items() if due_us <= now_us]
        for call_id in due[:DOUBTS_AT_ONCE]:
            del self._doubts[call_id]
            caller = self._side.legs.callers.get(call_id)
            if caller is not None and caller.place in _UNREPORTED:
                self._ask(caller)

    def _ask(self, caller: Caller) -> None:
        side = self._side
        side.counters.lookups += 1
        told = partial(self._told, side.session, caller, caller.place)
        side.send(status_request(caller.channel), told)

    def _told(self, session: int, caller: Caller, place: Place, answer: AmiAnswer) -> None:
        side, call_id = self._side, caller.call_id
        gone_on = side.legs.callers.get(call_id) is not caller or caller.place is not place
        if session != side.session or gone_on:
            return  # it has asked us meanwhile, or is gone
        if isinstance(answer, AmiFailure):
            side.later(RETRY_S, partial(self._ask_again, caller, place))
            return
        if not answer.success and answer.message != _NO_CHANNEL:
            return  # it says nothing about the caller: the next look will
        items = answer.events if answer.success else ()
        moment = side.moment
        self._carry_out(
            reconcile(items, side.engine, side.legs, [call_id], moment, live=True, whole=False)
        )

    def _ask_again(self, caller: Caller, place: Place) -> None:
        if self._side.legs.callers.get(caller.call_id) is caller and caller.place is place:
            self._ask(caller)

    # --- both ------------------------------------------------------------------------------------

    def _carry_out(self, repair: Repair) -> None:
        side = self._side
        side.counters.repairs += len(repair.commands) + len(repair.orders)
        for command in repair.commands:
            said = {"pbx": side.name, "command": type(command).__name__}
            log.info("%s: made up for a report that was missed", side.name, extra=said)
            side.submit(command)
        for order in repair.orders:
            side.order(order)

    def _mark(self, call_id: CallId) -> Mark:
        """Changes when the core has moved the call."""
        call = self._side.engine.calls.get(call_id)
        return None if call is None else (call.state, call.offer_id)

    def _next(self, took_us: int) -> None:
        pause_us = max(int(LOOK_S * _SECOND_US), took_us * LOOK_SHARE)
        self.next_us = self._side.around.clock.now_us() + pause_us
