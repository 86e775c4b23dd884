"""AMI clients of other people against a server made of our codec: would they understand us?

Two ends of one codec can agree on a mistake; somebody else's client cannot be party to it. Each
client is used as its own documentation says, and asked only for what it can do (pyst2 and basicami
lose the items of lists, for instance). What they fail at is in
tests/unit/cti_ami/test_ami_client_defects.py.
"""

import asyncio
from contextlib import asynccontextmanager, suppress

import basicami
import panoramisk
import pytest
from asterisk import manager as pyst2

from cti.ami.client import AmiClient
from cti.ami.messages import action
from tests.eventually import eventually
from tests.worlds.ami.tiny_server import TinyAmiServer

pytestmark = pytest.mark.room("ami")

# It warns of deprecations whenever garbage is collected, in the middle of somebody else's test.
del pyst2.Manager.__del__


@pytest.fixture
async def ami():
    """An `AmiAddress`; put a simulated Asterisk here and everything below must hold."""
    server = TinyAmiServer()
    yield await server.start()
    await server.stop()


@asynccontextmanager
async def our_client(ami):
    """Ours beside theirs, for what a second session has to do."""
    client = AmiClient(
        "ours", *ami, wanted=None, on_event=lambda event: None, on_up=lambda: None,
        on_down=lambda reason: None,
    )  # fmt: skip
    client.start()
    await eventually(lambda: client.is_up)
    yield client
    await client.close()


async def tell(ami, name):
    """A UserEvent to all sessions."""
    async with our_client(ami) as client:
        await client.request(action("UserEvent", UserEvent="CtiTest", Name=name))


async def test_our_own_client(ami):
    async with our_client(ami) as client:
        answer = await client.request(action("CoreShowChannels"))
        assert [each.headers.get("CallerIDName") for each in answer.events] == ["张伟", "李娜"]


# -- panoramisk


@asynccontextmanager
async def panoramisk_client(ami, **settings):
    manager = panoramisk.Manager(
        loop=asyncio.get_running_loop(), host=ami.host, port=ami.port, username=ami.user,
        **{"secret": ami.secret, **settings},
    )  # fmt: skip
    await manager.connect()
    await eventually(lambda: manager.protocol is not None)
    yield manager
    manager.close()
    await asyncio.sleep(0)


async def test_panoramisk_logs_in_and_asks(ami):
    async with panoramisk_client(ami) as manager:
        await eventually(lambda: manager.authenticated)
        pong = await manager.send_action({"Action": "Ping"})
        assert (pong.response, pong.ping) == ("Success", "Pong")
        refused = await manager.send_action(
            {"Action": "Redirect", "Channel": "none", "Context": "x", "Exten": "s", "Priority": 1}
        )
        assert refused.response == "Error"
        assert refused.message == "Channel does not exist: none"


async def test_panoramisk_reads_a_list(ami):
    async with panoramisk_client(ami) as manager:
        await eventually(lambda: manager.authenticated)
        head, first, second, last = await manager.send_action({"Action": "CoreShowChannels"})
        assert head.eventlist == "start"
        assert (first.calleridname, second.calleridname) == ("张伟", "李娜")
        assert last.listitems == "2"


async def test_panoramisk_hears_an_event(ami):
    heard = []
    async with panoramisk_client(ami) as manager:
        manager.register_event("UserEvent", lambda manager, message: heard.append(message))
        await eventually(lambda: manager.authenticated)
        await tell(ami, "张伟")
        await eventually(lambda: heard)
        assert (heard[0].userevent, heard[0].name) == ("CtiTest", "张伟")


async def test_panoramisk_is_refused_with_a_wrong_password(ami):
    async with panoramisk_client(ami, secret="wrong") as manager:
        answer = await manager.authenticated_future
        assert (answer.response, answer.message) == ("Error", "Authentication failed")


# -- basicami


async def test_basicami_logs_in_asks_and_hears(ami):
    client = await basicami.BasicAMI.connect(*ami)
    try:
        assert (await client.send_action({"Action": "Ping"}))["Ping"] == "Pong"
        answer = await client.send_action({"Action": "Redirect", "Channel": "none"})
        assert answer["Message"] == "Channel does not exist: none"
        await tell(ami, "张伟")
        events = await client.get_events(timeout=1)
        assert {each["Event"] for each in events} == {"FullyBooted", "UserEvent"}
        assert events[-1]["Name"] == "张伟"
    finally:
        await client.close()


async def test_basicami_is_refused_with_a_wrong_password(ami):
    with pytest.raises(Exception, match="Authentication failed"):
        await basicami.BasicAMI.connect(ami.host, ami.port, ami.user, "wrong")


# -- pyst2: threads, and names that Python has deprecated since


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_pyst2_logs_in_asks_and_hears(ami):
    manager = pyst2.Manager()
    heard = []

    def talk():
        manager.connect(ami.host, ami.port)
        manager.register_event("UserEvent", lambda event, manager: heard.append(event))
        login = manager.login(ami.user, ami.secret)
        return login, manager.ping(), manager.redirect("none", "s")

    login, pong, refused = await asyncio.to_thread(talk)
    assert login.get_header("Response") == "Success"
    assert pong.get_header("Ping") == "Pong"
    assert refused.get_header("Message") == "Channel does not exist: none"
    await tell(ami, "张伟")
    await eventually(lambda: heard)
    assert heard[0].get_header("Name") == "张伟"
    assert manager.title == "Asterisk Call Manager"
    await asyncio.to_thread(manager.close)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_pyst2_is_refused_with_a_wrong_password(ami):
    manager = pyst2.Manager()

    def talk():
        manager.connect(ami.host, ami.port)
        try:
            manager.login(ami.user, "wrong")
        finally:
            # It logs off, from a socket that may be closed by now.
            with suppress(ValueError, pyst2.ManagerException):
                manager.close()

    with pytest.raises(pyst2.ManagerAuthException, match="Authentication failed"):
        await asyncio.to_thread(talk)
