"""Joins one or many Asterisks to the core.

    events of an Asterisk   -> Pbx.heard       -> translate -> dispatcher
    questions of a dialplan -> Gateway.answer  -> asking    -> dispatcher -> the answer
    events of the core      -> Gateway.decided -> effects   -> orders over each link

`Pbx` says how the life of a link is told to the core. The gateway is the first of the dispatcher's
listeners: an order leaves before anything is written down about it.
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from cti.agi.messages import AgiCommand, AgiRequest, set_variable
from cti.clock import Clock
from cti.dispatcher import CallLater, Cancellable, Dispatcher, RouterStopped
from cti.gateway.asking import Desk, RemarkKind, answer
from cti.gateway.effects import FOLLOWED
from cti.gateway.legs import Move
from cti.gateway.pbx import Hearing, Pbx
from cti.gateway.question import NotOurs, Question, read_question
from cti.gateway.remarks import Remarks
from cti.gateway.surroundings import Surroundings
from cti.gateway.unmet import Staffing
from cti.record.envelope import Envelope
from routing.commands import DeviceState, OfferOutcome, TelephonyLost
from routing.events import AgentLoggedOff, AgentLoggedOn, ConfigApplied, Event, OfferEnded
from routing.ids import CallId, PbxId

log = logging.getLogger(__name__)

TICK_S: Final = 0.25
ANSWER: Final = "CTI_NEXT"
Said = dict[PbxId, DeviceState | None]
OnSaid = Callable[[Said], None]
_LOG_EVERY_US: Final = 1_000_000
_AboutPhones = AgentLoggedOn | AgentLoggedOff | OfferEnded | ConfigApplied
_NOBODYS_US: Final = 60_000_000
"""For so long a question that names no Asterisk of ours is remembered: it may be a scanner's."""

MAX_SHOWN: Final = 100  # characters of a stranger's name


@dataclass(slots=True)
class GatewayCounters:
    """Plain numbers for the metrics to read."""

    questions: int = 0
    strangers: int = 0  # requests that prove nothing: not answered
    delivered: int = 0  # answers that carried an order
    failed_ticks: int = 0  # a defect of ours in the watch over a link
    unheard: int = 0  # answers that did not arrive: the caller hung up, or was redirected


@dataclass(slots=True)
class TurnedAway:
    """Questions that proved nothing, from one Asterisk since its last that did."""

    pbx: PbxId
    why: str
    last_us: int
    count: int = 1


class Gateway:
    """All Asterisks of one router. `secret` (and for a while `previous_secret`) is what their
    dialplans make tokens with; `instance` and `name` are this router's (`Surroundings`).
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        clock: Clock,
        *,
        secret: str,
        previous_secret: str = "",
        slice_s: int,
        call_later: CallLater,
        instance: str,
        name: str,
    ) -> None:
        self.counters = GatewayCounters()
        self.remarks = Remarks()
        self.pbxs: dict[PbxId, Pbx] = {}
        self._turned_away: dict[PbxId, TurnedAway] = {}  # since its last good question
        self._dispatcher = dispatcher
        self._clock = clock
        self._secrets = [each for each in (secret, previous_secret) if each]
        self._slice_s = slice_s
        self._around = Surroundings(dispatcher, clock, call_later, instance, name)
        self._staffing = Staffing()
        self._timer: Cancellable | None = None
        self._draining = False
        self._log_again_us = 0
        dispatcher.listen_turns("gateway", self.decided)

    # --- life ------------------------------------------------------------------------------------

    def add(self, name: PbxId) -> Pbx:
        """One more Asterisk. The core takes it for not heard until its link is up."""
        pbx = self.pbxs[name] = Pbx(name, self._around)
        pbx.submit(TelephonyLost(name))
        return pbx

    def start(self) -> None:
        """Watch over the links from now on."""
        self._timer = self._around.call_later(TICK_S, self._tick)

    def stop(self) -> None:
        """Watch no more. May be called twice."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def release(self) -> None:
        """We end on purpose: another router may have the Asterisks at once."""
        for pbx in self.pbxs.values():
            pbx.claim.release()

    def drain(self) -> None:
        """Answer no more questions and have nothing more offered; conversations go on."""
        self._draining = True
        for pbx in self.pbxs.values():
            pbx.submit(TelephonyLost(pbx.name))

    @property
    def all_heard(self) -> bool:
        """Every Asterisk is up and its calls are reconciled."""
        return all(pbx.hearing is Hearing.UP for pbx in self.pbxs.values())

    def _tick(self) -> None:
        self.start()  # first: whatever happens below, the watch goes on
        for pbx in self.pbxs.values():
            try:
                pbx.tick()
            except Exception as error:  # noqa: BLE001  one of them must not cost the others theirs
                self.counters.failed_ticks += 1
                self._complain(f"{pbx.name}: the watch over its link failed: %s", repr(error))

    # --- from the core ---------------------------------------------------------------------------

    def decided(self, envelopes: Sequence[Envelope]) -> None:
        """The events of one command. Most are news for others and cost one look."""
        events: list[Event] = []
        about_phones: list[_AboutPhones] = []
        for envelope in envelopes:
            event = envelope.event
            if type(event) in FOLLOWED:
                events.append(event)
            if isinstance(event, _AboutPhones):
                about_phones.append(event)
        if events:
            for pbx in self.pbxs.values():
                pbx.decided(events, envelopes[0].at_us)
        for event in about_phones:
            self._ask_about_phones(event)

    # --- phones ----------------------------------------------------------------------------------

    def _ask_about_phones(self, event: _AboutPhones) -> None:
        """An agent has another phone, or was not found at it: ask each Asterisk about it."""
        if isinstance(event, OfferEnded) and event.outcome is not OfferOutcome.UNREACHABLE:
            return
        for pbx in self.pbxs.values():
            if isinstance(event, ConfigApplied):
                pbx.config_applied()
                continue
            device = self._dispatcher.engine.agents[event.agent_id].phone.device
            if isinstance(event, OfferEnded):
                pbx.phones.ask(device)
            else:
                pbx.phones.given(device)

    def ask_about(self, device: str, told: OnSaid) -> None:
        """What each Asterisk says of this phone now; None of one that is away or does not answer.
        `told` is called once.
        """
        said: Said = dict.fromkeys(self.pbxs)
        deaf = (Hearing.DEAF, Hearing.ELSEWHERE)
        open_now = [pbx for pbx in self.pbxs.values() if pbx.hearing not in deaf]

        def answered(pbx: Pbx, state: DeviceState | None) -> None:
            said[pbx.name] = state
            open_now.remove(pbx)
            if not open_now:
                told(said)

        for pbx in tuple(open_now):
            pbx.phones.ask(device, partial(answered, pbx))
        if not open_now:
            told(said)

    def send_digits(self, call_id: CallId, keys: str) -> None:
        """Let the customer's side of this call hear these keys."""
        for pbx in self.pbxs.values():
            pbx.send_digits(call_id, keys)

    # --- from the dialplans ----------------------------------------------------------------------

    def answer(self, request: AgiRequest) -> Sequence[AgiCommand]:
        """What to say to one question; nothing to a stranger, and nothing while we stop: silence
        leads to music and another try, for as long as the operator has set.
        """
        if self._draining:
            return ()
        try:
            question = read_question(request, self._secrets, tuple(self.pbxs))
        except NotOurs as why:
            self.counters.strangers += 1
            self._note(why)
            who = f"channel {request.channel[:MAX_SHOWN]!r}, {request.uniqueid[:MAX_SHOWN]!r}"
            self._complain("agi: a request is not answered: %s", f"{why} ({who})")
            return ()
        hearing = self.pbxs[question.pbx].hearing
        if hearing in (Hearing.ELSEWHERE, Hearing.OUTDATED):
            self._note(NotOurs(hearing.value, question.pbx))
            return ()
        self.counters.questions += 1
        if self._turned_away:
            self._turned_away.pop(question.pbx, None)
        return self._answer(question)

    def turned_away(self) -> list[TurnedAway]:
        """Whose questions are not answered: their callers all go to failsafe."""
        after_us = self._clock.now_us() - _NOBODYS_US
        return [each for each in self._turned_away.values() if each.pbx or each.last_us > after_us]

    def _note(self, why: NotOurs) -> None:
        now_us = self._clock.now_us()
        known = self._turned_away.get(why.pbx)
        count = 1 if known is None else known.count + 1
        self._turned_away[why.pbx] = TurnedAway(why.pbx, str(why), now_us, count)

    def answered(self, request: AgiRequest, arrived: bool) -> None:
        """Whether the answer was taken. If not, the caller may be gone, and AMI may have said so
        before the question was read.
        """
        if arrived:
            return
        self.counters.unheard += 1
        with suppress(NotOurs):
            question = read_question(request, self._secrets, tuple(self.pbxs))
            self.pbxs[question.pbx].doubt(question.call_id, at_once=True)

    def _answer(self, question: Question) -> Sequence[AgiCommand]:
        pbx = self.pbxs[question.pbx]
        moved = pbx.legs.aliases.get(question.uniqueid)
        if not moved and pbx.legs.is_replaced(question.uniqueid):
            return (set_variable(ANSWER, f"after*{pbx.moment.epoch}"),)  # its last breath
        if moved:  # the call goes on under this channel
            first, own = moved.removeprefix(f"{pbx.name}-"), question.uniqueid
            question = replace(question, uniqueid=first, own_uniqueid=own)
        if question.call_id not in self._dispatcher.engine.calls:
            pbx.doubt(question.call_id, at_once=False)
        desk = Desk(
            self._dispatcher.engine, self._dispatcher.submit, pbx.legs, pbx.moment, self._slice_s,
            pbx.heard_since_us, self._staffing,
        )  # fmt: skip
        try:
            text = answer(question, desk)
        except RouterStopped:  # or this one command is held back (`cti.journal.quarantine`)
            pbx.legs.learn(question.call_id, question.channel).follow(Move.SENT_TO_WAIT)
            return ()
        for each in question.odd:
            desk.remark(RemarkKind.ODD_ARGUMENT, f"{each.argument} {each.value!r}")
        self.remarks.note(desk.remarks, question, pbx.moment.now_us)
        if text.startswith("deliver"):
            self.counters.delivered += 1
        return (set_variable(ANSWER, text),)

    def _complain(self, text: str, what: str) -> None:
        """At most once a second: somebody may be trying to fill the disk with our log."""
        now_us = self._clock.now_us()
        if now_us >= self._log_again_us:
            self._log_again_us = now_us + _LOG_EVERY_US
            log.warning(text, what)
