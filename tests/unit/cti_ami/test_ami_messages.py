"""Headers, and the three ways to make a message."""

import pytest

from cti.ami.messages import AmiAction, AmiEvent, AmiResponse, Headers, action, event, response
from cti.ami.text import decode_text

LINES = b"Channel: PJSIP/a1\r\nChanVariable: A=1\r\nchanvariable: B=2\r\nEmpty: \r\nTight:x"


@pytest.fixture
def headers():
    return Headers.from_wire(LINES)


def test_names_are_compared_without_case(headers):
    assert headers.get("CHANNEL") == headers.get("channel") == "PJSIP/a1"
    assert "tIGHT" in headers
    assert "Missing" not in headers
    assert 7 not in headers


def test_get_gives_the_first_and_all_gives_all(headers):
    assert headers.get("ChanVariable") == "A=1"
    assert headers.all("ChanVariable") == ("A=1", "B=2")
    assert headers.all("Missing") == ()


def test_what_is_missing_is_told_from_what_is_empty(headers):
    assert headers.get("Empty", "default") == ""
    assert headers.get("Missing", "default") == "default"


def test_items_are_as_written_and_in_order(headers):
    assert list(headers) == list(headers.items())
    assert [name for name, _ in headers] == [
        "Channel",
        "ChanVariable",
        "chanvariable",
        "Empty",
        "Tight",
    ]
    assert len(headers) == 5


def test_headers_from_the_wire_equal_headers_that_were_made(headers):
    assert headers == Headers(headers.items())
    assert headers != Headers()
    assert headers != "Channel"


def test_only_one_blank_after_the_colon_is_of_the_form():
    assert Headers.from_wire(b"Output:   indented ").get("Output") == "  indented "


def test_a_line_feed_inside_a_value_starts_no_header():
    headers = Headers.from_wire(b"AppData: a\nChannel: forged\r\nChannel: real")
    assert headers.get("Channel") == "real"
    assert headers.get("AppData") == "a\nChannel: forged"


@pytest.mark.parametrize("wire", [True, False])
def test_headers_are_counted_by_their_whole_name(wire):
    headers = Headers.from_wire(b"A: x\r\nDestA: A: y\r\na: z\nA: no\r\nAB: 1\r\nA:")
    headers = headers if wire else Headers(headers.items())
    assert (headers.count("A"), headers.count("DESTA"), headers.count("C")) == (3, 1, 0)
    assert headers.all("a") == ("x", "z\nA: no", "")


def test_each_line_is_decoded_by_itself():
    """The two names of one call may come from two carriers."""
    raw = b"CallerIDName: " + "张伟".encode("gbk") + b"\r\nConnectedLineName: " + "李娜".encode()
    headers = Headers.from_wire(raw)
    assert headers.get("CallerIDName") == "张伟"
    assert headers.get("ConnectedLineName") == "李娜"


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"plain", "plain"),
        ("张伟".encode(), "张伟"),
        ("张伟".encode("gbk"), "张伟"),
        ("𠮷".encode("gb18030"), "𠮷"),
        (b"\xff\xff", "��"),
    ],
)
def test_text_of_a_telephone_network(raw, text):
    assert decode_text(raw) == text


def test_an_action_keeps_order_and_repeats():
    order = action(
        "Originate", ("X-1", "a"), Channel="PJSIP/a1", Timeout=9000, Variable=["A=1", "B=2"]
    )
    assert order.fields == (
        ("X-1", "a"),
        ("Channel", "PJSIP/a1"),
        ("Timeout", "9000"),
        ("Variable", "A=1"),
        ("Variable", "B=2"),
    )
    assert order.get("timeout") == "9000"
    assert order.get("Missing", "default") == "default"
    assert order.action_id == ""


def test_a_secret_does_not_show():
    assert "hush" not in repr(action("Login", Username="cti", Secret="hush"))
    assert "hush" not in repr(Headers([("Secret", "hush")]))
    assert "cti" in repr(action("Login", Username="cti", Secret="hush"))


def test_ids_and_message_are_read_from_the_headers():
    assert event("Hangup", ActionID="r-1").action_id == "r-1"
    answer = response(True, "Done", ActionID="r-2")
    assert (answer.success, answer.message, answer.action_id) == (True, "Done", "r-2")


def test_messages_are_values():
    assert event("Hangup", Cause="16") == AmiEvent("Hangup", Headers([("Cause", "16")]))
    assert response(False) == AmiResponse(False)
    assert action("Ping") == AmiAction("Ping")
    with pytest.raises(AttributeError):
        event("Hangup").name = "Other"
