"""What Asterisk's words about a phone mean."""

import pytest

from cti.ami.messages import event
from cti.gateway.border import BorderError
from cti.gateway.devices import QUESTIONS, contact_says, question
from routing.words import DeviceState


def contact(status, **more):
    return event("ContactStatus", URI="sip:1", ContactStatus=status, AOR="aor", **more)


@pytest.mark.parametrize(
    ("status", "there"),
    [
        ("Created", True), ("Updated", True), ("Reachable", True), ("NonQualified", True),
        ("Removed", False), ("Unreachable", False), ("Unknown", None), ("", None),
    ],
)  # fmt: skip
def test_a_contact_is_there_or_not_or_nothing_is_said(status, there):
    assert contact_says(contact(status, EndpointName="p8001")) == ("p8001", there)


def test_without_an_endpoint_the_aor_is_its_name():
    assert contact_says(contact("Removed")) == ("aor", False)
    assert contact_says(event("ContactStatus")) == ("", None)


def test_three_questions_each_of_which_may_be_the_last():
    assert [question(number, "p-1").get("Variable") for number in range(3)] == [
        "DEVICE_STATE(PJSIP/p-1)", "PJSIP_ENDPOINT(p-1,context)", "PJSIP_DIAL_CONTACTS(p-1)",
    ]  # fmt: skip
    exists, known, contacts = (meaning for _, meaning in QUESTIONS)
    assert exists("INVALID") is DeviceState.MISSING
    assert [exists(word) for word in ("UNAVAILABLE", "NOT_INUSE", "")] == [None, None, None]
    assert (known(""), known("from-agent")) == (DeviceState.MISSING, None)
    assert contacts("") is DeviceState.UNREACHABLE
    assert contacts("PJSIP/p-1/sip:p-1@10.0.0.1:5060") is DeviceState.REACHABLE


@pytest.mark.parametrize("name", ["p8001)", "a&b", "x,auth", "${X}", "", "p" * 41])
def test_nothing_but_a_name_is_asked_about(name):
    with pytest.raises(BorderError):
        question(0, name)
