"""The control interface: what the `cti` command asks and orders, over a unix socket.

    this file           what is so now, and what has happened
    operations          orders about agents, queues, modes
    calls               orders about calls, done when Asterisk says so
    configuration       the configuration

`GET /v1/openapi` and docs/control-api.json say every path, field and problem.
JSON in and out; errors are RFC 9457 problem documents: 400 names each wrong field and its rule, 409
carries the core's refusal code, 503 says that the router stops or the event log cannot be read.
Reading costs the core nothing: it comes from the view and the event log.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, Protocol

import msgspec
from aiohttp import web

from cti.api import story
from cti.api.answers import (
    Agents,
    CallData,
    Calls,
    Events,
    Health,
    Invariants,
    Queues,
    Status,
    Story,
)
from cti.api.calls import Calls as CallOperations
from cti.api.configuration import Configuration
from cti.api.document import document
from cti.api.operations import Operations
from cti.api.present import Present
from cti.api.principal import READ, RECORD, Principal
from cti.api.problem import EVENT_LOG, UNKNOWN_CALL
from cti.api.requests import MAX_BODY_BYTES, MAX_PAGE, Lang, Limit, Seq
from cti.api.requests import CallId as CallIdText
from cti.config.reconfigure import Reconfiguration
from cti.record.classes import FieldClass
from cti.record.cloudevents import Record
from cti.record.event_store import EventLogUnavailableError
from cti.record.seen import seen
from cti.routes.declare import Route, route, routes_of
from cti.routes.once import Once
from cti.routes.problem import ApiError
from cti.routes.serving import Guard, add_routes, application
from cti.watch.check import Check
from routing.config import DataClass
from routing.data import of_class
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

    `operations` are rooms whose routes are served beside these. `health` and `invariants` are asked
    at each request and must not block.
    """

    def __init__(
        self,
        *,
        node: str,
        site: str,
        present: Present,
        history: History,
        operations: Sequence[object],
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

    def app(self, door: Guard[Principal]) -> web.Application:
        """An application with every route. `door` says who asks."""
        app = application(MAX_BODY_BYTES)
        add_routes(app, self.routes(), door, Once(time.monotonic))
        return app

    def routes(self) -> list[Route]:
        """Every route of the control interface."""
        return routes_of(self, *self._operations, self._configuration)

    # --- the present -----------------------------------------------------------------------------

    @route("GET", "/v1/status", needs=READ)
    async def get_status(self) -> Status:
        """Everything the live screen shows."""
        return self.status()

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
            queues=self._present.queues(),
            last_events=view.last_events(),
            modes=view.modes(),
            breaks_waiting=len(self._present.engine.breaks),
            counting_to_us=view.counting_to_us,
            events_missing=view.figures.missing,
        )

    @route("GET", "/v1/queues", needs=READ)
    async def get_queues(self) -> Queues:
        """Every queue, with the figures of the day."""
        now_us, view = self._clock.now_us(), self._present.view
        since_us, rows = view.counting_since_us(now_us), self._present.queues()
        return Queues(now_us, since_us, rows, view.counting_to_us, view.figures.missing)

    @route("GET", "/v1/agents", needs=READ)
    async def get_agents(self) -> Agents:
        """Every configured agent."""
        return Agents(self._clock.now_us(), self._present.agents())

    @route("GET", "/v1/calls", needs=READ)
    async def get_calls(self, limit: Limit = MAX_PAGE) -> Calls:
        """The live calls that came first; `total` says how many there are."""
        now_us, view = self._clock.now_us(), self._present.view
        return Calls(now_us, view.live_calls, view.calls(now_us, limit))

    @route("GET", "/v1/health", needs=READ)
    async def get_health(self) -> Health:
        """Every check."""
        checks = tuple(self._health())
        return Health(all(check.ok for check in checks), checks)

    @route("GET", "/v1/invariants", needs=READ)
    async def get_invariants(self) -> Invariants:
        """How often each rule that always holds was found broken."""
        breaches = dict(self._invariants())
        return Invariants(not any(breaches.values()), breaches)

    @route("GET", "/v1/openapi", needs=READ)
    async def get_openapi(self) -> dict[str, Any]:
        """The control interface as an OpenAPI 3.1 document."""
        return document(self.routes())

    # --- history ---------------------------------------------------------------------------------

    @route("GET", "/v1/events", needs=READ, faults=(EVENT_LOG,))
    async def get_events(self, after: Seq = 0, limit: Limit = 100) -> Events:
        """A page of the event log: what is above `after`, as CloudEvents as on the bus: what is
        personal masked, what is secret left out.
        """
        return await self._page(after, limit, FieldClass.PUBLIC)

    @route("GET", "/v1/record", needs=RECORD, faults=(EVENT_LOG,))
    async def get_record(
        self, after: Seq = 0, limit: Limit = 100, show: FieldClass = FieldClass.PERSONAL
    ) -> Events:
        """The same, with what is of the class `show` and below as it is."""
        return await self._page(after, limit, show)

    async def _page(self, after: int, limit: int, show: FieldClass) -> Events:
        with _log_readable():
            found = await self._history.read_after(after, limit)
        last = found[-1].seq if found else after
        bodies = [msgspec.Raw(seen(record, show)) for record in found]
        return Events(after, last, max(self._present.view.at.seq, last), bodies)

    @route("GET", "/v1/calls/{call_id}/data", needs=RECORD, faults=(UNKNOWN_CALL,))
    async def get_data(self, call_id: CallIdText) -> CallData:
        """What is known about a live call, whole, by class."""
        engine = self._present.engine
        call = engine.calls.get(CallId(call_id))
        if call is None:
            raise ApiError(UNKNOWN_CALL, f"no call {call_id} is in hand", subject=call_id)
        fields = engine.config.call_data
        return CallData(
            call.call_id, call.caller, call.caller_name,
            *(dict(of_class(fields, call.data, each)) for each in DataClass),
        )  # fmt: skip

    @route("GET", "/v1/calls/{call_id}/story", needs=READ, faults=(EVENT_LOG, UNKNOWN_CALL))
    async def get_story(self, call_id: CallIdText, lang: Lang = Lang.EN) -> Story:
        """What became of a call and why, a line each, its consultations included."""
        with _log_readable():
            found = list(await self._history.by_call(call_id, STORY_EVENTS))
            begun, _ = story.read(found)
            for consultation in story.consultations(begun):
                found += await self._history.by_call(consultation, STORY_EVENTS)
        now = story.now(self._present.engine, CallId(call_id), self._clock.now_us(), lang)
        if not (found or now):
            raise ApiError(UNKNOWN_CALL, f"nothing is known of {call_id}", subject=call_id)
        history, unreadable = story.read(sorted(found, key=lambda record: record.seq))
        came = story.beginning(history)
        return Story(
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


ROOMS: Final = (Control, Operations, CallOperations, Configuration)
"""Whose methods are the routes."""


@contextmanager
def _log_readable() -> Iterator[None]:
    try:
        yield
    except EventLogUnavailableError as error:
        detail = f"the event log cannot be read now: {error}"
        raise ApiError(EVENT_LOG, detail, retry_s=1) from None
