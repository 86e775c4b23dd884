"""Operations: one command of the core each, and what it is about as it is afterwards.

    POST /v1/agents/{id}/log-on            {"device"}
    POST /v1/agents/{id}/log-off           {"by", "reason"}
    POST /v1/agents/{id}/state             {"state", "reason", "by", "override"}
    POST /v1/agents/{id}/work-done         {"by"}
    POST /v1/agents/{id}/last-call         {"on"}
    POST /v1/agents/{id}/groups/{group}    {"serving", "by"}
    POST /v1/queues/{id}/accepting         {"accepting", "by"}
    POST /v1/modes/{name}                  {"on", "by"}

What the core refuses is 409 with its code. `changed` is false when all was so already. A phone that
is not known to exist is asked for at each Asterisk before somebody signs in at it, and refused when
none of them has it.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus

from aiohttp import web

from cti.api import requests as asked
from cti.api.answers import AgentChanged, ModeSwitched, QueueChanged
from cti.api.present import Present
from cti.api.problem import ApiError, as_json
from cti.api.requests import agent_id_of, body_of, name_of
from cti.dispatcher import RouterStopped
from routing import commands as c
from routing.commands import DeviceState
from routing.events import AgentState, CommandRefused, Event
from routing.ids import AgentId, PbxId, QueueId, SkillId
from routing.refusals import Refusal

Submit = Callable[[c.Command], Sequence[Event]]

AskAbout = Callable[[str], Awaitable[Mapping[PbxId, DeviceState | None]]]
"""What each configured Asterisk says of a phone now; None of one that says nothing."""


class Operations:
    """The handlers. `submit` applies one command and returns what it led to (`Dispatcher.submit`),
    `ask_about` asks the Asterisks for a phone (`cti.api.phones`).
    """

    def __init__(self, submit: Submit, present: Present, ask_about: AskAbout) -> None:
        self._submit = submit
        self._present = present
        self._ask_about = ask_about

    def add_to(self, app: web.Application) -> None:
        """All routes."""
        post = app.router.add_post
        # Not aiohttp's default [^{}/]+: an id with braces should be told its rule, not "not found".
        agent = "/v1/agents/{agent_id:[^/]+}"
        post(f"{agent}/log-on", self._log_on)
        post(f"{agent}/log-off", self._log_off)
        post(f"{agent}/state", self._state)
        post(f"{agent}/work-done", self._work_done)
        post(f"{agent}/last-call", self._last_call)
        post(f"{agent}/groups/{{group:[^/]+}}", self._group)
        post("/v1/queues/{queue_id:[^/]+}/accepting", self._accepting)
        post("/v1/modes/{name:[^/]+}", self._mode)

    # --- agents ----------------------------------------------------------------------------------

    async def _log_on(self, request: web.Request) -> web.Response:
        agent_id = AgentId(agent_id_of(request))
        body = await body_of(request, asked.LogOn)
        await self._look_for_phone(agent_id, body.device)
        return self._order(agent_id, c.LogOnAgent(agent_id, body.device))

    async def _look_for_phone(self, agent_id: AgentId, device: str) -> None:
        """Raises ApiError when no Asterisk has it: callers would be offered to it in vain. What is
        not known, because one of them is away, keeps nobody from signing in.
        """
        agent = self._present.engine.agents.get(agent_id)
        if agent is None or agent.device:
            return  # refused, or signed in already: the core says
        device = device or agent.spec.device
        phone = self._present.engine.phones.get(device)
        if phone is not None and any(s is not DeviceState.MISSING for s in phone.said.values()):
            return  # some Asterisk has it, and what an Asterisk loses it tells
        said = await self._ask_about(device)
        if said and all(state is DeviceState.MISSING for state in said.values()):
            asked_of = ", ".join(said)
            detail = f"there is no endpoint {device} (asked: {asked_of}); see pjsip.conf"
            raise refused(Refusal.UNKNOWN_DEVICE, device, detail)

    async def _log_off(self, request: web.Request) -> web.Response:
        agent_id = AgentId(agent_id_of(request))
        body = await body_of(request, asked.LogOff)
        return self._order(agent_id, c.LogOffAgent(agent_id, body.by, body.reason))

    async def _state(self, request: web.Request) -> web.Response:
        agent_id = AgentId(agent_id_of(request))
        body = await body_of(request, asked.SetState)
        return self._order(
            agent_id, c.SetAgentState(agent_id, body.state, body.reason, body.by, body.override)
        )

    async def _work_done(self, request: web.Request) -> web.Response:
        agent_id = AgentId(agent_id_of(request))
        body = await body_of(request, asked.WorkDone)
        # To the core "ready" in after-call work is the end of it; elsewhere it would be a wish that
        # the agent did not have. The view is as new as the core: nothing can come between.
        row = self._present.agent(agent_id)
        if row is not None and row.state is not AgentState.WORKING_AFTER_CALL:
            detail = f"{agent_id} is {row.state.value}, not in after-call work"
            raise refused(Refusal.AGENT_STATE, agent_id, detail)
        state = c.SetAgentState(agent_id, c.RequestedState.READY, by=body.by)
        return self._order(agent_id, state)

    async def _last_call(self, request: web.Request) -> web.Response:
        agent_id = AgentId(agent_id_of(request))
        body = await body_of(request, asked.LastCall)
        return self._order(agent_id, c.MarkLastCall(agent_id, body.on))

    async def _group(self, request: web.Request) -> web.Response:
        agent_id, group = AgentId(agent_id_of(request)), SkillId(name_of(request, "group"))
        body = await body_of(request, asked.Group)
        return self._order(agent_id, c.ServeGroup(agent_id, group, body.serving, body.by))

    def _order(self, agent_id: AgentId, command: c.Command) -> web.Response:
        # Not every change has an event: a mark for the last call, a break no longer wanted.
        before = self._present.agent(agent_id)
        events = self.do(command)
        after = self._present.agent(agent_id)
        return as_json(AgentChanged(bool(events) or before != after, after))

    # --- queues, modes, calls --------------------------------------------------------------------

    async def _accepting(self, request: web.Request) -> web.Response:
        queue_id = QueueId(name_of(request, "queue_id"))
        body = await body_of(request, asked.Accepting)
        events = self.do(c.SetQueueAccepting(queue_id, body.accepting, body.by))
        return as_json(QueueChanged(bool(events), self._present.queue(queue_id)))

    async def _mode(self, request: web.Request) -> web.Response:
        name = name_of(request, "name")
        body = await body_of(request, asked.Switch)
        events = self.do(c.SetMode(name, body.on, body.by))
        return as_json(ModeSwitched(bool(events), self._present.view.modes()))

    def do(self, command: c.Command) -> Sequence[Event]:
        """Apply it. Raises ApiError: 409 for what the core refuses, 503 when the router stops."""
        with router_up():
            events = self._submit(command)
        for event in events:
            if isinstance(event, CommandRefused):
                raise refused(event.code, event.subject, _SAID[event.code])
        return events


@contextmanager
def router_up() -> Iterator[None]:
    """A router that takes no commands any more is 503."""
    try:
        yield
    except RouterStopped as stopped:
        raise ApiError(HTTPStatus.SERVICE_UNAVAILABLE, "stopped", str(stopped)) from None


def refused(code: str, subject: str, detail: str) -> ApiError:
    """409, with the core's code."""
    return ApiError(HTTPStatus.CONFLICT, "refused", detail, code=str(code), subject=subject)


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
}
