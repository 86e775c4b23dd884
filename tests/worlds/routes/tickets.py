"""A small program on the kit: every kind of argument once."""

from enum import Enum
from typing import Annotated, Any

import msgspec
from aiohttp import web

from cti.routes.declare import PUBLIC, Asked, route
from cti.routes.problem import CHANGED, NOT_ALLOWED, NOT_SIGNED_IN, ApiError, Kind
from cti.routes.text import Lines, Name, characters

UNKNOWN = Kind("unknown-ticket", 404, "There is no such ticket")


class Urgency(Enum):
    LOW = "low"
    HIGH = "high"


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sku: Name
    amount: Annotated[int, msgspec.Meta(ge=1, le=99)]


class TicketIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    title: Annotated[str, characters(1, 20)]
    urgency: Urgency = Urgency.LOW
    lines: Annotated[tuple[Line, ...], msgspec.Meta(max_length=3)] = ()
    note: Lines = ""
    owner: Name | None = None
    free: str = ""
    count: int = 0
    tags: dict[Name, str] = {}
    more: dict[str, Any] = {}


class Ticket(msgspec.Struct, frozen=True):
    id: int
    title: str
    by: str


class Tickets(msgspec.Struct, frozen=True):
    tickets: list[Ticket]
    limit: int
    closed: bool
    tags: tuple[str, ...]


class Person:
    def __init__(self, name, rights=()):
        self.name = name
        self.rights = rights


PEOPLE = {"li": Person("li", ("ticket.read", "ticket.write")), "wu": Person("wu")}


async def guard(request, which):
    if which.declared.needs == PUBLIC:
        return Person("")
    person = PEOPLE.get(request.headers.get("X-Who", ""))
    if person is None:
        raise ApiError(NOT_SIGNED_IN, "sign in first")
    if which.declared.needs not in person.rights:
        raise ApiError(NOT_ALLOWED, f"needs {which.declared.needs}")
    return person


class Room:
    def __init__(self):
        self.made = []
        self.gate = None

    @route("POST", "/v1/tickets", needs="ticket.write", status=201, once=True)
    async def open_ticket(self, asked: Asked[Person], body: TicketIn) -> Ticket:
        """Open a ticket."""
        if self.gate is not None:
            await self.gate.wait()
        self.made.append(body)
        return Ticket(len(self.made), body.title, asked.principal.name)

    @route("GET", "/v1/tickets", needs="ticket.read")
    async def list_tickets(
        self,
        limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20,
        closed: bool = False,
        tag: tuple[Name, ...] = (),
    ) -> Tickets:
        """The tickets."""
        found = [Ticket(n, body.title, "") for n, body in enumerate(self.made, 1)]
        return Tickets(found, limit, closed, tag)

    @route("PUT", "/v1/tickets/{ticket_id}", needs="ticket.write", if_match=True, faults=(UNKNOWN,))
    async def change_ticket(self, asked: Asked[Person], ticket_id: int, body: TicketIn) -> Ticket:
        """Change a ticket."""
        if ticket_id > len(self.made):
            raise ApiError(UNKNOWN, f"no ticket {ticket_id}", subject=str(ticket_id))
        if asked.if_match != "1":
            raise ApiError(CHANGED)
        asked.headers["ETag"] = '"2"'
        return Ticket(ticket_id, body.title, asked.principal.name)

    @route("DELETE", "/v1/tickets/{ticket_id}", needs="ticket.write")
    async def forget(self, ticket_id: int) -> None:
        """Forget a ticket."""

    @route("GET", "/v1/export", needs=PUBLIC, produces="text/csv")
    async def export(self, request: web.Request) -> web.Response:
        """All as CSV."""
        return web.Response(text=f"{request.method},1\n", content_type="text/csv")

    @route("GET", "/v1/bug", needs=PUBLIC)
    async def bug(self) -> Ticket:
        """Always fails."""
        raise RuntimeError("secret of the inside")
