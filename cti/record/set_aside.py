"""What stands in the record where an event could not be put into words. Pure.

One such event must not end the record of all others. In its place, under its number, stands
`cti.eventSetAside`: which event it was, of which call, the kind of error, and those of its fields
that do have a form. So no number is missing, and whoever looks for the call finds that something is
to be looked at. It is a defect of ours: the command that led to it is in the journal.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from cti.record.envelope import Envelope

LATEST_US: Final = 253_402_300_799_999_999
"""The end of the year 9999: what RFC 3339, and so CloudEvents, can say."""

INTEGER_MAX: Final = 2**63 - 1  # SQLite's


class EventSetAside(msgspec.Struct, frozen=True, tag=True):
    """`event` and `error` are names of classes: an error's text may hold what it stumbled over."""

    call_id: str
    event: str
    error: str
    fields: dict[str, msgspec.Raw]


def set_aside(
    envelope: Envelope,
    error: Exception,
    encode: Callable[[Any], bytes],
    hidden: tuple[str, ...],
) -> Envelope:
    """The envelope with another event in it; the fields named in `hidden` are left out."""
    event = envelope.event
    shown = [name for name in event.__struct_fields__ if name not in hidden]
    fields = forms(((name, getattr(event, name)) for name in shown), encode)
    call_id = getattr(event, "call_id", "")
    return Envelope(
        within(envelope.epoch, INTEGER_MAX),
        envelope.seq,
        within(envelope.at_us, LATEST_US),
        EventSetAside(  # type: ignore[arg-type]  # ours, not the core's
            call_id if _is_plain(call_id) else "",
            type(event).__name__,
            type(error).__name__,
            fields,
        ),
    )


def forms(
    items: Iterable[tuple[str, Any]], encode: Callable[[Any], bytes]
) -> dict[str, msgspec.Raw]:
    """Those that have a form in JSON."""
    found = {}
    for name, value in items:
        try:
            found[name] = msgspec.Raw(encode(value))
        except Exception:  # noqa: BLE001, S112  whatever it is, it is why we are here
            continue
    return found


def within(value: int, most: int) -> int:
    """The number that can be said which is nearest to it."""
    return min(max(value, 0), most)


def _is_plain(value: Any) -> bool:
    return isinstance(value, str) and value.isascii() and value.isprintable()
