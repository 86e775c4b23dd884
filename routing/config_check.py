"""The core's own last look at a configuration, and what a change of it changes.

`cti.config` names file and path of a mistake; here it is made sure that nothing wrong gets into the
journal, whoever sent it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from routing.config import (
    SECOND_US,
    AgentSpec,
    DataField,
    Limits,
    OutcomePolicy,
    QueueSpec,
    RoutingConfig,
)
from routing.index.needs import Need, NeedError, parse
from routing.index.predicates import predicate_of

MIN_GAP_US = 1_000_000
"""A second between two offers to a phone that just failed: without it a rejecting phone would be
rung in a loop (signalwire/freeswitch#800)."""

KINDS = ("plain", "position", "wait")

MAX_DATA_FIELDS = 16
MAX_DATA_BYTES = 1024
"""Of all values together. They travel URI-encoded, at most three times as long, in one variable of
the dialplan, where Asterisk cuts at 4,096 bytes (VAR_BUF_SIZE, main/pbx_variables.c).
"""

is_data_name = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,31}").fullmatch
"""A part of the name of a channel variable, `CTI_DATA_customer`."""

CAUSES = ("queueFull", "noAvailableAgents", "queueTimeOverflow", "calendarOverflow")


def problems(config: RoutingConfig) -> list[str]:
    """What is wrong, as `path: rule`; empty when nothing is."""
    found: list[str] = []
    queues = {spec.queue_id for spec in config.queues}
    found += _twice("queues", (spec.queue_id for spec in config.queues))
    found += _twice("agents", (spec.agent_id for spec in config.agents))
    for spec in config.queues:
        path = f"queues[{spec.queue_id}]"
        found += (f"{path}.{text}" for text in _queue_problems(spec, queues))
    for agent in config.agents:
        found += (f"agents[{agent.agent_id}].{text}" for text in _agent_problems(agent))
    found += _rule_problems(config, queues)
    found += (f"call_data{text}" for text in data_problems(config.call_data))
    found += (f"limits.{text}" for text in _limit_problems(config.limits))
    for name in ("no_answer", "busy", "rejected", "unreachable"):
        policy: OutcomePolicy = getattr(config.policies, name)
        if policy.gap_us < MIN_GAP_US and policy.not_ready_after != 1:
            found.append(
                f"policies.{name}.gap_us: at least {MIN_GAP_US} unless not_ready_after is 1"
            )
        if policy.gap_max_us and policy.gap_max_us < policy.gap_us:
            found.append(f"policies.{name}.gap_max_us: not less than gap_us, or 0")
    return found


def data_problems(fields: tuple[DataField, ...]) -> Iterator[str]:
    """What is wrong with a list of call data, each `[name].field: rule`."""
    names = [field.name for field in fields]
    if len(fields) > MAX_DATA_FIELDS:
        yield f": at most {MAX_DATA_FIELDS}"
    for field in fields:
        if not is_data_name(field.name):
            yield f"[{field.name}].name: a letter, then at most 31 letters, digits and _"
        if names.count(field.name) > 1:
            yield f"[{field.name}]: is there twice"
        if field.max_bytes <= 0:
            yield f"[{field.name}].max_bytes: more than 0"
    if sum(field.max_bytes for field in fields) > MAX_DATA_BYTES:
        yield f": max_bytes of all together at most {MAX_DATA_BYTES}"


def _limit_problems(limits: Limits) -> Iterator[str]:
    for name in Limits.__struct_fields__:
        if name in MAY_BE_ZERO:
            if getattr(limits, name) < 0:
                yield f"{name}: not negative"
        elif getattr(limits, name) <= 0:
            yield f"{name}: more than 0"


MAY_BE_ZERO = ("decision_rows", "ring_grace_us")


def _rule_problems(config: RoutingConfig, queues: Iterable[str]) -> Iterator[str]:
    yield from _twice("boosts", (boost.rule_id for boost in config.boosts))
    for boost in config.boosts:
        for queue_id in boost.queues:
            if queue_id not in queues:
                yield f"boosts[{boost.rule_id}].queues: there is no queue {queue_id!r}"
    for index, cap in enumerate(config.break_caps):
        if cap.limit < 0:
            yield f"break_caps[{index}].limit: not negative"
        for reason in cap.reasons:
            if reason not in config.reasons:
                yield f"break_caps[{index}].reasons: {reason!r} is no not-ready reason"
    yield from _twice("modes", (mode.name for mode in config.modes))
    for mode in config.modes:
        for spec in mode.queues:
            path = f"modes[{mode.name}].queues[{spec.queue_id}]"
            if spec.queue_id not in queues:
                yield f"{path}: a mode changes queues, it adds none"
            yield from (f"{path}.{text}" for text in _queue_problems(spec, queues))


def _twice(path: str, ids: Iterable[str]) -> Iterator[str]:
    seen: dict[str, bool] = {}
    for each in ids:
        if not each:
            yield f"{path}: an id must not be empty"
        if each in seen:
            yield f"{path}[{each}]: is there twice"
        seen[each] = True


MORE_THAN_0 = ("ring_timeout_us", "age_every_us", "max_waiting", "sl_window_us")
NOT_NEGATIVE = (
    "after_call_work_us", "max_wait_us", "sticky_us", "age_points", "age_cap", "regain_us",
    "sl_points", "callback_attempts", "callback_retry_us",
)  # fmt: skip


def _queue_problems(spec: QueueSpec, queues: Iterable[str]) -> Iterator[str]:
    yield from (f"{name}: more than 0" for name in MORE_THAN_0 if getattr(spec, name) <= 0)
    yield from (f"{name}: not negative" for name in NOT_NEGATIVE if getattr(spec, name) < 0)
    yield from _step_problems(spec)
    yield from _share_problems(spec)
    for each in spec.announcements:
        if each.kind not in KINDS:
            yield f"announcements: {each.kind!r} is none of {', '.join(KINDS)}"
        if each.after_us <= 0 or 0 < each.every_us < SECOND_US or each.every_us < 0:
            yield "announcements: after_us more than 0, every_us 0 or at least a second"
    if len({flow.cause for flow in spec.overflows}) < len(spec.overflows):
        yield "overflows: each cause once"
    for flow in spec.overflows:
        if flow.cause not in CAUSES:
            yield f"overflows: {flow.cause!r} is none of {', '.join(CAUSES)}"
        if flow.to_queue == spec.queue_id:
            yield f"overflows: {flow.cause} leads back to the same queue"
        if flow.to_queue and flow.to_queue not in queues:
            yield f"overflows: there is no queue {flow.to_queue!r}"


def _step_problems(spec: QueueSpec) -> Iterator[str]:
    yield from _need_problem("need", spec.need)
    for index, step in enumerate(spec.steps):
        yield from _need_problem(f"steps[{index}].need", step.need)
        if step.after_us <= 0:
            yield f"steps[{index}].after_us: more than 0"
    if len({step.after_us for step in spec.steps}) < len(spec.steps):
        yield "steps: no two at the same time"


def _share_problems(spec: QueueSpec) -> Iterator[str]:
    if spec.allocation and sum(percent for _, percent in spec.allocation) != 100:
        yield "allocation: the percents add up to 100"
    if len(dict(spec.allocation)) < len(spec.allocation):
        yield "allocation: each employer once"
    if any(percent < 0 for _, percent in spec.allocation):
        yield "allocation: not negative"
    if spec.reserve is not None:
        yield from _need_problem("reserve.need", spec.reserve.need)
        if not 0 <= spec.reserve.close_at < spec.reserve.open_at:
            yield "reserve: 0 <= close_at < open_at"


def _agent_problems(spec: AgentSpec) -> Iterator[str]:
    if not spec.device:
        yield "device: must not be empty"
    if spec.weight <= 0:
        yield "weight: more than 0"
    levels = dict(spec.skills)
    if len(levels) < len(spec.skills):
        yield "skills: each once"
    if levels and min(levels.values()) <= 0:
        yield "skills: levels are more than 0"


def _need_problem(path: str, text: str) -> Iterator[str]:
    try:
        parse(text)
    except NeedError as error:
        yield f"{path}: {error}"


def can_be_met(need: Need, agents: Iterable[AgentSpec]) -> bool:
    """Is there an agent who meets it, on a seat that is given customers?"""
    admits = predicate_of(need).admits
    return any(admits(agent.agent_id, dict(agent.skills)) for agent in agents if not agent.training)


def changes(old: RoutingConfig, new: RoutingConfig) -> tuple[str, ...]:
    """What differs, one line each: `queue loans changed`, `agent 8001 added`."""
    lines: list[str] = []
    for word, before, after in (
        ("queue", {q.queue_id: q for q in old.queues}, {q.queue_id: q for q in new.queues}),
        ("agent", {a.agent_id: a for a in old.agents}, {a.agent_id: a for a in new.agents}),
    ):
        lines += _differences(word, before, after)
    lines += [
        f"{name} changed"
        for name in ("reasons", "policies", "limits", "pbxs", "boosts", "break_caps", "modes")
        if getattr(old, name) != getattr(new, name)
    ]
    return tuple(lines)


def _differences(
    word: str, before: Mapping[Any, object], after: Mapping[Any, object]
) -> Iterator[str]:
    for key, value in after.items():
        if key not in before:
            yield f"{word} {key} added"
        elif before[key] != value:
            yield f"{word} {key} changed"
    yield from (f"{word} {key} removed" for key in before if key not in after)
