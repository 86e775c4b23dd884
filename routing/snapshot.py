"""The whole state as bytes and back, and its hash.

What is stored is what cannot be computed: records, live deadlines, counters and the configuration.
Indexes are built anew on loading. The bytes are canonical: equal states give equal bytes, on every
machine and every hash seed, so their SHA-256 is the state hash.
"""

import gc
import hashlib
from operator import attrgetter
from typing import Any

import msgspec

from routing import agent as agents
from routing import call as calls
from routing import offer as offers
from routing import phone as phones
from routing import queue as queues
from routing.config import RoutingConfig, overlaid
from routing.core import Core
from routing.deadlines import DeadlineKind
from routing.engine import RoutingEngine
from routing.forecast import Forecast
from routing.ids import AgentId, PbxId
from routing.index.places import pin_pools_of
from routing.restore import (
    OwnCalls,
    Said,
    phones_by_agent,
    restore_agents,
    restore_calls,
    restore_offers,
    restore_own_calls,
    restore_phones,
    restore_transfers,
)
from routing.restore import SnapshotError as SnapshotError
from routing.transfers import transfer as transfers

VERSION = 3

_CALL = attrgetter(*calls.STORED)
_AGENT = attrgetter(*agents.STORED)
_OFFER = attrgetter(*offers.STORED)
_OWN = attrgetter(*phones.STORED)
_TRANSFER = attrgetter(*transfers.STORED)
_QUEUE = attrgetter(*queues.STORED)


class Stored(msgspec.Struct, frozen=True):
    """One snapshot. Records are rows of the fields that `STORED` of their module names."""

    version: int
    seq: int
    event_seq: int
    now_us: int
    last_call: int
    last_offer: int
    last_transfer: int
    last_logon: int
    last_deadline: int
    base: RoutingConfig
    previous: RoutingConfig | None
    modes: dict[str, bool]
    breaks: dict[AgentId, str]
    arrived: int
    outcomes: dict[str, int]
    queues: list[tuple[Any, ...]]
    forecasts: list[Forecast]
    calls: list[tuple[Any, ...]]
    agents: list[tuple[Any, ...]]
    offers: list[tuple[Any, ...]]
    transfers: list[tuple[Any, ...]]
    deadlines: list[tuple[int, int, DeadlineKind, str | int]]
    pbx_lost: dict[PbxId, str]
    phones: Said = {}
    own_calls: OwnCalls = {}


_encode = msgspec.json.Encoder(order="deterministic").encode
_decode = msgspec.json.Decoder(Stored).decode


def dump(core: Core) -> bytes:
    """The engine's state as JSON."""
    return _encode(
        Stored(
            VERSION,
            core.seq,
            core.event_seq,
            core.now_us,
            core.last_call,
            core.last_offer,
            core.last_transfer,
            core.last_logon,
            core.deadlines.number,
            core.base,
            core.previous,
            core.modes,
            core.breaks,
            core.arrived,
            core.outcomes,
            [_QUEUE(queue) for queue in core.queues.values()],
            [queue.forecast for queue in core.queues.values()],
            [_CALL(call) for call in core.calls.values()],
            [_AGENT(agent) for agent in core.agents.values()],
            [_OFFER(offer) for offer in core.offers.values()],
            [_TRANSFER(transfer) for transfer in core.transfers.values()],
            core.deadlines.stored(),
            core.pbx_lost,
            {phone.device: phone.said for phone in core.phones.values() if phone.said},
            _own_calls(core),
        )
    )


def _own_calls(core: Core) -> OwnCalls:
    in_use = [phone for phone in core.phones.values() if phone.own]
    return {phone.device: [_OWN(own) for own in phone.own.values()] for phone in in_use}


def state_hash(core: Core) -> str:
    """SHA-256 of the canonical bytes, hexadecimal."""
    return hashlib.sha256(dump(core)).hexdigest()


def load(data: bytes) -> RoutingEngine:
    """The engine that `dump` saw. Raises SnapshotError.

    The collector pauses meanwhile: all that is built here stays, and looking it through again and
    again was a third of the time.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        return _load(data)
    finally:
        if collects:
            gc.enable()


def _load(data: bytes) -> RoutingEngine:
    try:
        stored = _decode(data)
    except msgspec.DecodeError as error:
        raise SnapshotError(f"not a snapshot: {error}") from error
    if stored.version == 2:
        stored = _of_version_2(stored)
    if stored.version != VERSION:
        raise SnapshotError(f"snapshot version {stored.version}, this program reads {VERSION}")
    core = RoutingEngine(stored.base)
    _load_config(core, stored)
    core.seq, core.event_seq, core.now_us = stored.seq, stored.event_seq, stored.now_us
    core.last_call, core.last_offer = stored.last_call, stored.last_offer
    core.last_transfer, core.last_logon = stored.last_transfer, stored.last_logon
    core.pbx_lost = stored.pbx_lost
    core.deadlines.restore(stored.deadlines, stored.last_deadline)
    restore_offers(core, stored.offers)
    restore_transfers(core, stored.transfers)
    restore_calls(core, stored.calls)
    restore_agents(core, stored.agents)  # after the pools that calls wait in: each joins them once
    restore_phones(core, stored.phones)
    restore_own_calls(core, stored.own_calls)
    for agent in core.agents.values():
        if agent.is_offerable:
            core.pools.enter_ready(agent)
    return core


def _of_version_2(stored: Stored) -> Stored:
    devices = {str(spec.agent_id): spec.device for spec in stored.base.agents}
    rows, said = phones_by_agent(stored.agents, devices)
    return msgspec.structs.replace(stored, version=VERSION, agents=rows, phones=said)


def _load_config(core: Core, stored: Stored) -> None:
    core.previous, core.modes, core.breaks = stored.previous, stored.modes, stored.breaks
    core.arrived, core.outcomes = stored.arrived, stored.outcomes
    core.go_by(overlaid(stored.base, stored.modes))
    core.pools.unpin_all()
    for spec in core.config.queues:
        core.queues[spec.queue_id].use(spec)
    for row, forecast in zip(stored.queues, stored.forecasts, strict=True):
        queue = core.queues[row[0]]
        for name, value in zip(queues.STORED[1:], row[1:], strict=True):
            setattr(queue, name, value)
        queue.dropped = {who: (first, until) for who, (first, until) in queue.dropped.items()}
        queue.forecast = forecast
        pin_pools_of(core.pools, queue)
