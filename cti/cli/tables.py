"""Tables for a terminal. Every text of the daemon is a `Text`: nothing in it is read as markup."""

from collections.abc import Iterable, Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from cti.api.answers import Agents, Calls, Queues, Status
from cti.cli.shapes import definition, duration, percent
from cti.cli.words import Words
from cti.view import AgentRow, CallRow, EventRow, Level, QueueRow
from cti.watch.logs import printable
from cti.zone import clock, moment
from routing.events import AgentState

COLOURS = {
    AgentState.READY: "green",
    AgentState.RESERVED: "cyan",
    AgentState.BUSY: "bright_blue",
    AgentState.WORKING_AFTER_CALL: "magenta",
    AgentState.NOT_READY: "yellow",
    AgentState.NULL: "bright_black",
}
_NAME = 28  # cells that the name of a queue gets before figures are cut
_GOOD, _FAIR = 80, 60  # percent: the usual goal of banks is 80 % (industry reports of 2013 to 2024)


def text(value: object, style: str = "") -> Text:
    """A cell. Control characters are escaped, markup stays what it is."""
    return Text(printable(str(value)), style=style)


def table(columns: Iterable[tuple[str, bool]], title: str = "") -> Table:
    """An empty table; a column is its heading and whether it holds numbers. What is too long for
    its column goes on below: nothing is cut away.
    """
    made = Table(
        box=box.SIMPLE_HEAD,
        title=title or None,
        title_justify="left",
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for heading, is_number in columns:
        made.add_column(heading, justify="right" if is_number else "left", overflow="fold")
    return made


def level_style(level: Level) -> str:
    """Green at the usual goal, yellow near it, red below; nothing where there is no data."""
    if level.percent is None:
        return "bright_black"
    return "green" if level.percent >= _GOOD else "yellow" if level.percent >= _FAIR else "red"


def level_text(level: Level, words: Words) -> Text:
    """A rate in its colour, or that there is no data."""
    return text(percent(level) or words("no_data"), level_style(level))


def waiting_text(row: QueueRow) -> Text:
    """How many wait: red where the one in front is beyond the service level already."""
    late = row.waiting and row.longest_wait_us > row.service_level.within_us
    return text(row.waiting, "bold red" if late else "bold" if row.waiting else "bright_black")


def queue_text(row: QueueRow, words: Words) -> Text:
    """Its name, and what is unusual about it."""
    said = text(row.queue_id, "bold")
    if not row.accepting:
        said.append(f" {words('closed')}", "red")
    if row.reserve_open:
        said.append(f" {words('reserve')}", "cyan")
    if row.waiting_elsewhere:
        said.append(f" {row.waiting_elsewhere} {words('wait_elsewhere')}", "yellow")
    return said


def modes_on(answer: Status) -> str:
    """The emergency modes that are on, "" for none."""
    return " ".join(printable(name) for name, on in answer.modes.items() if on)


def queues_table(answer: Queues | Status, words: Words) -> Table:
    """`cti queues`, and the lower half of `cti status`."""
    promised = ["callbacks"] if any(row.callbacks for row in answer.queues) else []
    now = ("waiting", *promised, "ringing", "longest_wait", "talking")
    counts = ("offered", "answered", "abandoned", "diverted", "lost")
    heads = [(words("queue"), False), *((words.short(key), True) for key in (*now, *counts))]
    heads += [(words("service_level"), True), ("", False)]
    made = table(heads, _figures_since(answer, words))
    names = [queue_text(row, words) for row in answer.queues]
    made.columns[0].min_width = min(max((name.cell_len for name in names), default=0), _NAME)
    for name, row in zip(names, answer.queues, strict=True):
        made.add_row(
            name,
            waiting_text(row),
            *(text(row.callbacks or "") for _ in promised),
            text(row.ringing),
            text(duration(row.longest_wait_us)),
            text(row.talking),
            *(text(getattr(row, key)) for key in counts),
            level_text(row.service_level, words),
            text(definition(row.service_level), "bright_black"),
        )
    return made


def _figures_since(answer: Queues | Status, words: Words) -> str:
    """Since when is counted, and what is not counted yet or never will be."""
    said = [f"{words('figures_since')} {moment(answer.counting_since_us)}"]
    if answer.counting_to_us:
        said.append(f"{words('figures_to')} {clock(answer.counting_to_us)}")
    if answer.events_missing:
        said.append(f"{answer.events_missing} {words('events_missing')}")
    return " · ".join(said)


def agents_table(answer: Agents, words: Words) -> Table:
    """`cti agents`."""
    heads = ("agent", "state", "reason", "since", "phone", "call", "pending")
    made = table([(words(key), key == "since") for key in heads])
    for row in answer.agents:
        since = duration(answer.now_us - row.since_us) if row.since_us else ""
        made.add_row(
            text(row.agent_id, "bold"),
            text(words(row.state.value), COLOURS[row.state]),
            _why(row, answer.now_us, words),
            text(since),
            phone_text(row, words),
            text(row.call_id),
            text(_later(row, words)),
        )
    return made


def _why(row: AgentRow, now_us: int, words: Words) -> Text:
    """Why the agent is not ready; or is ready, and gets no call for now."""
    if row.state is AgentState.READY and row.gap:
        left = f"{words('again_in')} {duration(max(0, row.gap_until_us - now_us))}"
        return text(f"{words(f'gap_{row.gap}')}, {left}", "yellow")
    return text(words.reason(row.reason) if row.state is AgentState.NOT_READY else row.reason)


def phone_text(row: AgentRow, words: Words) -> Text:
    """The agent's phone, and what keeps calls from it."""
    if not row.reachable:
        why = "missing" if row.phone_missing else "unheard" if row.phone_unheard else "unreachable"
        wrong = words(why)
        return text(f"{row.device} ({wrong})", "red")
    if row.barred:
        return text(f"{row.device} ({words('barred')} {' '.join(row.barred)})", "yellow")
    return text(row.device)


def _later(row: AgentRow, words: Words) -> str:
    """What is going to happen to an agent, and what they have left out."""
    said = [words(row.pending)] if row.pending else []
    if row.waiting_break:
        said.append(f"{words('waits_for')} {words.reason(row.waiting_break)} {row.break_place}")
    said += [words("last_call")] if row.last_call else []
    said += [f"-{group}" for group in row.idle_groups]
    return ", ".join(said)


def calls_table(answer: Calls, words: Words) -> Table:
    """`cti calls`."""
    heads = ("call", "queue", "state", "waited", "since", "agent", "caller")
    made = table([(words(key), key in ("waited", "since")) for key in heads])
    for row in answer.calls:
        made.add_row(
            text(row.call_id, "bold"),
            text(row.queue_id),
            text(_stage(row, words)),
            text(duration(row.waited_us)),
            text(duration(answer.now_us - row.since_us)),
            text(row.agent_id),
            text(row.caller),
        )
    return made


def _stage(row: CallRow, words: Words) -> str:
    said = words(row.stage.value)
    said += f", {words('callback')}" if row.callback else ""
    return said + (f", {words('step')} {row.step}" if row.step > 0 else "")


def status_table(answer: Status, words: Words) -> Table:
    """`cti status`: one line a subject."""
    made = Table.grid(padding=(0, 2))
    made.add_column(style="bright_black")
    made.add_column(overflow="fold")
    state = words("well") if answer.ok else words("unwell")
    made.add_row(
        f"{answer.node} @ {answer.site}", text(state, "green" if answer.ok else "bold red")
    )
    for check in answer.failing:
        made.add_row("", text(f"{check.name}: {words.wrong(check)}", "red"))
    made.add_row(words("uptime"), text(duration(answer.now_us - answer.started_us)))
    made.add_row(words("config"), text(answer.config_version))
    if modes := modes_on(answer):
        made.add_row(words("modes_on"), text(modes, "bold red"))
    made.add_row("Asterisk", telephony_text(answer, words))
    made.add_row(words("agents"), states_text(answer, words))
    made.add_row(words("live_calls"), text(answer.live_calls))
    made.add_row(words("calls_per_second"), text(f"{answer.calls_per_second:.1f}"))
    if answer.breaks_waiting:
        made.add_row(words("breaks_waiting"), text(answer.breaks_waiting, "yellow"))
    if answer.invariant_breaches:
        made.add_row(words("breaches"), text(answer.invariant_breaches, "bold red"))
    return made


def telephony_text(answer: Status, words: Words) -> Text:
    """Each Asterisk and whether it is heard."""
    said = Text()
    for pbx, state in answer.telephony.items():
        colour = "green" if state == "up" else "bold red"
        said.append(f"{printable(pbx)} ").append(
            f"{words('lost_link' if state == 'lost' else state)}  ", colour
        )
    return said if said.plain else text(words("no_asterisk"), "bright_black")


def states_text(answer: Status, words: Words) -> Text:
    """Agents by state, and why those are away who are not ready."""
    said = Text()
    for state, colour in COLOURS.items():
        count = answer.agent_states.get(state.value, 0)
        said.append("● ", colour).append(f"{words(state.value)} ").append(f"{count}  ", "bold")
    most = list(answer.not_ready_reasons.items())[:4]
    reasons = " ".join(f"{printable(words.reason(reason))} {count}" for reason, count in most)
    return said.append(f"· {reasons}" if reasons else "", COLOURS[AgentState.NOT_READY])


def event_cells(row: EventRow, words: Words) -> Sequence[Text]:
    """One event as cells: time, word, call, queue, agent, note."""
    return (
        text(clock(row.at_us), "bright_black"),
        text(words.event(row.type)),
        text(row.call_id),
        text(row.queue_id),
        text(row.agent_id),
        text(words.note(row.note), "bright_black"),
    )
