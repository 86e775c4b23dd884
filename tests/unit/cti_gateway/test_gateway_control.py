"""Orders about a conversation: what is sent, in which order, what proves it, what cannot be."""

import pytest

from cti.ami.messages import action
from cti.gateway import control
from cti.gateway.border import BorderError
from cti.gateway.legs import Place
from routing.commands import (
    AgentLegCleared,
    CallerHungUp,
    CallHeld,
    CallRetrieved,
    ClearedBy,
    TelephonyLost,
    TelephonyRestored,
)
from routing.control import ControlCall, ControlFailed
from routing.control import ControlService as Service
from routing.events import CommandRefused
from routing.ids import AgentId, CallId
from routing.transfers.messages import StartTransfer, TransferKind
from tests.worlds.gateway.desk import A1, DeskWorld

CALL, ANN = CallId("a1-1.1"), AgentId("8001")
CALLER, AGENT = "PJSIP/trunk-1.1", "PJSIP/p8001-2"


@pytest.fixture
def talking():
    world = DeskWorld()
    world.ready("8001")
    world.ask("arrive")
    world.dial()
    world.hear("DialEnd", Uniqueid="1.1", DestUniqueid="2.1", DialStatus="ANSWER")
    meet(world)
    world.take_orders()
    return world


def meet(world):
    """Both come into one bridge, the caller first."""
    world.hear("BridgeEnter", Uniqueid="1.1", Channel=CALLER, BridgeUniqueid="b")
    world.hear("BridgeEnter", Uniqueid="2.1", Channel=AGENT, BridgeUniqueid="b")


def order(world, service):
    """What is sent for it, notes first."""
    world.submit(ControlCall(CALL, ANN, service))
    return [*world.effects.notes, *(sent for _, sent in world.effects.controls)]


def hold(world):
    sent = order(world, Service.HOLD_CALL)
    world.hear("UserEvent", UserEvent="CtiHeld", Uniqueid="1.1")
    return sent


def test_each_is_told_of_the_other_before_one_redirect_takes_them_apart(talking):
    assert order(talking, Service.HOLD_CALL) == [
        action("Setvar", Channel=CALLER, Variable="CTI_PEER", Value=AGENT),
        action("Setvar", Channel=AGENT, Variable="CTI_PEER", Value=CALLER),
        action(
            "Redirect",
            Channel=CALLER,
            Context="cti-hold",
            Exten="7*hold",
            Priority="1",
            ExtraChannel=AGENT,
            ExtraContext="cti-hold",
            ExtraExten="7*wait",
            ExtraPriority="1",
        ),
    ]
    assert talking.engine.calls[CALL].state == "talking"


def test_the_dialplan_proves_it_and_the_bridge_that_they_are_back(talking):
    order(talking, Service.HOLD_CALL)
    assert talking.hear("UserEvent", UserEvent="CtiHeld", Uniqueid="1.1") == [CallHeld(CALL)]
    back = order(talking, Service.RETRIEVE_CALL)
    expected = action("Redirect", Channel=CALLER, Context="cti-hold", Exten="7*join", Priority="1")
    assert back == [expected]
    assert talking.engine.calls[CALL].state == "held"
    talking.hear("BridgeEnter", Uniqueid="1.1", Channel=CALLER, BridgeUniqueid="c")
    said = talking.hear("BridgeEnter", Uniqueid="2.1", Channel=AGENT, BridgeUniqueid="c")
    assert said == [CallRetrieved(CALL)]
    assert talking.legs.callers[CALL].place is Place.TALKING


def test_who_hangs_up_by_order_is_the_agent(talking):
    [sent] = order(talking, Service.CLEAR_CONNECTION)
    assert sent == action("Hangup", Channel="2.1", Cause="16")
    talking.hear("SoftHangupRequest", Uniqueid="2.1", Cause="32")
    said = talking.hear("Hangup", Uniqueid="2.1", Cause="16")
    assert said == [AgentLegCleared(CALL, ANN, ClearedBy.AGENT, 16)]


def test_the_agents_leg_ends_with_the_caller_who_was_on_hold(talking):
    hold(talking)
    talking.submit(CallerHungUp(CALL))
    assert talking.effects.notes == [control.hang_up("2.1")]
    assert talking.legs.apart == {}


def test_the_caller_goes_on_when_the_agent_hangs_up_while_they_are_on_hold(talking):
    hold(talking)
    talking.take_orders()
    talking.hear("HangupRequest", Uniqueid="2.1")
    talking.hear("Hangup", Uniqueid="2.1", Cause="16")
    [sent] = talking.take_orders()
    assert (sent.name, sent.get("Channel")) == ("Redirect", CALLER)
    assert sent.get("Exten").startswith("7*over") or sent.get("Exten") == "over"


def test_what_the_phone_holds_only_the_phone_can_take_back(talking):
    talking.hear("Hold", Uniqueid="2.1")
    assert order(talking, Service.RETRIEVE_CALL) == []
    [failed] = talking.effects.undone
    assert failed == ControlFailed(CALL, ANN, Service.RETRIEVE_CALL, control.WRONG_STATE)


def test_an_order_that_came_to_nothing_can_be_given_again(talking):
    order(talking, Service.HOLD_CALL)  # and nothing is heard of it
    assert len(order(talking, Service.HOLD_CALL)) == 3


def test_of_a_call_at_another_asterisk_nothing_is_ordered(talking):
    talking.legs.pbx = "b2"
    assert order(talking, Service.HOLD_CALL) == []
    assert talking.effects.undone == []


def test_a_call_whose_channel_is_not_known_is_said_to_be_so(talking):
    del talking.legs.callers[CALL]
    assert order(talking, Service.CLEAR_CONNECTION) == []
    assert [each.cause for each in talking.effects.undone] == [control.NO_SUCH]


def test_an_asterisk_that_is_not_heard_is_ordered_nothing(talking):
    talking.submit(TelephonyLost(A1))
    events = talking.submit(ControlCall(CALL, ANN, Service.HOLD_CALL))
    assert [type(event) for event in events] == [CommandRefused]
    talking.submit(TelephonyRestored(A1))
    assert len(order(talking, Service.HOLD_CALL)) == 3


def test_one_action_a_key_and_nothing_that_is_none(talking):
    caller = talking.legs.callers[CALL]
    sent = control.digits(caller, "9#")
    assert [each.get("Digit") for each in sent] == ["9", "#"]
    for keys in ("", "9\r\nAction: Originate", "${X}", "9" * 33):
        with pytest.raises(BorderError):
            control.digits(caller, keys)


@pytest.mark.parametrize("on_hold", [False, True])
def test_a_single_step_moves_the_caller_before_the_senders_leg_ends(talking, on_hold):
    if on_hold:
        hold(talking)
    talking.ready("8002")
    talking.take_orders()
    start = StartTransfer(CALL, ANN, TransferKind.SINGLE_STEP, to_agent=AgentId("8002"))
    talking.submit(start)
    [sent] = talking.take_orders()
    assert (sent.get("Context"), sent.get("Channel")) == ("cti-deliver", CALLER)
    assert sent.get("Exten").endswith("*p8002")
    assert talking.effects.afterwards == [control.hang_up("2.1")]
    assert talking.hear("Hangup", Uniqueid="2.1", Cause="16") == []


def test_to_a_group_it_is_one_redirect_too(talking):
    talking.ready("8002")
    start = StartTransfer(CALL, ANN, TransferKind.SINGLE_STEP, to_queue="loans")
    talking.submit(start)
    assert [sent.name for sent in talking.effects.orders.values()] == ["Redirect"]
    assert talking.effects.afterwards == [control.hang_up("2.1")]
