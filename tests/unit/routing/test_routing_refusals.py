"""A refusal names the command, whom or what it was about, and why. Nothing else comes of it."""

import pytest

from routing import commands as c
from routing import control as k
from routing import legs as m
from routing.config import Limits
from routing.events import CommandRefused
from routing.transfers import messages as t
from tests.worlds.routing.centre import Centre, agent, queue
from tests.worlds.routing.told import apply, changed

READY, NOT_READY = c.RequestedState.READY, c.RequestedState.NOT_READY
HOLD = k.ControlService.HOLD_CALL
NO_ANSWER = c.OfferOutcome.NO_ANSWER

ABOUT_NOTHING = [
    (c.CallArrived("c9", "nowhere", "a1"), "c9", "unknownQueue"),
    (c.CallArrived("c9~2", "q", "a1"), "c9~2", "badValue"),
    (c.CallArrived("c9", "q", "a1", needs="q >="), "c9", "badNeeds"),
    (c.CallArrived("c1", "q", "a1"), "c1", "callExists"),
    (c.CallerHungUp("nobody"), "nobody", "unknownCall"),
    (c.CallTaken("nobody"), "nobody", "unknownCall"),
    (c.CallHeld("nobody"), "nobody", "unknownCall"),
    (c.CallHeld("c1"), "c1", "callState"),
    (c.CallRetrieved("nobody"), "nobody", "unknownCall"),
    (c.CallRetrieved("c1"), "c1", "callState"),
    (c.AgentLegCleared("nobody", "ann"), "nobody", "unknownCall"),
    (c.AgentLegCleared("c1", "ann"), "c1", "callState"),
    (c.OfferRinging(9), "9", "offerClosed"),
    (c.OfferAnswered(9), "9", "offerClosed"),
    (c.OfferFailed(9, NO_ANSWER), "9", "offerClosed"),
    (c.LegsBridged(9), "9", "offerClosed"),
    (m.CallerBridged("nobody", "phone-ann"), "nobody", "unknownCall"),
    (m.CallerMoved("nobody", "a1-2"), "nobody", "unknownCall"),
    (m.OwnCallBegan("a1-2", "nobody's", "a1"), "a1-2", "unknownDevice"),
    (m.OwnCallAnswered("a1-2", "nobody's"), "a1-2", "unknownDevice"),
    (m.OwnCallEnded("a1-2", "nobody's"), "a1-2", "unknownDevice"),
    (k.ControlCall("nobody", "ann", HOLD), "nobody", "unknownCall"),
    (k.ControlCall("c1", "ann", HOLD), "c1", "callState"),
    (k.ControlFailed("nobody", "ann", HOLD, "timeout"), "nobody", "unknownCall"),
    (c.BookCallback("nobody", "138"), "nobody", "unknownCall"),
    (c.BookCallback("c1", "home"), "c1", "badValue"),
    (c.CancelCallback("nobody"), "nobody", "unknownCall"),
    (c.CancelCallback("c1"), "c1", "callState"),
    (c.AssociateData("nobody", ()), "nobody", "unknownCall"),
    (c.AssociateData("c1", (("nothing", "x"),)), "c1", "unknownData"),
    (c.LogOnAgent("nobody"), "nobody", "unknownAgent"),
    (c.LogOnAgent("ann", "other"), "ann", "alreadyLoggedOn"),
    (c.LogOnAgent("bob", "phone-ann"), "bob", "deviceInUse"),
    (c.LogOffAgent("nobody"), "nobody", "unknownAgent"),
    (c.LogOffAgent("bob"), "bob", "notLoggedOn"),
    (c.SetAgentState("nobody", READY), "nobody", "unknownAgent"),
    (c.SetAgentState("bob", READY), "bob", "notLoggedOn"),
    (c.SetAgentState("ann", NOT_READY), "ann", "reasonRequired"),
    (c.SetAgentState("ann", NOT_READY, "weather"), "ann", "unknownReason"),
    (c.ExtendAfterCallWork("nobody", 1), "nobody", "unknownAgent"),
    (c.ExtendAfterCallWork("ann", 1), "ann", "agentState"),
    (c.ServeGroup("nobody", "q", serving=True), "nobody", "unknownAgent"),
    (c.ServeGroup("ann", "none", serving=True), "ann", "unknownGroup"),
    (c.MarkLastCall("nobody", on=True), "nobody", "unknownAgent"),
    (c.DeviceReported("nobody's", "a1", c.DeviceState.REACHABLE), "nobody's", "unknownDevice"),
    (c.DeviceReachable("nobody", reachable=True), "nobody", "unknownAgent"),
    (c.SetQueueAccepting("nowhere", accepting=True), "nowhere", "unknownQueue"),
    (c.SetMode("none", on=True), "none", "unknownMode"),
    (c.RollbackConfig(), "1", "noPreviousConfig"),
    (c.ContinueEvents(0), "0", "badValue"),
    (t.StartTransfer("nobody", "ann", t.TransferKind.BLIND, "q"), "nobody", "unknownCall"),
    (t.StartTransfer("c1", "ann", t.TransferKind.BLIND, "q"), "c1", "callState"),
    (t.CancelTransfer(7), "7", "unknownTransfer"),
    (t.CompleteTransfer(7), "7", "unknownTransfer"),
    (t.JoinTransfer(7), "7", "unknownTransfer"),
    (t.TransferBridged(7), "7", "unknownTransfer"),
    (t.TransferConferenced(7), "7", "unknownTransfer"),
]


def house() -> Centre:
    """Ann is signed in, not ready; c1 waits."""
    centre = Centre([queue("q")], [agent("ann", "q"), agent("bob", "q")])
    centre.do(c.LogOnAgent("ann"))
    centre.call("c1", "q")
    return centre


@pytest.mark.parametrize(("command", "subject", "code"), ABOUT_NOTHING, ids=str)
def test_a_refusal_names_its_subject(command, subject, code):
    assert house().do(command) == [CommandRefused(type(command).__name__, subject, code)]


def test_every_command_that_can_be_refused_is_in_the_table():
    never = {
        c.TelephonyLost, c.TelephonyRestored, c.TelephonyGone, c.DeadlinesReached,
        c.ApplyConfig,  # see below
    }  # fmt: skip
    kinds = {*c.Command.__args__, *t.TransferCommand.__args__}
    assert {type(command) for command, _, _ in ABOUT_NOTHING} == kinds - never


def test_a_configuration_is_named_by_its_version():
    centre = house()
    config = changed(centre.config, queues=(queue("other"),))
    refused = CommandRefused("ApplyConfig", "2", "badConfig")
    assert centre.do(c.ApplyConfig(config)) == [refused]
    apply(centre, queues=(*centre.config.queues, queue("more")))
    centre.call("c2", "more")
    assert centre.do(c.RollbackConfig()) == [CommandRefused("RollbackConfig", "1", "badConfig")]


def test_extended_by_nothing_or_by_too_much():
    centre = house()
    centre.do(c.SetAgentState("ann", c.RequestedState.WORKING_AFTER_CALL))
    for extra_us in (0, -1, 3_600_000_001):
        command = c.ExtendAfterCallWork("ann", extra_us)
        assert centre.do(command) == [CommandRefused("ExtendAfterCallWork", "ann", "badValue")]
    assert len(centre.do(c.ExtendAfterCallWork("ann", 3_600_000_000))) == 1


def test_full_is_told_with_the_call():
    centre = Centre([queue("q")], [], limits=Limits(calls=1, needs=2))
    assert centre.call("c1", "q", needs="x")[0].call_id == "c1"
    assert centre.call("c2", "q") == [CommandRefused("CallArrived", "c2", "tooManyCalls")]
