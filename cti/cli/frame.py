"""One picture of the live screen, from one status: nothing here asks, waits or remembers.

It fills the window exactly. Made for 100 x 30; narrower and lower windows lose columns and events,
and below 60 x 16 only the figures stay.
"""

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cti.api.answers import Status
from cti.cli.shapes import definition, duration
from cti.cli.tables import (
    COLOURS,
    event_cells,
    level_style,
    level_text,
    modes_on,
    queue_text,
    states_text,
    text,
    waiting_text,
)
from cti.cli.words import Words
from cti.view import Level, QueueRow
from cti.zone import OFFSET, clock

WIDE = 96
MIN_WIDTH, MIN_HEIGHT = 60, 16
_FIXED_LINES = 13  # header, figures, agents, headings, blank lines, footer
_MIN_EVENTS = 3
_BAR = 12
_BAND = "white on rgb(20,60,110)"


def frame(
    status: Status, words: Words, width: int, height: int, *, trying: bool = False
) -> RenderableType:
    """The screen. `trying`: the daemon did not answer, the figures are of `status.now_us`."""
    head, figures = _head(status, words, width, trying=trying), _figures(status, words)
    if width < MIN_WIDTH or height < MIN_HEIGHT:
        return Group(head, figures, _line(text(words("small"), "yellow")))
    room = height - _FIXED_LINES
    queue_lines = min(max(len(status.queues), 1), max(room - _MIN_EVENTS, 1))
    parts: list[RenderableType] = [
        head,
        Text(),
        figures,
        Text(),
        _agent_bar(status, width),
        _line(states_text(status, words)),
        Text(),
        _queues(status, words, queue_lines, wide=width >= WIDE),
        Text(),
        _line(text(f"{words('events')} (UTC{OFFSET})", "bold")),
        _events(status, words, room - queue_lines, wide=width >= WIDE),
        _foot(words, width),
    ]
    return Group(*parts)


def _line(said: Text) -> Text:
    """One line of the window, whatever it says."""
    said.no_wrap, said.overflow = True, "ellipsis"
    return said


def _head(status: Status, words: Words, width: int, *, trying: bool) -> Text:
    left = Text.assemble((f" {words.brand} ", "bold"), f" {status.node} @ {status.site}  ")
    if trying:
        left.append(f"● {words('trying')}", "bold yellow")
    elif status.ok:
        left.append(f"● {words('well')}", "bright_green")
    else:
        left.append(f"● {words('unwell')}: {status.failing[0].name}", "bold bright_red")
    if modes := modes_on(status):
        left.append(f"  ▲ {modes}", "bold bright_yellow")
    left.append("  ").append_text(_telephony(status, words))
    up = duration(status.now_us - status.started_us)
    right = Text(f" {words('uptime')} {up}  {clock(status.now_us)}{OFFSET} ")
    left.truncate(max(width - right.cell_len, 0), overflow="ellipsis", pad=True)
    line = left.append_text(right)
    line.stylize_before(_BAND)
    line.no_wrap = True
    return line


def _telephony(status: Status, words: Words) -> Text:
    """How many are heard; which are not."""
    lost = [pbx for pbx, state in status.telephony.items() if state != "up"]
    if not status.telephony:
        return text(f"Asterisk: {words('no_asterisk')}")
    count = len(status.telephony)
    if not lost:
        return text(f"Asterisk {count}/{count}")
    said = f"Asterisk {count - len(lost)}/{count} {words('lost_link')}: {' '.join(lost)}"
    return text(said, "bold bright_red")


def _figures(status: Status, words: Words) -> Table:
    made = Table.grid(expand=True, padding=(0, 1))
    waiting = sum(row.waiting for row in status.queues)
    longest_us = max((row.longest_wait_us for row in status.queues), default=0)
    level = _total(status.queues)
    # No rate without its definition; where queues differ in T only the name can be said.
    sl_name = definition(level) if level.within_us else level.name
    tiles = (
        (words("calls_per_second"), text(f"{status.calls_per_second:.1f}", "bold")),
        (words("live_calls"), text(status.live_calls, "bold")),
        (words("waiting"), text(waiting, "bold yellow" if waiting else "bold")),
        (words("longest_wait"), text(duration(longest_us), "bold")),
        (f"{words('service_level')} {sl_name}", level_text(level, words)),
    )
    for label, _ in tiles:
        made.add_column(justify="center", ratio=2 if label == tiles[-1][0] else 1, no_wrap=True)
    made.add_row(*(text(label, "bright_black") for label, _ in tiles))
    made.add_row(*(value for _, value in tiles))
    return made


def _total(queues: list[QueueRow]) -> Level:
    """All queues together: counts are added, percentages never averaged (C9)."""
    levels = [row.service_level for row in queues]
    within = {level.within_us for level in levels}
    return Level(
        levels[0].name if levels else "SL-B",
        within.pop() if len(within) == 1 else 0,
        sum(level.count for level in levels),
        sum(level.of for level in levels),
    )


def _agent_bar(status: Status, width: int) -> Text:
    """One line, each state as wide as its share; largest remainders, so that it always fills."""
    counts = [status.agent_states.get(state.value, 0) for state in COLOURS]
    total = sum(counts)
    if not total:
        return Text("─" * width, "bright_black", no_wrap=True)
    cells = [count * width // total for count in counts]
    by_rest = sorted(range(len(counts)), key=lambda i: -(counts[i] * width % total))
    for i in by_rest[: width - sum(cells)]:
        cells[i] += 1
    bar = Text(no_wrap=True)
    for colour, cell in zip(COLOURS.values(), cells, strict=True):
        bar.append("█" * cell, colour)
    return bar


def _queues(status: Status, words: Words, lines: int, *, wide: bool) -> Table:
    counts = ("offered", "answered", "abandoned", "diverted") if wide else ("answered", "abandoned")
    numbers = ("waiting", *(("ringing",) if wide else ()), "longest_wait", "talking", *counts)
    made = Table(
        box=box.SIMPLE_HEAD,
        expand=True,
        pad_edge=False,
        padding=(0, 0, 0, 1),
        show_edge=False,
        header_style="bright_black",
    )
    made.add_column(words("queue"), no_wrap=True, overflow="ellipsis", ratio=1)
    for key in numbers:
        made.add_column(words.short(key), justify="right", no_wrap=True)
    made.add_column(_total(status.queues).name, justify="right", no_wrap=True)
    if wide:
        made.add_column("", width=_BAR, no_wrap=True)
    for row in _shown(status.queues, lines):
        cells = [queue_text(row, words), waiting_text(row)]
        cells += [text(row.ringing)] if wide else []
        cells += [text(duration(row.longest_wait_us)), text(row.talking)]
        cells += [text(getattr(row, key)) for key in counts]
        cells += [level_text(row.service_level, words)]
        cells += [_bar(row.service_level)] if wide else []
        made.add_row(*cells)
    if not status.queues:
        made.add_row(text(words("no_queues"), "yellow"))
    elif len(status.queues) > lines:
        made.add_row(text(f"+ {len(status.queues) - lines + 1} {words('more_queues')}", "yellow"))
    return made


def _shown(queues: list[QueueRow], lines: int) -> list[QueueRow]:
    """All in their order when they fit; else those with most callers waiting, and a line for the
    rest.
    """
    if len(queues) <= lines:
        return queues
    first = sorted(range(len(queues)), key=lambda i: (-queues[i].waiting, i))[: lines - 1]
    return [queues[i] for i in sorted(first)]


def _bar(level: Level) -> Text:
    filled = round(_BAR * level.count / level.of) if level.of else 0
    bar = Text("━" * filled, level_style(level))
    return bar.append("━" * (_BAR - filled), "rgb(60,60,60)")


def _events(status: Status, words: Words, lines: int, *, wide: bool) -> RenderableType:
    """The newest on top, and blank lines where there are too few, so that the foot stands still.

    Widths are fixed: a column that followed its contents would jump about with each event.
    """
    made = Table.grid(expand=True, padding=(0, 1, 0, 0))
    word = 8 if words.language == "zh" else 18
    for width in (8, word, *((20, 12, 8) if wide else (17, 10, 6))):
        made.add_column(width=width, no_wrap=True, overflow="ellipsis")
    made.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    newest = list(reversed(status.last_events))[:lines]
    for row in newest:
        made.add_row(*event_cells(row, words))
    if not newest:
        return Group(text(words("no_events"), "bright_black"), *[Text()] * (lines - 1))
    return Group(made, *[Text()] * (lines - len(newest)))


def _foot(words: Words, width: int) -> Text:
    line = Text.assemble((f" {words('leave')} ", "bold"), f"  {words('real')} ")
    line.truncate(width, overflow="ellipsis", pad=True)
    line.stylize_before(_BAND)
    line.no_wrap = True
    return line
