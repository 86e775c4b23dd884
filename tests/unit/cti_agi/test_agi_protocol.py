"""The AGI codec: requests, replies, commands, and what is none of them."""

import pytest

from cti.agi.errors import AgiProtocolError, AgiUsageError
from cti.agi.messages import AgiCommand, AgiHangup, AgiReply, AgiRequest, set_variable
from cti.agi.protocol import (
    MAX_BYTES,
    MAX_COMMAND_BYTES,
    MAX_HEADER_LINES,
    MAX_USAGE_LINES,
    AgiSession,
    CommandDecoder,
    encode_command,
    encode_hangup,
    encode_reply,
    encode_request,
    split_words,
)
from cti.agi.session_table import SessionState

# As a real Asterisk 22 sends it for AGI(agi://127.0.0.1:4573/arrive?x=1,TOKEN,sales).
REQUEST = b"""\
agi_network: yes
agi_network_script: arrive?x=1
agi_request: agi://127.0.0.1:4573/arrive?x=1
agi_channel: PJSIP/trunk-00000001
agi_language: en
agi_type: PJSIP
agi_uniqueid: 1795289234.908
agi_version: 22.10.1
agi_callerid: 13800138000
agi_calleridname: unknown
agi_callingpres: 0
agi_callingani2: 0
agi_callington: 0
agi_callingtns: 0
agi_dnid: 95588
agi_rdnis: unknown
agi_context: cti-inbound
agi_extension: s
agi_priority: 3
agi_enhanced: 0.0
agi_accountcode:
agi_threadid: 140123
agi_arg_1: TOKEN
agi_arg_2: sales
agi_arg_3:

"""


def asked(data: bytes = REQUEST) -> AgiSession:
    """A session whose request is read."""
    session = AgiSession()
    session.feed(data)
    return session


def replied(data: bytes) -> list:
    """What comes of `data` as the reply to a command."""
    session = asked()
    session.command_sent()
    return session.feed(data)


def test_a_request():
    session = AgiSession()
    (request,) = session.feed(REQUEST)
    assert request == AgiRequest(
        script="arrive",
        channel="PJSIP/trunk-00000001",
        uniqueid="1795289234.908",
        callerid="13800138000",
        calleridname="unknown",
        dnid="95588",
        args=("TOKEN", "sales", ""),
        headers=request.headers,
    )
    assert request.headers["agi_network_script"] == "arrive?x=1"
    assert len(request.headers) == 25
    assert session.state is SessionState.READY


def test_a_gbk_name_beside_utf8():
    name, arg = "张伟", "李娜"
    data = REQUEST.replace(b"calleridname: unknown", b"calleridname: " + name.encode("gbk"))
    (request,) = AgiSession().feed(data.replace(b"arg_2: sales", b"arg_2: " + arg.encode()))
    assert (request.calleridname, request.args[1]) == (name, arg)


def test_a_line_end_in_a_name_does_not_make_an_argument():
    forged = REQUEST.replace(b"calleridname: unknown", b"calleridname: x\nagi_arg_2: vip")
    with pytest.raises(AgiProtocolError, match="twice"):
        AgiSession().feed(forged)


@pytest.mark.parametrize(
    "line", [b"GET / HTTP/1.1\r\n", b"no colon\n", b"x_channel: 1\n", b"\xff\xfe\n", b"agi_a\n"]
)
def test_what_is_no_header(line):
    with pytest.raises(AgiProtocolError, match="not an AGI header"):
        AgiSession().feed(line)


def test_no_header_at_all_is_a_request_of_nothing():
    (request,) = AgiSession().feed(b"\n")
    assert (request.script, request.args) == ("", ())


def test_as_many_arguments_as_asterisk_can_give():
    """Beside the headers of Asterisk 22; tests/asterisk/test_agi_server.py has the real one."""
    names = [*(f"agi_h{n}" for n in range(22)), *(f"agi_arg_{n}" for n in range(1, 129))]
    (request,) = AgiSession().feed(encode_request((name, "x") for name in names))
    assert len(request.args) == 128


def test_limits_of_a_request():
    session = AgiSession()
    session.feed(b"".join(b"agi_%d: x\n" % n for n in range(MAX_HEADER_LINES)))
    with pytest.raises(AgiProtocolError, match="too many"):
        session.feed(b"agi_more: x\n")
    session = AgiSession()
    with pytest.raises(AgiProtocolError, match="too many"):
        session.feed(b"".join(b"agi_%d: %b\n" % (n, b"x" * 2000) for n in range(50)))


def test_a_flood_without_line_ends():
    """A byte at a time, up to the bound."""
    session = AgiSession()
    for _ in range(MAX_BYTES):
        session.feed(b"x")
    with pytest.raises(AgiProtocolError, match="without end"):
        session.feed(b"x")


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        (b"200 result=1\n", AgiReply(200, "1")),
        (b"200 result=1 (a value) endpos=7\n", AgiReply(200, "1", "(a value) endpos=7")),
        (b"200 result=\n", AgiReply(200, "")),
        (b"200\n", AgiReply(200)),
        (b"200 result=-1\r\n", AgiReply(200, "-1")),
        (b"510 Invalid or unknown command\n", AgiReply(510, data="Invalid or unknown command")),
        (
            b"511 Command Not Permitted on a dead channel or intercept routine\n",
            AgiReply(511, data="Command Not Permitted on a dead channel or intercept routine"),
        ),
        (
            b"520 Invalid command syntax.  Proper usage not available.\n",
            AgiReply(520, data="Invalid command syntax.  Proper usage not available."),
        ),
        (b"100 result=0 Trying...\n200 result=1\n", AgiReply(200, "1")),
    ],
)
def test_replies(line, reply):
    assert replied(line) == [reply]
    assert reply.success is (reply.code == 200)


def test_a_usage_text_is_one_reply():
    """Its lines are not the replies to the next commands, not even one that looks so."""
    session = asked()
    session.command_sent()
    assert session.feed(b"520-Invalid command syntax.  Proper usage follows:\n") == []
    assert session.feed(b"Usage: SET VARIABLE <name>\n200 result=1\nHANGUP\n") == []
    assert session.state is SessionState.REPLY
    assert session.feed(b"520 End of proper usage.\n") == [
        AgiReply(
            520,
            data="End of proper usage.",
            usage=("Usage: SET VARIABLE <name>", "200 result=1", "HANGUP"),
        )
    ]
    session.command_sent()
    assert session.feed(b"200 result=1\n") == [AgiReply(200, "1")]


def test_a_usage_text_without_end():
    with pytest.raises(AgiProtocolError, match="usage"):
        replied(b"520-Invalid\n" + b"x\n" * (MAX_USAGE_LINES + 1))


@pytest.mark.parametrize(
    "line", [b"\n", b"hello\n", b"20 result=1\n", b"2000\n", b"\xb2\xb0\xb0\n"]
)
def test_what_is_no_reply(line):
    with pytest.raises(AgiProtocolError, match="not a reply"):
        replied(line)


def test_a_hangup_between_command_and_reply():
    session = asked()
    session.command_sent()
    assert session.feed(b"HANGUP\n200 result=1\n") == [AgiHangup(), AgiReply(200, "1")]
    assert session.state is SessionState.HUNG_UP
    with pytest.raises(AgiUsageError):
        session.command_sent()


def test_a_reply_to_nothing():
    with pytest.raises(AgiProtocolError, match="reply while ready"):
        asked().feed(b"200 result=1\n")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("ANSWER",), b"ANSWER\n"),
        (("SET", "VARIABLE", "A", "b c"), b'SET VARIABLE A "b c"\n'),
        (("SET", "VARIABLE", "A", ""), b'SET VARIABLE A ""\n'),
        (("EXEC", "NoOp", 'a"b\\c'), b'EXEC NoOp "a\\"b\\\\c"\n'),
        (("EXEC", "NoOp", "张"), 'EXEC NoOp "张"\n'.encode()),
    ],
)
def test_commands(words, line):
    assert encode_command(AgiCommand(words)) == line
    assert CommandDecoder().feed(line) == [AgiCommand(words)]


def test_the_answer_of_the_router():
    command = set_variable("CTI_NEXT", "deliver*7*12*15*a1")
    assert encode_command(command) == b'SET VARIABLE CTI_NEXT "deliver*7*12*15*a1"\n'


@pytest.mark.parametrize("text", ["a\nb", "a\rb", "a\0b", "x\nSET VARIABLE Y 1", "${X}", "$[1]"])
def test_what_could_be_more_than_a_value_is_refused(text):
    with pytest.raises(AgiUsageError, match=r"^value of CTI_NEXT: "):
        encode_command(set_variable("CTI_NEXT", text))
    with pytest.raises(AgiUsageError, match=r"^word 2: "):
        encode_command(AgiCommand(("EXEC", text)))


@pytest.mark.parametrize("name", ["", "FILE(/tmp/x)", "A B", "1", "a" * 81])
def test_functions_are_no_variables(name):
    with pytest.raises(AgiUsageError, match="plain variable"):
        encode_command(set_variable(name, "x"))
    with pytest.raises(AgiUsageError, match="plain variable"):
        encode_command(AgiCommand(("set", "variable", name, "x")))


def test_commands_that_cannot_be_written():
    with pytest.raises(AgiUsageError, match="without words"):
        encode_command(AgiCommand(()))
    with pytest.raises(AgiUsageError, match="not text"):
        encode_command(set_variable("A", "\ud800"))
    with pytest.raises(AgiUsageError, match="longer"):
        encode_command(set_variable("A", "x" * MAX_COMMAND_BYTES))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ()),
        ("  ANSWER \t", ("ANSWER",)),
        ('a "b c"d e', ("a", "b cd", "e")),
        ('"" x ""', ("", "x", "")),
        (r"a\ b \"c", ("a b", '"c')),
        (r'"a\\" b', ("a\\", "b")),
        ('"open to the end', ("open to the end",)),
    ],
)
def test_words_as_asterisk_splits_them(text, words):
    assert split_words(text) == words


def test_a_command_without_end():
    decoder = CommandDecoder()
    with pytest.raises(AgiProtocolError, match="without end"):
        decoder.feed(b"x" * (MAX_BYTES + 1))


def test_the_side_of_asterisk():
    assert encode_request([("agi_network", "yes"), ("agi_arg_1", "a")]) == (
        b"agi_network: yes\nagi_arg_1: a\n\n"
    )
    assert encode_reply(AgiReply(200, "1", "(x)")) == b"200 result=1 (x)\n"
    assert encode_reply(AgiReply(510, data="Invalid")) == b"510 Invalid\n"
    assert encode_reply(AgiReply(520, usage=("Usage: X",))) == (
        b"520-Invalid command syntax.  Proper usage follows:\nUsage: X\n520 End of proper usage.\n"
    )
    assert encode_hangup() == b"HANGUP\n"


@pytest.mark.parametrize(
    "encode",
    [
        lambda: encode_request([("agi_callerid", "a\nb")]),
        lambda: encode_request([("agi\n", "a")]),
        lambda: encode_reply(AgiReply(200, "1", "a\nb")),
        lambda: encode_reply(AgiReply(520, usage=("a\r",))),
    ],
)
def test_whoever_plays_asterisk_writes_no_line_ends_either(encode):
    with pytest.raises(AgiUsageError):
        encode()
