"""Operations on calls: what an agent, or who stands behind them, does with a conversation.

Each names the agent whose conversation it is; without a name, the one who has the call. The order
is in the record before it is carried out; the answer comes when Asterisk has said that it is done.
"""

import asyncio
from collections.abc import Callable

from cti.api import requests as asked
from cti.api.answers import ActionRow, Actions, CallChanged
from cti.api.evidence import Evidence, not_in_time
from cti.api.operations import Operations, said
from cti.api.present import Present
from cti.api.principal import CALL_CONTROL, READ, Principal
from cti.api.problem import NO_EVIDENCE, NOT_DONE, REFUSED, STOPPED, UNKNOWN_AGENT
from cti.api.requests import CallId as CallIdText
from cti.routes.declare import Asked, route
from cti.routes.problem import ApiError
from cti.routes.text import Name
from routing import events as e
from routing.config import SECOND_US
from routing.control import ControlCall, ControlFailed, ControlService
from routing.events import Event
from routing.ids import AgentId, CallId, QueueId
from routing.transfers.messages import (
    CallTransferred,
    StartTransfer,
    TransferKind,
    TransferPolicy,
)
from routing.verbs.allowed import actions_of, customer_of

NOT_CARRIED_OUT = ("consultationCall", "reconnectCall", "transferCall", "conferenceCall")
"""The core decides them (docs/transfers.md) and nobody orders them of Asterisk: not offered."""

FAULTS = (REFUSED, STOPPED, NOT_DONE, NO_EVIDENCE)

SendDigits = Callable[[CallId, str], None]
"""Let the customer's side hear these keys (`Gateway.send_digits`)."""


class Calls:
    """The handlers."""

    def __init__(
        self,
        operations: Operations,
        present: Present,
        evidence: Evidence,
        send_digits: SendDigits,
    ) -> None:
        self._do = operations.do
        self._present = present
        self._evidence = evidence
        self._send_digits = send_digits

    @route("GET", "/v1/agents/{agent_id}/actions", needs=READ, faults=(UNKNOWN_AGENT,))
    async def get_actions(self, agent_id: Name) -> Actions:
        """What may be asked on behalf of an agent now, and why not the rest.

        What is asked of a call is about the one that the agent has (`call_id`, "" for none).
        """
        engine = self._present.engine
        agent = engine.agents.get(AgentId(agent_id))
        if agent is None:
            raise ApiError(UNKNOWN_AGENT, f"no agent {agent_id} is configured", subject=agent_id)
        rows = [
            ActionRow(service, not refusal, refusal, said(refusal) if refusal else "")
            for service, refusal in actions_of(engine, agent)
            if service not in NOT_CARRIED_OUT
        ]
        return Actions(self._present.clock.now_us(), agent.agent_id, customer_of(agent), rows)

    @route("POST", "/v1/calls/{call_id}/hold", needs=CALL_CONTROL, faults=FAULTS, once=True)
    async def hold_call(
        self, who: Asked[Principal], call_id: CallIdText, body: asked.Control
    ) -> CallChanged:
        """The customer hears music, the agent nothing (CSTA holdCall)."""
        order = self._order(who, call_id, body, ControlService.HOLD_CALL)
        return await self._carried_out(order, lambda event: isinstance(event, e.CallHeldEvent))

    @route("POST", "/v1/calls/{call_id}/retrieve", needs=CALL_CONTROL, faults=FAULTS, once=True)
    async def retrieve_call(
        self, who: Asked[Principal], call_id: CallIdText, body: asked.Control
    ) -> CallChanged:
        """They hear each other again (CSTA retrieveCall)."""
        order = self._order(who, call_id, body, ControlService.RETRIEVE_CALL)
        return await self._carried_out(order, lambda event: isinstance(event, e.CallRetrievedEvent))

    @route("POST", "/v1/calls/{call_id}/clear", needs=CALL_CONTROL, faults=FAULTS, once=True)
    async def clear_connection(
        self, who: Asked[Principal], call_id: CallIdText, body: asked.Control
    ) -> CallChanged:
        """The agent hangs up (CSTA clearConnection).

        What comes behind a conversation follows: a survey, or the end.
        """
        order = self._order(who, call_id, body, ControlService.CLEAR_CONNECTION)
        return await self._carried_out(order, lambda event: isinstance(event, e.ConnectionCleared))

    @route("POST", "/v1/calls/{call_id}/digits", needs=CALL_CONTROL, faults=FAULTS, once=True)
    async def generate_digits(
        self, who: Asked[Principal], call_id: CallIdText, body: asked.Digits
    ) -> CallChanged:
        """The customer's side hears key tones (CSTA generateDigits).

        The keys are in no record. Asterisk says nothing when it has played them.
        """
        service = ControlService.GENERATE_DIGITS
        order = self._order(who, call_id, asked.Control(agent=body.agent), service)
        self._do(order)
        self._send_digits(order.call_id, body.digits)
        return self._changed(order)

    @route("POST", "/v1/calls/{call_id}/transfer", needs=CALL_CONTROL, faults=FAULTS, once=True)
    async def single_step_transfer_call(
        self, who: Asked[Principal], call_id: CallIdText, body: asked.Transfer
    ) -> CallChanged:
        """Hand the customer on at once (CSTA singleStepTransferCall).

        The sender is released; the customer is in line for the target and keeps the place of the
        first arrival. An agent who cannot be had is refused, each case with its code, and the
        customer stays, unless `busy` or `not_ready` say otherwise. Who does not answer sends the
        customer back to the sender, to another queue, or on waiting, as `no_answer` says.
        """
        call = CallId(call_id)
        start = StartTransfer(
            call_id=call,
            initiator=self._agent_of(call, body.agent),
            kind=TransferKind.SINGLE_STEP,
            to_queue=QueueId(body.to_queue),
            to_agent=AgentId(body.to_agent),
            policy=_policy(body),
            by=who.principal.name,
        )
        with self._evidence.waiting(call, lambda event: isinstance(event, CallTransferred)):
            self._do(start)
        # The wire sends in the next turn of the loop: the order leaves before the answer.
        await asyncio.sleep(0)
        return CallChanged(self._present.call(call), self._present.agent(start.initiator))

    # --- internal --------------------------------------------------------------------------------

    def _order(
        self, who: Asked[Principal], call_id: str, body: asked.Control, service: ControlService
    ) -> ControlCall:
        call, by = CallId(call_id), who.principal.name
        return ControlCall(call, self._agent_of(call, body.agent), service, by, body.reason)

    def _agent_of(self, call_id: CallId, named: str) -> AgentId:
        call = self._present.engine.calls.get(call_id)
        return AgentId(named) or (call.agent_id if call is not None else AgentId(""))

    async def _carried_out(
        self, order: ControlCall, proves: Callable[[Event], bool]
    ) -> CallChanged:
        with self._evidence.waiting(order.call_id, proves) as waiting:
            self._do(order)
            if not await waiting.proof():
                failed = ControlFailed(order.call_id, order.agent_id, order.service, "timeout")
                self._do(failed)
                raise not_in_time(order.call_id)
        return self._changed(order)

    def _changed(self, order: ControlCall) -> CallChanged:
        present = self._present
        return CallChanged(present.call(order.call_id), present.agent(order.agent_id))


def _policy(body: asked.Transfer) -> TransferPolicy:
    return TransferPolicy(
        busy=body.busy,
        no_answer=body.no_answer,
        not_ready=body.not_ready,
        overflow_to=QueueId(body.overflow_to),
        wait_us=body.wait_s * SECOND_US,
        recall_us=body.recall_s * SECOND_US,
    )
