"""A client for one Asterisk: connects, logs in, stays up, sends actions and hands out events.

It knows what an action is, but not which ones exist; what a Redirect means is the gateway's. The
states and the back-off are in `login`, the way in in `handshake`, open answers in `exchange`, pings
in `silence`, bytes in `wire` and `protocol`.

Four rules, each bought by a defect in somebody's client:

* **Nothing is ever sent twice.** When the link is lost, every open action fails with `AmiDown` at
  once. It may have been carried out; only the events, or a question after the next login, can tell.
* **A callback never runs inside the call that caused it**, so `send` may be used in the middle of
  anything.
* **A listener that raises costs its own event and no more.** It is logged, counted, and the stream
  goes on.
* **Silence is a fault.** When nothing has come in for `dead_after_s`, or no answer for
  `mute_after_s` however many events there are, the connection is dropped.
"""

import asyncio
import itertools
import logging
import secrets
from collections.abc import Callable
from typing import Final

from cti.ami.counters import AmiCounters, ListenerGuard
from cti.ami.encoder import encode_action
from cti.ami.errors import AmiBusy, AmiDown, AmiFailure, AmiProtocolError
from cti.ami.exchange import Exchange
from cti.ami.handshake import log_in
from cti.ami.login import (
    PROVEN_US,
    LoginState,
    LoginTrigger,
    login_action,
    next_state,
    retry_delay_us,
)
from cti.ami.messages import AmiAction, AmiEvent, AmiGreeting, AmiResponse, action
from cti.ami.open_actions import OnAnswer
from cti.ami.protocol import AmiMessage, MessageDecoder
from cti.ami.silence import SilenceWatch
from cti.ami.wire import AmiWire

log = logging.getLogger(__name__)

# A session of Asterisk works its actions off one by one, well under a millisecond each: more open
# ones than this are half a second of queue, and an order that would wait longer than that is better
# refused.
MAX_INFLIGHT: Final = 512
# A connect that nobody answers (host off, packets dropped) would take the kernel's two minutes.
CONNECT_LIMIT_S: Final = 3.0
# Logoff is a courtesy; an Asterisk that does not take it must not hold up our own end.
CLOSE_LIMIT_S: Final = 1.0
# After this long in BOOTING the operator is told what to look at.
BOOT_HINT_S: Final = 10.0

# Longer than any action may take: orders have failed by then, so a new connection costs nothing.
MUTE_AFTER_S: Final = 6.0

_FULLY_BOOTED: Final = "FullyBooted"
_LOGGED_IN: Final = (LoginState.BOOTING, LoginState.UP)


class AmiClient:
    """
    One Asterisk. `start` and `close` it inside a running event loop; all calls belong to that loop.

    * `on_up` is called when actions are taken (FullyBooted seen), `on_down` with a reason when that
      has ended by itself. They alternate; `close` calls neither.
    * `on_event` gets the events named in `wanted` (None: all) between the two, in order. Items of
      list answers are not events.
    * `send` and `request` take an action; its answer comes once, within its deadline.

    Times are in seconds. `run` begins every ActionID and should differ from one process to the
    next; `retry_us` gives the back-off (microseconds) from (WAITING or REFUSED, failures in a row).
    The constructor raises `AmiUsageError` when user or secret cannot be written.
    """

    def __init__(  # noqa: PLR0913  # wired once, in one place, by keyword
        self,
        name: str,
        host: str,
        port: int,
        username: str,
        secret: str,
        *,
        wanted: frozenset[str] | None,
        on_event: Callable[[AmiEvent], None],
        on_up: Callable[[], None],
        on_down: Callable[[str], None],
        ping_s: float = 2.0,
        dead_after_s: float = 3.0,
        mute_after_s: float = MUTE_AFTER_S,
        action_deadline_s: float = 5.0,
        max_inflight: int = MAX_INFLIGHT,
        run: str | None = None,
        retry_us: Callable[[LoginState, int], int] = retry_delay_us,
    ) -> None:
        self.name = name
        self.counters = AmiCounters()
        self.failure = ""  # why the link is not up, in a few words; empty while it is
        self._address = (host, port)
        self._user = (username, secret)
        encode_action(login_action(username, secret), "check")
        self._wanted = wanted
        self._on_event = on_event
        self._on_up = on_up
        self._on_down = on_down
        self._ping_s = ping_s
        self._dead_after_s = dead_after_s
        self._mute_after_s = mute_after_s
        self._action_deadline_s = action_deadline_s
        self._max_inflight = max_inflight
        self._retry_us = retry_us
        self._tell = ListenerGuard(name, self.counters)
        run = run or secrets.token_hex(4)
        self._ids = (f"{run}-{number}" for number in itertools.count(1))
        self._failure_count = 0  # attempts in a row that have not led to a link that proved itself
        self._up_at_s = 0.0  # loop time
        self._state = LoginState.STOPPED
        self._exchange: Exchange | None = None  # while there is a connection
        self._watch: SilenceWatch | None = None  # while logged in
        self._connecting: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None  # retry, login limit or hint: one at a time

    # -- for the caller

    @property
    def state(self) -> LoginState:
        """Where the link stands."""
        return self._state

    @property
    def is_up(self) -> bool:
        """Whether actions are taken."""
        return self._state is LoginState.UP

    @property
    def open_count(self) -> int:
        """Actions that wait for their answer, pings included."""
        return 0 if self._exchange is None else self._exchange.open_count

    def start(self) -> None:
        """Connect, and keep at it until `close`. Raises `AmiUsageError` if that is so already."""
        self._step(LoginTrigger.START)
        self._connect()

    async def close(self) -> None:
        """
        Log off and end for good, from any state; returns when the socket is closed.

        Open actions fail with `AmiDown`. Takes `CLOSE_LIMIT_S` at most.
        """
        was_logged_in = self._state in _LOGGED_IN
        self._step(LoginTrigger.CLOSE)
        self.failure = "closed"
        exchange = self._detach()
        connecting, self._connecting = self._connecting, None
        if exchange is not None:
            exchange.fail_all(AmiDown("closed"))
        if connecting is not None:
            if exchange is None:
                # Not once the connection is made: uvloop would then never report its end.
                connecting.cancel()
            await asyncio.wait([connecting])
        if exchange is not None:
            if was_logged_in:
                exchange.wire.write(encode_action(action("Logoff"), next(self._ids)))
            await exchange.wire.close(CLOSE_LIMIT_S)

    def send(
        self,
        order: AmiAction,
        on_answer: OnAnswer | None = None,
        deadline_s: float | None = None,
    ) -> str:
        """
        Send an action and return its ActionID; the answer goes to `on_answer`, exactly once.

        The answer is an `AmiResponse` (success or not), or an `AmiFailure`: `AmiDown` and `AmiBusy`
        in the next turn of the loop, `AmiTimeout` after the deadline, `AmiDown` when the link is
        lost. Raises `AmiUsageError` for an action that cannot be written.
        """
        action_id = next(self._ids)
        data = encode_action(order, action_id)
        exchange, refusal = self._exchange, self._refusal()
        if exchange is None or refusal is not None:
            self.counters.refused += 1
            if on_answer is not None:
                failure = refusal or AmiDown(self.failure)
                asyncio.get_running_loop().call_soon(self._tell, on_answer, failure)
            return action_id
        if deadline_s is None:
            deadline_s = self._action_deadline_s
        exchange.transmit(action_id, data, on_answer, deadline_s)
        return action_id

    async def request(self, order: AmiAction, deadline_s: float | None = None) -> AmiResponse:
        """
        Send an action and wait for its answer, successful or not.

        Raises `AmiFailure` (`AmiDown`, `AmiTimeout`, `AmiBusy`, `AmiBroken`) where there is none,
        and `AmiUsageError` as `send`. Nothing is left behind when the waiting task is cancelled.
        """
        waiter: asyncio.Future[AmiResponse] = asyncio.get_running_loop().create_future()

        def settle(answer: AmiResponse | AmiFailure) -> None:
            if waiter.done():
                return
            if isinstance(answer, AmiFailure):
                waiter.set_exception(answer)
            else:
                waiter.set_result(answer)

        action_id = self.send(order, settle, deadline_s)
        try:
            return await waiter
        finally:
            if self._exchange is not None:
                self._exchange.give_up(action_id)

    def _refusal(self) -> AmiFailure | None:
        """Why an action cannot go out now."""
        if self._exchange is None or not self.is_up:
            return AmiDown(self.failure or self._state.value)
        if self._exchange.open_count >= self._max_inflight:
            return AmiBusy(f"{self._max_inflight} actions are open")
        if self._exchange.wire.is_congested:
            return AmiBusy("Asterisk does not read")
        return None

    # -- the life of the link: each `_step` is a row of the table in `login`

    def _step(self, trigger: LoginTrigger) -> None:
        self._state = next_state(self._state, trigger)

    def _connect(self) -> None:
        self.counters.connects += 1
        self._connecting = asyncio.get_running_loop().create_task(
            self._open_connection(), name=f"ami {self.name}"
        )

    async def _open_connection(self) -> None:
        try:
            async with asyncio.timeout(CONNECT_LIMIT_S):
                await asyncio.get_running_loop().create_connection(self._make_wire, *self._address)
        except Exception as error:  # noqa: BLE001  whatever it is: this task has nobody else
            if self._state is LoginState.CONNECTING:
                self._lost(f"no connection: {str(error) or 'not answered'}")

    def _make_wire(self) -> AmiWire:
        wanted = None if self._wanted is None else self._wanted | {_FULLY_BOOTED}
        return AmiWire(
            MessageDecoder(wanted=wanted),
            on_made=self._connected,
            on_messages=self._received,
            on_lost=self._disconnected,
        )

    def _connected(self, wire: AmiWire) -> None:
        self._step(LoginTrigger.CONNECTED)
        self._exchange = Exchange(
            wire, self.counters, self._tell, self._ids, self._action_deadline_s
        )
        self._arm(self._action_deadline_s, self._login_overdue)

    def _greeted(self, exchange: Exchange) -> None:
        self._step(LoginTrigger.GREETED)
        log_in(exchange, *self._user, on_accepted=self._accepted, on_refused=self._refused)

    def _refused(self, reason: str, trigger: LoginTrigger) -> None:
        self.counters.logins_refused += 1
        self._lost(reason, trigger)

    def _accepted(self) -> None:
        self._step(LoginTrigger.ACCEPTED)
        self._arm(BOOT_HINT_S, self._hint_at_boot)
        if self._exchange is not None:
            self._watch = SilenceWatch(
                self._exchange,
                self._ping_s,
                self._dead_after_s,
                self._mute_after_s,
                on_pong=self._prove,
                on_dead=self._lost,
            )

    def _login_overdue(self) -> None:
        self._lost(f"no login within {self._action_deadline_s} s")

    def _hint_at_boot(self) -> None:
        log.warning(
            "%s: logged in, but no FullyBooted: Asterisk is still booting, or this user lacks the "
            "read class `system`, or its event filter leaves FullyBooted out",
            self.name,
        )

    def _booted(self) -> None:
        was_up = self.is_up
        self._step(LoginTrigger.BOOTED)
        if not was_up:
            self._disarm()
            self._up_at_s = asyncio.get_running_loop().time()
            self.failure = ""
            log.info("%s: up", self.name)
            self._tell(self._on_up)

    def _disconnected(self, wire: AmiWire, reason: str) -> None:
        if self._exchange is not None and wire is self._exchange.wire:
            self._lost(reason)

    def _lost(self, reason: str, trigger: LoginTrigger = LoginTrigger.LOST) -> None:
        """Drop the connection, come back after the back-off, and fail what was open."""
        was_up = self.is_up
        self._step(trigger)
        self.failure = reason
        exchange = self._detach()
        delay_s = self._retry_us(self._state, self._failure_count) / 1_000_000
        self._failure_count += 1
        self._arm(delay_s, self._retry)
        log.warning("%s: %s; next attempt in %.1f s", self.name, reason, delay_s)
        if exchange is not None:
            exchange.wire.abort()
            exchange.fail_all(AmiDown(reason))
        if was_up:
            self._tell(self._on_down, reason)

    def _retry(self) -> None:
        self._step(LoginTrigger.RETRY)
        self.counters.reconnects += 1
        self._connect()

    def _detach(self) -> Exchange | None:
        """Have no connection, no watch and no timer any more."""
        self._disarm()
        if self._watch is not None:
            self._watch.stop()
            self._watch = None
        exchange, self._exchange = self._exchange, None
        return exchange

    def _arm(self, delay_s: float, callback: Callable[[], None]) -> None:
        self._disarm()
        self._timer = asyncio.get_running_loop().call_later(delay_s, callback)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _prove(self, rtt_us: int) -> None:
        """It answers; when it has for long enough, its next loss is met with a short pause."""
        self.counters.ping_rtt_us = rtt_us
        up_s = asyncio.get_running_loop().time() - self._up_at_s
        if self.is_up and up_s * 1_000_000 >= PROVEN_US:
            self._failure_count = 0

    # -- what comes in

    def _received(self, wire: AmiWire, messages: list[AmiMessage]) -> None:
        skipped = wire.take_skipped_count()
        self.counters.skipped += skipped
        self.counters.messages_in += skipped + len(messages)
        for message in messages:
            exchange = self._exchange
            if exchange is None or exchange.wire is not wire:
                return  # a listener has closed us, or the link was given up
            if isinstance(message, AmiEvent):
                self._event(exchange, message)
            elif isinstance(message, AmiResponse):
                exchange.take_response(message)
            elif isinstance(message, AmiGreeting):
                self._greeted(exchange)
            else:
                self._protocol_error(message)

    def _event(self, exchange: Exchange, event: AmiEvent) -> None:
        if event.name == _FULLY_BOOTED and self._state in _LOGGED_IN:
            self._booted()
        if exchange.take_item(event):
            return
        wanted = self._wanted is None or event.name in self._wanted
        if not wanted or self._state is not LoginState.UP:
            self.counters.skipped += 1
        elif event.is_forged:
            if not self.counters.forged:  # once: nobody shall fill the disk with our log
                log.warning("%s: a %s with a forged header was dropped", self.name, event.name)
            self.counters.forged += 1
        else:
            self._tell(self._on_event, event)

    def _protocol_error(self, error: AmiProtocolError) -> None:
        self.counters.protocol_errors += 1
        if self._state is LoginState.GREETING:
            self._lost(str(error))
        else:
            log.warning("%s: %s", self.name, error)
