"""What is personal has topics of its own, by employer, for those whom the access list lets in."""

import aiomqtt
import msgspec
import pytest

from cti.bus.link import BrokerAddress
from routing import events as e
from tests.eventually import eventually
from tests.lab.needs import needs
from tests.worlds.bus.guarded import mosquitto, reading
from tests.worlds.bus.world import Voice, kinds, listening, world
from tests.worlds.record.history import call_life, made

pytestmark = [pytest.mark.room("bus", "deploy")]

NUMBER, NAME, SECRET = "13812345678", "张三丰", "t-123456"
DATA = {"public_data": (("language", "zh"),), "personal_data": (("customer", NAME),)}


def life(call_id, agent_id):
    """As of any call, with data: the phone is told, and a desk notes something."""
    told = {"caller": NUMBER, "caller_name": NAME, **DATA}
    events = [
        msgspec.structs.replace(event, **told) if isinstance(event, e.CallDelivered) else event
        for event in call_life(call_id, agent_id=agent_id)
    ]
    noted = made(e.CallInformation, call_id=call_id, request_no=1, queue_id="loans",
                 agent_id=agent_id, changed=("customer",), by=agent_id,
                 secret_data=(("pin_token", SECRET),), **DATA)  # fmt: skip
    return [*events[:4], noted, *events[4:]]


# --- the shipped access list, on the real Mosquitto -----------------------------------------------


@needs("mosquitto")
async def test_the_shipped_access_list_keeps_employers_apart(tmp_path):
    async with mosquitto(tmp_path) as port:
        address = BrokerAddress(port=port, username="router", password="router")
        async with (
            reading(port, "wallboard", "crm-own", "crm-acme") as (wallboard, own, acme),
            Voice(tmp_path, address, protected=True) as voice,
        ):
            voice.say_all([*life("a1-1.1", "8001"), *life("a1-2.2", "8002")])
            await voice.said()
            await eventually(lambda: all("callInformation" in r.text for r in (own, acme)))
            await eventually(lambda: wallboard.text.count('"cti.callCleared"') == 2)
        assert own.employers() == {"own"}
        assert acme.employers() == {"acme"}
        for reader, mine, others in ((own, "a1-1.1", "a1-2.2"), (acme, "a1-2.2", "a1-1.1")):
            assert NUMBER in reader.text
            assert NAME in reader.text
            assert mine in reader.text
            assert others not in reader.text
        assert wallboard.employers() == {""}
        assert NUMBER not in wallboard.text
        assert NAME not in wallboard.text
        assert "张**" in wallboard.text
        assert "138****5678" in wallboard.text
        for reader in (own, acme, wallboard):
            assert SECRET not in reader.text


@needs("mosquitto")
@pytest.mark.parametrize("user", ["wallboard", "crm-own", "crm-acme"])
async def test_nobody_but_the_router_may_speak(user, tmp_path):
    async with mosquitto(tmp_path) as port, reading(port, "wallboard", "crm-own") as readers:
        async with aiomqtt.Client("127.0.0.1", port, username=user, password=user) as liar:
            for topic in ("cti/v1/main/call/x/event", "protected/cti/v1/main/own/call/x/event"):
                await liar.publish(topic, b"a lie", qos=1)
        async with aiomqtt.Client("127.0.0.1", port, username="router", password="router") as true:
            await true.publish("cti/v1/main/call/y/event", b"true", qos=1)
            await true.publish("protected/cti/v1/main/own/call/y/event", b"true", qos=1)
        await eventually(lambda: all("true" in reader.text for reader in readers))
        assert not [reader for reader in readers if "a lie" in reader.text]


# --- our own brokers ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", kinds())
async def test_who_gives_no_name_at_our_own_broker_gets_nothing_protected(kind, tmp_path):
    async with world(kind, tmp_path, protected=True) as (broker, listener, voice):
        async with listening(broker, "#") as curious:
            voice.say_all(life("a1-1.1", "8001"))
            await voice.said()
            await eventually(lambda: len(curious.events) == len(listener.events) == 13)
            await eventually(lambda: curious.state("cti/v1/main/router/n1/state") is not None)
        told = str(curious.messages)
        assert "protected" not in told
        assert NUMBER not in told
        assert NAME not in told


@pytest.mark.parametrize("kind", kinds())
async def test_nothing_protected_is_said_where_nobody_has_asked_for_it(kind, tmp_path):
    async with world(kind, tmp_path) as (broker, listener, voice):
        writer = broker.writer
        async with aiomqtt.Client(
            broker.host, broker.port, username=writer.username, password=writer.password
        ) as all_seeing:
            await all_seeing.subscribe("#", qos=1)
            voice.say_all(life("a1-1.1", "8001"))
            await voice.said()
            async for message in all_seeing.messages:
                assert not str(message.topic).startswith("protected/")
                assert NUMBER not in message.payload.decode()
                if b"cti.callCleared" in message.payload:
                    break
        assert listener.events


@pytest.mark.parametrize("kind", kinds())
async def test_a_copy_comes_before_its_event_and_is_not_retained(kind, tmp_path):
    async with world(kind, tmp_path, protected=True) as (broker, _, voice):
        writer, seen = broker.writer, []
        async with aiomqtt.Client(
            broker.host, broker.port, username=writer.username, password=writer.password
        ) as all_seeing:
            await all_seeing.subscribe("#", qos=1)
            voice.say_all(life("a1-1.1", "8001"))
            async for message in all_seeing.messages:
                if str(message.topic).endswith("/event"):
                    body = msgspec.json.decode(message.payload)
                    seen.append((str(message.topic).startswith("protected/"), body["id"]))
                    assert not message.retain
                    if body["type"] == "cti.callCleared":
                        break
        copies = [each for copied, each in seen if copied]
        assert copies
        assert len(copies) == len([each for each in seen if not each[0]]) - 2  # `queued`, the end
        assert [seen.index((True, each)) + 1 for each in copies] == [
            seen.index((False, each)) for each in copies
        ]
