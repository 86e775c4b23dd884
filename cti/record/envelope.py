"""One published event with its place in history."""

import msgspec

from routing.events import Event


class Envelope(msgspec.Struct, frozen=True, gc=False):
    """`seq` is gapless per router, across restarts; `epoch` grows at each start of the router.

    A reader that sees `(epoch, seq)` not above the last one drops it, and repairs a gap from the
    event log. `at_us` is the time of the command that led to the event, microseconds since 1970.
    """

    epoch: int
    seq: int
    at_us: int
    event: Event
