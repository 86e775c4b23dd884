"""What may get onto the wire, and above all what may not."""

import pytest

from cti.ami.encoder import (
    MAX_FIELDS,
    MAX_LINE_BYTES,
    encode_action,
    encode_event,
    encode_greeting,
    encode_response,
)
from cti.ami.errors import AmiUsageError
from cti.ami.messages import AmiAction, AmiEvent, Headers, action, event, response


def encoded(name, *pairs, **fields):
    return encode_action(action(name, *pairs, **fields), "r-1")


def test_an_action():
    assert encoded("Redirect", Channel="PJSIP/a1", Exten="1*2", Priority=1) == (
        b"Action: Redirect\r\nActionID: r-1\r\nChannel: PJSIP/a1\r\nExten: 1*2\r\n"
        b"Priority: 1\r\n\r\n"
    )


def test_an_event_and_a_response_and_a_greeting():
    assert encode_event(event("Hangup", Cause="16")) == b"Event: Hangup\r\nCause: 16\r\n\r\n"
    assert encode_response(response(False, "No", ActionID="1")) == (
        b"Response: Error\r\nActionID: 1\r\nMessage: No\r\n\r\n"
    )
    assert encode_greeting("11.0.0") == b"Asterisk Call Manager/11.0.0\r\n"


@pytest.mark.parametrize("text", ["a\rb", "a\nb", "a\0b", "a\r\n\r\nAction: Command", "\n"])
@pytest.mark.parametrize(
    "encode",
    [
        lambda text: encoded("Setvar", Variable="A", Value=text),
        lambda text: encoded("Setvar", (text, "x")),
        encoded,
        lambda text: encode_action(AmiAction("Ping"), text),
        lambda text: encode_event(AmiEvent(text)),
        lambda text: encode_event(event("X", Name=text)),
        lambda text: encode_event(AmiEvent("X", Headers([(text, "")]))),
        lambda text: encode_response(response(True, text)),
    ],
)
def test_no_line_end_and_no_nul_anywhere(encode, text):
    with pytest.raises(AmiUsageError):
        encode(text)


@pytest.mark.parametrize("text", ["${SHELL(id)}", "x$[1+1]", "a${", "$["])
def test_nothing_that_asterisk_would_evaluate(text):
    with pytest.raises(AmiUsageError, match=r"^CallerID: "):
        encoded("Originate", Channel="PJSIP/a1", CallerID=text)


def test_a_dollar_alone_is_harmless():
    assert b"CallerID: 5 $ {x}" in encoded("Originate", Channel="PJSIP/a1", CallerID="5 $ {x}")


@pytest.mark.parametrize("field", ["Application", "application", "Data"])
def test_originate_names_a_place_of_the_dialplan_and_no_application(field):
    with pytest.raises(AmiUsageError, match="Context, Exten and Priority only"):
        encoded("Originate", (field, "System"), Channel="PJSIP/a1")


def test_what_asterisk_says_is_never_evaluated():
    assert b"AppData: ${EXTEN}" in encode_event(event("Newexten", AppData="${EXTEN}"))


def test_a_line_asterisk_would_cut_is_refused():
    room = MAX_LINE_BYTES - len("Value: ")
    assert encoded("Setvar", Variable="A", Value="x" * room)
    with pytest.raises(AmiUsageError, match=r"^Value: longer"):
        encoded("Setvar", Variable="A", Value="x" * (room + 1))


def test_the_limit_counts_bytes_not_characters():
    with pytest.raises(AmiUsageError, match="longer"):
        encoded("Setvar", Variable="A", Value="张" * 400)


def test_more_fields_than_asterisk_reads_are_refused():
    with pytest.raises(AmiUsageError, match="fields"):
        encoded("Originate", Variable=["A=1"] * (MAX_FIELDS + 1))


@pytest.mark.parametrize("name", ["", "A:B"])
def test_a_field_name_is_a_name(name):
    with pytest.raises(AmiUsageError, match="not a field name"):
        encoded("Setvar", (name, "x"))


@pytest.mark.parametrize("name", ["ActionID", "actionid", "Action"])
def test_what_the_client_sets_is_not_for_the_caller(name):
    with pytest.raises(AmiUsageError, match="not for the caller"):
        encoded("Ping", (name, "x"))


def test_text_that_is_no_text_is_refused():
    with pytest.raises(AmiUsageError, match=r"^Value: not text"):
        encoded("Setvar", Variable="A", Value="\ud800")


@pytest.mark.parametrize("name", ["CTI_NEXT", "__CTI_LEG", "a", "_" * 80])
def test_plain_variables_are_set(name):
    assert encoded("Setvar", Variable=name, Value="1")
    assert encoded("Originate", Variable=f"{name}=1")


@pytest.mark.parametrize(
    "name", ["", "FILE(/etc/passwd)", "SHELL(id)", "1A", "A B", "A-B", "a" * 81, "Ä", "A,B"]
)
def test_functions_and_odd_names_are_refused(name):
    with pytest.raises(AmiUsageError, match=r"^Variable: "):
        encoded("Setvar", Variable=name, Value="1")
    with pytest.raises(AmiUsageError, match=r"^Variable: "):
        encoded("originate", variable=f"{name}=1")


def test_a_comma_does_not_smuggle_a_second_variable():
    with pytest.raises(AmiUsageError, match="comma"):
        encoded("Originate", Variable="A=1,FILE(/tmp/x)=y")


def test_originate_needs_a_value_and_setvar_must_not_have_one():
    with pytest.raises(AmiUsageError):
        encoded("Originate", Variable="A")
    with pytest.raises(AmiUsageError):
        encoded("Setvar", Variable="A=1")


def test_variables_of_other_actions_are_theirs():
    assert encoded("Getvar", Variable="CHANNEL(state)")


def test_errors_do_not_show_values():
    with pytest.raises(AmiUsageError) as caught:
        encoded("Login", Secret="hush\n")
    assert "hush" not in str(caught.value)
