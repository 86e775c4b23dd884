"""A large service centre, drawn from a seed: who can do what, and what callers need.

Overlap as in a bank: departments of ten business skills each; an agent knows most of one
department's and one or two of a neighbour's, one or two languages, and a few particular products.
A queue asks for one business skill at a level and, in part, for a language; every fourth relaxes
after a while, in the end to anyone of the department. One caller in ten asks for a language, most
of them for one of three.
"""

from dataclasses import dataclass
from random import Random

from routing.commands import CallArrived
from routing.config import AgentSpec, Limits, QueueSpec, RoutingConfig, Step, Strategy
from routing.ids import AgentId, CallId, PbxId, QueueId, SkillId

SECOND = 1_000_000
PBX = PbxId("a1")
SKILLS_A_DEPARTMENT = 10
LANGUAGES = 20
STRATEGIES = (
    Strategy.LONGEST_IDLE,
    Strategy.LONGEST_IDLE,
    Strategy.FEWEST_CALLS,
    Strategy.BEST_SKILL,
    Strategy.LEAST_OCCUPIED,
)


@dataclass(frozen=True, slots=True)
class Size:
    """How large the centre is."""

    agents: int = 10_000
    queues: int = 200
    skills: int = 500
    waiting: int = 20_000


def business(number: int) -> SkillId:
    return SkillId(f"business-{number}")


def language(number: int) -> SkillId:
    return SkillId(f"language-{number}")


def product(number: int) -> SkillId:
    return SkillId(f"product-{number}")


def team(number: int) -> SkillId:
    return SkillId(f"department-{number}")


def agent_id(number: int) -> AgentId:
    return AgentId(f"{100_000 + number}")


def skills_of(rng: Random, size: Size) -> tuple[tuple[SkillId, int], ...]:
    """A department and four of its ten skills, one of the next, two languages, two products."""
    departments = max(1, size.queues // SKILLS_A_DEPARTMENT)
    department = rng.randrange(departments)
    own = rng.sample(range(SKILLS_A_DEPARTMENT), 4)
    other = (department + 1) % departments * SKILLS_A_DEPARTMENT + rng.randrange(10)
    named = [team(department)]
    named += [business(department * SKILLS_A_DEPARTMENT + skill) for skill in own]
    named.append(business(other))
    named += [language(0), language(rng.randrange(1, LANGUAGES))]
    products = max(2, size.skills - size.queues - LANGUAGES)
    named += [product(each) for each in rng.sample(range(products), 2)]
    return tuple((skill, rng.randint(1, 5)) for skill in dict.fromkeys(named))


def queue_spec(rng: Random, number: int) -> QueueSpec:
    level, second = rng.randint(1, 3), language(rng.randrange(1, LANGUAGES))
    skill = business(number)
    need = f"{skill}>={level}"
    if number % 2:
        need += f" & ({language(0)} | {second})"
    steps: tuple[Step, ...] = ()
    if number % 4 == 0:
        anyone = team(number // SKILLS_A_DEPARTMENT)
        steps = (Step(120 * SECOND, f"{skill}"), Step(600 * SECOND, f"{anyone}"))
    return QueueSpec(
        queue_id=QueueId(f"queue-{number}"),
        need=need,
        strategy=STRATEGIES[number % len(STRATEGIES)],
        priority=rng.choice((0, 0, 0, 50, 200)),
        after_call_work_us=30 * SECOND,
        max_waiting=1_000_000,
        steps=steps,
    )


def config_of(size: Size, seed: int = 1) -> RoutingConfig:
    """The whole centre."""
    rng = Random(seed)
    return RoutingConfig(
        queues=tuple(queue_spec(rng, number) for number in range(size.queues)),
        agents=tuple(
            AgentSpec(agent_id(number), f"phone-{number}", skills_of(rng, size))
            for number in range(size.agents)
        ),
        pbxs=(PBX,),
        limits=Limits(calls=1_000_000),
    )


def wish(rng: Random) -> str:
    """What a caller asks for beside what the queue does."""
    [number] = rng.choices((0, 1, 2, rng.randrange(3, LANGUAGES)), (60, 25, 13, 2))
    return language(number)


def arrival(rng: Random, size: Size, number: int) -> CallArrived:
    """One caller; one in ten brings another need, one in ten is important."""
    return CallArrived(
        call_id=CallId(f"a1-17.{number}"),
        queue_id=QueueId(f"queue-{rng.randrange(size.queues)}"),
        pbx=PBX,
        priority=rng.choice((0, 0, 0, 0, 0, 0, 0, 0, 0, 30)),
        needs=wish(rng) if rng.random() < 0.1 else "",
        caller=f"138{number:08}",
    )
