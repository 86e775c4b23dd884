"""The words of the scenario language: how commands are said, and how events are written down.

One table each for what may be set up, what may happen and what is expected. Times are written
`15s`, `200ms`, `2m` and count from the scenario's zero.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from routing import commands, events
from routing.commands import Command, OfferOutcome, RequestedState
from routing.config import Strategy
from routing.events import Event

ZERO_US = 1_700_000_000_000_000
"""Any moment; the core must not care which."""

UNITS_US = {"us": 1, "ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000}
DEFAULT_PBX = "a1"

ABSOLUTE = {"first_queued_us", "until_us"}
"""Fields of events that hold a moment; every other `_us` is a duration."""


class ScenarioError(Exception):
    """The scenario itself cannot be read."""


def duration_us(text: str) -> int:
    """`1500ms` or `-30s` or `0` in microseconds."""
    match = re.fullmatch(r"(-?\d+)(us|ms|s|m|h)?", text)
    if not match or (match[2] is None and int(match[1])):
        raise ScenarioError(f"not a time: {text!r} (write 15s, 200ms, 2m)")
    return int(match[1]) * UNITS_US[match[2] or "s"]


def moment_us(text: str) -> int:
    """The same, counted from the scenario's zero."""
    return ZERO_US + duration_us(text)


def written(duration: int) -> str:
    """A duration as a person would write it: the largest unit that loses nothing, up to minutes."""
    for unit in ("m", "s", "ms"):
        if duration % UNITS_US[unit] == 0 and (unit != "m" or abs(duration) > 10 * UNITS_US["m"]):
            return f"{duration // UNITS_US[unit]}{unit}"
    return f"{duration}us"


# --- set-up -------------------------------------------------------------------------------------

Reader = Callable[[str], Any]


def share(text: str) -> tuple[str, int]:
    """`own:70`: seventy percent for this employer."""
    employer, percent = text.split(":")
    return employer, int(percent)


QUEUE_WORDS: dict[str, tuple[str, Reader]] = {
    "need": ("need", str),
    "strategy": ("strategy", Strategy),
    "priority": ("priority", int),
    "points": ("age_points", int),
    "every": ("age_every_us", duration_us),
    "cap": ("age_cap", int),
    "ring": ("ring_timeout_us", duration_us),
    "work": ("after_call_work_us", duration_us),
    "full": ("max_waiting", int),
    "sticky": ("sticky_us", duration_us),
    "max-wait": ("max_wait_us", duration_us),
    "level": ("service_level_us", duration_us),
    "danger": ("sl_points", int),
    "window": ("sl_window_us", duration_us),
    "regain": ("regain_us", duration_us),
    "attempts": ("callback_attempts", int),
    "retry": ("callback_retry_us", duration_us),
    "share": ("allocation", lambda text: tuple(map(share, text.split("+")))),
}
AGENT_WORDS: dict[str, tuple[str, Reader]] = {
    "device": ("device", str),
    "employer": ("employer", str),
    "site": ("site", str),
    "weight": ("weight", int),
    "training": ("training", lambda text: text == "yes"),
}
BOOST_WORDS: dict[str, tuple[str, Reader]] = {
    "tag": ("tag", str),
    "points": ("points", int),
    "queues": ("queues", lambda text: tuple(text.split(","))),
}
POLICY_WORDS: dict[str, tuple[str, Reader]] = {
    "gap": ("gap_us", duration_us),
    "strikes": ("not_ready_after", int),
}
POLICY_NAMES = {
    "noAnswer": "no_answer",
    "busy": "busy",
    "rejected": "rejected",
    "unreachable": "unreachable",
}
LIMIT_WORDS: dict[str, tuple[str, Reader]] = {
    "calls": ("calls", int),
    "needs": ("needs", int),
    "rows": ("decision_rows", int),
    "deliver": ("deliver_timeout_us", duration_us),
    "grace": ("ring_grace_us", duration_us),
    "bridge": ("bridge_timeout_us", duration_us),
    "open-work": ("open_work_us", duration_us),
    "lost": ("telephony_lost_us", duration_us),
}
CALL_WORDS: dict[str, tuple[str, Reader]] = {
    "priority": ("priority", int),
    "needs": ("needs", str),
    "from": ("caller", str),
    "prefers": ("preferred_agent", str),
    "since": ("first_queued_us", moment_us),
    "at": ("pbx", str),
    "tags": ("tags", lambda text: tuple(text.split(","))),
    "training": ("training", lambda text: text == "yes"),
}
BY_WORDS: dict[str, tuple[str, Reader]] = {
    "by": ("by", str),
    "because": ("reason", str),
    "override": ("override", lambda text: text == "yes"),
}


def options(words: Sequence[str], table: dict[str, tuple[str, Reader]]) -> dict[str, Any]:
    """`ring 15s work 30s` as keyword arguments."""
    if len(words) % 2:
        raise ScenarioError(f"a value is missing: {' '.join(words)!r}")
    found: dict[str, Any] = {}
    for word, value in zip(words[::2], words[1::2], strict=True):
        if word not in table:
            raise ScenarioError(f"unknown word {word!r}: one of {', '.join(table)}")
        field, read = table[word]
        found[field] = read(value)
    return found


# --- what happens -------------------------------------------------------------------------------

Offers = dict[str, int]
"""The newest offer of each call, so that rows can speak of calls instead of offer numbers."""


def offer_of(name: str, offers: Offers) -> int:
    """A row names an offer by its call (the newest), or by its number."""
    if name.isdigit():
        return int(name)
    if name not in offers:
        raise ScenarioError(f"call {name} has had no offer yet")
    return offers[name]


def command_of(words: Sequence[str], offers: Offers) -> Command:
    """The command that a row describes."""
    found = of_a_call(words, offers) or of_an_agent(words) or of_the_centre(words)
    if found is None:
        raise ScenarioError(f"nobody knows how to: {' '.join(words)!r}")
    return found


def of_a_call(words: Sequence[str], offers: Offers) -> Command | None:  # noqa: C901, PLR0911, PLR0912
    """What callers do, and what Asterisk reports of calls and offers."""
    match list(words):
        case ["call", call, queue, *rest]:
            found = {"pbx": DEFAULT_PBX, **options(rest, CALL_WORDS)}
            return commands.CallArrived(call_id=call, queue_id=queue, **found)
        case ["caller", call, "hangs", "up"]:
            return commands.CallerHungUp(call)
        case ["dialplan", "takes", call]:
            return commands.CallTaken(call)
        case ["ringing", offer]:
            return commands.OfferRinging(offer_of(offer, offers))
        case ["answered", offer]:
            return commands.OfferAnswered(offer_of(offer, offers))
        case ["bridged", offer]:
            return commands.LegsBridged(offer_of(offer, offers))
        case ["failed", offer, outcome]:
            return commands.OfferFailed(offer_of(offer, offers), OfferOutcome(outcome))
        case ["hold", call]:
            return commands.CallHeld(call)
        case ["retrieve", call]:
            return commands.CallRetrieved(call)
        case ["agent", agent, "hangs", "up", call]:
            return commands.AgentLegCleared(call, agent)
        case ["book-callback", call, number]:
            return commands.BookCallback(call, number)
        case ["cancel-callback", call, *rest]:
            return commands.CancelCallback(call, **options(rest, BY_WORDS))
        case _:
            return None


def of_an_agent(words: Sequence[str]) -> Command | None:  # noqa: PLR0911
    """What agents ask for, or supervisors for them."""
    match list(words):
        case ["log", "on", agent]:
            return commands.LogOnAgent(agent)
        case ["log", "on", agent, "device", device]:
            return commands.LogOnAgent(agent, device)
        case ["log", "off", agent, *rest]:
            return commands.LogOffAgent(agent, **options(rest, BY_WORDS))
        case ["ready", agent, *rest]:
            return commands.SetAgentState(agent, RequestedState.READY, **options(rest, BY_WORDS))
        case ["after-call-work", agent, *rest]:
            return commands.SetAgentState(
                agent, RequestedState.WORKING_AFTER_CALL, **options(rest, BY_WORDS)
            )
        case ["not-ready", agent, reason, *rest]:
            by = options(rest, BY_WORDS)
            return commands.SetAgentState(agent, RequestedState.NOT_READY, reason, **by)
        case ["extend", agent, extra]:
            return commands.ExtendAfterCallWork(agent, duration_us(extra))
        case [("serve" | "unserve") as what, agent, group, *rest]:
            by = options(rest, BY_WORDS)
            return commands.ServeGroup(agent, group, what == "serve", **by)
        case ["last-call", agent, ("on" | "off") as switch]:
            return commands.MarkLastCall(agent, switch == "on")
        case _:
            return None


def of_the_centre(words: Sequence[str]) -> Command | None:  # noqa: PLR0911
    """Phones, Asterisks, queues, modes and configurations."""
    match list(words):
        case ["phone", agent, ("reachable" | "unreachable") as state]:
            return commands.DeviceReachable(agent, state == "reachable")
        case ["telephony", pbx, "lost"]:
            return commands.TelephonyLost(pbx)
        case ["telephony", pbx, "restored"]:
            return commands.TelephonyRestored(pbx)
        case ["telephony", pbx, "gone"]:
            return commands.TelephonyGone(pbx)
        case [("open" | "close") as what, queue, *rest]:
            by = options(rest, BY_WORDS)
            return commands.SetQueueAccepting(queue, what == "open", **by)
        case ["mode", name, ("on" | "off") as switch, *rest]:
            return commands.SetMode(name, switch == "on", **options(rest, BY_WORDS))
        case ["roll-back"]:
            return commands.RollbackConfig()
        case _:
            return None


# --- what is expected ---------------------------------------------------------------------------

# The fields that an expectation gives by place; a row may stop early and name others by key.
PLACES: dict[type, tuple[str, ...]] = {
    events.CallQueued: ("call_id", "queue_id"),
    events.CallRelaxed: ("call_id", "step"),
    events.AnnouncementDue: ("call_id", "sound"),
    events.CallbackBooked: ("call_id", "number"),
    events.OfferMade: ("call_id", "agent_id"),
    events.CallDelivered: ("call_id", "agent_id"),
    events.OfferEnded: ("call_id", "agent_id", "outcome"),
    events.CallEstablished: ("call_id", "agent_id"),
    events.CallHeldEvent: ("call_id", "agent_id"),
    events.CallRetrievedEvent: ("call_id", "agent_id"),
    events.ConnectionCleared: ("call_id", "agent_id", "by"),
    events.CallDiverted: ("call_id", "cause"),
    events.CallCleared: ("call_id", "outcome"),
    events.AgentLoggedOn: ("agent_id",),
    events.AgentLoggedOff: ("agent_id",),
    events.AgentStateChanged: ("agent_id", "state", "reason"),
    events.AgentGroupsChanged: ("agent_id", "groups"),
    events.BreakQueued: ("agent_id", "reason"),
    events.QueueAcceptingChanged: ("queue_id", "accepting"),
    events.ReserveChanged: ("queue_id", "open"),
    events.ModeChanged: ("name", "on"),
    events.DeviceChanged: ("agent_id", "reachable"),
    events.TelephonyChanged: ("pbx", "state"),
    events.ConfigApplied: ("version",),
    events.CommandRefused: ("code",),
}
NAMES = {msgspec.inspect.type_info(kind).tag: kind for kind in PLACES}


def field_text(event: Event, field: str) -> str:
    """One field of an event (or of its decision record) as it is written in a row."""
    holder: Any = event
    if not hasattr(event, field):
        holder = getattr(event, "decision", None)
        if not hasattr(holder, field):
            raise ScenarioError(f"{type(event).__name__} has no field {field!r}")
    value = getattr(holder, field)
    if field in ABSOLUTE:
        return "none" if value == 0 else written(value - ZERO_US)
    if field.endswith("_us"):
        return written(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        pairs = (":".join(map(str, v)) if isinstance(v, tuple) else str(v) for v in value)
        return "+".join(pairs)
    return str(value)


def kind_of(words: Sequence[str]) -> tuple[type, list[str]]:
    """The event type that an expectation names, and the rest of its words."""
    if len(words) >= 3 and words[1] == "is":  # `8001 is ready`
        return events.AgentStateChanged, [words[0], *words[2:]]
    if words[0] not in NAMES:
        raise ScenarioError(f"no event is called {words[0]!r}")
    return NAMES[words[0]], list(words[1:])


def expects(words: Sequence[str], event: Event) -> bool:
    """Whether this event is what the row says."""
    kind, rest = kind_of(words)
    if type(event) is not kind:
        return False
    placed = [word for word in rest if "=" not in word]
    named = [word.split("=", 1) for word in rest if "=" in word]
    if len(placed) > len(PLACES[kind]):
        raise ScenarioError(f"too many words: {' '.join(words)!r}")
    wanted = [*zip(PLACES[kind], placed, strict=False), *named]
    return all(field_text(event, field) == text for field, text in wanted)


def event_text(event: Event) -> str:
    """An event in the language of the rows, complete enough to be pasted into one."""
    kind = type(event)
    words = [field_text(event, field) for field in PLACES[kind]]
    if kind is events.AgentStateChanged:
        words = [words[0], "is", *(word for word in words[1:] if word)]
        extra = [f"pending={event.pending}"] if event.pending else []
        extra += [f"until_us={field_text(event, 'until_us')}"] if event.until_us else []
        return " ".join([*words, *extra])
    name = next(name for name, named in NAMES.items() if named is kind)
    extra = [f"cause={event.cause}"] if kind is events.CallQueued else []
    return " ".join([str(name), *words, *extra])
