"""The life of a client, where nothing goes wrong in a way that has a name of its own."""

import asyncio
import logging
import socket

import pytest
import uvloop

from cti.ami import client as client_module
from cti.ami.client import AmiClient
from cti.ami.errors import AmiDown, AmiUsageError
from cti.ami.login import LoginState
from cti.ami.messages import action
from tests.eventually import eventually, time_passes
from tests.worlds.ami.scripted_asterisk import GREETING, asterisk, client_of, ignored, linked


async def test_up_after_fully_booted_and_not_before():
    async with asterisk() as server:
        server.is_booted = False
        async with client_of(server, is_waited_for=False) as link:
            await eventually(lambda: link.client.state is LoginState.BOOTING)
            server.line.tell("Hangup")
            with pytest.raises(AmiDown):
                await link.client.request(action("CoreStatus"))
            server.line.tell("FullyBooted")
            await eventually(lambda: link.client.is_up)
            assert link.heard.ups == 1
            assert not link.heard.events  # of a time when nobody could make sense of them
            assert link.client.failure == ""


async def test_fully_booted_once_more_is_an_event_only():
    names = []
    wanted = frozenset({"FullyBooted"})
    async with linked(wanted=wanted, on_event=lambda event: names.append(event.name)) as link:
        link.server.line.tell("FullyBooted")
        await eventually(lambda: names == ["FullyBooted"] * 2)
        assert link.heard.ups == 1


async def test_the_operator_is_told_why_it_does_not_get_up(monkeypatch, caplog):
    monkeypatch.setattr(client_module, "BOOT_HINT_S", 0.01)
    async with asterisk() as server:
        server.is_booted = False
        async with client_of(server, is_waited_for=False):
            await eventually(lambda: "event filter" in caplog.text)


async def test_only_wanted_events_are_heard():
    async with linked(wanted=frozenset({"Hangup"})) as link:
        before = link.client.counters.skipped
        link.server.line.tell("Newexten")
        link.server.line.tell("Newexten", ActionID="of somebody else")
        link.server.line.tell("Hangup")
        await eventually(lambda: link.heard.names)
        assert link.heard.names == ["Hangup"]
        assert link.client.counters.skipped == before + 2


async def test_ups_and_downs_alternate():
    async with linked() as link:
        for round_number in range(1, 4):
            link.server.line.transport.close()
            await eventually(lambda count=round_number: len(link.heard.downs) == count)
            assert not link.client.is_up
            await eventually(lambda count=round_number: link.heard.ups == count + 1)
        assert len(link.heard.downs) == 3
        assert link.client.counters.reconnects >= 3


async def test_close_logs_off():
    async with linked() as link:
        await link.client.close()
        await eventually(lambda: link.server.named("Logoff"))
        assert link.client.state is LoginState.STOPPED
        assert link.heard.downs == []
        await link.client.close()  # and once more does no harm


async def test_close_does_not_wait_for_a_peer_that_does_not_read(monkeypatch):
    monkeypatch.setattr(client_module, "CLOSE_LIMIT_S", 0.02)
    async with linked(ping_s=60, dead_after_s=60, max_inflight=100_000) as link:
        link.server.line.transport.pause_reading()
        order = action("UserEvent", UserEvent="X", Text="x" * 900)
        while not link.client.counters.refused:
            link.client.send(order)
            await asyncio.sleep(0)
        async with asyncio.timeout(2):
            await link.client.close()
        link.server.line.transport.abort()


async def test_a_client_can_be_started_again():
    async with linked() as link:
        await link.client.close()
        link.client.start()
        await eventually(lambda: link.client.is_up)
        with pytest.raises(AmiUsageError):
            link.client.start()


@pytest.mark.parametrize("state", [LoginState.CONNECTING, LoginState.GREETING, LoginState.BOOTING])
async def test_close_on_the_way_up(state):
    async with asterisk() as server:
        server.is_booted = False
        if state is LoginState.GREETING:
            server.greeting = b""
        async with client_of(server, is_waited_for=False) as link:
            await eventually(lambda: link.client.state is state)
            await link.client.close()
            assert link.client.state is LoginState.STOPPED
            await time_passes(0.02)
            assert link.client.counters.connects == 1


def test_close_on_the_way_up_on_uvloop():
    """Where the connection was made but `create_connection` had not returned, it hung."""

    async def close_in_every_state():
        async with asterisk() as server:
            for state in LoginState.CONNECTING, LoginState.GREETING, LoginState.UP:
                server.greeting = GREETING if state is LoginState.UP else b"Asterisk "
                async with client_of(server, is_waited_for=False) as link:
                    await eventually(lambda goal=state: link.client.state is goal)
                    async with asyncio.timeout(2):
                        await link.client.close()

    uvloop.run(close_in_every_state())


def test_a_short_ping_is_not_nothing_on_uvloop():
    """Its loop counts whole milliseconds."""

    async def ping():
        async with linked() as link:
            assert 0 < link.client.counters.ping_rtt_us < 5_000_000

    uvloop.run(ping())


async def test_a_peer_that_is_no_asterisk():
    async with asterisk() as server:
        server.greeting = b"SSH-2.0-OpenSSH_9.2\r\n"
        async with client_of(server, is_waited_for=False) as link:
            await eventually(lambda: link.client.counters.reconnects)
            assert "greeting" in link.client.failure
            assert not server.named("Login")


@pytest.mark.parametrize("silent_about", ["greeting", "Challenge", "Login"])
async def test_a_login_that_is_not_answered_is_given_up(silent_about):
    async with asterisk() as server:
        if silent_about == "greeting":
            server.greeting = b""
        else:
            server.scripts[silent_about] = ignored
        async with client_of(server, is_waited_for=False, action_deadline_s=0.02) as link:
            await eventually(lambda: link.client.counters.reconnects)
            assert link.client.failure == "no login within 0.02 s"


async def test_a_host_name_that_is_none():
    heard = []
    client = AmiClient(
        "a1",
        "x" * 80,
        1,
        "u",
        "s",
        wanted=None,
        on_event=heard.append,
        on_up=heard.clear,
        on_down=heard.append,
    )
    client.start()
    await eventually(lambda: client.state is LoginState.WAITING)
    await client.close()


async def test_a_secret_that_cannot_be_written_is_refused_at_once():
    with pytest.raises(AmiUsageError, match=r"^Secret: ") as caught:
        AmiClient(
            "a1",
            "127.0.0.1",
            1,
            "u",
            "hush\n",
            wanted=None,
            on_event=print,
            on_up=print,
            on_down=print,
        )
    assert "hush" not in str(caught.value)


async def test_many_sends_in_one_turn_leave_in_one_segment():
    async with linked(ping_s=60) as link:
        before = link.server.segments
        answers = []
        for number in range(50):
            link.client.send(action("Redirect", Channel=f"c{number}"), answers.append)
        await eventually(lambda: len(answers) == 50)
        assert link.server.segments == before + 1


async def test_nagle_is_off():
    async with linked() as link:
        sock = link.client._exchange.wire._transport.get_extra_info("socket")
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_action_ids_are_of_this_run_and_never_repeat():
    async with linked(run="r7") as link:
        ids = [link.client.send(action("CoreStatus")) for _ in range(3)]
        assert all(each.startswith("r7-") for each in ids)
        link.server.line.transport.abort()
        await eventually(lambda: link.heard.ups == 2)
        ids += [order.action_id for order in link.server.orders]
        ids.append(link.client.send(action("CoreStatus")))
        sent = [order.action_id for order in link.server.orders]
        assert len(set(sent)) == len(sent)


async def test_pings_measure_the_way():
    async with linked(ping_s=0.01) as link:
        await eventually(lambda: len(link.server.named("Ping")) >= 3)
        assert 0 < link.client.counters.ping_rtt_us < 5_000_000


async def test_a_listener_may_close_the_client():
    async with linked() as link:
        closing = []
        link.client._on_event = lambda event: closing.append(
            asyncio.create_task(link.client.close())
        )
        link.server.line.tell("Hangup")
        await eventually(lambda: closing)
        await closing[0]
        assert link.client.state is LoginState.STOPPED


async def test_an_answer_may_send_the_next_action():
    async with linked() as link:
        answers = []

        def again(answer):
            answers.append(answer)
            if len(answers) < 5:
                link.client.send(action("CoreStatus"), again)

        link.client.send(action("CoreStatus"), again)
        await eventually(lambda: len(answers) == 5)


async def test_what_is_sent_on_losing_the_link_fails_in_the_next_turn():
    async with linked() as link:
        answers = []
        link.client._on_down = lambda reason: link.client.send(action("CoreStatus"), answers.append)
        link.server.line.transport.abort()
        await eventually(lambda: answers)
        assert isinstance(answers[0], AmiDown)


async def test_our_own_sleep_is_not_the_peers_silence(monkeypatch, caplog):
    caplog.set_level(logging.WARNING, logger="cti")
    monkeypatch.setattr("cti.ami.silence.STALL_S", 0.01)
    async with linked(ping_s=10, dead_after_s=0.05) as link:
        watch = link.client._watch
        watch._timer.cancel()
        wire = link.client._exchange.wire
        wire.heard_at_s -= 1
        watch._check(watch._loop.time() - 1)  # came a second late
        assert link.client.is_up
        watch._timer.cancel()
        wire.heard_at_s -= 1
        watch._check(watch._loop.time())  # came in time
        assert not link.client.is_up


async def test_counters_count():
    async with linked(ping_s=60) as link:
        counters = link.client.counters
        out, messages = counters.actions_out, counters.messages_in
        await link.client.request(action("CoreStatus"))
        link.server.line.tell("Hangup")
        await eventually(lambda: link.heard.events)
        assert counters.actions_out == out + 1
        assert counters.messages_in == messages + 2
        assert counters.connects == 1
