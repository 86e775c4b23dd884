"""What random days have found (`tests.worlds.days`), each as a short story of its own."""

import pytest

from cti.ami.messages import action
from routing.agent import AgentWork
from routing.commands import LogOffAgent, LogOnAgent
from routing.events import CallEstablished
from routing.ids import AgentId
from tests.worlds.acts.script import play
from tests.worlds.acts.simulated import SimulatedStage, phones
from tests.worlds.gateway.thread import ThreadWorld
from tests.worlds.gateway.three_phones import CONFIG, LONGEST_LOOK_MS


class Story:
    """Three agents are signed in, those who are named are ready."""

    def __init__(self, *ready: str) -> None:
        self.world = ThreadWorld(phones(), routing=CONFIG)
        self.stage = SimulatedStage(self.world.clock, self.world.pbx)
        for agent in CONFIG.agents:
            self.world.dispatcher.submit(LogOnAgent(agent.agent_id))
        self.ready(*ready)

    def ready(self, *agents: str) -> None:
        for agent in agents:
            self.world.make_ready(agent)

    def own_calls(self, agent: str) -> int:
        return len(self.world.engine.agents[AgentId(agent)].phone.own)

    async def end(self) -> list[str]:
        """All hang up, nothing is left; who has talked to customers."""
        await self.stage.end()
        self.world.pass_ms(LONGEST_LOOK_MS)
        assert self.world.at_rest()
        legs = self.world.a1.legs
        left = [*legs.phone_legs, *legs.aliases, *legs.bridges._members]
        assert left == []
        return [event.agent_id for event in self.world.events(CallEstablished)]


@pytest.mark.parametrize("place", ["a8002", "700"])
async def test_a_customers_phone_sends_the_agent_on_and_the_agents_phone_is_in_use(place: str):
    story = Story("8001")
    await play(story.stage, "o1 dials loans\na8001 answers\no1 talks a8001\ntime 1500")
    await play(story.stage, f"c1 dials loans\nc1 waits\no1 refers {place}\ntime 500")
    assert story.own_calls("8001") == 1
    assert story.world.engine.agents[AgentId("8001")].work is AgentWork.IDLE
    assert await story.end() == ["8001"]


async def test_a_customers_phone_hands_the_agent_to_another_one():
    story = Story("8001")
    await play(story.stage, "o1 dials loans\na8001 answers\no1 talks a8001\ntime 1500\no1 holds")
    story.ready("8002")
    script = "o1 dials loans\na8002 answers\no1 talks a8002\ntime 1500\no1 completes"
    await play(story.stage, f"{script}\na8001 talks a8002\ntime 500")
    assert story.own_calls("8001") == 1
    assert story.world.engine.agents[AgentId("8002")].work is AgentWork.BUSY
    assert await story.end() == ["8001", "8002"]


async def test_a_customers_phone_hands_on_the_agent_who_has_taken_them_up():
    story = Story("8001")
    await play(story.stage, "o1 dials loans\na8001 answers\no1 talks a8001\ntime 1500")
    await play(
        story.stage, "a8001 refers a8002\na8002 answers\no1 talks a8002\ntime 1500\no1 holds"
    )
    script = "o1 dials a8003\na8003 answers\no1 talks a8003\no1 completes\na8002 talks a8003"
    await play(story.stage, f"{script}\ntime 500")
    assert (story.own_calls("8002"), story.own_calls("8003")) == (1, 1)
    assert not story.world.engine.calls
    await story.end()


async def test_a_call_under_another_channel_comes_to_a_queue_again():
    story = Story("8001")
    script = "c1 dials detour\na8001 answers\nc1 talks a8001\ntime 1500\na8001 refers loans"
    await play(story.stage, f"{script}\na8001 answers\nc1 talks a8001\ntime {LONGEST_LOOK_MS}")
    assert story.world.engine.agents[AgentId("8001")].work is AgentWork.BUSY
    assert await story.end() == ["8001", "8001"]


async def test_a_phone_that_the_customer_dials_after_a_transfer_is_not_of_the_earlier_offer():
    story = Story("8001")
    script = "c1 dials loans\na8001 answers\nc1 talks a8001\ntime 1500\na8001 refers a8002"
    await play(story.stage, f"{script}\na8002 answers\nc1 talks a8002\ntime {LONGEST_LOOK_MS}")
    assert [each.device for each in story.world.a1.legs.deliveries.values()] == []
    assert await story.end() == ["8001", "8002"]


async def test_a_customer_who_calls_from_an_agents_phone_is_not_taken_for_the_agent():
    story = Story()
    script = (
        "ami originates a8001 music\na8001 answers\na8001 alone\na8003 dials loans\na8003 waits"
    )
    await play(story.stage, f"{script}\nami bridges a8003 a8001\na8003 talks a8001\ntime 1500")
    story.world.kill_router()
    story.world.start_router()
    story.world.pass_ms(500)
    works = {agent.agent_id: agent.work for agent in story.world.engine.agents.values()}
    assert [each for each in works if works[each] is AgentWork.BUSY] == ["8001"]
    assert await story.end() == ["8001"]


async def test_an_agent_whom_the_customer_sent_on_unheard_has_no_customer():
    story = Story("8001")
    await play(story.stage, "o1 dials loans\na8001 answers\no1 talks a8001\ntime 1500")
    story.world.kill_router()
    await play(story.stage, "o1 refers a8002\na8002 answers\na8001 talks a8002\no1 gone")
    story.world.start_router()
    story.world.pass_ms(500)
    assert not story.world.engine.calls
    assert story.own_calls("8001") == 1
    assert await story.end() == ["8001"]


async def test_who_signs_in_at_a_phone_that_is_in_a_call_is_not_offered_calls():
    story = Story("8001")
    await play(story.stage, "o1 dials a8001\na8001 answers\no1 talks a8001\ntime 3000")
    story.world.dispatcher.submit(LogOffAgent(AgentId("8001")))
    story.world.dispatcher.submit(LogOnAgent(AgentId("8001"), "o1"))
    story.world.pass_ms(20)
    assert story.own_calls("8001") == 1
    await story.end()


async def test_two_orders_in_one_moment_ring_one_phone():
    story = Story()
    await play(story.stage, "c1 dials loans\nc1 waits")
    channel = next(iter(story.world.pbx.world.channels.values()))
    for place in ("o1", "a8003"):
        story.stage.ask(
            action(
                "Redirect", Channel=channel.name, Context="from-agent", Exten=place, Priority="1"
            )
        )
    story.world.pass_ms(20)
    assert [len(phone.legs) for phone in story.world.pbx.world.phones.values()] == [0, 0, 1, 0]
    await story.end()


async def test_local_channels_are_numbered_once():
    story = Story()
    await play(story.stage, "c1 dials detour-n\nc2 dials detour-n\ntime 500\nc1 hangs up\nc1 gone")
    await play(story.stage, "c3 dials detour-n\ntime 500")
    names = [name for name in story.world.pbx.world.channels if name.startswith("Local/")]
    assert len(set(names)) == len(names) == 4
    await story.end()
