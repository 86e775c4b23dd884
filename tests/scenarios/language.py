"""Scenario files: the behaviour of the core as rows that read like a specification.

A file opens with what its scenarios share (queues, agents, policies), then tells stories:

    queue  loans   need loans   ring 15s   work 30s
    agent  ann     loans:3
    on duty ann

    == A caller finds a free agent
    at 2s   call c1 loans      -> CallQueued c1, OfferMade c1 ann, ann is reserved
    at 5s   bridged c1         -> CallEstablished c1 ann waited_us=0s, ann is busy

A row is a moment, what happens then, and everything that must come of it, in order. `-> nothing`
says that nothing does. A row without an act lets time pass: the deadlines up to and including its
moment are due. Before the act of any other row the deadlines before its moment are due, and if
something comes of them that no row tells, the scenario fails. A line that starts with blanks goes
on with the line above it. `words.py` holds the vocabulary.
"""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec

from routing.config import (
    AgentSpec,
    Announcement,
    Boost,
    BreakCap,
    Limits,
    Mode,
    OutcomePolicy,
    Overflow,
    Policies,
    QueueSpec,
    Reserve,
    RoutingConfig,
    Step,
)
from tests.scenarios.words import (
    AGENT_WORDS,
    BOOST_WORDS,
    DEFAULT_PBX,
    LIMIT_WORDS,
    POLICY_NAMES,
    POLICY_WORDS,
    QUEUE_WORDS,
    ScenarioError,
    duration_us,
    options,
)

ARROW = "->"
TITLE = "=="


@dataclass(frozen=True, slots=True)
class Row:
    """One moment: what happens (perhaps nothing but time) and what must come of it."""

    line: int
    text: str
    at_us: int
    act: tuple[str, ...]
    expected: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Scenario:
    """One story with the configuration it plays in."""

    file: str
    title: str
    config: RoutingConfig
    on_duty: tuple[str, ...]
    rows: tuple[Row, ...] = field(default=())

    @property
    def name(self) -> str:
        return f"{self.file}: {self.title}"


def read_file(path: Path) -> list[Scenario]:
    """All scenarios of a file; an unreadable line is named."""
    return read(path.read_text(encoding="utf-8"), path.stem)


def read(text: str, file: str = "scenario") -> list[Scenario]:
    """All scenarios of a text."""
    shared = Scenario(file, "", RoutingConfig(pbxs=(DEFAULT_PBX,)), ())
    scenarios: list[Scenario] = []
    for number, line in logical_lines(text):
        try:
            if line.startswith(TITLE):
                scenarios.append(replace(shared, title=line.removeprefix(TITLE).strip()))
            elif not scenarios:
                shared = with_setup(shared, words_of(line))
            else:
                scenarios[-1] = with_line(scenarios[-1], number, line)
        except (ScenarioError, ValueError) as problem:
            raise ScenarioError(f"{file}.txt:{number}: {problem}\n    {line}") from problem
    return scenarios


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines with their numbers, comments and blanks dropped, continued lines joined."""
    whole, first = "", 0
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.split("#", 1)[0].rstrip() if not raw.startswith(TITLE) else raw
        if not line.strip():
            continue
        if line[0].isspace():
            whole += " " + line.strip()
            continue
        if whole:
            yield first, whole
        whole, first = line, number
    if whole:
        yield first, whole


def words_of(text: str) -> list[str]:
    return shlex.split(text)


def with_line(scenario: Scenario, number: int, line: str) -> Scenario:
    """The scenario with one more line: set-up of its own, or a row."""
    if line.split(maxsplit=1)[0] != "at":
        if scenario.rows:
            raise ScenarioError("set-up belongs before the first row")
        return with_setup(scenario, words_of(line))
    row = row_of(number, line)
    if scenario.rows and row.at_us < scenario.rows[-1].at_us:
        raise ScenarioError("time runs backwards")
    return replace(scenario, rows=(*scenario.rows, row))


def row_of(number: int, line: str) -> Row:
    left, arrow, right = line.partition(ARROW)
    if not arrow:
        raise ScenarioError(f"a row says what comes of it: {ARROW} … (or {ARROW} nothing)")
    moment, *act = words_of(left)[1:]
    expected = [words_of(part) for part in right.split(",")]
    if not all(expected):
        raise ScenarioError("an expectation is empty")
    if expected == [["nothing"]]:
        expected = []
    return Row(number, line, duration_us(moment), tuple(act), tuple(map(tuple, expected)))


# --- set-up -------------------------------------------------------------------------------------


def with_setup(scenario: Scenario, words: list[str]) -> Scenario:
    """The scenario with one more line of set-up; a name that was set up before is replaced."""
    if words[:2] == ["on", "duty"]:
        return replace(scenario, on_duty=tuple(words[2:]))
    return replace(scenario, config=changed(scenario.config, words))


def changed(config: RoutingConfig, words: list[str]) -> RoutingConfig:  # noqa: PLR0911
    """The configuration with one line of set-up applied."""
    match words:
        case ["queue", name, *rest]:
            queue = queue_of(name, rest)
            queues = put(config.queues, "queue_id", queue)
            return msgspec.structs.replace(config, queues=queues)
        case ["agent", name, *rest]:
            return msgspec.structs.replace(
                config, agents=put(config.agents, "agent_id", agent_of(name, rest))
            )
        case ["policy", name, *rest]:
            policy = OutcomePolicy(**{"gap_us": 0, **options(rest, POLICY_WORDS)})
            policies = {**msgspec.structs.asdict(config.policies), POLICY_NAMES[name]: policy}
            return msgspec.structs.replace(config, policies=Policies(**policies))
        case ["limits", *rest]:
            bounds = msgspec.structs.asdict(config.limits) | options(rest, LIMIT_WORDS)
            return msgspec.structs.replace(config, limits=Limits(**bounds))
        case ["boost", name, *rest]:
            boosts = (*config.boosts, Boost(name, **options(rest, BOOST_WORDS)))
            return msgspec.structs.replace(config, boosts=boosts)
        case ["cap", group, reasons, limit]:
            cap = BreakCap(group, tuple(reasons.split(",")), int(limit))
            return msgspec.structs.replace(config, break_caps=(*config.break_caps, cap))
        case ["mode", name, *rest]:
            return msgspec.structs.replace(config, modes=modes_with(config, name, rest))
        case ["pbx", *names]:
            return msgspec.structs.replace(config, pbxs=(*config.pbxs, *names))
        case ["without", name]:
            return without(config, name)
        case _:
            raise ScenarioError(f"unknown set-up: {' '.join(words)!r}")


def modes_with(config: RoutingConfig, name: str, words: list[str]) -> tuple[Mode, ...]:
    """`mode storm queue q …` or `mode storm boost id …`: one line more of an overlay."""
    old = next((mode for mode in config.modes if mode.name == name), Mode(name))
    overlay = RoutingConfig(queues=old.queues, boosts=old.boosts)
    if words:
        overlay = changed(overlay, words)
    return put(config.modes, "name", Mode(name, overlay.queues, overlay.boosts))


def queue_of(name: str, words: list[str]) -> QueueSpec:
    """`need loans ring 15s step 10s cards`; steps and overflows may come several times."""
    steps: list[Step] = []
    overflows: list[Overflow] = []
    plain: list[str] = []
    more: dict[str, Any] = {}
    rest = list(words)
    while rest:
        if rest[0] == "step":
            steps.append(Step(duration_us(rest[1]), rest[2]))
            rest = rest[3:]
        elif rest[0] == "overflow":  # to a queue, or to an extension of the dialplan: `=mailbox`
            place = "to_extension" if rest[2].startswith("=") else "to_queue"
            overflows.append(Overflow(rest[1], **{place: rest[2].removeprefix("=")}))
            rest = rest[3:]
        elif rest[0] == "reserve":  # need, how many waiting open it, how many close it
            more["reserve"] = Reserve(rest[1], int(rest[2]), int(rest[3]))
            rest = rest[4:]
        elif rest[0] == "announce":  # sound, kind, first after, then every
            played = Announcement(rest[1], duration_us(rest[3]), duration_us(rest[4]), rest[2])
            more["announcements"] = (*more.get("announcements", ()), played)
            rest = rest[5:]
        else:
            plain += rest[:2]
            rest = rest[2:]
    found = options(plain, QUEUE_WORDS) | more
    return QueueSpec(name, **found, steps=tuple(steps), overflows=tuple(overflows))


def agent_of(name: str, words: list[str]) -> AgentSpec:
    """`loans:3 english:5 weight 2`."""
    skills = tuple(
        (skill, int(level)) for word in words if ":" in word for skill, level in [word.split(":")]
    )
    plain = [word for word in words if ":" not in word]
    return AgentSpec(
        name, **{"device": f"phone-{name}", **options(plain, AGENT_WORDS)}, skills=skills
    )


def put(specs: tuple, key: str, spec: QueueSpec | AgentSpec | Mode) -> tuple:
    """Replace the spec of the same name where it stands, or add it at the end."""
    name = getattr(spec, key)
    if any(getattr(old, key) == name for old in specs):
        return tuple(spec if getattr(old, key) == name else old for old in specs)
    return (*specs, spec)


def without(config: RoutingConfig, name: str) -> RoutingConfig:
    return msgspec.structs.replace(
        config,
        queues=tuple(q for q in config.queues if q.queue_id != name),
        agents=tuple(a for a in config.agents if a.agent_id != name),
    )
