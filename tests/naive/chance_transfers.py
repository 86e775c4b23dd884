"""Transfers drawn from a seed: started, asked on, reported of, and left by whoever is in them."""

from random import Random

from routing import commands as c
from routing.commands import Command, RequestedState
from routing.transfers import messages as t
from routing.transfers.messages import IfMissed, TransferKind, TransferPolicy
from tests.naive.records import Transfer, World

SECOND = 1_000_000
ASKS = (t.CancelTransfer, t.CompleteTransfer, t.CompleteTransfer, t.JoinTransfer)
REPORTS = (t.TransferBridged, t.TransferConferenced)
WAITS_US = (2 * SECOND, 9 * SECOND, 60 * SECOND)


def some_transfer(rng: Random, world: World) -> Command:
    """Mostly about a live transfer, if there is one; else the start of one."""
    live = world.transfers
    choice = rng.random()
    if not live or choice < 0.15:
        talks = any(call.connected for call in world.calls)
        return start(rng, world) if talks or rng.random() < 0.03 else somebody_talks(rng, world)
    transfer = rng.choice(live)
    if choice < 0.22:
        return leg_cleared(rng, world, transfer)
    if choice < 0.7:
        return likely(rng, world, transfer)
    kind = rng.choice(ASKS if choice < 0.88 else REPORTS)
    last = world.numbers.get("transfer", 0)
    number = transfer.transfer_id if rng.random() < 0.9 else rng.randint(1, 1 + last)
    return kind(number)


def somebody_talks(rng: Random, world: World) -> Command:
    """Without a conversation there is nothing to transfer."""
    if world.offers:
        return c.LegsBridged(rng.choice(world.offers).offer_id)
    return somebody_gets_ready(world, rng.choice(world.config.agents).agent_id)


def somebody_gets_ready(world: World, agent_id: str) -> Command:
    if world.agent(agent_id) is None:
        return c.LogOnAgent(agent_id)
    return c.SetAgentState(agent_id, RequestedState.READY)


def start(rng: Random, world: World) -> Command:
    """By the agent who has the customer, mostly; to a queue or to an agent, mostly."""
    connected = [call for call in world.calls if call.connected]
    everybody = [agent.agent_id for agent in world.config.agents]
    call = rng.choice(connected or world.calls) if world.calls else None
    sender = call.agent_id if call and rng.random() < 0.95 else rng.choice(everybody)
    queue_id = rng.choice(world.config.queues).queue_id
    agent_id = likely_target(rng, world, sender) or rng.choice(everybody)
    if rng.random() < 0.97:  # exactly one of the two
        queue_id, agent_id = rng.choice(((queue_id, ""), ("", agent_id)))
    return t.StartTransfer(
        call_id=call.call_id if call else "nobody",
        initiator=sender,
        kind=rng.choice((*TransferKind, TransferKind.CONSULT)),
        to_queue=queue_id,
        to_agent=agent_id,
        policy=some_policy(rng, world),
    )


def likely_target(rng: Random, world: World, sender: str) -> str:
    """Somebody who is signed on; else nobody."""
    others = [agent.agent_id for agent in world.agents if agent.agent_id != sender]
    return rng.choice(others) if others and rng.random() < 0.9 else ""


def some_policy(rng: Random, world: World) -> TransferPolicy:
    known = rng.choice(world.config.queues).queue_id
    rules = (IfMissed.RECALL, *IfMissed)
    return TransferPolicy(
        busy=rng.choice(rules),
        no_answer=rng.choice(rules),
        not_ready=rng.choice(rules),
        overflow_to=known if rng.random() < 0.95 else "nowhere",
        wait_us=rng.choice((*WAITS_US, *WAITS_US, *WAITS_US, 0)),
        recall_us=rng.choice(WAITS_US),
    )


def likely(rng: Random, world: World, transfer: Transfer) -> Command:
    """What brings it on: the next report, or what the target's phone does."""
    number = transfer.transfer_id
    if transfer.state in {"completing", "handedOver"}:
        return t.TransferBridged(number)
    if transfer.state == "joining":
        return t.TransferConferenced(number)
    if transfer.state == "consulting":
        return rng.choice((t.CompleteTransfer, t.JoinTransfer))(number)
    seeker = world.call(transfer.consult_id)
    if seeker.state != "offered":
        anybody = rng.choice(world.config.agents).agent_id
        return somebody_gets_ready(world, seeker.wanted or anybody)
    reports = (c.OfferRinging, c.OfferAnswered, c.LegsBridged, c.LegsBridged)
    return rng.choice(reports)(seeker.offer_id)


def leg_cleared(rng: Random, world: World, transfer: Transfer) -> Command:
    """One of the two agents leaves, under one of the two names of the call."""
    ids = (transfer.call_id, transfer.consult_id)
    who = world.call(rng.choice(ids)).agent_id
    return c.AgentLegCleared(rng.choice(ids), who)
