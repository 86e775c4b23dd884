"""The control interface: what the `cti` command asks and orders, over a unix socket.

    GET  /v1/status  /v1/queues  /v1/agents  /v1/calls?limit=  /v1/health  /v1/invariants
    GET  /v1/events?after=SEQ&limit=       CloudEvents as on the bus, from the event log
    GET  /v1/calls/{id}/story?lang=        in words: why did this call go where it went?
    …                                      orders: `cti.api.operations`
    …                                      the configuration: `cti.api.configuration`

JSON in and out; errors are RFC 9457 problem documents: 400 names each wrong field and its rule, 409
carries the core's refusal code, 503 says that the router stops or the event log cannot be read.
Reading costs the core nothing: it comes from the view and the event log.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import Protocol

import msgspec
from aiohttp import web

from cti.api import story
from cti.api.answers import (
    Agents,
    Calls,
    Events,
    Health,
    Invariants,
    Queues,
    Status,
    Story,
)
from cti.api.configuration import Configuration
from cti.api.operations import Operations
from cti.api.present import Present
from cti.api.problem import ApiError, as_json, problems
from cti.api.requests import (
    MAX_BODY_BYTES,
    call_id_of,
    lang_of,
    limit_of,
    no_query,
    page_of,
)
from cti.config.reconfigure import Reconfiguration
from cti.record.cloudevents import Record
from cti.record.event_store import EventLogUnavailableError
from cti.watch.check import Check
from routing.ids import CallId

STORY_EVENTS = 1000


class History(Protocol):
    """The event log, to be read. Both raise EventLogUnavailableError."""

    async def read_after(self, seq: int, limit: int) -> Sequence[Record]:
        """Records in order, the first above `seq`."""

    async def by_call(self, call_id: str, limit: int) -> Sequence[Record]:
        """The first records of this call, in order."""


class Control:
    """The handlers. `app()` gives them to aiohttp.

    `health` and `invariants` are asked at each request and must not block.
    """

    def __init__(
        self,
        *,
        node: str,
        site: str,
        present: Present,
        history: History,
        operations: Operations,
        reconfiguration: Reconfiguration,
        health: Callable[[], Sequence[Check]],
        invariants: Callable[[], Mapping[str, int]],
    ) -> None:
        self._node = node
        self._site = site
        self._present = present
        self._clock = present.clock
        self._history = history
        self._operations = operations
        self._configuration = Configuration(site, present, reconfiguration)
        self._health = health
        self._invariants = invariants
        self._started_us = present.clock.now_us()

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
        app.router.add_get("/v1/calls/{call_id:[^/]+}/story", self._get_story, allow_head=False)
        self._operations.add_to(app)
        self._configuration.add_to(app)
        return app

    # --- the present -----------------------------------------------------------------------------

    async def _get_status(self, request: web.Request) -> web.Response:
        no_query(request)
        return as_json(self.status())

    def status(self) -> Status:
        """The answer to `GET /v1/status`, for a screen in the same process."""
        view, now_us = self._present.view, self._clock.now_us()
        failing = tuple(check for check in self._health() if not check.ok)
        return Status(
            node=self._node,
            site=self._site,
            epoch=view.at.epoch,
            seq=view.at.seq,
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
            modes=view.modes(),
            breaks_waiting=len(self._present.engine.breaks),
            counting_to_us=view.counting_to_us,
            events_missing=view.figures.missing,
        )

    async def _get_queues(self, request: web.Request) -> web.Response:
        no_query(request)
        now_us, view = self._clock.now_us(), self._present.view
        since_us, rows = view.counting_since_us(now_us), view.queues(now_us)
        missing = view.figures.missing
        return as_json(Queues(now_us, since_us, rows, view.counting_to_us, missing))

    async def _get_agents(self, request: web.Request) -> web.Response:
        no_query(request)
        return as_json(Agents(self._clock.now_us(), self._present.agents()))

    async def _get_calls(self, request: web.Request) -> web.Response:
        limit, now_us = limit_of(request), self._clock.now_us()
        return as_json(
            Calls(now_us, self._present.view.live_calls, self._present.view.calls(now_us, limit))
        )

    async def _get_health(self, request: web.Request) -> web.Response:
        no_query(request)
        checks = tuple(self._health())
        return as_json(Health(all(check.ok for check in checks), checks))

    async def _get_invariants(self, request: web.Request) -> web.Response:
        no_query(request)
        breaches = dict(self._invariants())
        return as_json(Invariants(not any(breaches.values()), breaches))

    # --- history ---------------------------------------------------------------------------------

    async def _get_events(self, request: web.Request) -> web.Response:
        page = page_of(request)
        with _log_readable():
            found = await self._history.read_after(page.after, page.limit)
        last = found[-1].seq if found else page.after
        bodies = [msgspec.Raw(record.body) for record in found]
        return as_json(Events(page.after, last, max(self._present.view.at.seq, last), bodies))

    async def _get_story(self, request: web.Request) -> web.Response:
        call_id, lang = call_id_of(request), lang_of(request)
        with _log_readable():
            found = list(await self._history.by_call(call_id, STORY_EVENTS))
            begun, _ = story.read(found)
            for consultation in story.consultations(begun):
                found += await self._history.by_call(consultation, STORY_EVENTS)
        now = story.now(self._present.engine, CallId(call_id), self._clock.now_us(), lang)
        if not (found or now):
            raise ApiError(HTTPStatus.NOT_FOUND, "unknown-call", f"nothing is known of {call_id}")
        history, unreadable = story.read(sorted(found, key=lambda record: record.seq))
        came = story.beginning(history)
        return as_json(
            Story(
                call_id,
                lang,
                len(found),
                whole=not unreadable and len(found) < STORY_EVENTS,
                lines=story.told(history, lang),
                now=now,
                arrived_us=came.at_us,
                caller=came.caller,
                queue_id=came.queue_id,
            )
        )


@contextmanager
def _log_readable() -> Iterator[None]:
    try:
        yield
    except EventLogUnavailableError as error:
        detail = f"the event log cannot be read now: {error}"
        raise ApiError(HTTPStatus.SERVICE_UNAVAILABLE, "event-log", detail) from None
