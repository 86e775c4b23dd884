"""The one zone of every time that people read: screens, log lines, stories, and the day of figures.

It is the centre's, whatever the machine's is: UTC+8 all year round (rule C10 of the indicators;
China has had no summer time since 1991). Wherever a time is shown its offset is shown with it or at
the head of its column. Messages for machines (bus, JSON of the control socket) are UTC.
"""

from datetime import UTC, datetime, timedelta, timezone
from typing import Final

OFFSET_US: Final = 8 * 3600 * 1_000_000
"""Site time minus UTC."""

ZONE: Final = timezone(timedelta(microseconds=OFFSET_US))
OFFSET: Final = "+08:00"

_1970: Final = datetime(1970, 1, 1, tzinfo=UTC)


def at_site(at_us: int) -> datetime:
    """Microseconds since 1970 UTC as a time of the site."""
    return (_1970 + timedelta(microseconds=at_us)).astimezone(ZONE)


def moment(at_us: int) -> str:
    """`2026-11-21 16:32:05+08:00`."""
    return at_site(at_us).isoformat(" ", "seconds")


def clock(at_us: int) -> str:
    """`16:32:05`; whoever shows it says `OFFSET` beside it or above."""
    return f"{at_site(at_us):%H:%M:%S}"
