"""Keys of rows: 26 characters that sort by the time they were made at, as text, in any database.

48 bits of milliseconds and 80 bits by chance, in Crockford's base 32 (the layout of ULID,
https://github.com/ulid/spec). Within one process a later key is always the greater one: pages of a
list go by key, and a row must not appear before one that somebody has read already.
"""

import secrets
import threading
import time
from collections.abc import Callable
from typing import Final

LENGTH: Final = 26
_DIGITS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CHANCE_BITS: Final = 80


class Keys:
    """Makes keys; safe for threads. `now_ms` is a wall clock, which may step back."""

    def __init__(self, now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000) -> None:
        self._now_ms = now_ms
        self._last = 0
        self._lock = threading.Lock()

    def __call__(self) -> str:
        """The next key."""
        made = self._now_ms() << _CHANCE_BITS | secrets.randbits(_CHANCE_BITS)
        with self._lock:
            # Half of the room after the last one at most, so that it cannot be guessed.
            step = secrets.randbits(40) + 1
            self._last = made if made > self._last else self._last + step
            return _text(self._last)


def _text(number: int) -> str:
    return "".join(_DIGITS[number >> shift & 31] for shift in range(5 * (LENGTH - 1), -1, -5))


new_key: Final = Keys()
"""The one of this process."""
