"""AMI both ways: what goes in comes out, however the wire cuts it, and nothing breaks it."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cti.ami.encoder import encode_action, encode_event, encode_greeting, encode_response
from cti.ami.errors import AmiProtocolError, AmiUsageError
from cti.ami.messages import AmiAction, AmiEvent, AmiResponse, Headers
from cti.ami.protocol import ActionDecoder, MessageDecoder

pytestmark = pytest.mark.room("ami")

GREETING = encode_greeting("11.0.0")
SAMPLE = Path("tests/transcripts/ami_sample.raw").read_bytes()

unhurried = settings(deadline=None)  # on a busy machine a slow example is no defect

line_ends = "\r\n\0"
names = st.from_regex(r"[A-Za-z][A-Za-z0-9_();/@-]{0,20}", fullmatch=True)
values = st.text(
    st.characters(exclude_characters=line_ends, exclude_categories=["Cs"]), max_size=60
)
pairs = st.lists(st.tuples(names, values), max_size=8).map(tuple)
events = st.builds(AmiEvent, names, pairs.map(Headers))
responses = st.builds(AmiResponse, st.booleans(), pairs.map(Headers))
anything = st.text(max_size=60)


def fed(decoder, data: bytes, cuts):
    """The messages of `data`, cut at the given places."""
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [message for start, end in pairwise(places) for message in decoder.feed(data[start:end])]


def seen(messages):
    """Messages as values: errors compare by their text."""
    return [str(each) if isinstance(each, AmiProtocolError) else each for each in messages]


@unhurried
@given(st.lists(events | responses, max_size=6), st.lists(st.integers(0, 10_000), max_size=6))
def test_what_asterisk_says_comes_out_as_it_went_in(messages, cuts):
    data = GREETING + b"".join(
        encode_event(each) if isinstance(each, AmiEvent) else encode_response(each)
        for each in messages
    )
    assert fed(MessageDecoder(), data, cuts)[1:] == messages


@unhurried
@given(names, pairs, st.lists(st.integers(0, 10_000), max_size=6))
def test_what_a_client_says_comes_out_as_it_went_in(name, fields, cuts):
    try:
        data = encode_action(AmiAction(name, fields), "r-1")
    except AmiUsageError:
        return
    # Asterisk skips blanks before a value (ast_skip_blanks in main/manager.c), so ours does.
    received = tuple((key, value.lstrip(" \t")) for key, value in fields)
    expected = AmiAction(name, (("ActionID", "r-1"), *received))
    assert fed(ActionDecoder(), data, cuts) == [expected]


@unhurried
@given(anything, st.lists(st.tuples(anything, anything), max_size=4), anything)
def test_an_action_is_one_action_or_refused(name, fields, action_id):
    """Whatever a caller puts in: never a second action, never a field more than given."""
    try:
        data = encode_action(AmiAction(name, tuple(fields)), action_id)
    except AmiUsageError:
        return
    lines = data.split(b"\n")
    assert len(lines) == len(fields) + 4  # Action, ActionID, the blank line, and what follows it
    assert all(line.endswith(b"\r") for line in lines[:-1])
    assert data.count(b"\r\n\r\n") == 1


def test_the_recorded_stream_cut_at_every_byte_is_the_same():
    """At each byte, by decoding the messages about it: those before and after are not touched."""
    for cut in range(1, len(SAMPLE)):
        start = max(SAMPLE.rfind(b"\r\n\r\n", 0, max(0, cut - 4)), 0)
        end = SAMPLE.find(b"\r\n\r\n", cut + 4) + 4
        part = SAMPLE[start : end if end > 3 else None]
        greeting = GREETING if start else b""  # else the part has its own
        decoder = MessageDecoder()
        pieces = decoder.feed(greeting + part[: cut - start]) + decoder.feed(part[cut - start :])
        assert pieces == MessageDecoder().feed(greeting + part), f"cut at {cut}"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1460])
def test_the_recorded_stream_in_small_pieces_is_the_same(size):
    decoder = MessageDecoder()
    pieces = [SAMPLE[start : start + size] for start in range(0, len(SAMPLE), size)]
    messages = [message for piece in pieces for message in decoder.feed(piece)]
    assert messages == MessageDecoder().feed(SAMPLE)


@unhurried
@given(st.sets(st.sampled_from(["Hangup", "DialEnd", "VarSet"])), st.lists(st.integers(0, 70_000)))
def test_skipping_gives_what_reading_and_choosing_gives(wanted, cuts):
    decoder = MessageDecoder(wanted=frozenset(wanted))
    chosen = [
        each for each in MessageDecoder().feed(SAMPLE)[1:] if each.name in wanted or each.action_id
    ]
    assert fed(decoder, SAMPLE, cuts)[1:] == chosen


@unhurried
@given(
    st.lists(
        st.binary(max_size=40)
        | st.sampled_from(
            [b"\r\n", b"\n", b"\r\n\r\n", b"Event: A", b"Response: ", b"\xff", b"ActionID:", b":"]
        ),
        max_size=30,
    ),
    st.lists(st.integers(0, 10_000), max_size=8),
    st.booleans(),
)
def test_nothing_breaks_a_decoder_and_no_cut_changes_what_it_says(parts, cuts, is_greeted):
    data = (GREETING if is_greeted else b"") + b"".join(parts)
    wanted = frozenset({"A"})
    whole = MessageDecoder(wanted=wanted, max_bytes=50).feed(data)
    pieces = fed(MessageDecoder(wanted=wanted, max_bytes=50), data, cuts)
    assert seen(pieces) == seen(whole)
    for message in whole:
        if isinstance(message, AmiEvent | AmiResponse):
            message.headers.items()


@unhurried
@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=8))
def test_nothing_breaks_the_action_decoder(data, cuts):
    assert seen(fed(ActionDecoder(), data, cuts)) == seen(ActionDecoder().feed(data))
