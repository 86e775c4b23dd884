"""What is said to be allowed is what the core takes, whatever state it is in."""

import pytest

from routing import commands as c
from routing.agent import AgentWork
from routing.control import ControlCall, ControlService
from routing.events import CommandRefused
from routing.ids import CallId
from routing.snapshot import dump, load
from routing.transfers import messages as t
from routing.verbs.allowed import actions_of, customer_of
from tests.lanes import lane
from tests.worlds.routing.random_centre import RandomCentre

STATES = {
    "ready": c.SetAgentState("", c.RequestedState.READY),
    "notReady": c.SetAgentState("", c.RequestedState.NOT_READY, "break"),
    "workingAfterCall": c.SetAgentState("", c.RequestedState.WORKING_AFTER_CALL),
}
ASKS = {
    "reconnectCall": t.CancelTransfer,
    "transferCall": t.CompleteTransfer,
    "conferenceCall": t.JoinTransfer,
}


def command_of(engine, agent, service):
    """The command that the service becomes, asked in the easiest way."""
    call = engine.calls.get(customer_of(agent))
    call_id = call.call_id if call else CallId("")
    if service in set(ControlService):
        return ControlCall(call_id, agent.agent_id, ControlService(service))
    if service in ASKS:
        return ASKS[service](call.transfer_id if call else 0)
    if service in STATES:
        kind = STATES[service]
        return c.SetAgentState(agent.agent_id, kind.state, kind.reason)
    if service in ("singleStepTransferCall", "consultationCall"):
        single = service == "singleStepTransferCall"
        kind = t.TransferKind.SINGLE_STEP if single else t.TransferKind.CONSULT
        return t.StartTransfer(call_id, agent.agent_id, kind, "q0")
    return {
        "logOn": c.LogOnAgent(agent.agent_id),
        "logOff": c.LogOffAgent(agent.agent_id),
        "markLastCall": c.MarkLastCall(agent.agent_id),
        "endAfterCallWork": c.ExtendAfterCallWork(agent.agent_id, 1),
    }[service]


FOR_OTHER_REASONS = {"queueClosed", "queueFull", "nobodySignedIn", "tooManyCalls", "tooManyNeeds"}
"""Why a target cannot be had."""
SILENT = {"logOn", "reconnectCall", "transferCall", "conferenceCall"}
"""Acknowledged when it is so already; or asked by another than the sender: the door refuses."""


def looked_at(engine):
    """Some who talk, and a few others: a copy of the core for each question takes its time."""
    agents = sorted(engine.agents.values(), key=lambda agent: agent.work is not AgentWork.BUSY)
    return agents[:4] + agents[-2:]


@pytest.mark.parametrize("seed", range(lane(3, whole=60)))
def test_what_is_allowed_is_taken_and_the_rest_refused_for_that_reason(seed):
    centre = RandomCentre(seed)
    seen = set()
    for number in range(400):
        centre.engine.handle(centre.next())
        if number % 50:
            continue
        engine, data = centre.engine, dump(centre.engine)
        for agent in looked_at(engine):
            for service, refusal in actions_of(engine, agent):
                seen.add((service, bool(refusal)))
                check(load(data), agent.agent_id, service, refusal)
    assert ("ready", False) in seen
    assert ("retrieveCall", True) in seen


def check(engine, agent_id, service, refusal):
    command = command_of(engine, engine.agents[agent_id], service)
    events = engine.handle(c.Stamped(engine.seq + 1, engine.now_us, command))
    codes = [each.code for each in events if isinstance(each, CommandRefused)]
    refused = [code for code in codes if code not in FOR_OTHER_REASONS]
    if not refusal:
        assert refused == [], (service, agent_id)
    elif service not in SILENT:
        assert refused == [refusal], (service, agent_id)
