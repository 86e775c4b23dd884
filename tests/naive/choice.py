"""Who gets whom: the total orders of the specification, each as one sort key."""

from routing.config import Announcement, Boost, QueueSpec
from tests.naive.needs import asked_skills, meets
from tests.naive.records import Agent, Call, World


def need_text(world: World, call: Call) -> str:
    """The whole need as one text: the queue's part (or the preferred agent) and the call's own.
    A call that is handed to one agent needs nothing else of that agent.
    """
    if call.wanted:
        return f"@{call.wanted}"
    queue = world.queue(call.queue_id)
    first = call.step_need
    if call.sticky:
        first = f"@{call.preferred}"
    elif queue.reserve and queue.queue_id in world.reserves and first.strip():
        first = f"({first}) | ({queue.reserve.need})" if queue.reserve.need.strip() else ""
    parts = [f"({part})" for part in (first, call.needs) if part.strip()]
    return " & ".join(parts)


def step_at(queue: QueueSpec, waited_us: int) -> tuple[int, str]:
    """Number and need of the step that holds after this wait; 0 is the queue's own need."""
    number, need = 0, queue.need
    for place, step in enumerate(queue.steps, 1):
        if step.after_us <= waited_us:
            number, need = place, step.need
    return number, need


def boosts(world: World, call: Call) -> list[Boost]:
    """The rules that give this call more points, as it arrives, in the order they are written."""
    return [
        boost
        for boost in world.config.boosts
        if boost.tag in call.tags and (not boost.queues or call.queue_id in boost.queues)
    ]


def score(world: World, call: Call) -> int:
    """Priority and boosts, points for age up to the cap, points for a service level in danger."""
    queue = world.queue(call.queue_id)
    priority = queue.priority + call.priority + sum(boost.points for boost in call.boosts)
    age_us = world.now_us - call.first_queued_us
    points = queue.age_points * (age_us // queue.age_every_us)
    into_window_us = age_us - (queue.service_level_us - queue.sl_window_us)
    into_window_us = min(max(into_window_us, 0), queue.sl_window_us)
    danger = queue.sl_points * into_window_us // queue.sl_window_us if queue.sl_points else 0
    return priority + min(queue.age_cap, points) + danger


def order(world: World, call: Call) -> tuple[int, int, int]:
    """The place of a call in the one line of all calls: smallest first."""
    return (-score(world, call), call.first_queued_us, call.number)


def offerable(world: World, agent: Agent) -> bool:
    """Status ready, work idle, phone reachable, no pause after a failed offer, no own call."""
    return (
        agent.status == "ready"
        and agent.work == "idle"
        and world.phone(agent.device) == "reachable"
        and agent.gap_until_us == 0
        and not world.own.get(agent.device)
    )


def can_be_offered(world: World, call: Call) -> bool:
    return call.in_line and call.pbx not in world.lost and not call.paused


def suits(world: World, call: Call, agent: Agent) -> bool:
    """Practice calls are for training seats, and nothing else is; a caller can only be put through
    to a phone that the same Asterisk can call.
    """
    if call.training != agent.spec.training or not world.can_call(call.pbx, agent.device):
        return False
    return meets(need_text(world, call))(agent.agent_id, agent.skills)


def rank(world: World, call: Call, agent: Agent) -> tuple[int, ...]:
    """How good an agent is by the queue's strategy: smallest first."""
    idle = (agent.idle_since_us, agent.logon_no)
    asked = asked_skills(need_text(world, call))
    orders = {
        "longestIdle": idle,
        "fewestCalls": (agent.calls, *idle),
        "leastOccupied": (agent.occupancy, *idle),
        "bestSkill": (-sum(agent.skills.get(skill, 0) for skill in asked), *idle),
        "leastFlexible": (len(agent.skills), *idle),
        "roundRobin": (agent.last_offer, agent.logon_no),
        "weighted": (agent.offers * 1_000_000 // agent.spec.weight, *idle),
    }
    return orders[world.queue(call.queue_id).strategy]


def behind(world: World, queue: QueueSpec, employer: str) -> tuple[bool, int, int, str]:
    """How far an employer is below its share of a queue's calls: smallest comes first."""
    percents = dict(queue.allocation)
    total = 1 + sum(n for (queue_id, _), n in world.given.items() if queue_id == queue.queue_id)
    given = world.given.get((queue.queue_id, employer), 0)
    missing = percents.get(employer, 0) * total - 100 * given
    place = list(percents).index(employer) if employer in percents else 0
    return (employer not in percents, -missing, place, employer)


def best_agent(world: World, call: Call, agents: list[Agent]) -> Agent:
    """First whose turn it is among the employers, then by the strategy."""
    queue = world.queue(call.queue_id)
    if queue.allocation:
        employers = {agent.spec.employer for agent in agents}
        chosen = min(employers, key=lambda employer: behind(world, queue, employer))
        agents = [agent for agent in agents if agent.spec.employer == chosen]
    return min(agents, key=lambda agent: rank(world, call, agent))


def best_pair(world: World) -> tuple[Call, Agent] | None:
    """The first waiting call in line that some free agent suits, and the best agent for it."""
    free = [agent for agent in world.agents if offerable(world, agent)]
    if not free:
        return None
    waiting = [call for call in world.calls if can_be_offered(world, call)]
    for call in sorted(waiting, key=lambda call: order(world, call)):
        suitable = [agent for agent in free if suits(world, call, agent)]
        if suitable:
            return call, best_agent(world, call, suitable)
    return None


def calls_in_front(world: World, call: Call) -> int:
    """How many of the same queue, as far as we can hear them, come before this one by score."""
    return sum(
        can_be_offered(world, other)
        and other.queue_id == call.queue_id
        and order(world, other) < order(world, call)
        for other in world.calls
    )


def next_play_us(each: Announcement, waited_us: int) -> int:
    """After how much waiting this is to be heard next; 0 for never again."""
    if waited_us < each.after_us:
        return each.after_us
    if not each.every_us:
        return 0
    rounds = (waited_us - each.after_us) // each.every_us + 1
    return each.after_us + rounds * each.every_us


def is_due(each: Announcement, waited_us: int) -> bool:
    """Is this the moment for it?"""
    if waited_us < each.after_us:
        return False
    late_us = waited_us - each.after_us
    return late_us % each.every_us == 0 if each.every_us else late_us == 0
