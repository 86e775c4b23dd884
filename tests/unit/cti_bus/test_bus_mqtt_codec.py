import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.bus.mqtt_codec import (
    Decoder,
    Kind,
    MqttError,
    Packet,
    connect_packet,
    publish_packet,
    publish_properties,
)


def fed(data, *, is_5=False, size=None):
    decoder = Decoder(is_5=is_5)
    size = size or len(data) or 1
    return [p for at in range(0, len(data), size) for p in decoder.feed(data[at : at + size])]


def test_connect_as_the_standard_writes_it():
    packet = connect_packet("n1", 5, ("w", b"bye"), ("", ""), is_5=False)
    assert packet == b"\x10\x16\x00\x04MQTT\x04\x2e\x00\x05\x00\x02n1\x00\x01w\x00\x03bye"


def test_connect_with_name_and_password():
    packet = connect_packet("n1", 5, ("w", b""), ("me", "pw"), is_5=False)
    assert packet[9] == 0xEE
    assert packet.endswith(b"\x00\x01w\x00\x00\x00\x02me\x00\x02pw")


def test_connect_in_5_has_properties_of_its_own_and_of_the_will():
    packet = connect_packet("n1", 5, ("w", b""), ("", ""), is_5=True)
    assert packet[8] == 5
    assert packet[12:17] == b"\x00\x00\x02n1"
    assert packet[17:] == publish_properties(is_5=True) + b"\x00\x01w\x00\x00"


def test_publish_as_the_standard_writes_it():
    assert publish_packet("a/b", b"hi", 7, b"", retain=False) == b"\x32\x09\x00\x03a/b\x00\x07hi"
    assert publish_packet("a/b", b"", 258, b"", retain=True) == b"\x33\x07\x00\x03a/b\x01\x02"


def test_what_is_published_in_5_says_what_it_is():
    properties = publish_properties(is_5=True)
    assert properties == b"\x21\x01\x01\x03\x00\x1capplication/cloudevents+json"
    assert len(properties) == properties[0] + 1


@pytest.mark.parametrize(
    ("size", "digits"),
    [(121, b"\x7f"), (122, b"\x80\x01"), (16_377, b"\xff\x7f"), (16_378, b"\x80\x80\x01")],
)
def test_lengths_take_as_many_digits_as_they_need(size, digits):
    packet = publish_packet("ab", b"x" * size, 1, b"", retain=False)
    assert packet[1 : 1 + len(digits)] == digits


@pytest.mark.parametrize("topic", ["", "a/+", "#", "a\0", "x" * 65_536])
def test_topics_that_mqtt_forbids_are_refused(topic):
    with pytest.raises(ValueError, match=r"topic|bytes"):
        publish_packet(topic, b"", 1, b"", retain=False)


def test_what_a_broker_says_in_3_1_1():
    said = b"\x20\x02\x00\x00\x40\x02\x01\x02\xd0\x00\x20\x02\x00\x04"
    assert fed(said) == [
        Packet(Kind.CONNACK),
        Packet(Kind.PUBACK, 258),
        Packet(Kind.PINGRESP),
        Packet(Kind.CONNACK, reason="bad user name or password"),
    ]


def test_what_a_broker_says_in_5():
    limits = b"\x21\x00\x14\x27\x00\x01\x00\x00"
    welcome = b"\x20\x12\x00\x00\x0f" + limits + b"\x26\x00\x01a\x00\x01b"
    refused = b"\x40\x0a\x00\x07\x87\x06\x1f\x00\x03why"
    said = welcome + b"\x40\x02\x00\x05" + b"\x40\x03\x00\x06\x10" + refused + b"\xe0\x01\x8e"
    assert fed(said, is_5=True) == [
        Packet(Kind.CONNACK, window=20, size_max=65_536),
        Packet(Kind.PUBACK, 5),
        Packet(Kind.PUBACK, 6),  # "no matching subscribers" is a success
        Packet(Kind.PUBACK, 7, "not authorised: why"),
        Packet(Kind.DISCONNECT, reason="session taken over"),
    ]


@pytest.mark.parametrize("size", range(1, 12))
def test_bytes_may_come_in_any_pieces(size):
    said = b"\x20\x02\x00\x00\x40\x02\x00\x01\xd0\x00" * 7
    assert fed(said, size=size) == fed(said)
    assert len(fed(said)) == 21


@pytest.mark.parametrize(
    "said",
    [
        b"\x30\x03\x00\x01a",  # PUBLISH, to somebody who subscribed to nothing
        b"\x20\x01\x00",  # CONNACK without its code
        b"\x40\x01\x00",  # PUBACK with half an id
        b"\x20\xff\xff\xff\xff\x01",  # a length of five digits
        b"\x20\xff\xff\xff\x7f",  # 256 MB
        b"\xe0\x00",  # DISCONNECT, which only 5 lets a server send
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
    ],
)
def test_nonsense_is_an_error_and_never_more(said):
    with pytest.raises(MqttError):
        fed(said + b"\x00" * 100)


@pytest.mark.parametrize(
    "said",
    [b"\x20\x05\x00\x00\x02\x99\x00", b"\x20\x04\x00\x00\xff\xff", b"\x40\x05\x00\x01\x80\x03\x1f"],
)
def test_garbled_properties_are_an_error(said):
    with pytest.raises(MqttError):
        fed(said, is_5=True)


@given(st.binary(max_size=200), st.booleans())
def test_whatever_comes_is_packets_or_an_error(data, is_5):
    try:
        packets = fed(data, is_5=is_5, size=3)
    except MqttError:
        return
    assert all(isinstance(packet, Packet) for packet in packets)
