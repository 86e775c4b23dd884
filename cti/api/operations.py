"""Operations: principal and request → one command of the core → what it is about as it is then.

What the core refuses is 409 with its code. `changed` is false when all was so already. Who asks is
the principal's name and stands in the record; no request says it. A request with an Idempotency-Key
acts once. A phone that is not known to exist is asked for at each Asterisk before somebody signs in
at it, and refused when none of them has it.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from cti.api import requests as asked
from cti.api.answers import AgentChanged, ModeSwitched, QueueChanged
from cti.api.present import Present
from cti.api.principal import ANSWER_TO, SWITCH, Principal
from cti.api.problem import REFUSED, STOPPED, refused, router_up
from cti.routes.declare import Asked, route
from cti.routes.text import Name
from routing import commands as c
from routing.commands import DeviceState
from routing.events import AgentState, CommandRefused, Event
from routing.ids import AgentId, PbxId, QueueId, SkillId
from routing.refusals import Refusal

Submit = Callable[[c.Command], Sequence[Event]]

AskAbout = Callable[[str], Awaitable[Mapping[PbxId, DeviceState | None]]]
"""What each configured Asterisk says of a phone now; None of one that says nothing."""

FAULTS = (REFUSED, STOPPED)


class Operations:
    """The handlers. `submit` applies one command and returns what it led to (`Dispatcher.submit`),
    `ask_about` asks the Asterisks for a phone (`cti.api.phones`).
    """

    def __init__(self, submit: Submit, present: Present, ask_about: AskAbout) -> None:
        self._submit = submit
        self._present = present
        self._ask_about = ask_about

    # --- agents ----------------------------------------------------------------------------------

    @route("POST", "/v1/agents/{agent_id}/log-on", needs=ANSWER_TO, faults=FAULTS, once=True)
    async def log_on_agent(self, agent_id: Name, body: asked.LogOn) -> AgentChanged:
        """Sign an agent in; not ready at first.

        A phone that none of the Asterisks has is refused (`unknownDevice`); while one of them is
        away that is not known, and accepted.
        """
        agent = AgentId(agent_id)
        found = await self._look_for_phone(agent, body.device)
        return self._order(agent, c.LogOnAgent(agent, body.device), *found)

    async def _look_for_phone(self, agent_id: AgentId, device: str) -> list[c.DeviceReported]:
        """What the Asterisks say of it, if it had to be asked. Raises ApiError when none has it:
        callers would be offered to it in vain. What is not known, because one of them is away,
        keeps nobody from signing in.
        """
        agent = self._present.engine.agents.get(agent_id)
        if agent is None or agent.device:
            return []  # refused, or signed in already: the core says
        device = device or agent.spec.device
        phone = self._present.engine.phones.get(device)
        if phone is not None and any(s is not DeviceState.MISSING for s in phone.said.values()):
            return []  # some Asterisk has it, and what an Asterisk loses it tells
        said = await self._ask_about(device)
        if said and all(state is DeviceState.MISSING for state in said.values()):
            asked_of = ", ".join(said)
            detail = f"there is no endpoint {device} (asked: {asked_of}); see pjsip.conf"
            raise refused(Refusal.UNKNOWN_DEVICE, device, detail)
        answers = [(pbx, state) for pbx, state in said.items() if state is not None]
        return [c.DeviceReported(device, pbx, state) for pbx, state in answers]

    @route("POST", "/v1/agents/{agent_id}/log-off", needs=ANSWER_TO, faults=FAULTS, once=True)
    async def log_off_agent(
        self, who: Asked[Principal], agent_id: Name, body: asked.LogOff
    ) -> AgentChanged:
        """Sign an agent out, when the present call is over."""
        agent = AgentId(agent_id)
        return self._order(agent, c.LogOffAgent(agent, who.principal.name, body.reason))

    @route("POST", "/v1/agents/{agent_id}/state", needs=ANSWER_TO, faults=FAULTS, once=True)
    async def set_agent_state(
        self, who: Asked[Principal], agent_id: Name, body: asked.SetState
    ) -> AgentChanged:
        """Ready, not ready with a reason, or after-call work.

        During a call it is kept (`pending`) and applied afterwards. A break beyond a cap waits in
        line (`waiting_break`, `break_place`) unless `override`.
        """
        agent, by = AgentId(agent_id), who.principal.name
        wish = c.SetAgentState(agent, body.state, body.reason, by, body.override)
        return self._order(agent, wish)

    @route("POST", "/v1/agents/{agent_id}/work-done", needs=ANSWER_TO, faults=FAULTS, once=True)
    async def end_after_call_work(
        self, who: Asked[Principal], agent_id: Name, body: asked.Nothing
    ) -> AgentChanged:
        """After-call work ends now."""
        del body
        agent = AgentId(agent_id)
        # To the core "ready" in after-call work is the end of it; elsewhere it would be a wish that
        # the agent did not have. The view is as new as the core: nothing can come between.
        row = self._present.agent(agent)
        if row is not None and row.state is not AgentState.WORKING_AFTER_CALL:
            detail = f"{agent_id} is {row.state.value}, not in after-call work"
            raise refused(Refusal.AGENT_STATE, agent_id, detail)
        ready = c.SetAgentState(agent, c.RequestedState.READY, by=who.principal.name)
        return self._order(agent, ready)

    @route("POST", "/v1/agents/{agent_id}/last-call", needs=ANSWER_TO, faults=FAULTS, once=True)
    async def mark_last_call(self, agent_id: Name, body: asked.LastCall) -> AgentChanged:
        """Sign the agent out after this conversation, or the next one."""
        agent = AgentId(agent_id)
        return self._order(agent, c.MarkLastCall(agent, body.on))

    @route(
        "POST", "/v1/agents/{agent_id}/groups/{group}", needs=ANSWER_TO, faults=FAULTS, once=True
    )
    async def serve_group(
        self, who: Asked[Principal], agent_id: Name, group: Name, body: asked.Group
    ) -> AgentChanged:
        """Take one skill of the agent out of use, or back into it.

        What is left out is in `idle_groups`, until the agent signs in anew.
        """
        agent, by = AgentId(agent_id), who.principal.name
        return self._order(agent, c.ServeGroup(agent, SkillId(group), body.serving, by))

    def _order(self, agent_id: AgentId, *commands: c.Command) -> AgentChanged:
        # Not every change has an event: a mark for the last call, a break no longer wanted.
        before = self._present.agent(agent_id)
        events = [event for command in commands for event in self.do(command)]
        after = self._present.agent(agent_id)
        return AgentChanged(bool(events) or before != after, after)

    # --- queues, modes ---------------------------------------------------------------------------

    @route("POST", "/v1/queues/{queue_id}/accepting", needs=SWITCH, faults=FAULTS, once=True)
    async def set_queue_accepting(
        self, who: Asked[Principal], queue_id: Name, body: asked.Accepting
    ) -> QueueChanged:
        """Open or close a queue.

        A closed one serves who waits and diverts who comes.
        """
        queue = QueueId(queue_id)
        events = self.do(c.SetQueueAccepting(queue, body.accepting, who.principal.name))
        return QueueChanged(bool(events), self._present.queue(queue))

    @route("POST", "/v1/modes/{name}", needs=SWITCH, faults=FAULTS, once=True)
    async def switch_mode(
        self, who: Asked[Principal], name: Name, body: asked.Switch
    ) -> ModeSwitched:
        """Switch an emergency mode on or off."""
        events = self.do(c.SetMode(name, body.on, who.principal.name))
        return ModeSwitched(bool(events), self._present.view.modes())

    def do(self, command: c.Command) -> Sequence[Event]:
        """Apply it. Raises ApiError: 409 for what the core refuses, 503 when the router stops."""
        with router_up():
            events = self._submit(command)
        for event in events:
            if isinstance(event, CommandRefused):
                raise refused(event.code, event.subject, said(event.code))
        return events


def said(code: str) -> str:
    """A refusal of the core in words."""
    return _SAID.get(Refusal(code), code)


_SAID = {code: code.value for code in Refusal} | {
    Refusal.UNKNOWN_AGENT: "no agent of this id is configured",
    Refusal.NOT_LOGGED_ON: "the agent is not signed in",
    Refusal.ALREADY_LOGGED_ON: "the agent is signed in already, at another phone",
    Refusal.DEVICE_IN_USE: "another agent is signed in at this phone",
    Refusal.REASON_REQUIRED: "not ready needs a reason",
    Refusal.UNKNOWN_REASON: "this reason is not in the configured list",
    Refusal.AGENT_STATE: "this does not fit the agent's present state",
    Refusal.UNKNOWN_GROUP: "the agent does not have this skill",
    Refusal.UNKNOWN_QUEUE: "no queue of this id is configured",
    Refusal.UNKNOWN_MODE: "no mode of this name is configured",
    Refusal.UNKNOWN_CALL: "no call of this id is in hand",
    Refusal.CALL_STATE: "this does not fit the call's present state",
    Refusal.NOT_YOUR_CALL: "another agent has this call",
    Refusal.TRANSFER_EXISTS: "this call is being transferred",
    Refusal.UNKNOWN_TRANSFER: "no transfer is under way",
    Refusal.TRANSFER_STATE: "not now: it is not so far, or legs are being moved",
    Refusal.BAD_VALUE: "a value breaks its rule: a transfer goes to one queue or to one agent",
    Refusal.OWN_ID: "nobody transfers to themselves",
    Refusal.AGENT_BUSY: "that agent is busy",
    Refusal.AGENT_NOT_READY: "that agent is not ready",
    Refusal.AGENT_UNREACHABLE: "that agent's phone cannot be reached",
    Refusal.TRAINING_SEAT: "a training seat and a customer never meet",
    Refusal.QUEUE_CLOSED: "that queue is closed",
    Refusal.QUEUE_FULL: "that queue is full",
    Refusal.NOBODY_SIGNED_IN: "nobody who serves that queue is signed in",
    Refusal.TELEPHONY_LOST: "the Asterisk of this call is not heard now",
}
