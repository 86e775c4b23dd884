"""Plays a telephony card in a world and checks what its calls have lived through."""

from functools import partial
from typing import Any

from tests.eventually import eventually
from tests.worlds.cards.router import stories, word
from tests.worlds.cards.words import Call, Card, Do, Order, Ready, Until
from tests.worlds.cards.world import OPERATED, World, until_channels

WITHIN_S = 25
BUSY_MACHINE_S = 5


async def play(world: World, card: Card) -> list[dict[str, Any]]:
    """Do what the card says, then check what every call has lived through; the events."""
    await world.router.start()
    await world.router.ready(*card.ready)
    player = Player(world)
    await player.begin()
    for step in card.steps:
        await player.do(step)
    events = player.new(await world.router.events())
    told = list(stories(events).values())
    if card.calls:
        assert len(told) == len(card.calls), told
        for story, expected in zip(told, card.calls, strict=True):
            assert_story(story, expected)
    for check in card.checks:
        CHECKS[check](events)
    breaches = await world.router.get("/v1/invariants")
    assert not any(breaches["breaches"].values()), breaches
    return events


class Player:
    """Carries out steps. What was published before the card began does not count."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._before = 0

    async def begin(self) -> None:
        self._before = len(await self.world.router.events())

    def new(self, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return events[self._before :]

    async def do(self, step: object) -> None:
        world = self.world
        match step:
            case Call():
                await world.call(step)
            case Ready(agents=agents):
                await world.router.ready(*agents)
            case Until(word=wanted, times=times):
                await world.router.until(
                    lambda events: heard(self.new(events), wanted) >= times, WITHIN_S
                )
            case Order(verb=verb, status=status, body=body, code=code):
                live = (await world.router.get("/v1/calls?limit=1"))["calls"]
                assert live, f"{verb}: no call lives"
                said = await world.router.post(f"/v1/calls/{live[0]['call_id']}/{verb}", body)
                assert (said[0], said[1].get("code", "")) == (
                    status,
                    code or said[1].get("code", ""),
                )
            case Do(what=what):
                await self._happens(what)
            case _:
                raise AssertionError(f"no such step: {step}")

    async def _happens(self, happening: str) -> None:
        world = self.world
        match happening:
            case "cut":
                world.wire.cut()
            case "mend":
                world.wire.mend()
            case "talked":
                await eventually(partial(has_talked, world), WITHIN_S)
            case "callsEnd":
                await until_channels(world, 0)
            case what if what in OPERATED:
                await world.operate(what)
            case "routing" | "startRouter" as what:
                if what == "startRouter":
                    await world.router.start(wait=False)
                await world.router.until_routing(20)
            case "killRouter":
                world.router.kill()
            case "failsafeAnswers":
                await eventually(lambda: world.served, WITHIN_S)
            case _:
                raise AssertionError(f"nothing of that name happens: {happening}")


async def has_talked(world: World) -> bool:
    """For longer than the gateway takes to be a word (`cti.gateway.asking.WORD_US`)."""
    answer = await world.router.get("/v1/calls?limit=1")
    call = answer["calls"][0]
    return call["stage"] == "talking" and answer["now_us"] - call["since_us"] > 300_000


def heard(events: list[dict[str, Any]], wanted: str) -> int:
    """How often this word was said; a word without its detail counts every detail."""
    said = [word(event) or state_word(event) for event in events]
    return sum(each == wanted or each.split(" ")[0] == wanted for each in said)


def state_word(event: dict[str, Any]) -> str:
    name = event["type"].removeprefix("cti.")
    return f"{name} {event['data'].get('state', '')}"


def assert_story(story: list[str], expected: tuple[str, ...]) -> None:
    """Word for word; see `cards` for `a|b` and `?`."""
    left = list(story)
    for wanted in expected:
        if left and says(left[0], wanted.removeprefix("?")):
            left.pop(0)
        elif not wanted.startswith("?"):
            break
    else:
        if not left:
            return
    raise AssertionError(f"\n  told:     {story}\n  expected: {list(expected)}")


def says(said: str, wanted: str) -> bool:
    name, _, detail = wanted.partition(" ")
    return said.split(" ", maxsplit=1)[0] == name and said.split(" ")[1] in detail.split("|")


def all_answered(events: list[dict[str, Any]]) -> None:
    for call_id, story in stories(events).items():
        assert story[-1] == "callCleared answered", (call_id, story)


def in_order(events: list[dict[str, Any]]) -> None:
    """Who came first is given an agent first. (Who talks first is for the phones to say.)"""
    arrived = [e["data"]["call_id"] for e in events if word(e) == "queued arrived"]
    given = [e["data"]["call_id"] for e in events if e["type"] == "cti.agentAllocated"]
    assert list(dict.fromkeys(given)) == arrived


def one_at_a_time(events: list[dict[str, Any]]) -> None:
    """Between two offers of an agent his conversation ends; no call is offered to two at once."""
    busy: dict[str, str] = {}
    held: dict[str, str] = {}
    for event in events:
        name, data = event["type"].removeprefix("cti."), event["data"]
        if name == "agentAllocated":
            assert data["agent_id"] not in busy, data
            assert data["call_id"] not in held, data
            busy[data["agent_id"]], held[data["call_id"]] = data["call_id"], data["agent_id"]
        elif name in ("failed", "connectionCleared"):
            busy.pop(data["agent_id"], None)
            held.pop(data["call_id"], None)


def after_call_work(events: list[dict[str, Any]]) -> None:
    """The second call comes when the work after the first is over, and not before."""
    names = [event["type"].removeprefix("cti.") for event in events]
    first_end = names.index("connectionCleared")
    second_offer = names.index("agentAllocated", first_end)
    assert "agentWorkingAfterCall" in names[first_end:second_offer]
    waited_s = seconds(events[second_offer]) - seconds(events[first_end])
    assert 0.95 <= waited_s < 1 + BUSY_MACHINE_S, waited_s


def seconds(event: dict[str, Any]) -> float:
    _, _, clock = event["time"].rstrip("Z").partition("T")
    hours, minutes, rest = clock.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(rest)


CHECKS = {
    "allAnswered": all_answered,
    "inOrder": in_order,
    "oneAtATime": one_at_a_time,
    "afterCallWork": after_call_work,
}
