"""AGI both ways: what goes in comes out, however the wire cuts it; all else is refused."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cti.agi.errors import AgiProtocolError, AgiUsageError
from cti.agi.messages import AgiCommand, AgiReply
from cti.agi.protocol import (
    AgiSession,
    CommandDecoder,
    encode_command,
    encode_reply,
    encode_request,
    split_words,
)

pytestmark = pytest.mark.room("agi")

unhurried = settings(deadline=None)  # on a busy machine a slow example is no defect

values = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=40)
keys = st.from_regex(r"agi_[a-z0-9_]{1,20}", fullmatch=True)
headers = st.dictionaries(keys, values, max_size=20)
anything = st.text(max_size=40)
cut_places = st.lists(st.integers(0, 5000), max_size=6)


def fed(decoder, data: bytes, cuts):
    """The messages of `data`, cut at the given places."""
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [each for start, end in pairwise(places) for each in decoder.feed(data[start:end])]


@unhurried
@given(headers, cut_places)
def test_a_request_comes_out_as_it_went_in(fields, cuts):
    (request,) = fed(AgiSession(), encode_request(fields.items()), cuts)
    assert request.headers == fields


@unhurried
@given(st.lists(anything, min_size=1, max_size=5).map(tuple), cut_places)
def test_a_command_is_one_command_or_refused(words, cuts):
    try:
        data = encode_command(AgiCommand(words))
    except AgiUsageError:
        return
    assert data.count(b"\n") == 1
    assert b"${" not in data
    assert fed(CommandDecoder(), data, cuts) == [AgiCommand(words)]


@unhurried
@given(st.text(max_size=200))
def test_any_line_is_split_into_words(text):
    assert "".join(split_words(text)).count("\0") <= text.count("\0")


@unhurried
@given(
    st.integers(101, 999).filter(lambda code: code != 520),
    st.from_regex(r"[-0-9a-z]{0,9}", fullmatch=True),
    cut_places,
)
def test_a_reply_comes_out_as_it_went_in(code, result, cuts):
    session = AgiSession()
    session.feed(b"\n")
    session.command_sent()
    reply = AgiReply(code, result)
    assert fed(session, encode_reply(reply), cuts) == [reply]


def outcome(cuts, data):
    """What a session makes of the data: messages, or the error."""
    try:
        return fed(AgiSession(), data, cuts)
    except AgiProtocolError as error:
        return str(error)


@unhurried
@given(
    st.lists(
        st.binary(max_size=30)
        | st.sampled_from([b"\n", b"agi_a: 1\n", b"HANGUP\n", b"200 result=1\n", b"520-x\n"]),
        max_size=20,
    ).map(b"".join),
    cut_places,
)
def test_whatever_comes_in_is_read_or_refused_alike_however_cut(data, cuts):
    assert outcome(cuts, data) == outcome([], data)
