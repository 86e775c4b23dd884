"""The control interface: what the `cti` command asks and orders, over a unix socket.

    GET  /v1/status  /v1/queues  /v1/agents  /v1/calls?limit=  /v1/health  /v1/invariants
    GET  /v1/events?after=SEQ&limit=       CloudEvents as on the bus, from the event log
    POST /v1/agents/{id}/log-on            {"device"}
    POST /v1/agents/{id}/log-off           {"by", "reason"}
    POST /v1/agents/{id}/state             {"state", "reason", "by"}
    POST /v1/agents/{id}/work-done         {"by"}

JSON in and out; errors are RFC 9457 problem documents: 400 names each wrong field and its rule, 409
carries the core's refusal code, 503 says that the router stops or the event log cannot be read.
Reading costs the core nothing: it comes from the view.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus

import msgspec
from aiohttp import web

from cti.api.answers import (
    AgentChanged,
    Agents,
    Calls,
    Check,
    Events,
    Health,
    Invariants,
    Queues,
    Status,
)
from cti.api.problem import ApiError, problems
from cti.api.requests import (
    MAX_BODY_BYTES,
    LogOff,
    LogOn,
    SetState,
    WorkDone,
    agent_id_of,
    body_of,
    limit_of,
    no_query,
    page_of,
)
from cti.bus.cloudevents import Record
from cti.clock import Clock
from cti.dispatcher import RouterStopped
from cti.event_store import EventLogUnavailableError
from cti.view import AgentRow, StateView
from routing.commands import Command, LogOffAgent, LogOnAgent, RequestedState, SetAgentState
from routing.events import AgentState, CommandRefused, Event
from routing.ids import AgentId
from routing.refusals import Refusal

ReadEvents = Callable[[int, int], Awaitable[Sequence[Record]]]
"""`(after, limit)` to records in order, the first above `after`: `EventLog.read_after`."""

_encode = msgspec.json.Encoder().encode


class Control:
    """The handlers. `app()` gives them to aiohttp.

    `submit` applies one command and returns what it led to (`Dispatcher.submit`).
    `health` and `invariants` are asked at each request and must not block.
    """

    def __init__(
        self,
        *,
        node: str,
        site: str,
        view: StateView,
        clock: Clock,
        submit: Callable[[Command], Sequence[Event]],
        read_events: ReadEvents,
        health: Callable[[], Sequence[Check]],
        invariants: Callable[[], Mapping[str, int]],
    ) -> None:
        self._node = node
        self._site = site
        self._view = view
        self._clock = clock
        self._submit = submit
        self._read_events = read_events
        self._health = health
        self._invariants = invariants
        self._started_us = clock.now_us()

    def app(self) -> web.Application:
        """An application with every route."""
        app = web.Application(middlewares=[problems], client_max_size=MAX_BODY_BYTES)
        app.router.add_get("/v1/status", self._get_status, allow_head=False)
        app.router.add_get("/v1/queues", self._get_queues, allow_head=False)
        app.router.add_get("/v1/agents", self._get_agents, allow_head=False)
        app.router.add_get("/v1/calls", self._get_calls, allow_head=False)
        app.router.add_get("/v1/events", self._get_events, allow_head=False)
        app.router.add_get("/v1/health", self._get_health, allow_head=False)
        app.router.add_get("/v1/invariants", self._get_invariants, allow_head=False)
        # Not aiohttp's default [^{}/]+: an id with braces should be told its rule, not "not found".
        agent = "/v1/agents/{agent_id:[^/]+}"
        app.router.add_post(f"{agent}/log-on", self._post_log_on)
        app.router.add_post(f"{agent}/log-off", self._post_log_off)
        app.router.add_post(f"{agent}/state", self._post_state)
        app.router.add_post(f"{agent}/work-done", self._post_work_done)
        return app

    # --- reading ---------------------------------------------------------------------------------

    async def _get_status(self, request: web.Request) -> web.Response:
        no_query(request)
        return _json(self.status())

    def status(self) -> Status:
        """The answer to `GET /v1/status`, for a screen in the same process."""
        view, now_us = self._view, self._clock.now_us()
        failing = tuple(check for check in self._health() if not check.ok)
        return Status(
            node=self._node,
            site=self._site,
            epoch=view.epoch,
            seq=view.seq,
            now_us=now_us,
            started_us=self._started_us,
            counting_since_us=view.counting_since_us(now_us),
            config_version=view.config_version,
            live_calls=view.live_calls,
            calls_per_second=view.calls_per_second(now_us),
            ok=not failing,
            failing=failing,
            invariant_breaches=sum(self._invariants().values()),
            telephony=view.telephony(),
            agent_states=view.agent_states(),
            not_ready_reasons=view.not_ready_reasons(),
            queues=view.queues(now_us),
            last_events=view.last_events(),
        )

    async def _get_queues(self, request: web.Request) -> web.Response:
        no_query(request)
        now_us = self._clock.now_us()
        since_us = self._view.counting_since_us(now_us)
        return _json(Queues(now_us, since_us, self._view.queues(now_us)))

    async def _get_agents(self, request: web.Request) -> web.Response:
        no_query(request)
        return _json(Agents(self._clock.now_us(), self._view.agents()))

    async def _get_calls(self, request: web.Request) -> web.Response:
        limit, now_us = limit_of(request), self._clock.now_us()
        return _json(Calls(now_us, self._view.live_calls, self._view.calls(now_us, limit)))

    async def _get_events(self, request: web.Request) -> web.Response:
        page = page_of(request)
        try:
            found = await self._read_events(page.after, page.limit)
        except EventLogUnavailableError as error:
            detail = f"the event log cannot be read now: {error}"
            raise ApiError(HTTPStatus.SERVICE_UNAVAILABLE, "event-log", detail) from None
        last = found[-1].seq if found else page.after
        bodies = [msgspec.Raw(record.body) for record in found]
        return _json(Events(page.after, last, max(self._view.seq, last), bodies))

    async def _get_health(self, request: web.Request) -> web.Response:
        no_query(request)
        checks = tuple(self._health())
        return _json(Health(all(check.ok for check in checks), checks))

    async def _get_invariants(self, request: web.Request) -> web.Response:
        no_query(request)
        breaches = dict(self._invariants())
        return _json(Invariants(not any(breaches.values()), breaches))

    # --- ordering --------------------------------------------------------------------------------

    async def _post_log_on(self, request: web.Request) -> web.Response:
        agent_id = AgentId(agent_id_of(request))
        body = await body_of(request, LogOn)
        return self._order(agent_id, LogOnAgent(agent_id, body.device))

    async def _post_log_off(self, request: web.Request) -> web.Response:
        agent_id = AgentId(agent_id_of(request))
        body = await body_of(request, LogOff)
        return self._order(agent_id, LogOffAgent(agent_id, body.by, body.reason))

    async def _post_state(self, request: web.Request) -> web.Response:
        agent_id = AgentId(agent_id_of(request))
        body = await body_of(request, SetState)
        return self._order(agent_id, SetAgentState(agent_id, body.state, body.reason, body.by))

    async def _post_work_done(self, request: web.Request) -> web.Response:
        agent_id = AgentId(agent_id_of(request))
        body = await body_of(request, WorkDone)
        # To the core "ready" in after-call work is the end of it; elsewhere it would be a wish that
        # the agent did not have. The view is as new as the core: nothing can come between.
        row = self._row(agent_id)
        if row is not None and row.state is not AgentState.WORKING_AFTER_CALL:
            detail = f"{agent_id} is {row.state.value}, not in after-call work"
            raise _refused(Refusal.AGENT_STATE, agent_id, detail)
        return self._order(agent_id, SetAgentState(agent_id, RequestedState.READY, by=body.by))

    def _order(self, agent_id: AgentId, command: Command) -> web.Response:
        try:
            events = self._submit(command)
        except RouterStopped as stopped:
            raise ApiError(HTTPStatus.SERVICE_UNAVAILABLE, "stopped", str(stopped)) from None
        for event in events:
            if isinstance(event, CommandRefused):
                raise _refused(event.code, event.subject, _SAID[event.code])
        return _json(AgentChanged(bool(events), self._row(agent_id)))

    def _row(self, agent_id: AgentId) -> AgentRow | None:
        return self._view.agent(agent_id)


def _refused(code: Refusal, subject: str, detail: str) -> ApiError:
    return ApiError(HTTPStatus.CONFLICT, "refused", detail, code=code.value, subject=subject)


def _json(value: msgspec.Struct) -> web.Response:
    return web.Response(body=_encode(value), content_type="application/json")


_SAID = {code: code.value for code in Refusal} | {
    Refusal.UNKNOWN_AGENT: "no agent of this id is configured",
    Refusal.NOT_LOGGED_ON: "the agent is not signed in",
    Refusal.ALREADY_LOGGED_ON: "the agent is signed in already, at another phone",
    Refusal.DEVICE_IN_USE: "another agent is signed in at this phone",
    Refusal.REASON_REQUIRED: "not ready needs a reason",
    Refusal.UNKNOWN_REASON: "this reason is not in the configured list",
    Refusal.AGENT_STATE: "this does not fit the agent's present state",
}
