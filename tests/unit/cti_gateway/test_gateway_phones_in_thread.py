"""Phones that come, go and are shared, on a virtual clock: one router, one or two Asterisks."""

from routing.commands import LogOffAgent, LogOnAgent
from routing.config import RoutingConfig
from routing.events import CallEstablished, OfferEnded
from routing.ids import AgentId, PbxId
from simulators.pbx.phones import Behaviour, Phone
from tests.worlds.gateway.thread import A1, ThreadWorld, config

ANSWERS = Behaviour.ANSWERS


def phones(*behaviours: Behaviour) -> list[Phone]:
    return [Phone(f"p{8001 + n}", behaviour) for n, behaviour in enumerate(behaviours)]


def two_asterisks() -> RoutingConfig:
    one = config(2)
    return RoutingConfig(
        version=one.version, queues=one.queues, agents=one.agents, pbxs=(A1, PbxId("a2"))
    )


def outcomes(world):
    return [event.outcome.value for event in world.events(OfferEnded)]


def log_on(world, agent, device):
    world.dispatcher.submit(LogOnAgent(AgentId(agent), device))
    world.make_ready(agent)
    world.pass_ms(20)


def log_off(world, agent):
    world.dispatcher.submit(LogOffAgent(AgentId(agent)))
    world.pass_ms(20)


def test_who_sits_down_at_a_phone_that_is_there_gets_calls_and_so_does_the_late_shift():
    door = Phone("door", answer_after_ms=100, hangs_up_after_ms=500)
    world = ThreadWorld([*phones(Behaviour.UNREGISTERED, Behaviour.UNREGISTERED), door])
    log_on(world, "8001", "door")
    world.call()
    world.pass_ms(2_000)
    log_off(world, "8001")
    log_on(world, "8002", "door")
    world.call()
    world.pass_ms(2_000)
    world.kill_router()
    world.start_router()
    world.call()
    world.pass_ms(2_000)
    assert [event.agent_id for event in world.events(CallEstablished)] == ["8001", "8002", "8002"]
    assert outcomes(world) == []
    assert world.at_rest()


def test_a_phone_in_two_places_is_called_until_both_are_gone():
    world = ThreadWorld(phones(ANSWERS))
    world.pbx.world.register("p8001", uri="sip:p8001@home")
    world.ready()
    world.pbx.world.unregister("p8001")
    world.pass_ms(20)
    world.call(talk_ms=500)
    world.pass_ms(3_000)
    assert len(world.events(CallEstablished)) == 1
    world.pbx.world.unregister("p8001", "sip:p8001@home")
    world.pass_ms(20)
    world.call(gives_up_after_ms=1_000)
    world.pass_ms(2_000)
    assert outcomes(world) == [], "it was not even tried"


def test_a_phone_that_a_reload_makes_is_called():
    world = ThreadWorld([], routing=config(1))
    world.ready()
    world.call(talk_ms=500)
    world.pass_ms(20_000)
    assert outcomes(world) == [], "there is no such phone"
    world.pbx.world.reload([Phone("p8001", answer_after_ms=100)])
    world.pass_ms(2_000)
    assert len(world.events(CallEstablished)) == 1
    assert world.at_rest()


def test_a_call_is_offered_to_a_phone_of_its_own_asterisk():
    world = ThreadWorld([], routing=two_asterisks())
    near, far = (Phone(f"p800{n}", answer_after_ms=100) for n in (1, 2))
    world.pbx.world.reload([near])
    second = world.join("a2", [far])
    world.ready()
    world.pass_ms(100)
    other = world.call_at(second, talk_ms=500)
    world.pass_ms(2_000)
    first = world.call(talk_ms=500)
    world.pass_ms(2_000)
    served = [(event.call_id, event.agent_id) for event in world.events(CallEstablished)]
    assert served == [(other, "8002"), (first, "8001")]
    assert outcomes(world) == []


def test_a_phone_on_do_not_disturb_is_spared_longer_each_time_and_then_not_ready():
    world = ThreadWorld(phones(Behaviour.UNAVAILABLE))
    world.ready()
    world.call(gives_up_after_ms=60_000)
    world.pass_ms(14_000)
    assert outcomes(world) == ["rejected", "rejected"]
    world.pass_ms(3_000)
    assert outcomes(world) == ["rejected"] * 3
    agent = world.engine.agents["8001"]
    assert (agent.status, agent.reason) == ("notReady", "rejected")
