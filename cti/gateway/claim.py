"""Whose orders one Asterisk carries out: one router's, and which. Held in two globals of Asterisk.

    CTI_EPOCH  the turn (`cti.gateway.epoch`) whose orders the dialplan carries out. Written when a
               router takes the Asterisk, and again where a reload has cleared it
    CTI_BEAT   what that router says once a second: its turn, a number that grows, its name

**One at a time.** CTI_EPOCH is one variable and no two turns are alike, so at every moment the
dialplan obeys at most one router, whatever the routers believe.

**Who comes** reads both. Nobody's, or our own of before (the same data folder, which has one
process at a time): it is taken. Another's: nothing is ordered, and both are read once a second;
it is taken when it has not changed for STALE_S, or says `gone`.

**Two who come at once.** AMI has no compare-and-set. Each writes its own turn, waits SETTLE_S and
reads again: who finds another's stands back. A router writes only what it has found free, so all
writes lie within the time that one takes from its reading to its writing; when that is less than
SETTLE_S, all have been made before the first reads again, and exactly the last writer finds itself.
When somebody was held up for longer, two may believe it for a second: the dialplan still obeys one,
and the other is told by its next beat or its first order.

**Who was held up** (stopped process, paused machine, cut-off network) orders nothing until it has
read its own turn there again: `is_sure` lasts LEASE_S from the sending of the question whose answer
confirmed it. What is then in the wire arrives within `cti.ami.wire.UNSENT_LIMIT_S` or never. Both
together are less than STALE_S, and only differences of monotonic clocks are compared, never two
machines' time. Should an order come later all the same, the dialplan refuses it (`told`).

**A lower turn than ours** is of somebody who was held up between reading and writing: ours is
written again. A higher one, or one as high, is our end here.
"""

import logging
from collections.abc import Callable
from enum import StrEnum
from functools import partial
from typing import Final, Protocol

from cti.ami.messages import AmiAction, AmiResponse, action
from cti.gateway.counters import PbxCounters
from cti.gateway.epoch import NO_BEAT, Beat, Epoch, beat_text, read_beat, read_epoch
from cti.gateway.link import AmiAnswer, OnAnswer
from cti.gateway.surroundings import Surroundings
from routing.ids import PbxId

log = logging.getLogger(__name__)

BEAT_S: Final = 1.0
LEASE_S: Final = 3.0
"""Two beats may go astray. An Asterisk that does not answer for so long is dropped anyway."""
STALE_S: Final = 7.0
"""LEASE_S, UNSENT_LIMIT_S of the wire, and a second for clocks that do not run alike."""
SETTLE_S: Final = 0.25
"""From reading to writing it takes a turn of the loop and one way to Asterisk, a millisecond."""
RETRY_S: Final = 1.0

EPOCH: Final = "CTI_EPOCH"
BEAT: Final = "CTI_BEAT"
_SECOND_US: Final = 1_000_000


class Standing(StrEnum):
    """What we know of it."""

    UNKNOWN = "unknown"
    OURS = "ours"
    ANOTHERS = "another's"


class Sends(Protocol):
    """The way to that Asterisk."""

    def __call__(self, order: AmiAction, on_answer: OnAnswer | None = None) -> None:
        """As `Side.send`."""


class Claim:
    """Our claim on one Asterisk. `begin` when its link is up, `end` when it is down.

    `on_held` is called when it is ours, `on_lost` when it is found to be another's; each once until
    the other, or `begin`.
    """

    def __init__(
        self,
        pbx: PbxId,
        around: Surroundings,
        send: Sends,
        counters: PbxCounters,
    ) -> None:
        self.on_held: Callable[[], None] = lambda: None
        self.on_lost: Callable[[], None] = lambda: None
        self.on_cleared: Callable[[], None] = lambda: None  # our epoch was not there, and is again
        self.standing = Standing.UNKNOWN
        self.epoch = Epoch(around.dispatcher.epoch, around.instance)  # of our turn here
        self.was_empty = False  # CTI_EPOCH, when the link came up
        self.rival = NO_BEAT  # who has it, as far as it has said
        self.is_alive = False  # that one has been seen to beat
        self._pbx = pbx
        self._around = around
        self._send = send
        self._counters = counters
        self._life = 0  # of the link: late answers and timers find another number
        self._has_written = False  # in this process; a copy of our folder counts alike
        self._has_held = False
        self._was_replaced = False  # … and lost to another
        self._seen: tuple[Epoch | None, str] | None = None  # what another's last was
        self._seen_us = 0  # since when it has been so
        self._sure_us = 0  # when the question was sent that confirmed ours last
        self._count = 0

    # --- for the gateway --------------------------------------------------------------------------

    def begin(self) -> None:
        """Whose is it? Actions are taken from now on."""
        self.end()
        self._look(first=True)

    def end(self) -> None:
        """The link is down: another is remembered, but not for how long it has been so."""
        self._life += 1
        self.standing = Standing.UNKNOWN
        self._seen = None

    @property
    def is_sure(self) -> bool:
        """Ours, and confirmed a moment ago."""
        age_us = self._around.clock.now_us() - self._sure_us
        return self.standing is Standing.OURS and age_us < LEASE_S * _SECOND_US

    def check(self) -> None:
        """Somebody may have cleared it: look now, not with the next beat."""
        if self.standing is Standing.OURS:
            self._ask(EPOCH, partial(self._beaten, self._around.clock.now_us()))

    def told(self, epoch: str) -> bool:
        """The dialplan says what CTI_EPOCH is; whether it will be ours again."""
        return self.standing is Standing.OURS and self._compare(read_epoch(epoch))

    def release(self) -> None:
        """We end on purpose: who waits for it need not wait any longer."""
        if self.standing is Standing.OURS:
            text = beat_text(self.epoch, None, self._around.name)
            self._send(action("Setvar", Variable=BEAT, Value=text))
            self.end()

    # --- to take it -------------------------------------------------------------------------------

    def _look(self, *, first: bool = False) -> None:
        sent_us = self._around.clock.now_us()

        def beat_read(beat: str) -> None:
            self._ask(EPOCH, lambda epoch: self._looked(sent_us, epoch, beat, first=first), retry)

        retry = partial(self._later, RETRY_S, partial(self._look, first=first))
        self._ask(BEAT, beat_read, retry)  # first: from reading EPOCH to writing it is one way back

    def _looked(self, sent_us: int, epoch: str, beat: str, *, first: bool) -> None:
        found = read_epoch(epoch)
        if first:
            self.was_empty = found is None
        if found == self.epoch and self._has_written:
            self._hold(sent_us)
        elif found is None and self.rival == NO_BEAT:
            self._take(None, settle=not self._has_held)
        elif found is not None and found.instance == self.epoch.instance and not self._was_replaced:
            self._take(found, settle=False)  # of our last life
        else:
            self._watch(sent_us, found, beat)

    def _watch(self, sent_us: int, found: Epoch | None, beat: str) -> None:
        """Another's. Empty where it was not: cleared by a reload, and its router sets it again."""
        seen, said = (found, beat), read_beat(beat)
        if said.is_gone and said.epoch == found:
            log.info("%s: router %s has left it", self._pbx, said.name)
            self._take(found, settle=True)
            return
        if self._seen is None or (found is not None and seen != self._seen):
            changed, self._seen = self._seen is not None, seen
            self._seen_us = self._around.clock.now_us()
            self._met(found, said, is_alive=changed)
        if sent_us - self._seen_us >= STALE_S * _SECOND_US:
            log.info("%s: router %s is gone from it", self._pbx, self.rival.name or found)
            self._take(found, settle=True)
        else:
            self._later(BEAT_S, self._look)

    def _met(self, found: Epoch | None, beat: Beat, *, is_alive: bool) -> None:
        if beat.epoch == found and found is not None:
            self.rival = beat
        elif found is not None:
            self.rival = Beat(found, is_gone=False, name="")
        was_alive, self.is_alive = self.is_alive, is_alive
        if is_alive and not was_alive:
            log.error(
                "%s: another router has it: %s (epoch %s). We order nothing there and answer"
                " nothing; next: stop one of the two, or take this Asterisk out of its cti.toml",
                self._pbx, self.rival.name or "?", found, extra={"pbx": self._pbx},
            )  # fmt: skip
        if self.standing is not Standing.ANOTHERS:
            self.standing = Standing.ANOTHERS
            self.on_lost()

    def _take(self, found: Epoch | None, *, settle: bool) -> None:
        """Write ours. With `settle` somebody else may be doing the same."""
        least = 0 if found is None else found.number + 1
        number = max(self._around.dispatcher.epoch, self.epoch.number, least)
        self.epoch, self._has_written = Epoch(number, self.epoch.instance), True
        sent_us = self._around.clock.now_us()

        def written(answer: AmiAnswer) -> None:
            if not (isinstance(answer, AmiResponse) and answer.success):
                why = answer.message if isinstance(answer, AmiResponse) else f"{answer!r}"
                log.error("%s: %s cannot be set: %s", self._pbx, EPOCH, why)
                self._later(RETRY_S, self._look)
            elif settle:
                self._later(SETTLE_S, self._look)
            else:
                self._hold(sent_us)

        self._send(
            action("Setvar", Variable=EPOCH, Value=str(self.epoch)), self._of_this_life(written)
        )

    # --- to keep it -------------------------------------------------------------------------------

    def _hold(self, sure_us: int) -> None:
        self.standing, self._has_held = Standing.OURS, True
        self.rival, self.is_alive, self._seen = NO_BEAT, False, None
        self._sure_us = sure_us
        log.info("%s: obeys us, epoch %s", self._pbx, self.epoch, extra={"pbx": self._pbx})
        self._beat()
        self.on_held()

    def _beat(self) -> None:
        if self.standing is not Standing.OURS:
            return
        if self.is_sure:
            self._count += 1
            text = beat_text(self.epoch, self._count, self._around.name)
            self._send(action("Setvar", Variable=BEAT, Value=text))
        self.check()
        self._later(BEAT_S, self._beat)

    def _beaten(self, sent_us: int, epoch: str) -> None:
        if self.standing is Standing.OURS and self._compare(read_epoch(epoch)):
            self._sure_us = max(self._sure_us, sent_us)

    def _compare(self, found: Epoch | None) -> bool:
        """Is it ours, and if not, may it be ours again?"""
        if found == self.epoch:
            return True
        if found is None or found.number < self.epoch.number:
            log.warning("%s: %s was %s; set again", self._pbx, EPOCH, found or "cleared")
            self._counters.reclaimed += 1
            self._send(action("Setvar", Variable=EPOCH, Value=str(self.epoch)))
            self.on_cleared()
            return True
        log.error("%s: obeys the router of epoch %s, not us", self._pbx, found)
        self.end()
        self._was_replaced = True
        self._counters.replaced += 1
        self.epoch = Epoch(found.number + 1, self.epoch.instance)
        self.standing = Standing.ANOTHERS
        self.rival = Beat(found, is_gone=False, name="")
        self.on_lost()
        self._look()
        return False

    # --- internal ---------------------------------------------------------------------------------

    def _ask(
        self, variable: str, told: Callable[[str], None], failed: Callable[[], None] | None = None
    ) -> None:
        def answered(answer: AmiAnswer) -> None:
            if isinstance(answer, AmiResponse) and answer.success:
                told(answer.headers.get("Value"))
            elif failed is not None:
                failed()

        self._send(action("Getvar", Variable=variable), self._of_this_life(answered))

    def _of_this_life(self, answered: OnAnswer) -> OnAnswer:
        life = self._life
        return lambda answer: answered(answer) if life == self._life else None

    def _later(self, delay_s: float, call: Callable[[], None]) -> None:
        life = self._life
        self._around.call_later(delay_s, lambda: call() if life == self._life else None)
