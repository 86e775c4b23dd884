"""How figures look: durations, rates, clock times. No colour, no table, no language."""

from datetime import UTC, datetime, timedelta, timezone

from cti.view import Level

CHINA = timezone(timedelta(hours=8))
"""The zone of every time on a screen (rule C10 of the indicators), whatever the machine's is."""


def duration(length_us: int) -> str:
    """`0:07`, `12:34`, `3:05:09`: at a glance, without a unit."""
    seconds = max(length_us, 0) // 1_000_000
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def clock(at_us: int) -> str:
    """`16:32:05`, local to the centre."""
    return _at(at_us).strftime("%H:%M:%S")


def moment(at_us: int) -> str:
    """`2026-11-21 16:32:05`, local to the centre."""
    return _at(at_us).strftime("%Y-%m-%d %H:%M:%S")


def _at(at_us: int) -> datetime:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at_us)).astimezone(CHINA)


def percent(level: Level) -> str:
    """`81.13 %`, half up from the two integers (C12); "" where there is no data (C11)."""
    if not level.of:
        return ""
    hundredths = (level.count * 20_000 + level.of) // (2 * level.of)
    return f"{hundredths // 100}.{hundredths % 100:02} %"


def definition(level: Level) -> str:
    """`SL-B ≤20 s`: no rate is shown without the name of its definition."""
    return f"{level.name} ≤{level.within_us / 1e6:g} s"
