"""Bytes of an Asterisk to messages."""

from pathlib import Path

import pytest

from cti.ami.errors import AmiProtocolError
from cti.ami.messages import AmiEvent, AmiGreeting, AmiResponse, Headers
from cti.ami.protocol import MAX_GREETING_BYTES, MessageDecoder

GREETING = b"Asterisk Call Manager/11.0.0\r\n"
SAMPLE = Path("tests/transcripts/ami_sample.raw").read_bytes()


def decoded(data: bytes, **settings):
    """Messages after the greeting."""
    greeting, *messages = MessageDecoder(**settings).feed(GREETING + data)
    assert greeting == AmiGreeting("11.0.0")
    return messages


def kinds(messages):
    return [type(message) for message in messages]


def test_a_recorded_stream():
    greeting, *messages = MessageDecoder().feed(SAMPLE)
    assert greeting == AmiGreeting("11.0.0")
    assert set(kinds(messages)) == {AmiEvent}
    assert len(messages) == 106
    hangup = next(each for each in messages if each.name == "Hangup")
    assert hangup.headers.get("Cause-txt") == "Normal Clearing"
    assert len(hangup.headers.all("ChanVariable")) == 3


def test_the_lines_of_a_recorded_stream_are_all_kept():
    """Counted in another way: every line with a colon is a header, or an event's name."""
    messages = MessageDecoder().feed(SAMPLE)[1:]
    line_count = sum(b":" in line for line in SAMPLE.split(b"\r\n")[1:])
    assert sum(1 + len(message.headers) for message in messages) == line_count


def test_originate_response_names_its_variables_in_its_own_way():
    event = next(e for e in MessageDecoder().feed(SAMPLE)[1:] if e.name == "OriginateResponse")
    names = [name for name, _ in event.headers if name.startswith("ChanVariable(")]
    assert len(names) == 3


def test_events_that_nobody_wants_are_counted_not_read():
    decoder = MessageDecoder(wanted=frozenset({"Hangup"}))
    messages = decoder.feed(SAMPLE)[1:]
    assert {each.name for each in messages} == {"Hangup", "OriginateResponse"}
    assert len(messages) + decoder.skipped == 106


def test_an_event_with_an_action_id_is_kept_whatever_its_name():
    data = b"Event: Status\r\nactionid: r-1\r\n\r\nEvent: Status\r\nX: ActionID: 1\r\n\r\n"
    assert decoded(data, wanted=frozenset()) == [AmiEvent("Status", Headers([("actionid", "r-1")]))]


def test_an_event_spelled_oddly_is_not_skipped():
    messages = decoded(b"event:Newexten\r\n\r\n", wanted=frozenset({"Hangup"}))
    assert messages == [AmiEvent("Newexten")]


@pytest.mark.parametrize(
    ("word", "success"), [("Success", True), ("Error", False), ("Goodbye", True), ("error", False)]
)
def test_a_response(word, success):
    data = f"Response: {word}\r\nActionID: r-1\r\nMessage: so\r\n\r\n".encode()
    assert decoded(data) == [
        AmiResponse(success, Headers([("ActionID", "r-1"), ("Message", "so")]))
    ]


def test_output_of_a_command():
    data = (
        b"Response: Success\r\nActionID: r-1\r\nMessage: Command output follows\r\n"
        b"Output: Channel   Location\r\nOutput: \r\nOutput:   0 active calls\r\n\r\n"
    )
    (answer,) = decoded(data)
    assert answer.headers.all("Output") == ("Channel   Location", "", "  0 active calls")


def test_an_unknown_command_is_an_error_with_output():
    data = b"Response: Error\r\nMessage: Command output follows\r\nOutput: No such command\r\n\r\n"
    (answer,) = decoded(data)
    assert (answer.success, answer.headers.get("Output")) == (False, "No such command")


def test_a_bare_line_feed_before_the_end_and_blank_lines_between():
    data = b"Response: Error\r\nMessage: No Contacts found\n\r\n\r\n\r\n\r\nEvent: A\r\n\r\n"
    answer, event = decoded(data)
    assert answer.message == "No Contacts found"
    assert event == AmiEvent("A")


def test_two_line_feeds_in_a_value_do_not_end_a_message():
    """A stranger's name must not be able to say what happened."""
    (event,) = decoded(b"Event: Newchannel\r\nCallerIDName: x\n\nEvent: Hangup\nX: 1\r\n\r\n")
    assert event.name == "Newchannel"
    assert len(event.headers) == 1


def test_a_peer_of_bare_line_feeds():
    decoder = MessageDecoder(wanted=frozenset({"B"}))
    data = b"Asterisk Call Manager/1.0\nEvent: A\nX: 1\n\nEvent: B\nY: 2\nZ: 3\n\n"
    greeting, event = decoder.feed(data)
    assert greeting == AmiGreeting("1.0")
    assert event == AmiEvent("B", Headers([("Y", "2"), ("Z", "3")]))
    assert decoder.skipped == 1


def test_after_garbage_reading_goes_on_at_the_next_blank_line():
    messages = decoded(b"what is this\r\nEvent: Not this\r\n\r\nEvent: This\r\n\r\n")
    assert kinds(messages) == [AmiProtocolError, AmiEvent]
    assert messages[1].name == "This"


def test_a_message_that_is_too_long_is_dropped_whole():
    long = b"Event: Long\r\nX: " + b"x" * 100 + b"\r\n\r\n"
    messages = decoded(long + b"Event: Short\r\n\r\n", max_bytes=50)
    assert kinds(messages) == [AmiProtocolError, AmiEvent]


def test_a_message_without_end_does_not_fill_the_memory():
    decoder = MessageDecoder(max_bytes=1000)
    messages = decoder.feed(GREETING)
    for _ in range(1000):
        messages += decoder.feed(b"x" * 100)
        assert len(decoder._buffer) <= 1100
    messages += decoder.feed(b"\r\n\r\nEvent: After\r\n\r\n")
    assert kinds(messages) == [AmiGreeting, AmiProtocolError, AmiEvent]


@pytest.mark.parametrize("data", [b"SSH-2.0-OpenSSH_9.2\r\n", b"\r\n", b"x" * 1000])
def test_a_greeting_of_something_else(data):
    decoder = MessageDecoder()
    assert kinds(decoder.feed(data)) == [AmiProtocolError]


def test_a_greeting_that_is_not_finished_is_waited_for():
    decoder = MessageDecoder()
    assert decoder.feed(b"Asterisk Call Manager/") == []
    assert len(decoder.feed(b"x" * MAX_GREETING_BYTES)) == 1


def test_time_grows_with_the_length_only():
    """300 kB in single bytes: each byte is looked at once, not once a segment."""
    decoder = MessageDecoder()
    decoder.feed(GREETING + b"Event: Big\r\nX: ")
    for _ in range(300_000):
        decoder.feed(b"x")
    (event,) = decoder.feed(b"\r\n\r\n")
    assert len(event.headers.get("X")) == 300_000
