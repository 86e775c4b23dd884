"""One Asterisk and its link: what the core is told of its life.

    link_up    whose is it (`claim`)? Another router's: nothing is ordered, and what is heard means
               nothing, until it is ours. Ours: the list of channels is asked for; what is heard
               until it is there waits
    the list   none of our calls on it, and CTI_EPOCH forgotten: it was restarted meanwhile,
               `TelephonyGone`. Then `reconcile`, `TelephonyRestored`, and what has waited
    link_down  `TelephonyLost`. When connections are *refused* for a second, the process behind the
               port is dead and its channels with it: `TelephonyGone`
    leaving    it goes down on purpose and ends all channels: `TelephonyGone`, however its hang-ups
               are worded. Or it waits for the last of them to end and refuses all actions:
               `TelephonyLost`, said anew since its reports go on. Asked now and then, since an
               operator may call it off (`core abort shutdown`); then all is as after link_up

What it does about the core's decisions is in `orders`, what it does about its own doubts in
`lookout`. The core refuses what does not fit (reports cross); nothing depends on whether it does.
"""

import logging
from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import partial
from typing import Final

from cti.ami.messages import AmiEvent, AmiResponse, action
from cti.gateway.border import CONTEXT_ORDER, Verb
from cti.gateway.channels import status_request
from cti.gateway.claim import Claim
from cti.gateway.counters import PbxCounters
from cti.gateway.effects import Moment
from cti.gateway.legs import Legs
from cti.gateway.link import AmiAnswer, AmiLink
from cti.gateway.lookout import Lookout
from cti.gateway.orders import Orders
from cti.gateway.phones import Phones
from cti.gateway.side import Side
from cti.gateway.surroundings import Surroundings
from cti.gateway.translate import translate
from routing.commands import TelephonyGone, TelephonyLost, TelephonyRestored
from routing.events import Event
from routing.ids import CallId, PbxId

log = logging.getLogger(__name__)

REFUSED_S: Final = 1.0
"""Asterisk's port is open again 0.3 to 0.5 s after a restart of the process began (measured)."""

RETRY_S: Final = 1.0
OUTDATED_ASK_S: Final = 5.0
GATE: Final = f"DIALPLAN_EXISTS({CONTEXT_ORDER},order-{Verb.WAIT},1)"
"""`0` where there is no such extension, `1` where there is."""

LEAVING_ASK_S: Final = 5.0
"""Each question costs one line in Asterisk's log of errors."""

BACKLOG: Final = 100_000
_SECOND_US: Final = 1_000_000

EVENTS: Final = frozenset({
    "FullyBooted", "Shutdown", "Reload", "DialBegin", "DialState", "DialEnd", "BridgeEnter",
    "BridgeLeave", "Hold", "Unhold", "Newchannel", "BlindTransfer", "AttendedTransfer",
    "HangupRequest", "SoftHangupRequest", "Hangup", "ContactStatus", "UserEvent",
})  # fmt: skip
"""All that is read; docs/call-flow.md and the filter in `asterisk-config` say the same."""


class Hearing(StrEnum):
    """How well we hear it."""

    DEAF = "deaf"
    SYNCING = "syncing"
    UP = "up"
    LEAVING = "shutting down: it takes no orders"
    ELSEWHERE = "another router has it"
    OUTDATED = (
        "its dialplan is older than this router and would lose callers; next: copy"
        " asterisk-config/extensions.d anew, dialplan reload, cti asterisk check"
    )


class Pbx:
    """One Asterisk. `link_up`, `link_down` and `heard` are for its link; see above."""

    def __init__(self, name: PbxId, around: Surroundings) -> None:
        self.name = name
        self.hearing = Hearing.DEAF
        self.heard_since_us = 0  # without a gap; what was made up for has that time too
        self._side = Side(name, around)
        self._lookout = Lookout(self._side)
        self._orders = Orders(self._side, self._lookout.look_up)
        self.phones = Phones(self._side)
        self.phones.on_in_use = self._look
        self._clock = around.clock
        self._is_refused: Callable[[], bool] = lambda: False
        self._backlog: list[AmiEvent] = []
        self._lists = 0  # how many lists of channels were asked for: the last one counts
        self._refused_since_us = 0
        self._gone = False
        self._side.on_leaving = self._leaves
        self._side.on_unsure = self._unsure
        self.claim.on_held, self.claim.on_lost = self._is_ours, self._is_anothers
        self.claim.on_cleared = self._orders.cleared
        self.submit = self._side.submit

    def attach(self, link: AmiLink, is_refused: Callable[[], bool] = lambda: False) -> None:
        """The link to it. `is_refused`: connections are refused, not just lost or unanswered."""
        self._side.link = link
        self._is_refused = is_refused

    @property
    def legs(self) -> Legs:
        """Its channels, as far as we know them."""
        return self._side.legs

    @property
    def counters(self) -> PbxCounters:
        """What has been counted."""
        return self._side.counters

    @property
    def claim(self) -> Claim:
        """Whose orders it carries out."""
        return self._side.claim

    @property
    def moment(self) -> Moment:
        """Now, as this router."""
        return self._side.moment

    def decided(self, events: Sequence[Event], at_us: int) -> None:
        """The events of one command: order what follows from them."""
        self._orders.decided(events, at_us)

    def config_applied(self) -> None:
        """There may be other phones, and other call data."""
        self.phones.ask_all()
        self._orders.config_applied()

    def send_digits(self, call_id: CallId, keys: str) -> None:
        """Let the customer's side of this call hear these keys; another Asterisk's call is none."""
        self._orders.send_digits(call_id, keys)

    # --- the link --------------------------------------------------------------------------------

    def link_up(self) -> None:
        """Actions are taken again."""
        self._change(Hearing.SYNCING)
        self._refused_since_us = 0
        self.claim.begin()

    def link_down(self, reason: str) -> None:
        """Nothing is heard any more."""
        log.warning("%s: not heard: %s", self.name, reason, extra={"pbx": self.name})
        self._change(Hearing.DEAF)
        self.claim.end()
        self.submit(TelephonyLost(self.name))

    def tick(self) -> None:
        """A few times a second: is it dead, is it time to look?"""
        now_us = self._clock.now_us()
        if self.hearing is Hearing.DEAF:
            self._watch_refusals(now_us)
        elif self.hearing is Hearing.UP:
            self._lookout.ask_about_doubts(now_us)
            if now_us >= self._lookout.next_us and self._lookout.look():
                self.phones.look_again()

    def _look(self) -> None:
        """At the list of channels, out of turn."""
        if self.hearing is Hearing.UP:
            self._lookout.look()

    def doubt(self, call_id: CallId, *, at_once: bool) -> None:
        """Nothing but a question speaks for this caller; `at_once`: nobody took its answer."""
        self._lookout.doubt(call_id, at_once=at_once)

    def _change(self, hearing: Hearing) -> None:
        self._side.session += 1
        self.hearing = hearing
        self.counters.elsewhere = hearing is Hearing.ELSEWHERE
        self._backlog.clear()
        self.phones.link_changed()

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

    def _leaves(self) -> None:
        """It refuses whatever is asked of it."""
        if self.hearing is Hearing.UP:
            log.warning("%s: is shutting down", self.name, extra={"pbx": self.name})
            self.hearing = Hearing.LEAVING
            self._ask_whether_it_stays()

    def _ask_whether_it_stays(self) -> None:
        self.submit(TelephonyLost(self.name, heard=True))
        self._side.send(action("Ping"), self._may_stay)
        self._side.later(LEAVING_ASK_S, self._ask_whether_it_stays)

    def _may_stay(self, answer: AmiAnswer) -> None:
        if self.hearing is Hearing.LEAVING and isinstance(answer, AmiResponse) and answer.success:
            log.info("%s: stays after all", self.name, extra={"pbx": self.name})
            self.link_up()

    # --- whose it is -----------------------------------------------------------------------------

    def _is_ours(self) -> None:
        """It takes our orders: what has it?"""
        if self.hearing is not Hearing.SYNCING:
            self._change(Hearing.SYNCING)
        self._ask_for_gate()
        self._orders.tell_data()
        self.phones.ask_all()
        self._ask_for_channels()

    def _ask_for_gate(self) -> None:
        """A Redirect to a context that is not there hangs the caller up. Asked before the list, and
        so answered before it.
        """

        def told(session: int, answer: AmiAnswer) -> None:
            said = answer.headers.get("Value") if isinstance(answer, AmiResponse) else ""
            if session == self._side.session and said == "0" and self.hearing is Hearing.SYNCING:
                log.error("%s: %s", self.name, Hearing.OUTDATED, extra={"pbx": self.name})
                self._change(Hearing.OUTDATED)
                self._side.later(OUTDATED_ASK_S, self.link_up)

        self._side.send(action("Getvar", Variable=GATE), partial(told, self._side.session))

    def _is_anothers(self) -> None:
        """Whose calls are none of ours; what we know of them is kept until it is given up."""
        was_ours = self.hearing in (Hearing.UP, Hearing.LEAVING)
        self._change(Hearing.ELSEWHERE)
        if was_ours:
            self.submit(TelephonyLost(self.name))

    def _unsure(self) -> None:
        """We were held up: before anything is ordered, it is looked at as after a login."""
        if self.hearing is Hearing.UP:
            log.warning("%s: not sure that it obeys us still", self.name, extra={"pbx": self.name})
            self.submit(TelephonyLost(self.name))
            self.link_up()

    # --- after that ------------------------------------------------------------------------------

    def _ask_for_channels(self) -> None:
        self._lists += 1
        known = self._side.calls()
        listed = partial(self._channels_listed, (self._side.session, self._lists), known)
        self._side.send(status_request(), listed)

    def _channels_listed(
        self, asked: tuple[int, int], known: list[CallId], answer: AmiAnswer
    ) -> None:
        if asked != (self._side.session, self._lists):
            return  # of an earlier link, or a newer list is on its way
        if not isinstance(answer, AmiResponse) or not answer.success:
            log.error("%s: no list of channels: %s", self.name, _why(answer))
            self._side.later(RETRY_S, self._ask_for_channels)
            return
        self._look_for_the_dead(known, answer)
        self._lookout.repair_all(known, answer)
        self.heard_since_us = self._clock.now_us()
        self.hearing, self._gone = Hearing.UP, False
        self.submit(TelephonyRestored(self.name))
        backlog, self._backlog = self._backlog, []
        for event in backlog:
            self._apply(event)

    def _look_for_the_dead(self, known: list[CallId], answer: AmiResponse) -> None:
        """A dialplan that clears its variables forgets as well, but loses no call."""
        there = {self.legs.call_id(item.headers.get("Uniqueid")) for item in answer.events}
        if self.claim.was_empty and known and there.isdisjoint(known):
            self._has_died("it was started anew")

    # --- while it is heard -----------------------------------------------------------------------

    def heard(self, event: AmiEvent) -> None:
        """An event of this Asterisk."""
        if self.hearing in (Hearing.UP, Hearing.LEAVING):
            self._apply(event)
        elif self.hearing is Hearing.SYNCING:
            self._backlog.append(event)
            if len(self._backlog) > BACKLOG:  # a newer list says the same in less
                self._backlog.clear()
                self._ask_for_channels()

    def _apply(self, event: AmiEvent) -> None:
        if event.name == "ContactStatus":
            self.phones.contact_changed(event)
        elif event.name == "Reload":
            self.claim.check()
            self.phones.ask_all()
        elif event.headers.get("UserEvent") == "CtiRefused":
            self._orders.came_back(event)
        elif event.headers.get("UserEvent") == "CtiFailsafe":
            self._failsafe(event)
        for command in translate(event, self.legs):
            if isinstance(command, TelephonyGone):
                self._has_died("it shuts down")
                self._leaves()
            else:
                self.submit(command)

    def _failsafe(self, event: AmiEvent) -> None:
        """Counted whatever the reason. A circle in the dialplan is known to nobody else."""
        self.counters.failsafes += 1
        if event.headers.get("Reason") == "maximumHops":
            log.error(
                "%s: goes round in circles between the dialplan and queue %r: failsafe",
                self.legs.call_id(event.headers.get("Uniqueid")), event.headers.get("Queue"),
                extra={"pbx": self.name, "channel": event.headers.get("Channel")},
            )  # fmt: skip


def _why(answer: AmiAnswer) -> str:
    return answer.message if isinstance(answer, AmiResponse) else f"{answer!r}"
