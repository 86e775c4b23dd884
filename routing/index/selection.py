"""The policy, side by side: which agent for a call, and which call for an agent.

Both are total orders, so that no tie is left to a container. An agent's rank is fixed when the
agent becomes free and does not change while they stand ready; a call's score grows with its age.
"""

from bisect import insort
from collections.abc import Callable, Iterable
from typing import Final, cast

from routing.agent import Agent
from routing.call import Call
from routing.config import Boost, Strategy
from routing.ids import PbxId, SkillId
from routing.index.ordered import Item
from routing.index.pool import Pool, ReadyEntry
from routing.queue import Queue

PPM: Final = 1_000_000


def rank(agent: Agent, strategy: Strategy, skills: tuple[str, ...]) -> ReadyEntry:
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


_FIGURES: Final[dict[Strategy, Callable[[Agent], int]]] = {
    Strategy.LEAST_OCCUPIED: lambda agent: agent.occupancy_ppm,
    Strategy.FEWEST_CALLS: lambda agent: agent.calls,
    Strategy.LEAST_FLEXIBLE: lambda agent: len(agent.skills),
    Strategy.WEIGHTED: lambda agent: agent.offers * PPM // agent.spec.weight,
}


def apply_boosts(boosts: Iterable[Boost], call: Call) -> None:
    """Raise the call by every rule that names one of its tags, in the order of the rules."""
    priority, rules = call.own_priority, []
    if call.tags:
        for boost in boosts:
            if boost.tag in call.tags and (not boost.queues or call.queue_id in boost.queues):
                priority += boost.points
                rules.append(boost.rule_id)
    call.priority, call.rules = priority, tuple(rules)


def best_agent(pool: Pool, queue: Queue, pbx: PbxId) -> Agent | None:
    """The agent whom a call of this queue and this Asterisk should have, of those who are free."""
    if pool.apart:
        return _best_of_several(pool, queue, pbx)
    heads = pool.ready.heads
    best: Agent | None = heads[0][3] if heads else None
    return best


def _best_of_several(pool: Pool, queue: Queue, pbx: PbxId) -> Agent | None:
    """The same where the ready agents stand in several lines."""
    lines = pool.ready_for(pbx)
    if not lines:
        return None
    if pool.splits:
        turn = _most_behind(queue, dict.fromkeys(employer for (employer, _), _ in lines))
        lines = [each for each in lines if each[0][0] == turn]
    best: Agent = min(line.heads[0] for _, line in lines)[3]
    return best


def _most_behind(queue: Queue, employers: Iterable[str]) -> str:
    """The employer with free agents that is furthest below its share; one that the allocation does
    not name gets what the others cannot take. Ties: as the allocation lists them, then by name.
    """
    total = sum(queue.given.values()) + 1
    percents = dict(queue.spec.allocation)
    order = {employer: place for place, employer in enumerate(percents)}

    def urgency(employer: str) -> tuple[bool, int, int, str]:
        behind = percents.get(employer, 0) * total - 100 * queue.given.get(employer, 0)
        return (employer not in percents, -behind, order.get(employer, 0), employer)

    return min(employers, key=urgency)


def pools_of(agent: Agent) -> list[Pool]:
    """The pools whose need the agent meets."""
    return cast("list[Pool]", agent.pools)


def best_calls(agent: Agent, now_us: int, rows: int) -> list[Item]:
    """The calls that this agent could have now, over all queues that the agent serves, best first.

    (minus score, first queued, arrival number, call): the first is the one to be given (a record
    without rows has it too), the others its rivals. Only the heads of bands are looked at, so the
    cost grows with the queues that the agent serves and in which calls wait.
    """
    rows = rows or 1
    found: list[Item] = []
    worst = 0  # the last of those found
    barred = agent.phone.barred
    for pool in pools_of(agent):
        for band in pool.bands:
            if barred and band.pbx in barred:
                continue
            points = -band.score(now_us - band.head_us)
            if len(found) == rows and points > worst:
                continue
            insort(found, (points, band.head_us, band.head_no, band.head))
            del found[rows:]
            worst = found[-1][0]
    return found


def passed_over(pool: Pool, pbx: PbxId, rows: int) -> list[tuple[Agent, str]]:
    """Some who meet the need but cannot be given a call of this Asterisk, with the reason."""
    found: list[tuple[Agent, str]] = []
    for looked_at, agent in enumerate(pool.as_signed_in()):
        if len(found) == rows or looked_at == 2 * rows:
            break
        blocked = agent.entries is None or pbx in agent.phone.barred
        if blocked and (reason := agent.why_not(pbx)):
            found.append((agent, reason))
    return found
