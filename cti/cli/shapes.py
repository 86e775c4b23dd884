"""How figures look: durations and rates. No colour, no table, no language. Times: `cti.zone`."""

from cti.view import Level


def duration(length_us: int) -> str:
    """`0:07`, `12:34`, `3:05:09`: at a glance, without a unit."""
    seconds = max(length_us, 0) // 1_000_000
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def percent(level: Level) -> str:
    """`81.13 %`, half up from the two integers (C12); "" where there is no data (C11)."""
    if not level.of:
        return ""
    hundredths = (level.count * 20_000 + level.of) // (2 * level.of)
    return f"{hundredths // 100}.{hundredths % 100:02} %"


def definition(level: Level) -> str:
    """`SL-B ≤20 s`: no rate is shown without the name of its definition."""
    return f"{level.name} ≤{level.within_us / 1e6:g} s"
