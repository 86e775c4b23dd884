"""The most foreign peer: a real Asterisk, recorded (everywhere) and running (where a lab is)."""

import asyncio
from ipaddress import ip_network
from pathlib import Path

import pytest

from cti.agi.messages import set_variable
from cti.agi.server import AgiServer
from cti.agi.tokens import token_ok
from cti.ami.client import AmiClient
from cti.ami.errors import AmiDown
from cti.ami.login import LoginState
from cti.ami.messages import AmiEvent, AmiGreeting, AmiResponse, action
from cti.ami.open_actions import OpenActions
from cti.ami.protocol import MessageDecoder
from tests.eventually import eventually, time_passes

pytestmark = pytest.mark.room("ami", "agi")

ANSWERS = Path("tests/transcripts/ami_answers.raw").read_bytes()

# By reading the recording: (success, message, names of the list's items).
RECORDED = {
    "r-1": (True, "Authentication accepted", []),
    "r-2": (True, "", []),
    "r-3": (True, "Channels will follow", []),
    "r-4": (False, "No Contacts found", []),
    "r-5": (
        True,
        "A listing of Endpoints follows, presented as EndpointList events",
        ["EndpointList"],
    ),
    "r-6": (True, "Queue status will follow", ["QueueParams"]),
    "r-7": (True, "Added interface to queue", []),
    "r-8": (True, "Queue status will follow", ["QueueParams", "QueueMember"]),
    "r-9": (True, "Command output follows", []),
    "r-10": (False, "Command output follows", []),
    "r-11": (False, "Channel does not exist: none", []),
    "r-12": (
        False,
        "Invalid/unknown command: Nonsense. Use Action: ListCommands to show available commands.",
        [],
    ),
    "r-13": (True, "Channel status will follow", []),
    "r-14": (True, "Event Sent", []),
    "r-15": (True, "Thanks for all the fish.", []),
}


class Never:
    def cancel(self):
        pass


@pytest.mark.parametrize("wanted", [None, frozenset({"UserEvent"})])
def test_recorded_answers_find_their_actions(wanted):
    answers = {}
    actions = OpenActions()
    for action_id in RECORDED:
        actions.add(action_id, lambda answer, key=action_id: answers.update({key: answer}), Never())
    others = []
    greeting, *messages = MessageDecoder(wanted=wanted).feed(ANSWERS)
    assert greeting == AmiGreeting("11.0.0")
    for message in messages:
        if isinstance(message, AmiResponse):
            settled = actions.take_response(message)
        else:
            assert isinstance(message, AmiEvent)
            is_item, settled = actions.take_item(message)
            if not is_item:
                others.append(message)
        if settled:
            settled.on_answer(settled.answer)
    assert {
        key: (each.success, each.message, [item.name for item in each.events])
        for key, each in answers.items()
    } == RECORDED
    assert len(answers["r-9"].headers.all("Output")) == 4
    assert others[-1].name == "UserEvent"
    assert others[-1].headers.all("Event") == ("Boom",)
    assert others[-1].headers.get("Name") == "张伟"


# -- running


class Ears:
    """A client of a running Asterisk and what it was told."""

    def __init__(self, asterisk, user="lab", secret=None, wanted=None):
        self.events = []
        self.ups = 0
        self.downs = []
        self.client = AmiClient(
            asterisk.name,
            "127.0.0.1",
            asterisk.ami_port,
            user,
            secret or asterisk.ami_secret,
            wanted=wanted,
            on_event=self.events.append,
            on_up=self.up,
            on_down=self.downs.append,
        )

    def up(self):
        self.ups += 1

    async def __aenter__(self):
        self.client.start()
        return self

    async def __aexit__(self, *exc):
        await self.client.close()


@pytest.mark.real
async def test_a_running_asterisk_answers_as_the_recorded_one(start_asterisk):
    asterisk = await asyncio.to_thread(start_asterisk)
    async with Ears(asterisk) as ears:
        ask = ears.client.request
        await eventually(lambda: ears.client.is_up)
        assert (await ask(action("CoreShowChannels"))).events == ()
        assert not (await ask(action("PJSIPShowContacts"))).success
        assert (await ask(action("QueueAdd", Queue="failsafe", Interface="PJSIP/zz"))).success
        queue = await ask(action("QueueStatus", Queue="failsafe"))
        assert [each.name for each in queue.events] == ["QueueParams", "QueueMember"]
        await ask(action("Setvar", Variable="CTI_EPOCH", Value='7 张伟 "x" \\ ,;'))
        value = (await ask(action("Getvar", Variable="CTI_EPOCH"))).headers.get("Value")
        assert value == '7 张伟 "x" \\ ,;'
        crossed = await asyncio.gather(*(ask(action("Ping")) for _ in range(100)))
        assert all(each.success for each in crossed)
        assert ears.client.counters.protocol_errors == 0


@pytest.mark.real
async def test_a_running_asterisk_that_hangs_dies_and_restarts(start_asterisk):
    asterisk = await asyncio.to_thread(start_asterisk)
    async with Ears(asterisk) as ears:
        await eventually(lambda: ears.ups == 1)
        asterisk.freeze()
        await eventually(lambda: ears.downs)
        assert ears.downs[0].startswith("silent for")
        asterisk.thaw()
        await eventually(lambda: ears.ups == 2)
        with pytest.raises(AmiDown):
            await ears.client.request(action("Command", Command="core restart now"))
        await eventually(lambda: ears.ups == 3, 15)
        uptime = await ears.client.request(action("CoreStatus"))
        assert uptime.success
        await time_passes(1)  # one that was ordered twice would be gone again
        assert ears.ups == 3  # restarted once, not for ever


@pytest.mark.real
async def test_a_running_asterisk_refuses_a_wrong_password(start_asterisk):
    asterisk = await asyncio.to_thread(start_asterisk)
    async with Ears(asterisk, secret="wrong") as ears:
        await eventually(lambda: ears.client.state is LoginState.REFUSED)
        assert ears.client.failure == "login refused: Authentication failed"


EXTENSION = """\
exten => labagi,1,Answer()
 same => n,AGI(agi://127.0.0.1:PORT/arrive,${SHA1(hush:${UNIQUEID})},张伟)
 same => n,UserEvent(CtiLab,Next: ${CTI_NEXT})
exten => labwait,1,Wait(1)
"""


@pytest.mark.real
async def test_a_running_asterisk_asks_our_agi_server(start_asterisk):
    proofs = []

    def handler(request):
        proofs.append(token_ok("hush", request.uniqueid, request.args[0]))
        return [set_variable("CTI_NEXT", f'wait*1*20*{request.args[1]} \\ "x"')]

    server = AgiServer("127.0.0.1", 0, allowed=[ip_network("127.0.0.1/32")], handler=handler)
    await server.start()
    extension = EXTENSION.replace("PORT", str(server.port))
    asterisk = await asyncio.to_thread(start_asterisk, extensions=extension)
    async with Ears(asterisk, wanted=frozenset({"UserEvent"})) as ears:
        await eventually(lambda: ears.client.is_up)
        await ears.client.request(
            action(
                "Originate",
                Channel="Local/labagi@from-trunk",
                Context="from-trunk",
                Exten="labwait",
                Priority="1",
                Async="true",
            )
        )
        await eventually(lambda: ears.events)
        assert ears.events[0].headers.get("Next").startswith("wait*1*20*张伟")
    assert proofs == [True]
    assert server.counters.completed == 1
    await server.close()
