"""
One test for each way in which an AMI client was seen to fail (panoramisk, pyst2, astami, basicami,
aiopyami), held against ours over real sockets.
"""

import asyncio
import logging
import socket

import pytest

from cti.ami.errors import AmiBroken, AmiBusy, AmiDown, AmiTimeout, AmiUsageError
from cti.ami.login import LoginState
from cti.ami.messages import action
from tests.eventually import eventually
from tests.unit.cti_ami.scripted_asterisk import (
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
            await asyncio.sleep(0.005)
        assert not link.heard.downs


async def test_a_character_cut_by_tcp_is_whole():
    async with linked() as link:
        whole = "Event: Newchannel\r\nCallerIDName: Müller\r\n\r\n".encode()
        cut = whole.index(b"\xc3") + 1
        link.server.line.say(whole[:cut])
        await eventually(lambda: link.server.line.transport.get_write_buffer_size() == 0)
        await asyncio.sleep(0.01)
        link.server.line.say(whole[cut:])
        await eventually(lambda: link.heard.events)
        assert link.heard.events[0].headers.get("CallerIDName") == "Müller"


async def test_a_gbk_name_is_read():
    async with linked() as link:
        link.server.line.say(
            b"Event: Newchannel\r\nCallerIDName: " + "张伟".encode("gbk") + b"\r\n\r\n"
        )
        await eventually(lambda: link.heard.events)
        assert link.heard.events[0].headers.get("CallerIDName") == "张伟"


@pytest.mark.parametrize("text", ["Eve\r\n\r\nAction: UserEvent", "Eve\nX: 1", "Eve\rX: 1", "E\0"])
async def test_a_line_end_in_a_value_is_refused(text):
    async with linked() as link:
        before = link.server.received
        with pytest.raises(AmiUsageError, match="CallerID"):
            link.client.send(action("Originate", Channel="PJSIP/a1", CallerID=text))
        await link.client.request(action("CoreStatus"))
        assert b"Eve" not in link.server.received[len(before) :]


async def test_two_event_headers_are_one_event():
    async with linked() as link:
        link.server.line.say(b"Event: UserEvent\r\nUserEvent: X\r\nEvent: Boom\r\n\r\n")
        link.server.line.tell("Hangup")
        await eventually(lambda: len(link.heard.events) == 2)
        assert link.heard.names == ["UserEvent", "Hangup"]
        assert link.heard.events[0].headers.all("Event") == ("Boom",)


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


async def test_crossed_answers_find_their_questions():
    async with linked() as link:
        link.server.scripts["Getvar"] = ignored
        first = asyncio.create_task(link.client.request(action("Getvar", Variable="A")))
        second = asyncio.create_task(link.client.request(action("Getvar", Variable="B")))
        await eventually(lambda: len(link.server.named("Getvar")) == 2)
        for order in reversed(link.server.named("Getvar")):
            link.server.line.answer(order, Value=order.get("Variable").lower())
        assert (await first).headers.get("Value") == "a"
        assert (await second).headers.get("Value") == "b"


async def test_a_bare_line_feed_at_the_end_of_a_value():
    """PJSIPShowContacts without contacts, as Asterisk 22 writes it."""
    async with linked() as link:
        link.server.scripts["PJSIPShowContacts"] = lambda line, order: line.say(
            b"Response: Error\r\nActionID: %b\r\nMessage: No Contacts found\n\r\n\r\n"
            % order.action_id.encode()
        )
        answer = await link.client.request(action("PJSIPShowContacts"))
        assert (answer.success, answer.message) == (False, "No Contacts found")


async def test_a_peer_that_ends_its_lines_with_line_feeds():
    async with asterisk() as server:
        server.greeting = b"Asterisk Call Manager/11.0.0\n"
        server.scripts["Login"] = lambda line, order: line.say(
            b"Response: Success\nActionID: %b\n\nEvent: FullyBooted\n\nEvent: Hangup\nCause: 16\n\n"
            % order.action_id.encode()
        )
        async with client_of(server, is_waited_for=False) as link:
            await eventually(lambda: "Hangup" in link.heard.names)
            assert link.heard.events[-1].headers.get("Cause") == "16"


async def test_headers_in_any_case():
    async with linked() as link:
        link.server.scripts["Getvar"] = lambda line, order: line.say(
            b"response: success\r\nACTIONID: %b\r\nvalue: 1\r\n\r\n" % order.action_id.encode()
        )
        answer = await link.client.request(action("Getvar", Variable="A"))
        assert (answer.success, answer.headers.get("Value")) == (True, "1")
        link.server.line.say(b"EVENT: AsyncAGIExec\r\nCommandId: 7\r\n\r\n")
        await eventually(lambda: link.heard.events)
        assert link.heard.events[0].headers.get("CommandID") == "7"


async def test_close_during_an_outage_stays_closed():
    async with asterisk() as server, client_of(server) as link:
        server.line.transport.abort()
        await eventually(lambda: link.client.state is LoginState.WAITING)
        await link.client.close()
        attempts = link.client.counters.connects
        await asyncio.sleep(0.05)
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


async def test_success_that_is_no_list_is_an_answer():
    """`QueueAdd`: "Added interface to queue" looks like the head of a list, and is none."""
    async with linked() as link:
        link.server.scripts["QueueAdd"] = lambda line, order: line.answer(
            order, message="Added interface to queue"
        )
        assert (await link.client.request(action("QueueAdd", Queue="q"))).success


def show_channels(line, order, *, closing="Complete"):
    """A list answer of two, all in one segment, as `CoreShowChannels` gives it."""
    ids = (("ActionID", order.action_id),)
    line.answer(order, message="Channels will follow", EventList="start")
    line.tell("CoreShowChannel", *ids, Channel="PJSIP/a1-1")
    line.tell("Newexten")  # of something else
    line.tell("CoreShowChannel", *ids, Channel="PJSIP/a2-2")
    line.tell("CoreShowChannelsComplete", *ids, EventList=closing, ListItems="2")


@pytest.mark.parametrize("wanted", [None, frozenset({"Newexten"})])
async def test_a_list_is_one_answer(wanted):
    async with linked(wanted=wanted) as link:
        link.server.scripts["CoreShowChannels"] = show_channels
        answer = await link.client.request(action("CoreShowChannels"))
        channels = [item.headers.get("Channel") for item in answer.events]
        assert channels == ["PJSIP/a1-1", "PJSIP/a2-2"]
        assert link.heard.names == ["Newexten"]


async def test_a_list_answered_with_an_error():
    async with linked() as link:
        link.server.scripts["QueueStatus"] = lambda line, order: line.answer(
            order, False, "No queue"
        )
        answer = await link.client.request(action("QueueStatus", Queue="q"))
        assert (answer.success, answer.events) == (False, ())


async def test_a_cancelled_list_is_not_taken_for_whole():
    async with linked() as link:
        link.server.scripts["CoreShowChannels"] = lambda line, order: show_channels(
            line, order, closing="cancelled"
        )
        with pytest.raises(AmiBroken):
            await link.client.request(action("CoreShowChannels"))


async def test_originate_is_answered_by_its_response_not_by_an_event():
    """With an event filter OriginateResponse may never come; panoramisk then waits for ever."""
    async with linked(wanted=frozenset()) as link:
        answer = await link.client.request(action("Originate", Channel="PJSIP/a1", Async="true"))
        assert answer.success


async def test_repeated_headers_are_all_kept():
    async with linked() as link:
        variables = ("CTI_CUST=", "SKILL=vip", "CTI_AGENT=")
        link.server.line.tell("Newstate", *(("ChanVariable", each) for each in variables))
        await eventually(lambda: link.heard.events)
        assert link.heard.events[0].headers.all("ChanVariable") == variables


async def test_a_value_of_300_kilobytes():
    async with linked() as link:
        link.server.line.say(b"Event: Big\r\nValue: " + b"x" * 300_000 + b"\r\n\r\n")
        await eventually(lambda: link.heard.events)
        assert len(link.heard.events[0].headers.get("Value")) == 300_000


async def test_nul_and_a_line_without_a_colon_are_survived():
    async with linked() as link:
        link.server.line.say(b"Event: Odd\r\nValue: a\0b\r\nno colon here\r\nLast: 1\r\n\r\n")
        await eventually(lambda: link.heard.events)
        headers = link.heard.events[0].headers
        assert headers.items() == (("Value", "a\0b"), ("Last", "1"))


async def test_garbage_costs_itself_only():
    async with linked() as link:
        link.server.line.say(b"\xff\xfe: what\r\nis this\r\n\r\n")
        link.server.line.tell("Hangup")
        await eventually(lambda: link.heard.names[-1:] == ["Hangup"])
        assert link.client.counters.protocol_errors == 1


async def test_greeting_and_answer_in_one_segment():
    async with asterisk() as server:
        # An answer to the first action, which is the login, before it is even sent.
        server.greeting += b"Event: SuccessfulAuth\r\n\r\n"
        async with client_of(server) as link:
            assert link.client.is_up


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
        await asyncio.sleep(0.02)
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


async def test_events_stay_in_order():
    async with linked() as link:
        for number in range(500):
            link.server.line.tell("Newexten", Number=str(number))
        await eventually(lambda: len(link.heard.events) >= 500)
        numbers = [int(each.headers.get("Number")) for each in link.heard.events]
        assert numbers == list(range(500))
