"""Who gets whom: the total orders of the specification, each as one sort key."""

from routing.config import QueueSpec
from tests.naive.needs import asked_skills, meets
from tests.naive.records import Agent, Call, World


def need_text(call: Call) -> str:
    """The whole need as one text: the queue's part (or the preferred agent) and the call's own."""
    first = f"@{call.preferred}" if call.sticky else call.step_need
    parts = [f"({part})" for part in (first, call.needs) if part.strip()]
    return " & ".join(parts)


def step_at(queue: QueueSpec, waited_us: int) -> tuple[int, str]:
    """Number and need of the step that holds after this wait; 0 is the queue's own need."""
    number, need = 0, queue.need
    for place, step in enumerate(queue.steps, 1):
        if step.after_us <= waited_us:
            number, need = place, step.need
    return number, need


def score(world: World, call: Call) -> int:
    """Priority plus points for age, up to the cap."""
    queue = world.queue(call.queue_id)
    age_us = world.now_us - call.first_queued_us
    points = queue.age_points * (age_us // queue.age_every_us)
    return queue.priority + call.priority + min(queue.age_cap, points)


def order(world: World, call: Call) -> tuple[int, int, int]:
    """The place of a call in the one line of all calls: smallest first."""
    return (-score(world, call), call.first_queued_us, call.number)


def offerable(world: World, agent: Agent) -> bool:
    """Status ready, work idle, phone reachable, no pause after a failed offer."""
    return (
        agent.status == "ready"
        and agent.work == "idle"
        and agent.agent_id not in world.unreachable
        and agent.gap_until_us == 0
    )


def can_be_offered(world: World, call: Call) -> bool:
    return call.in_line and call.pbx not in world.lost


def suits(call: Call, agent: Agent) -> bool:
    return meets(need_text(call))(agent.agent_id, agent.skills)


def rank(queue: QueueSpec, call: Call, agent: Agent) -> tuple[int, ...]:
    """How good an agent is by the queue's strategy: smallest first."""
    idle = (agent.idle_since_us, agent.logon_no)
    asked = asked_skills(need_text(call))
    orders = {
        "longestIdle": idle,
        "fewestCalls": (agent.calls, *idle),
        "leastOccupied": (agent.occupancy, *idle),
        "bestSkill": (-sum(agent.skills.get(skill, 0) for skill in asked), *idle),
        "leastFlexible": (len(agent.skills), *idle),
        "roundRobin": (agent.last_offer, agent.logon_no),
        "weighted": (agent.offers * 1_000_000 // agent.spec.weight, *idle),
    }
    return orders[queue.strategy]


def best_pair(world: World) -> tuple[Call, Agent] | None:
    """The first waiting call in line that some free agent suits, and the best agent for it."""
    free = [agent for agent in world.agents if offerable(world, agent)]
    if not free:
        return None
    waiting = [call for call in world.calls if can_be_offered(world, call)]
    for call in sorted(waiting, key=lambda call: order(world, call)):
        queue = world.queue(call.queue_id)
        suitable = [agent for agent in free if suits(call, agent)]
        if suitable:
            return call, min(suitable, key=lambda agent: rank(queue, call, agent))
    return None


def calls_in_front(world: World, call: Call) -> int:
    """How many of the same queue, as far as we can hear them, come before this one by score."""
    return sum(
        can_be_offered(world, other)
        and other.queue_id == call.queue_id
        and order(world, other) < order(world, call)
        for other in world.calls
    )
