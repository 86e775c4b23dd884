"""One test for each thing that another AMI client was seen to misread, held against ours.

panoramisk, pyst2, astami, basicami and aiopyami; over real sockets.
"""

import asyncio

import pytest

from cti.ami.errors import AmiBroken
from cti.ami.messages import action
from tests.eventually import eventually, time_passes
from tests.worlds.ami.scripted_asterisk import (
    asterisk,
    client_of,
    ignored,
    linked,
)


async def test_a_character_cut_by_tcp_is_whole():
    async with linked() as link:
        whole = "Event: Newchannel\r\nCallerIDName: Müller\r\n\r\n".encode()
        cut = whole.index(b"\xc3") + 1
        link.server.line.say(whole[:cut])
        await eventually(lambda: link.server.line.transport.get_write_buffer_size() == 0)
        await time_passes(0.01)  # so that it comes in two pieces
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


@pytest.mark.parametrize(
    "lines",
    [
        b"UserEvent: X\r\nEvent: Boom\r\n",
        b"UserEvent: CtiFailsafe\r\nUniqueid: 1.1\r\nuniqueid: 1.2\r\n",
        b"Channel: PJSIP/a1-1\r\nUniqueid: 1.1\r\nCHANNEL: PJSIP/a2-2\r\n",
    ],
)
async def test_an_event_with_a_forged_header_is_dropped_and_counted(lines):
    """Which of the two is Asterisk's cannot be told; what comes after it is read as ever."""
    async with linked() as link:
        link.server.line.say(b"Event: UserEvent\r\n" + lines + b"\r\n")
        link.server.line.tell("Hangup", Channel="PJSIP/a1-1", DestChannel="PJSIP/a2-2")
        await eventually(lambda: link.heard.events)
        assert link.heard.names == ["Hangup"]
        assert link.client.counters.forged == 1


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
        server.scripts["Challenge"] = lambda line, order: line.say(
            b"Response: Error\nActionID: %b\n\n" % order.action_id.encode()
        )
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


async def test_events_stay_in_order():
    async with linked() as link:
        for number in range(500):
            link.server.line.tell("Newexten", Number=str(number))
        await eventually(lambda: len(link.heard.events) >= 500)
        numbers = [int(each.headers.get("Number")) for each in link.heard.events]
        assert numbers == list(range(500))
