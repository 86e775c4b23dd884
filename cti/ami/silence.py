"""Is the other end still there? A ping every so often, and a limit to silence.

TCP does not tell: when a cable is pulled or a host freezes, a connection looks well for a quarter
of an hour (panoramisk 1.4). Any byte that comes in counts as life, so a link that is busy with
events is not dropped for a ping that waits its turn. It does not wait for ever: a peer that tells
and never answers takes no orders either, so **two** silences have a limit, that of every byte and
that of answers.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from cti.ami.errors import AmiFailure
from cti.ami.exchange import Exchange
from cti.ami.messages import AmiResponse, action

# A check that comes this much late says that this process was stopped or busy, not that the peer
# was silent.
STALL_S: Final = 0.5

# Only what was asked is answered: a peer that is pinged seldom has longer to answer.
PINGS_BEFORE_MUTE: Final = 3

_PING: Final = action("Ping")


class SilenceWatch:
    """
    Watches one connection from its making until `stop`.

    A ping goes out at once and then every `ping_s`; `on_pong` gets the microseconds that it took.
    `on_dead` is called once, with the reason, when nothing has come in for `dead_after_s`, or no
    answer for `mute_after_s`, nor to three pings.
    """

    def __init__(
        self,
        exchange: Exchange,
        ping_s: float,
        dead_after_s: float,
        mute_after_s: float,
        *,
        on_pong: Callable[[int], None],
        on_dead: Callable[[str], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._exchange = exchange
        self._ping_s = ping_s
        self._dead_after_s = dead_after_s
        self._mute_after_s = max(mute_after_s, PINGS_BEFORE_MUTE * ping_s)
        self._on_pong = on_pong
        self._on_dead = on_dead
        self._next_ping_s = self._loop.time()
        self._timer = self._loop.call_soon(self._check, self._next_ping_s)

    def stop(self) -> None:
        """End the watch; none of the callbacks is called after this."""
        self._timer.cancel()

    def _check(self, due_s: float) -> None:
        now_s, wire = self._loop.time(), self._exchange.wire
        if now_s - due_s > STALL_S:
            # What the peer said meanwhile may be in the socket still; uvloop runs timers first.
            wire.heard_at_s = wire.answered_at_s = now_s
        silent_s, mute_s = now_s - wire.heard_at_s, now_s - wire.answered_at_s
        if silent_s >= self._dead_after_s:
            self._on_dead(f"silent for {silent_s:.1f} s")
            return
        if mute_s >= self._mute_after_s:
            self._on_dead(f"tells, but answers nothing for {mute_s:.1f} s")
            return
        if now_s >= self._next_ping_s:
            self._next_ping_s = now_s + self._ping_s
            self._ping()
        next_s = min(
            self._next_ping_s,
            wire.heard_at_s + self._dead_after_s,
            wire.answered_at_s + self._mute_after_s,
        )
        self._timer = self._loop.call_at(next_s, self._check, next_s)

    def _ping(self) -> None:
        sent_at_ns = time.monotonic_ns()  # the time of uvloop's loop is in whole milliseconds

        def answered(answer: AmiResponse | AmiFailure) -> None:
            if isinstance(answer, AmiResponse):
                self._on_pong((time.monotonic_ns() - sent_at_ns) // 1000)

        self._exchange.ask(_PING, answered)
