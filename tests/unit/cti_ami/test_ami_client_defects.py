"""One test for each way in which another AMI client was seen to fail, held against ours.

panoramisk, pyst2, astami, basicami and aiopyami; over real sockets: links, orders, passwords. What
was misread has its own file, test_ami_client_defects_reading.py.
"""

import asyncio
import logging
import socket

import pytest

from cti.ami.errors import AmiBusy, AmiDown, AmiTimeout, AmiUsageError
from cti.ami.login import LoginState
from cti.ami.messages import action
from tests.eventually import eventually, time_passes
from tests.worlds.ami.scripted_asterisk import (
    ScriptedAsterisk,
    asterisk,
    client_of,
    ignored,
    linked,
)


async def test_an_unanswered_action_is_never_sent_again():
    async with linked() as link:
        link.server.scripts["Originate"] = ignored
        answers = []
        link.client.send(action("Originate", Channel="PJSIP/a1"), answers.append)
        await eventually(lambda: link.server.named("Originate"))
        link.server.line.transport.abort()
        await eventually(lambda: link.heard.ups == 2)
        await link.client.request(action("CoreStatus"))
        assert len(link.server.named("Originate")) == 1
        assert [type(each) for each in answers] == [AmiDown]


async def test_an_order_that_kills_the_link_kills_it_once():
    """`core restart now` sent once restarted Asterisk every two seconds, with panoramisk."""
    async with linked() as link:
        link.server.scripts["Command"] = lambda line, order: line.transport.abort()
        with pytest.raises(AmiDown):
            await link.client.request(action("Command", Command="core restart now"))
        await eventually(lambda: link.heard.ups == 2)
        await link.client.request(action("CoreStatus"))
        assert len(link.server.named("Command")) == 1


async def test_what_was_asked_for_while_down_is_not_sent_later():
    async with linked() as link:
        link.server.line.transport.abort()
        await eventually(lambda: not link.client.is_up)
        with pytest.raises(AmiDown):
            await link.client.request(action("Originate", Channel="PJSIP/a1"))
        await eventually(lambda: link.heard.ups == 2)
        await link.client.request(action("CoreStatus"))
        assert not link.server.named("Originate")


async def test_link_loss_fails_everything_open_at_once_in_order():
    async with linked() as link:
        link.server.scripts["Redirect"] = ignored
        told = []
        for number in range(5):
            link.client.send(
                action("Redirect", Channel=f"c{number}"),
                lambda answer, number=number: told.append((number, type(answer))),
            )
        await eventually(lambda: len(link.server.named("Redirect")) == 5)
        link.server.line.transport.abort()
        await eventually(lambda: link.heard.downs)
        assert told == [(number, AmiDown) for number in range(5)]


async def test_a_timeout_leaves_nothing_behind():
    async with linked(ping_s=60) as link:
        link.server.scripts["Redirect"] = ignored
        answers = []
        for _ in range(100):
            link.client.send(action("Redirect", Channel="c"), answers.append, 0.02)
        await eventually(lambda: len(answers) == 100)
        assert {type(each) for each in answers} == {AmiTimeout}
        assert link.client.open_count == 0
        assert link.client.counters.timeouts == 100


async def test_a_cancelled_request_leaves_nothing_behind():
    async with linked(ping_s=60) as link:
        link.server.scripts["Redirect"] = ignored
        for _ in range(20):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(link.client.request(action("Redirect", Channel="c")), 0.001)
        assert link.client.open_count == 0


async def test_an_answer_after_its_deadline_is_dropped_and_counted():
    async with linked(ping_s=60) as link:
        link.server.scripts["Redirect"] = ignored
        with pytest.raises(AmiTimeout):
            await link.client.request(action("Redirect", Channel="c"), 0.02)
        link.server.line.answer(link.server.named("Redirect")[0])
        await eventually(lambda: link.client.counters.late_answers == 1)
        assert (await link.client.request(action("CoreStatus"))).success


async def test_a_dead_link_is_noticed_and_dropped():
    async with linked(ping_s=0.02, dead_after_s=0.05) as link:
        link.server.scripts["Redirect"] = ignored
        answers = []
        link.client.send(action("Redirect", Channel="c"), answers.append)
        link.server.is_frozen = True
        await eventually(lambda: link.heard.downs)
        assert link.heard.downs[0].startswith("silent for")
        assert [type(each) for each in answers] == [AmiDown]
        link.server.is_frozen = False
        await eventually(lambda: link.heard.ups == 2)


async def test_a_link_that_is_busy_with_events_is_not_taken_for_dead():
    async with linked(ping_s=0.02, dead_after_s=0.1) as link:
        link.server.scripts["Ping"] = ignored
        for _ in range(40):
            link.server.line.tell("Newexten")
            await time_passes(0.005)
        assert not link.heard.downs


@pytest.mark.parametrize("text", ["Eve\r\n\r\nAction: UserEvent", "Eve\nX: 1", "Eve\rX: 1", "E\0"])
async def test_a_line_end_in_a_value_is_refused(text):
    async with linked() as link:
        before = link.server.received
        with pytest.raises(AmiUsageError, match="CallerID"):
            link.client.send(action("Originate", Channel="PJSIP/a1", CallerID=text))
        await link.client.request(action("CoreStatus"))
        assert b"Eve" not in link.server.received[len(before) :]


async def test_a_listener_that_raises_costs_its_own_event_only(caplog):
    names = []

    def listen(event):
        names.append(event.name)
        if event.name == "Bad":
            raise RuntimeError("of the listener")

    async with linked(on_event=listen) as link:
        link.server.line.tell("Bad")
        link.server.line.tell("Good")
        await eventually(lambda: names[-2:] == ["Bad", "Good"])
        assert link.client.is_up
        assert link.client.counters.listener_errors == 1
        assert "a listener failed" in caplog.text


async def test_an_answer_callback_that_raises_costs_itself_only(caplog):
    def fail(answer):
        raise RuntimeError("of the caller")

    async with linked() as link:
        link.client.send(action("CoreStatus"), fail)
        assert (await link.client.request(action("CoreStatus"))).success
        assert link.client.counters.listener_errors == 1


async def test_close_during_an_outage_stays_closed():
    async with linked() as link:
        await link.server.stop()
        await eventually(lambda: link.client.counters.reconnects)
        await link.client.close()
        attempts = link.client.counters.connects
        await time_passes(0.05)
        assert link.client.counters.connects == attempts
        assert link.client.state is LoginState.STOPPED


async def test_close_tells_those_who_wait():
    async with linked() as link:
        link.server.scripts["Redirect"] = ignored
        waiting = asyncio.create_task(link.client.request(action("Redirect", Channel="c")))
        await eventually(lambda: link.server.named("Redirect"))
        await link.client.close()
        with pytest.raises(AmiDown):
            await waiting
        assert not link.heard.downs


async def test_a_wrong_password_is_reported_and_tried_slowly():
    asked = []

    def retry_us(state, failures):
        asked.append(state)
        return 30_000_000

    async with (
        asterisk(secret="other") as server,
        client_of(server, is_waited_for=False, retry_us=retry_us) as link,
    ):
        await eventually(lambda: link.client.state is LoginState.REFUSED)
        await time_passes(0.02)
        assert asked == [LoginState.REFUSED]
        assert link.client.failure == "login refused: Authentication failed"
        assert link.client.counters.logins_refused == 1
        assert len(server.named("Login")) == 1
        assert (link.heard.ups, link.heard.downs) == (0, [])


async def test_a_password_set_right_is_taken_at_the_next_attempt():
    async with (
        asterisk(secret="other") as server,
        client_of(server, is_waited_for=False) as link,
    ):
        await eventually(lambda: link.client.counters.logins_refused)
        server.secret = "secret"
        await eventually(lambda: link.client.is_up)


async def test_send_before_connect_fails_in_the_next_turn():
    async with asterisk() as server, client_of(server, is_waited_for=False) as link:
        answers = []
        link.client.send(action("CoreStatus"), answers.append)
        assert not answers  # never inside the call
        await asyncio.sleep(0)
        assert [type(each) for each in answers] == [AmiDown]


async def test_send_without_an_asterisk_fails_at_once():
    nobody = ScriptedAsterisk()
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nobody.port = closed.getsockname()[1]
    async with client_of(nobody, is_waited_for=False) as link:
        with pytest.raises(AmiDown):
            await link.client.request(action("CoreStatus"))
        await eventually(lambda: link.client.counters.reconnects >= 2)
        assert link.client.failure.startswith("no connection")


async def test_too_many_open_actions_are_refused():
    async with linked(max_inflight=3, ping_s=60) as link:
        link.server.scripts["Redirect"] = ignored
        for _ in range(3):
            link.client.send(action("Redirect", Channel="c"))
        with pytest.raises(AmiBusy):
            await link.client.request(action("CoreStatus"))
        assert link.client.counters.refused == 1


async def test_a_peer_that_does_not_read_is_not_sent_more():
    async with linked(ping_s=60, dead_after_s=60, max_inflight=100_000) as link:
        link.server.line.transport.pause_reading()
        order = action("UserEvent", UserEvent="X", Text="x" * 900)
        refused = []

        def note(answer):
            if isinstance(answer, AmiBusy):
                refused.append(answer)

        while not refused:
            for _ in range(500):
                link.client.send(order, note)
            await asyncio.sleep(0)
        assert str(refused[0]) == "Asterisk does not read"
        link.server.line.transport.abort()


async def test_no_secret_is_ever_logged(caplog):
    caplog.set_level(logging.DEBUG)
    async with asterisk() as server, client_of(server) as link:
        assert "'secret'" not in repr(server.named("Login"))
        server.line.say(b"rubbish\r\n\r\n")
        await eventually(lambda: link.client.counters.protocol_errors)
    assert server.secret not in caplog.text
