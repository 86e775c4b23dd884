"""Bytes of a client to actions, read as Asterisk reads them."""

from cti.ami.errors import AmiProtocolError
from cti.ami.messages import AmiAction, action
from cti.ami.protocol import ActionDecoder


def decoded(data: bytes):
    return ActionDecoder().feed(data)


def test_fields_in_order_with_repeats():
    data = b"Action: Originate\r\nActionID: 7\r\nVariable: A=1\r\nVariable: B=2\r\n\r\n"
    assert decoded(data) == [action("Originate", ActionID="7", Variable=["A=1", "B=2"])]


def test_either_line_end_is_taken():
    assert decoded(b"action:Ping\nActionID: 1\r\n\n") == [action("Ping", ActionID="1")]


def test_a_line_feed_in_a_value_is_a_line_end_as_in_asterisk():
    """Whoever plays Asterisk must show an injection, not hide it."""
    data = b"Action: Originate\r\nCallerID: Eve\n\nAction: Command\r\n\r\n"
    assert [each.name for each in decoded(data)] == ["Originate", "Command"]


def test_blank_lines_between_actions_are_nothing():
    assert decoded(b"\r\n\r\nAction: Ping\r\n\r\n\r\n") == [AmiAction("Ping")]


def test_without_an_action_it_is_an_error():
    missing, ping = decoded(b"ActionID: 1\r\n\r\nAction: Ping\r\n\r\n")
    assert isinstance(missing, AmiProtocolError)
    assert ping == AmiAction("Ping")


def test_lines_that_are_too_long_are_dropped():
    dropped, ping = decoded(b"X: " + b"x" * 2000 + b"\r\nAction: Ping\r\n\r\n")
    assert isinstance(dropped, AmiProtocolError)
    assert ping == AmiAction("Ping")


def test_a_line_without_end_does_not_fill_the_memory():
    decoder = ActionDecoder()
    errors = [error for _ in range(100) for error in decoder.feed(b"x" * 1000)]
    assert {type(error) for error in errors} == {AmiProtocolError}
    assert len(decoder._buffer) <= 2000


def test_fields_beyond_asterisks_limit_are_ignored():
    data = b"Action: Ping\r\n" + b"".join(b"X: %d\r\n" % n for n in range(500)) + b"\r\n"
    (ping,) = decoded(data)
    assert len(ping.fields) == 127


def test_a_line_without_a_colon_is_passed_over():
    assert decoded(b"Action: Ping\r\nwhat\r\n\r\n") == [AmiAction("Ping")]
