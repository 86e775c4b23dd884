"""What other modules may ask of the people who work here: the port between people and accounts."""

from typing import Protocol

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from centre.contracts.rights import Place


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A person as others see them. Who is not `active` may do nothing."""

    id: str
    agent_id: str
    name: str
    active: bool
    place: Place


class Directory(Protocol):
    """People by what they are known by."""

    async def by_agent_id(self, connection: AsyncConnection, agent_id: str) -> Standing | None:
        """The person who signs in with this ID."""

    async def by_id(self, connection: AsyncConnection, person_id: str) -> Standing | None:
        """The person with this key."""

    async def hold(self, connection: AsyncConnection, person_id: str) -> None:
        """Nobody else who holds this person goes on before this transaction ends: what is decided
        from several rows of theirs stays true until it is written.
        """
