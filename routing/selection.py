"""The policy, side by side: which agent for a call, and which call for an agent.

Both are total orders, so that no tie is left to a container. An agent's rank is fixed when he
becomes free and does not change while he stands ready; a call's score grows with its age.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from routing.agent import Agent
from routing.config import Strategy
from routing.ids import SkillId

if TYPE_CHECKING:
    from routing.pools import Band, Pool, ReadyEntry, WaitEntry

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
    """Priority plus age, the age capped: nobody starves, and a cap says how far age may go."""
    spec = band.queue.spec
    age = (now_us - first_queued_us) // spec.age_every_us * spec.age_points
    return band.priority + (min(spec.age_cap, age))


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
