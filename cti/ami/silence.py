"""Is the other end still there? A ping every so often, and a limit to silence.

TCP does not tell: when a cable is pulled or a host freezes, a connection looks well for a quarter
of an hour (panoramisk 1.4). Any byte that comes in counts as life, so a link that is
busy with events is never dropped for a ping that waits its turn.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from cti.ami.wire import AmiWire

# A check that comes this much late says that this process was stopped or busy, not that the peer
# was silent.
STALL_S: Final = 0.5


class SilenceWatch:
    """
    Watches one connection from its making until `stop`.

    `ping` is called at once and then every `ping_s`; `on_dead` once, with the seconds of silence,
    when nothing has come in for `dead_after_s`.
    """

    def __init__(
        self,
        wire: AmiWire,
        ping_s: float,
        dead_after_s: float,
        *,
        ping: Callable[[], None],
        on_dead: Callable[[float], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._wire = wire
        self._ping_s = ping_s
        self._dead_after_s = dead_after_s
        self._ping = ping
        self._on_dead = on_dead
        self._next_ping_s = self._loop.time()
        self._timer = self._loop.call_soon(self._check, self._next_ping_s)

    def stop(self) -> None:
        """End the watch; none of the callbacks is called after this."""
        self._timer.cancel()

    def _check(self, due_s: float) -> None:
        now_s = self._loop.time()
        if now_s - due_s > STALL_S:
            # What the peer said meanwhile may be in the socket still; uvloop runs timers first.
            self._wire.heard_at_s = now_s
        silent_s = now_s - self._wire.heard_at_s
        if silent_s >= self._dead_after_s:
            self._on_dead(silent_s)
            return
        if now_s >= self._next_ping_s:
            self._next_ping_s = now_s + self._ping_s
            self._ping()
        next_s = min(self._next_ping_s, self._wire.heard_at_s + self._dead_after_s)
        self._timer = self._loop.call_at(next_s, self._check, next_s)
