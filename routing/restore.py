"""Records out of the rows of a snapshot, and the indexes over them."""

from collections.abc import Callable
from enum import StrEnum
from functools import partial
from operator import attrgetter
from typing import Any, Final

import msgspec

from routing import agent as agents
from routing import call as calls
from routing import offer as offers
from routing.agent import Agent, AgentStatus, AgentWork
from routing.call import Call, CallState
from routing.core import Core
from routing.ids import PbxId
from routing.index.places import pool_of, priority_of
from routing.offer import Offer, OfferState
from routing.phone import ANYWHERE, OwnCall
from routing.transfers import transfer as transfers
from routing.transfers.messages import TransferKind, TransferPolicy
from routing.transfers.transfer import Transfer, TransferState
from routing.verbs.breaks import note_break
from routing.words import AgentState, DeviceState

Row = tuple[Any, ...]
"""The fields of a record that `STORED` of its module names, in the order of the record."""

Converters = dict[int, Callable[[Any], Any]]
"""By the place in the row: from what JSON has to what the record holds."""


Said = dict[str, dict[PbxId, DeviceState]]
"""What each Asterisk has said of each phone."""


OwnCalls = dict[str, list[Row]]
"""The own calls of each phone that has some."""


class SnapshotError(ValueError):
    """These bytes are no snapshot of ours, or of another version."""


def phones_by_agent(rows: list[Row], spec_devices: dict[str, str]) -> tuple[list[Row], Said]:
    """Agents' rows of version 2, in which each says whether the agent's phone can be called, as
    rows of today and what is known of the phones.
    """
    device, reachable = 7, 8
    said = {
        row[device] or spec_devices[row[0]]: {ANYWHERE: DeviceState.UNREACHABLE}
        for row in rows
        if not row[reachable]
    }
    return [(*row[:reachable], *row[reachable + 1 :]) for row in rows], said


def restore_offers(core: Core, rows: list[Row]) -> None:
    """The live offers."""
    for row in rows:
        offer = Offer(*_typed(Offer, _OFFER, row))
        core.offers[offer.offer_id] = offer


def restore_transfers(core: Core, rows: list[Row]) -> None:
    """The live transfers."""
    for row in rows:
        transfer = Transfer(*_typed(Transfer, _TRANSFER, row))
        core.transfers[transfer.transfer_id] = transfer


def restore_agents(core: Core, rows: list[Row]) -> None:
    """The agents of the configuration as they were; who is signed in joins the pools."""
    signed_in: list[Agent] = []
    for row in rows:
        agent_id, *rest = _typed(Agent, _AGENT, row)
        before = core.agents[agent_id]
        agent = core.agents[agent_id] = Agent(agent_id, before.spec, *rest)
        core.leave_phone(before, before.phone)
        core.hand_phone(agent, agent.device or agent.spec.device)
        if agent.status is not AgentStatus.LOGGED_OFF:
            core.devices[agent.device] = agent.agent_id
            agent.skills = agent.skills_in_use()
            signed_in.append(agent)
        if core.caps_breaks:
            note_break(core, agent)
    for agent in sorted(signed_in, key=attrgetter("logon_no")):
        core.pools.sign_in(agent)


def restore_phones(core: Core, said: Said) -> None:
    """What the Asterisks have said of the phones; after the agents, whose phones they are."""
    for device, words in said.items():
        core.phones[device].hear(words, core.config.pbxs, core.pbx_lost)


def restore_own_calls(core: Core, own_calls: OwnCalls) -> None:
    """The own calls of the phones; after the agents, whose phones they are."""
    for device, rows in own_calls.items():
        calls_there = [OwnCall(*row) for row in rows]
        core.phones[device].own = {own.leg_id: own for own in calls_there}


def restore_calls(core: Core, rows: list[Row]) -> None:
    """The live calls; who waits stands in line again."""
    for row in rows:
        call = Call(*_typed(Call, _CALL, row))
        core.calls[call.call_id] = call
        if call.state is CallState.WAITING:
            queue = core.queues[call.queue_id]
            core.pools.enter_line(
                call, pool_of(core.pools, call, queue), queue, priority_of(queue, call)
            )


def _typed(record: type, converters: Converters, row: Row) -> list[Any]:
    """The row with enumerations, tuples and policies, for which JSON has no type, restored."""
    values = list(row)
    try:
        for place, convert in converters.items():
            if place < len(values):  # a row of an earlier version is shorter: the default stands
                values[place] = convert(values[place])
    except KeyError as error:
        raise SnapshotError(f"no state {error} of a {record.__name__}") from error
    return values


def _members(enum: type[StrEnum]) -> Callable[[Any], Any]:
    """From the stored text to the member, at a third of the cost of calling the enumeration."""
    return {member.value: member for member in enum}.__getitem__


def _converters(names: tuple[str, ...], **by_name: Callable[[Any], Any]) -> Converters:
    return {names.index(name): convert for name, convert in by_name.items()}


def _pairs(stored: list[list[str]]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(pair) for pair in stored)


_CALL: Final = _converters(
    calls.STORED, state=_members(CallState), rules=tuple, tags=tuple, data=_pairs
)
_AGENT: Final = _converters(
    agents.STORED,
    status=_members(AgentStatus),
    work=_members(AgentWork),
    shown=_members(AgentState),
)
_OFFER: Final = _converters(offers.STORED, state=_members(OfferState))
_TRANSFER: Final = _converters(
    transfers.STORED,
    state=_members(TransferState),
    kind=_members(TransferKind),
    policy=partial(msgspec.convert, type=TransferPolicy),
)
