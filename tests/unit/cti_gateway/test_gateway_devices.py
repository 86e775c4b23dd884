"""Which phones can be reached, from contacts that come and go on several Asterisks."""

import pytest

from cti.ami.messages import event
from cti.gateway.devices import Devices
from routing.commands import DeviceReachable
from routing.ids import AgentId, PbxId

A1, A2 = PbxId("a1"), PbxId("a2")
ANA, BEN = AgentId("8001"), AgentId("8002")


@pytest.fixture
def devices():
    return Devices({"p8001": ANA, "p8002": BEN})


def contact(status, uri="sip:1", device="p8001"):
    return event("ContactStatus", URI=uri, ContactStatus=status, AOR=device, EndpointName=device)


def test_a_phone_that_goes_and_comes(devices):
    gone, back = DeviceReachable(ANA, reachable=False), DeviceReachable(ANA, reachable=True)
    assert devices.contact_changed(A1, contact("Created")) == [back]
    assert devices.contact_changed(A1, contact("Reachable")) == []
    assert devices.contact_changed(A1, contact("Unreachable")) == [gone]
    assert devices.contact_changed(A1, contact("Removed")) == []
    assert devices.contact_changed(A1, contact("NonQualified")) == [back]


def test_one_contact_of_two_is_enough(devices):
    devices.contact_changed(A1, contact("Created", "sip:1"))
    assert devices.contact_changed(A2, contact("Created", "sip:2")) == []
    assert devices.contact_changed(A1, contact("Removed", "sip:1")) == []
    assert devices.contact_changed(A2, contact("Removed", "sip:2")) == [
        DeviceReachable(ANA, reachable=False)
    ]


def test_strangers_and_unknown_words_mean_nothing(devices):
    assert devices.contact_changed(A1, contact("Created", device="door")) == []
    assert devices.contact_changed(A1, contact("Unknown")) == []
    assert devices.contact_changed(A1, event("ContactStatus")) == []


def listed(device, state):
    return event("DeviceStateChange", Device=device, State=state)


def test_the_list_after_a_login_tells_what_was_missed(devices):
    rows = [
        listed("PJSIP/p8001", "UNAVAILABLE"),
        listed("PJSIP/p8002", "NOT_INUSE"),
        listed("PJSIP/door", "NOT_INUSE"),
        listed("Queue:x", "UNKNOWN"),
    ]
    assert devices.listed(A1, rows) == [
        DeviceReachable(ANA, reachable=False),
        DeviceReachable(BEN, reachable=True),
    ]
    assert devices.contact_changed(A1, contact("Created")) == [DeviceReachable(ANA, reachable=True)]


def test_the_contact_that_made_a_listed_phone_reachable_may_go(devices):
    devices.listed(A1, [listed("PJSIP/p8001", "INUSE")])
    assert devices.contact_changed(A1, contact("Removed", "sip:9")) == [
        DeviceReachable(ANA, reachable=False)
    ]


def test_an_agent_who_signs_in_elsewhere_is_rung_there(devices):
    devices.assign(ANA, "p8009")
    assert devices.contact_changed(A1, contact("Removed")) == []
    assert devices.contact_changed(A1, contact("Created", device="p8009")) == [
        DeviceReachable(ANA, reachable=True)
    ]
