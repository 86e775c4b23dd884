"""The policy, side by side: which agent for a call, and which call for an agent.

Both are total orders, so that no tie is left to a container. An agent's rank is fixed when he
becomes free and does not change while he stands ready; a call's score grows with its age.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from routing.agent import Agent
from routing.config import Boost, QueueSpec, Strategy
from routing.ids import SkillId

if TYPE_CHECKING:
    from routing.bands import Band
    from routing.call import Call
    from routing.pools import Pool, ReadyEntry
    from routing.queue import Queue

PPM = 1_000_000

FOR_EVER_US = 1 << 62


def rank(agent: Agent, strategy: Strategy, skills: tuple[str, ...]) -> "ReadyEntry":
    """Where the agent stands among the ready: ascending, best first.

    `skills` are those that the need names. The last tie-break is the log-on number.
    """
    idle = agent.idle_since_us
    if strategy is Strategy.LONGEST_IDLE:
        return (idle, 0, agent.logon_no, agent)
    if strategy is Strategy.ROUND_ROBIN:
        return (agent.last_offer, 0, agent.logon_no, agent)
    if strategy is Strategy.BEST_SKILL:
        level = sum(agent.skills.get(SkillId(skill), 0) for skill in skills)
        return (-level, idle, agent.logon_no, agent)
    return (_FIGURES[strategy](agent), idle, agent.logon_no, agent)


_FIGURES: dict[Strategy, Callable[[Agent], int]] = {
    Strategy.LEAST_OCCUPIED: lambda agent: agent.occupancy_ppm,
    Strategy.FEWEST_CALLS: lambda agent: agent.calls,
    Strategy.LEAST_FLEXIBLE: lambda agent: len(agent.skills),
    Strategy.WEIGHTED: lambda agent: agent.offers * PPM // agent.spec.weight,
}


def score(spec: QueueSpec, priority: int, waited_us: int) -> int:
    """The score of a waiting call; `priority` is the queue's, its own and its boosts' together.

    Priority, plus age up to a cap, plus what a service level in danger adds. Each part only grows
    with age: that is what lets a band be judged by its head. Integers only.
    """
    age = waited_us // spec.age_every_us * spec.age_points
    cap = spec.age_cap
    points = priority + (age if age < cap else cap)  # noqa: FURB136  min() costs a third more
    return points + at_risk(spec, waited_us) if spec.sl_points else points


def least_wait_us(spec: QueueSpec, points: int) -> int:
    """After how much waiting the part of the score that grows with age has reached `points`, in a
    queue without `sl_points`; more than any wait when it never does.
    """
    if points <= 0:
        return 0
    if points > spec.age_cap or not spec.age_points:
        return FOR_EVER_US
    return -(-points // spec.age_points) * spec.age_every_us


def at_risk(spec: QueueSpec, waited_us: int) -> int:
    """What is added over the last `sl_window_us` before the service level is missed."""
    window_us = spec.sl_window_us
    into_us = min(waited_us - spec.service_level_us + window_us, window_us)
    return spec.sl_points * into_us // window_us if into_us > 0 else 0


def apply_boosts(boosts: Iterable[Boost], call: "Call") -> None:
    """Raise the call by every rule that names one of its tags, in the order of the rules."""
    hits = [
        boost
        for boost in boosts
        if boost.tag in call.tags and (not boost.queues or call.queue_id in boost.queues)
    ]
    call.priority = call.own_priority + sum(boost.points for boost in hits)
    call.rules = tuple(boost.rule_id for boost in hits)


def best_agent(pool: "Pool", queue: "Queue") -> Agent | None:
    """The agent whom a call of this queue should have, of those who are free."""
    if not pool.ready:
        return None
    lines = pool.by_employer
    if lines is None:
        best: Agent = pool.ready.heads[0][3]
    else:
        best = lines[_most_behind(queue, lines)].heads[0][3]
    return best


def _most_behind(queue: "Queue", employers: Iterable[str]) -> str:
    """The employer with free agents who is furthest below his share; one that the allocation does
    not name gets what the others cannot take. Ties: as the allocation lists them, then by name.
    """
    total = sum(queue.given.values()) + 1
    percents = dict(queue.spec.allocation)
    order = {employer: place for place, employer in enumerate(percents)}

    def urgency(employer: str) -> tuple[bool, int, int, str]:
        behind = percents.get(employer, 0) * total - 100 * queue.given.get(employer, 0)
        return (employer not in percents, -behind, order.get(employer, 0), employer)

    return min(employers, key=urgency)


def best_calls(agent: Agent, now_us: int, rows: int) -> "list[tuple[int, int, int, Call]]":
    """The calls that this agent could have now, over all queues that he serves, best first.

    (minus score, first queued, arrival number, call): the first is the one he should have (a record
    without rows has it too), the others its rivals. Only the heads of bands are looked at, so this
    is as long as he serves queues with calls in them.
    """
    bands: list[Band] = []
    scores: list[int] = []
    for pool in agent.pools:
        for band in pool.bands:
            waited_us = now_us - band.head_us
            # `score`, spelled out: it is asked here for each band of each agent who is free.
            points = waited_us // band.age_every_us * band.age_points
            if points > band.age_cap:  # noqa: PLR1730  min() costs a third more
                points = band.age_cap
            if band.sl_points:
                points += at_risk(band.spec, waited_us)
            bands.append(band)
            scores.append(points + band.priority)
    if not bands:
        return []
    rows = rows or 1
    least = sorted(scores)[-rows:][0]
    found = [
        (-points, band.head_us, band.head_no, band.head)
        for points, band in zip(scores, bands, strict=True)
        if points >= least
    ]
    return sorted(found)[:rows]


def passed_over(pool: "Pool", rows: int) -> "list[tuple[Agent, str]]":
    """Some who meet the need but cannot be given a call, with the reason."""
    found: list[tuple[Agent, str]] = []
    for looked_at, agent in enumerate(pool.as_signed_in()):
        if len(found) == rows or looked_at == 2 * rows:
            break
        if agent.entries is None and (reason := agent.why_not()):
            found.append((agent, reason))
    return found
