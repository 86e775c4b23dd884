"""The policy, side by side: which agent for a call, and which call for an agent.

Both are total orders, so that no tie is left to a container. An agent's rank is fixed when he
becomes free and does not change while he stands ready; a call's score grows with its age.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from routing.agent import Agent
from routing.config import QueueSpec, Strategy
from routing.ids import SkillId

if TYPE_CHECKING:
    from routing.pools import Band, Pool, ReadyEntry, WaitEntry
    from routing.queue import Queue

PPM = 1_000_000


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


def score(band: "Band", first_queued_us: int, now_us: int) -> int:
    """The score of a call in this band."""
    return score_of(band.queue.spec, band.priority, first_queued_us, now_us)


def score_of(spec: QueueSpec, priority: int, first_queued_us: int, now_us: int) -> int:
    """Priority, plus age up to a cap, plus what a service level in danger adds.

    Each part only grows with age: that is what lets a band be judged by its head. Integers only.
    """
    waited_us = now_us - first_queued_us
    age = waited_us // spec.age_every_us * spec.age_points
    points = priority + min(age, spec.age_cap)
    if spec.sl_points:
        window_us = spec.sl_window_us
        into_us = min(waited_us - spec.service_level_us + window_us, window_us)
        if into_us > 0:
            points += spec.sl_points * into_us // window_us
    return points


def best_agent(pool: "Pool", queue: "Queue") -> Agent | None:
    """The agent whom a call of this queue should have, of those who are free."""
    if not pool.ready:
        return None
    lines = pool.by_employer
    if lines is None:
        return pool.ready.first()[3]
    return lines[_most_behind(queue, lines)].first()[3]


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


def best_call(agent: Agent, now_us: int) -> "WaitEntry | None":
    """The call that this agent should have now, over all queues that he serves."""
    best: WaitEntry | None = None
    best_score = 0
    for pool in agent.pools:
        if not pool.waiting:
            continue
        for band in pool.bands.values():
            head = band.line.first()
            points = score(band, head[0], now_us)
            if best is None or points > best_score or (points == best_score and head < best):
                best, best_score = head, points
    return best


def rivals(agent: Agent, now_us: int, rows: int) -> "list[tuple[int, WaitEntry]]":
    """The heads of the lines that this agent could have been given, highest score first."""
    heads = [
        (-score(band, head[0], now_us), head)
        for pool in agent.pools
        if pool.waiting
        for band in pool.bands.values()
        for head in (band.line.first(),)
    ]
    return [(-points, head) for points, head in sorted(heads)[:rows]]


def passed_over(pool: "Pool", rows: int) -> "list[tuple[Agent, str]]":
    """Some who meet the need but cannot be given a call, with the reason."""
    found: list[tuple[Agent, str]] = []
    for looked_at, agent in enumerate(pool.members.values()):
        if len(found) == rows or looked_at == 2 * rows:
            break
        if agent.entries is None and (reason := agent.why_not()):
            found.append((agent, reason))
    return found
