"""The single writer: every command is stamped, kept, applied and told, one after another.

    submit(command)
        stamp       the next number, a time that never goes back
        journal     one line, before anything else happens
        handle      the core decides
        tell        its events, numbered, to the listeners in their order
        arm         one timer for the core's next deadline

All of it happens in one call, so a stack trace shows the whole path from Asterisk's bytes to
Asterisk's orders. A command that a listener submits waits until the events of the present one are
out (run to completion): everybody sees the same order.

Who only shows or counts is told *later*, many events at once: within `LATER_S`, or when somebody
asks for what it shows (`catch_up`). A process that wakes up for each segment from Asterisk runs on
cold caches, where telling one event costs five times what it costs in a row (measured).

A listener that raises is logged and counted, and the next one is told. A *core* that raises is
another matter: its state is half applied, so it is not asked again. The daemon ends (exit code 70)
and recovers from the journal without that command (`cti.journal.recovery`).

Facts come before expiries: when the process was held up and a deadline is long past, what Asterisk
said meanwhile is read first. uvloop runs timers before it reads sockets, and a phone that was
answered in time must not be taken back because we were late.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from cti.clock import Clock
from cti.journal.file import Journal
from cti.journal.quarantine import Quarantine
from cti.record.envelope import Envelope
from routing.commands import Command, DeadlinesReached, Stamped
from routing.engine import RoutingEngine
from routing.events import Event

log = logging.getLogger(__name__)

INBOX_LIMIT: Final = 10_000
"""Commands that listeners may add to one of the outside. More is one that answers itself."""

LATE_US: Final = 20_000
"""A deadline that fires this late was not kept by the timer but by a held-up process."""

LATER_S: Final = 0.25
LATER_MAX: Final = 200
"""Events that wait for those who are told later: some 0.6 ms of work."""

_MS: Final = 0.001


class RouterStopped(Exception):  # noqa: N818  # says what is
    """The core has crashed or the daemon is ending: no command is taken any more."""


class CommandHeld(RouterStopped):
    """One command that is not taken: it has crashed the core before (`cti.journal.quarantine`), or
    has no form in the journal.
    """


class Cancellable(Protocol):
    """A timer that can be called off."""

    def cancel(self) -> None:
        """Do not fire. Harmless when it has fired."""


CallLater = Callable[[float, Callable[[], None]], Cancellable]
"""`loop.call_later`, or the virtual clock's: seconds from now, and what to do then."""


@dataclass(slots=True)
class DispatcherCounters:
    """Plain numbers for the metrics to read."""

    commands: int = 0
    events: int = 0
    listener_errors: int = 0
    postponed: int = 0  # submitted by listeners
    held: int = 0  # not taken: have crashed the core before, or have no form in the journal
    late_deadlines: int = 0  # fired late because the process was held up


class Dispatcher:
    """Owns the order of commands. All calls belong to one thread.

    `on_crash` is told once, with the error, when the core has raised. `decided`, if given, is told
    the seconds that each command took the core.
    """

    def __init__(
        self,
        engine: RoutingEngine,
        journal: Journal,
        clock: Clock,
        *,
        epoch: int,
        call_later: CallLater,
        on_crash: Callable[[Exception], None],
        decided: Callable[[float], None] | None = None,
        quarantine: Quarantine | None = None,
    ) -> None:
        self.engine = engine
        self.epoch = epoch
        self.counters = DispatcherCounters()
        self.failed_listeners: list[str] = []  # each once, by name
        self._journal = journal
        self._clock = clock
        self._call_later = call_later
        self._on_crash = on_crash
        self._decided = decided
        self._quarantine = quarantine or Quarantine()
        self._listeners: list[tuple[str, Callable[[Sequence[Envelope]], None]]] = []
        self._later: list[tuple[str, Callable[[Envelope], None]]] = []
        self._untold: list[Envelope] = []  # to those who are told later
        self._later_timer: Cancellable | None = None
        self._inbox: deque[Command] = deque()
        self._running = False
        self._added = 0  # commands that listeners have added to the present one
        self._stopped = ""
        self._timer: Cancellable | None = None
        self._armed_us = 0  # when the timer fires; 0: there is none
        self._gave_way = False  # the timer that runs has let the sockets go first

    # --- listeners -------------------------------------------------------------------------------

    def listen_turns(self, name: str, listener: Callable[[Sequence[Envelope]], None]) -> None:
        """Tell all events of one command at once. Listeners are told in the order of listening."""
        self._listeners.append((name, listener))

    def listen(self, name: str, listener: Callable[[Envelope], None]) -> None:
        """Tell the events one by one."""

        def each(envelopes: Sequence[Envelope]) -> None:
            for envelope in envelopes:
                listener(envelope)

        self._listeners.append((name, each))

    def listen_later(self, name: str, listener: Callable[[Envelope], None]) -> None:
        """Tell the events one by one, after everybody else and many at once."""
        self._later.append((name, listener))

    def catch_up(self) -> None:
        """Tell those who are told later all that has happened so far."""
        if self._later_timer is not None:
            self._later_timer.cancel()
            self._later_timer = None
        untold, self._untold = self._untold, []
        for name, listener in self._later:
            for envelope in untold:
                try:
                    listener(envelope)
                except Exception:
                    self._failed(name)
                    log.exception("listener %s failed at event %d", name, envelope.seq)

    # --- commands --------------------------------------------------------------------------------

    def submit(self, command: Command) -> list[Event]:
        """Apply a command and return what it led to, in order.

        From within a listener: it is applied after the present one is out, and nothing is returned
        now. Raises `RouterStopped`, and `CommandHeld` for this one command.
        """
        if self._stopped:
            raise RouterStopped(self._stopped)
        if self._quarantine.holds(command):
            self.counters.held += 1
            raise CommandHeld(f"{type(command).__name__} has crashed the core before")
        if self._running:
            self._postpone(command)
            return []
        self._running, self._added = True, 0
        try:
            events = self._turn(command)
            while self._inbox:
                self._take_postponed(self._inbox.popleft())
        finally:
            self._running = False
            self._arm()  # in any case: no other command may come that would
        return events

    def _take_postponed(self, command: Command) -> None:
        """Its listener is told nothing of what becomes of it, and the others must not suffer."""
        try:
            self._turn(command)
        except CommandHeld:
            log.error("a command of a listener was not taken: %s", type(command).__name__)

    def _postpone(self, command: Command) -> None:
        if self._added >= INBOX_LIMIT:
            raise RouterStopped(f"{INBOX_LIMIT} commands for one: a listener answers itself")
        self._added += 1
        self.counters.postponed += 1
        self._inbox.append(command)

    def stop(self, why: str = "the router is stopping") -> None:
        """Take no more commands and let no deadline fire."""
        self._stopped = self._stopped or why
        self._inbox.clear()
        self.catch_up()
        self._disarm()

    def start(self) -> None:
        """Let deadlines fire from now on, those of a recovered core included."""
        self._arm()

    def _turn(self, command: Command) -> list[Event]:
        engine = self.engine
        stamped = Stamped(engine.seq + 1, max(self._clock.now_us(), engine.now_us), command)
        self._keep(stamped)
        before = engine.event_seq
        began = time.perf_counter()
        try:
            events = engine.handle(stamped)
        except Exception as error:
            self._crashed(stamped, error)
            raise RouterStopped(self._stopped) from error
        if self._decided is not None:
            self._decided(time.perf_counter() - began)
        self.counters.commands += 1
        if events:
            self._tell(stamped.at_us, before, events)
        return events

    def _keep(self, stamped: Stamped) -> None:
        """One that has no form in the journal is not applied: no replay could bring it back."""
        try:
            self._journal.append(stamped)
        except Exception as error:
            self.counters.held += 1
            kind = type(stamped.command).__name__
            log.exception("%s cannot be journalled and is not taken", kind)
            raise CommandHeld(f"{kind} cannot be journalled: {error}") from error

    def _tell(self, at_us: int, before: int, events: list[Event]) -> None:
        envelopes = [
            Envelope(self.epoch, seq, at_us, event) for seq, event in enumerate(events, before + 1)
        ]
        self.counters.events += len(envelopes)
        for name, listener in self._listeners:
            try:
                listener(envelopes)
            except Exception:
                self._failed(name)
                log.exception("listener %s failed at events from %d on", name, before + 1)
        if self._later:
            self._put_off(envelopes)

    def _failed(self, name: str) -> None:
        """What it shows or does is not to be trusted until a restart: it has missed something."""
        self.counters.listener_errors += 1
        if name not in self.failed_listeners:
            self.failed_listeners.append(name)

    def _put_off(self, envelopes: list[Envelope]) -> None:
        self._untold += envelopes
        if len(self._untold) >= LATER_MAX:
            self.catch_up()
        elif self._later_timer is None:
            self._later_timer = self._call_later(LATER_S, self.catch_up)

    def _crashed(self, stamped: Stamped, error: Exception) -> None:
        self.stop(f"the core crashed at command {stamped.seq}")
        # Not the command itself: callers' numbers are for the journal, which has it.
        kind = type(stamped.command).__name__
        log.critical("the core crashed at command %d, %s", stamped.seq, kind, exc_info=error)
        self._on_crash(error)

    # --- the timer -------------------------------------------------------------------------------

    def _arm(self) -> None:
        """See that the timer fires no later than the next deadline.

        A timer that is too early is left alone: it fires, finds nothing due and is set anew. Most
        deadlines are replaced long before they come, so setting one a command would be waste.
        """
        due_us = self.engine.next_deadline_us()
        if due_us is None or self._stopped or 0 < self._armed_us <= due_us:
            return
        self._disarm()
        self._fire_in(due_us, max(0, due_us - self._clock.now_us()))

    def _fire_in(self, due_us: int, wait_us: int) -> None:
        # Rounded up to a millisecond, which is as fine as uvloop's timers are: never too early.
        self._armed_us = due_us
        self._timer = self._call_later(-(-wait_us // 1000) * _MS, self._fired)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._armed_us = None, 0

    def _fired(self) -> None:
        armed_us, self._timer, self._armed_us = self._armed_us, None, 0
        gave_way, self._gave_way = self._gave_way, False
        due_us, now_us = self.engine.next_deadline_us(), self._clock.now_us()
        if due_us is None or due_us > now_us:
            self._arm()
        elif now_us - armed_us > LATE_US and not gave_way:
            self.counters.late_deadlines += 1
            self._gave_way = True  # once: one more round of the loop, and sockets are read
            self._fire_in(due_us, 1000)
        else:
            self.submit(DeadlinesReached())
