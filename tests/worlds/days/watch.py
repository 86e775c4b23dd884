"""What must hold on a random day, by the truth of the simulated Asterisk (`truth`).

    torn          an order of ours takes nobody out of a conversation. Excused is an order that left
                  before the report of that conversation can have been here (`WIRE_US`)
    offeredInUse  nobody is offered a call while their phone has a channel that is not of an offer
                  that rings. Excused is what left before the report of that channel can have been
                  here (`KNOWABLE_US`), and a channel that is gone `SETTLE_US` later: its end was
                  under way
    shown         an agent is shown with a call if and only if that customer and the agent's phone
                  are in one bridge
    ownCall       a phone has an own call if and only if it has a channel that is of no call of ours
    free          no free agent stands beside a caller in line
    lost          who waits in our music is in the core's line
    ended         a call ends once, and not while its customer is there, unless somebody else has
                  them
    times         what is told of waiting, talking and holding is what happened, to `SETTLE_US`
    left          when all have hung up and it is quiet, nothing is left and all agents are idle

The rules of the core (`routing.invariants`) are looked at after each command, too. What a router
that was not there, or heard nothing, cannot know is not asked of it: each rule begins `SETTLE_US`
after it hears, and times that nobody heard do not count.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from cti.gateway.pbx import Hearing, Pbx
from cti.record.envelope import Envelope
from routing.agent import Agent, AgentStatus, AgentWork
from routing.call import CallState
from routing.engine import RoutingEngine
from routing.events import (
    CallCleared,
    CallEstablished,
    CallOutcome,
    ConnectionCleared,
    Event,
    OfferMade,
)
from routing.ids import NO_AGENT
from simulators.pbx.channels import Channel
from simulators.pbx.world import World
from simulators.virtual_clock import START_US, VirtualClock
from tests.worlds.days.truth import Contact, Part, Truth

SETTLE_US = 50_000
"""The longest chain of threads here is 20 ms (`FIRST_SOUND_US`) and some hops of 1 ms."""

SECOND_US = 1_000_000
UNDELIVERED_US = 4 * SECOND_US
LOOKED_US = 4 * SECOND_US
"""After this long it is known what the phone does at which an agent has signed in."""
IN_LINE = (CallState.WAITING, CallState.OFFERED, CallState.OUT_OF_SIGHT)


@dataclass(frozen=True, slots=True)
class Breach:
    """One rule that did not hold."""

    rule: str
    at_us: int
    detail: str


class Watched(Protocol):
    """The day, as far as it is watched."""

    clock: VirtualClock
    engine: RoutingEngine
    a1: Pbx
    is_running: bool

    @property
    def world(self) -> World: ...


class Watch:
    """`read` what the router tells, `moved` when Asterisk has told something. `breaches` is the
    result.
    """

    def __init__(self, day: Watched) -> None:
        self._day = day
        self.truth: Truth
        self.began_us = START_US
        self.breaches: list[Breach] = []
        self._alive: dict[str, int] = {}  # {call id: talked, as far as told}
        self._suspects: dict[tuple[str, str], int] = {}
        self._armed = False

    # --- when it is looked -----------------------------------------------------------------------

    def heard_since_us(self) -> int | None:
        """Without a gap; None: nothing is heard."""
        day = self._day
        is_heard = day.is_running and day.a1.hearing is Hearing.UP
        return day.a1.heard_since_us if is_heard else None

    def moved(self) -> None:
        """Something has changed: look when it has settled."""
        if not self._armed:
            self._armed = True
            self._later(self._look)

    def _later(self, act: Callable[[], None], after_us: int = SETTLE_US + 1) -> None:
        self._day.clock.at(self._day.clock.now_us() + after_us, act)

    def _look(self) -> None:
        self._armed = False
        since_us = self._day.clock.now_us() - SETTLE_US
        heard_us = self.heard_since_us()
        if heard_us is None or heard_us > since_us:
            self._suspects.clear()
            if heard_us is not None:
                self.moved()
            return
        seen = self._found(since_us)
        for (rule, about), detail in seen.items():
            if self._suspects.get((rule, about), since_us + 1) <= since_us:
                self.breach(rule, f"{about}: {detail}")
        now_us = self._day.clock.now_us()
        self._suspects = {key: self._suspects.get(key, now_us) for key in seen}
        if self._suspects or not self._has_settled(since_us):
            self.moved()

    def _has_settled(self, since_us: int) -> bool:
        channels = self._day.world.channels.values()
        return self.truth.settled(*channels, since_us=since_us)

    def breach(self, rule: str, detail: str) -> None:
        """A rule did not hold."""
        self.breaches.append(Breach(rule, self._day.clock.now_us(), detail))

    # --- as it is --------------------------------------------------------------------------------

    def _found(self, since_us: int) -> dict[tuple[str, str], str]:
        """{(rule, about): detail} of what looks wrong now; it counts when it stays so."""
        found: dict[tuple[str, str], str] = {}
        for agent in self._day.engine.agents.values():
            is_in = agent.status is not AgentStatus.LOGGED_OFF
            if is_in and self.truth.phone_settled(agent.device, since_us):
                self._agent(agent, since_us, found)
        for contact in self.truth.contacts.values():
            self._contact(contact, since_us, found)
        self._line(since_us, found)
        return found

    def _agent(self, agent: Agent, since_us: int, found: dict[tuple[str, str], str]) -> None:
        truth, about = self.truth, f"agent {agent.agent_id}"
        legs, talk = truth.legs(agent.device), None
        if agent.work is AgentWork.BUSY:
            contact = truth.contacts.get(agent.call_id)
            if contact is None:
                found["shown", about] = f"with {agent.call_id}, of which nothing is known"
            elif truth.settled(contact.channel, since_us=since_us):
                talk = truth.talks_with(contact, agent.device)
                if talk is None:
                    found["shown", about] = f"with {agent.call_id}, which is elsewhere"
        elif agent.work is AgentWork.RESERVED and not legs:
            offer = self._day.engine.offers[agent.offer_id]
            if self._day.clock.now_us() - offer.made_us > UNDELIVERED_US:
                found["free", about] = f"reserved for {offer.call_id}, and nothing rings"
        own = [leg for leg in legs if leg is not talk and not truth.rings_for_us(leg)]
        names = [leg.name for leg in own]
        is_new = agent.logged_on_us + LOOKED_US > self._day.clock.now_us()
        if bool(own) != bool(agent.phone.own) and not is_new:
            has = ", ".join(agent.phone.own) or "none"
            found["ownCall", about] = f"has {names}, is shown {has} ({agent.work})"

    def _contact(self, contact: Contact, since_us: int, found: dict[tuple[str, str], str]) -> None:
        truth, engine, channel = self.truth, self._day.engine, contact.channel
        call = engine.calls.get(contact.call_id)  # type: ignore[call-overload]
        about = f"call {contact.call_id}"
        if call is None:
            return
        if channel is None or channel.gone:
            if channel is None or truth.settled(channel, since_us=since_us):
                found["ended", about] = f"is {call.state}, but nobody is there"
            return
        others = truth.conversation(channel)
        if not truth.settled(channel, *others, since_us=since_us):
            return
        for device in truth.phones_with(contact):
            agent = engine.agents.get(engine.devices.get(device, NO_AGENT))
            part = contact.parts[-1]
            began_us = part.began_us
            if (
                part.is_second
                or agent is None
                or call.agent_id == agent.agent_id
                or agent.logged_on_us > began_us
            ):
                continue
            if not self._has_another(agent, contact):
                found["shown", about] = f"talks to {device}, is {call.state} {call.agent_id}"

    def _has_another(self, agent: Agent, contact: Contact) -> bool:
        other = self.truth.contacts.get(agent.call_id)
        if other is None or other is contact:
            return False
        return self.truth.talks_with(other, agent.device) is not None

    def _line(self, since_us: int, found: dict[tuple[str, str], str]) -> None:
        truth, engine, waiting = self.truth, self._day.engine, False
        for channel in self._day.world.channels.values():
            if not truth.waits(channel):
                continue
            contact = truth.contact_of(channel)
            call_id = contact.call_id if contact is not None else f"a1-{channel.uniqueid}"
            call = engine.calls.get(call_id)  # type: ignore[call-overload]
            if call is None or call.state not in IN_LINE:
                found["lost", f"channel {channel.name}"] = f"waits, is {call and call.state}"
            elif call.state is CallState.WAITING and truth.settled(channel, since_us=since_us):
                waiting = True
        for agent in engine.agents.values():
            if waiting and self._is_free(agent, since_us):
                found["free", f"agent {agent.agent_id}"] = "is free beside a caller in line"

    def _is_free(self, agent: Agent, since_us: int) -> bool:
        """Whatever the core thinks of their phone."""
        if agent.status is not AgentStatus.READY or agent.gap_until_us:
            return False
        if agent.work in (AgentWork.AFTER_CALL_WORK, AgentWork.RESERVED):
            return False
        free = not self.truth.legs(agent.device) and agent.phone.is_reachable
        return free and self.truth.phone_settled(agent.device, since_us)

    # --- what the router tells -------------------------------------------------------------------

    def read(self, envelopes: list[Envelope]) -> None:
        """The events of one command."""
        for envelope in envelopes:
            event = envelope.event
            call_id = getattr(event, "call_id", "")
            if call_id not in self._alive and call_id in self._day.engine.calls:
                self._alive[call_id] = 0
                self.truth.came(call_id, call_id.removeprefix("a1-"), envelope.at_us)
            handler = self._READ.get(type(event))
            if handler is not None:
                handler(self, event)
        self.moved()

    def _offered(self, event: OfferMade) -> None:
        now_us = self._day.clock.now_us()
        in_use = [
            leg for leg in self.truth.legs(event.device) if self.truth.in_use_by_itself(leg, now_us)
        ]

        def still() -> None:
            left = [leg.name for leg in in_use if not leg.gone]
            if left:
                self.breach("offeredInUse", f"{event.call_id} to {event.agent_id}: {left}")

        agent = self._day.engine.agents[event.agent_id]
        if in_use and agent.logged_on_us + LOOKED_US < now_us:
            self._later(still)

    def _established(self, event: CallEstablished) -> None:
        contact = self.truth.contacts.get(event.call_id)
        if contact is None or event.request_no != 1:
            return

        def compare() -> None:
            part = _of(contact, event.leg_id)
            if part is None or not self._was_heard(contact.came_us):
                return
            truly_us = part.began_us - contact.came_us
            if abs(truly_us - event.waited_us) > SETTLE_US:
                self.breach("times", f"{event.call_id} waited {truly_us}, told {event.waited_us}")

        self._later(compare)

    def _parted(self, event: ConnectionCleared) -> None:
        truth = self.truth
        self._alive[event.call_id] = self._alive.get(event.call_id, 0) + event.talked_us
        contact = self.truth.contacts.get(event.call_id)
        if contact is None:
            return

        def compare() -> None:
            part = _of(contact, event.leg_id)
            if part is None or not self._was_heard(part.began_us):
                return
            came_later = self._day.engine.agents[event.agent_id].logged_on_us > part.began_us
            if part.is_second or came_later:
                return  # theirs from when it is found: the phone talked to this one before
            if not part.ended_us:
                self.breach("shown", f"{event.call_id} has parted, but talks to {part.device}")
                return
            truly_us, told_us = part.ended_us - part.began_us, event.talked_us + event.held_us
            held_us = truth.held_us(part)
            if abs(truly_us - told_us) > SETTLE_US or abs(held_us - event.held_us) > SETTLE_US:
                told = f"{told_us} with hold {event.held_us}"
                truly = f"{truly_us} with hold {held_us}"
                self.breach("times", f"{event.call_id} {event.agent_id} {truly}, told {told}")

        self._later(compare)

    def _was_heard(self, since_us: int) -> bool:
        heard_us = self.heard_since_us()
        return heard_us is not None and heard_us <= since_us

    def _cleared(self, event: CallCleared) -> None:
        if event.call_id not in self._alive:
            self.breach("ended", f"{event.call_id} ends once more")
            return
        talked_us = self._alive.pop(event.call_id)
        if talked_us != event.talked_us:
            self.breach("times", f"{event.call_id} talked {talked_us}, told {event.talked_us}")
        contact = self.truth.contacts.get(event.call_id)
        if contact is not None:
            self._later(lambda: self._is_over(contact, event))

    def _is_over(self, contact: Contact, event: CallCleared) -> None:
        truth, channel = self.truth, contact.channel
        if truth.contacts.get(contact.call_id) is not contact:
            return  # has come again
        if event.call_id in self._day.engine.calls:
            return
        del truth.contacts[contact.call_id]
        if channel is None or channel.gone or self.heard_since_us() is None:
            return
        if truth.contact_of(channel) is not None:
            return  # goes on as another call
        if event.outcome is not CallOutcome.TAKEN:
            self.breach("ended", f"{event.call_id} {event.outcome}, but {_where(channel)}")
        elif not truth.conversation(channel) and channel.get("CTI_STAGE") != "failsafe":
            now_us = self._day.clock.now_us()
            if not any(now_us - part.ended_us < 2 * SETTLE_US for part in contact.parts[-1:]):
                self.breach("ended", f"{event.call_id} taken, but {_where(channel)}")

    _READ: dict[type[Event], Callable[..., None]] = {  # noqa: RUF012  a table
        OfferMade: _offered,
        CallEstablished: _established,
        ConnectionCleared: _parted,
        CallCleared: _cleared,
    }

    # --- the end ---------------------------------------------------------------------------------

    def nothing_left(self) -> None:
        """All have hung up, a look has passed."""
        engine, legs = self._day.engine, self._day.a1.legs
        tables = {
            "calls": engine.calls, "offers": engine.offers, "transfers": engine.transfers,
            "callers": legs.callers, "deliveries": legs.deliveries, "phones": legs.phone_legs,
            "members of bridges": legs.bridges._members,
            "aliases": legs.aliases,
            "legs of offers": legs._by_leg,
        }  # fmt: skip
        for name, table in tables.items():
            if table:
                self.breach("left", f"{name}: {list(table)[:5]}")
        for agent in engine.agents.values():
            if agent.work is not AgentWork.IDLE or agent.phone.own:
                self.breach("left", f"agent {agent.agent_id}: {agent.work} {list(agent.phone.own)}")


def _of(contact: Contact, leg_id: str) -> Part | None:
    leg = leg_id.removeprefix("a1-")
    return next((part for part in reversed(contact.parts) if part.leg == leg), None)


def _where(channel: Channel) -> str:
    others = [each.name for each in channel.bridge.members] if channel.bridge else []
    return f"{channel.name} is at {channel.exten}@{channel.context} with {others}"
