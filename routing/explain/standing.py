"""How things stand with a live call now, read from the core: above all, why it waits while somebody
is idle. Nothing changes here, not even an index.

The rule of the core is that no agent who can be given a call stands beside a waiting call whose
need that agent meets. So each idle agent has an obstacle, and this names it: the first that would
have to go, in the order of `Obstacle`.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Final

import msgspec

from routing.agent import Agent, AgentStatus, AgentWork
from routing.call import Call, CallState
from routing.core import Core
from routing.ids import NO_AGENT, AgentId, CallId, PbxId, QueueId
from routing.index.needs import AllOf, Need, both, parse, text_of
from routing.index.places import calls_in_front, present_need
from routing.index.predicates import is_met
from routing.phone import Phone
from routing.queue import STICKY_STEP, Queue
from routing.words import PhoneState

IDLE_ROWS: Final = 10
"""So many idle agents are named; the others are counted."""

IN_LINE: Final = (CallState.WAITING, CallState.OUT_OF_SIGHT)


class Obstacle(StrEnum):
    """Why an idle agent is not given this call."""

    TRAINING = "training"  # a training seat and a customer, or a practice call and a full agent
    WANTED = "wanted"  # the call waits for another agent, and for nobody else
    GROUP = "group"  # has what is needed, and has taken it out of use
    RESERVE = "reserve"  # helps out in this queue, but the reserve is closed
    LATER = "later"  # will do at a later step
    NEED = "need"  # does not have what is needed
    UNREACHABLE = "unreachable"  # meets the need; the phone cannot be reached
    MISSING = "missing"  # meets the need; no Asterisk has the phone
    UNHEARD = "unheard"  # meets the need; the Asterisk that has the phone is not heard
    ELSEWHERE = "elsewhere"  # meets the need; the Asterisk that has the call cannot call the phone
    GAP = "gap"  # meets the need; pauses after a failed offer
    NONE = "none"  # should have been offered: a defect of the core


class Idle(msgspec.Struct, frozen=True, gc=False):
    """A ready agent without work, and what stands between the agent and the call. `detail` is what
    is missing, the group, the phone, the cause of the pause; `in_us` after how long it goes by
    itself, -1 when that is not known.
    """

    agent_id: AgentId
    idle_us: int
    obstacle: Obstacle
    detail: str = ""
    in_us: int = -1


class Standing(msgspec.Struct, frozen=True, gc=False):
    """One live call at one moment. Lengths in microseconds.

    `pbx_state` is `lost` or `gone` when its Asterisk is not heard, else "". `wanted` is the one
    agent who will do, now or for ever. `busy` counts those who meet the need and are not idle, by
    reason, the most frequent first. `idle_count` is how many idle agents there are, `idle` the
    first of them. `next_need` is in force in `next_in_us`; -1 for never.
    """

    call_id: CallId
    queue_id: QueueId
    state: CallState
    since_us: int
    waited_us: int
    agent_id: AgentId = NO_AGENT
    pbx: PbxId = PbxId("")
    pbx_state: str = ""
    callback_in_us: int = -1
    need: str = ""
    step: int = 0
    in_front: int = 0
    wanted: AgentId = NO_AGENT
    idle: tuple[Idle, ...] = ()
    idle_count: int = 0
    busy: tuple[tuple[str, int], ...] = ()
    next_need: str = ""
    next_in_us: int = -1


def standing_of(core: Core, call_id: CallId, now_us: int) -> Standing | None:
    """How it stands at `now_us`; None when there is no such live call."""
    call = core.calls.get(call_id)
    if call is None:
        return None
    waited_us = call.waited_us or now_us - call.first_queued_us
    if call.state not in IN_LINE:
        since_us = call.offered_us if call.state is CallState.OFFERED else call.established_us
        since_us = call.held_since_us if call.state is CallState.HELD else since_us
        agent_id = call.agent_id
        if call.state is CallState.OFFERED:
            agent_id = core.offers[call.offer_id].agent_id
        return Standing(
            call_id, call.queue_id, call.state, now_us - since_us, waited_us, agent_id, call.pbx
        )
    return _waiting(core, call, now_us, waited_us)


def _waiting(core: Core, call: Call, now_us: int, waited_us: int) -> Standing:
    queue = core.queues[call.queue_id]
    need = present_need(call, queue)
    idle = [each for each in core.agents.values() if _is_idle(each)]
    alone = call.wanted or (call.preferred if call.step == STICKY_STEP else NO_AGENT)
    later = next(_later_steps(call, queue, now_us), None)
    paused_us = call.paused_until_us
    return Standing(
        call.call_id,
        call.queue_id,
        call.state,
        now_us - call.asked_us,
        waited_us,
        pbx=call.pbx,
        pbx_state=core.pbx_lost.get(call.pbx, ""),
        callback_in_us=max(0, paused_us - now_us) if paused_us else -1,
        need=text_of(need),
        step=call.step,
        in_front=calls_in_front(now_us, queue, call),
        wanted=alone,
        idle=tuple(
            _idle(core, call, need, agent, now_us)
            for agent in idle[:IDLE_ROWS]
            if call.state is CallState.WAITING  # one obstacle for all, else
        ),
        idle_count=len(idle),
        busy=_busy(core, call, need),
        next_need=text_of(later[1]) if later else "",
        next_in_us=later[0] if later else -1,
    )


def _is_idle(agent: Agent) -> bool:
    """Ready and without work: what a supervisor sees as waiting for a call."""
    return agent.status is AgentStatus.READY and agent.work is AgentWork.IDLE


def _idle(core: Core, call: Call, need: Need, agent: Agent, now_us: int) -> Idle:
    idle_us = now_us - agent.idle_since_us
    obstacle, detail, in_us = _obstacle(core, call, need, agent, now_us)
    return Idle(agent.agent_id, idle_us, obstacle, detail, in_us)


_Found = tuple[Obstacle, str, int]
"""The obstacle, its detail, and after how long it goes."""


def _obstacle(core: Core, call: Call, need: Need, agent: Agent, now_us: int) -> _Found:
    if agent.spec.training is not call.training:
        return Obstacle.TRAINING, "", -1
    if not is_met(need, agent.agent_id, agent.skills):
        return _unmet(core.queues[call.queue_id], call, need, agent, now_us)
    if agent.gap_until_us and agent.phone.is_reachable:
        return Obstacle.GAP, agent.gap_cause, max(0, agent.gap_until_us - now_us)
    return _phone_obstacle(agent.phone, call.pbx)


def _phone_obstacle(phone: Phone, pbx: PbxId) -> _Found:
    if phone.is_reachable and pbx in phone.barred:
        return Obstacle.ELSEWHERE, f"{phone.device} ({pbx})", -1
    return {
        PhoneState.MISSING: (Obstacle.MISSING, phone.device, -1),
        PhoneState.UNREACHABLE: (Obstacle.UNREACHABLE, phone.device, -1),
        PhoneState.UNHEARD: (Obstacle.UNHEARD, phone.device, -1),
        PhoneState.REACHABLE: (Obstacle.NONE, "", -1),
    }[phone.state]


def _unmet(queue: Queue, call: Call, need: Need, agent: Agent, now_us: int) -> _Found:
    """What the agent would need, the nearest thing first."""
    if call.wanted:
        return Obstacle.WANTED, call.wanted, -1
    if call.step == STICKY_STEP:
        return Obstacle.WANTED, call.preferred, queue.spec.sticky_us - (now_us - call.asked_us)
    if is_met(need, agent.agent_id, dict(agent.spec.skills)):
        return Obstacle.GROUP, ", ".join(agent.idle_groups), -1
    reserve = queue.reserve
    if reserve is not None and not queue.reserve_open:
        helps = both(parse(reserve.need), parse(call.needs))
        if is_met(helps, agent.agent_id, agent.skills):
            return Obstacle.RESERVE, f"{queue.waiting}/{reserve.open_at}", -1
    for in_us, later in _later_steps(call, queue, now_us):
        if is_met(later, agent.agent_id, agent.skills):
            return Obstacle.LATER, text_of(later), in_us
    return Obstacle.NEED, _missing(need, agent), -1


def _missing(need: Need, agent: Agent) -> str:
    """The part of the need that the agent does not meet."""
    parts = need.needs if isinstance(need, AllOf) else (need,)
    unmet = [part for part in parts if not is_met(part, agent.agent_id, agent.skills)]
    return ", ".join(text_of(part) for part in unmet)


def _later_steps(call: Call, queue: Queue, now_us: int) -> Iterator[tuple[int, Need]]:
    """(in how long, what will do then), for each step that is to come."""
    if call.wanted:
        return
    waited_us = now_us - call.asked_us
    own = parse(call.needs)
    if call.step == STICKY_STEP:
        after_us = queue.spec.sticky_us
        step = queue.step_at(after_us, prefers=False)
        yield max(0, after_us - waited_us), both(queue.needs[step], own)
    for number, after_us in enumerate(queue.boundaries, 1):
        if number > call.step and after_us > waited_us:
            yield after_us - waited_us, both(queue.needs[number], own)


def _busy(core: Core, call: Call, need: Need) -> tuple[tuple[str, int], ...]:
    """Who meets the need and is not idle, counted by why."""
    counts: dict[str, int] = {}
    for agent in core.agents.values():
        if agent.status is AgentStatus.LOGGED_OFF or _is_idle(agent):
            continue
        if agent.spec.training is call.training and is_met(need, agent.agent_id, agent.skills):
            why = agent.why_not(call.pbx)
            counts[why] = counts.get(why, 0) + 1
    return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
