"""A desk at which transfers can be tried: two groups, people with names, verbs that check.

`ann` and `bob` do loans, `cat` and `dan` cards, `eve` is in a training seat. In every situation ann
is the sender, whose customer's call is `c1`; `cat` is the target.
"""

from collections.abc import Callable

import msgspec

from routing import commands as c
from routing.call import CallState
from routing.commands import OfferOutcome
from routing.config import Limits
from routing.events import CommandRefused, Event
from routing.ids import AgentId, CallId, OfferId, PbxId, QueueId, TransferId
from routing.refusals import Refusal
from routing.transfers import messages as t
from routing.transfers.messages import IfMissed, TransferKind, TransferPolicy
from tests.worlds.routing.centre import Centre, S, agent, queue

PBX = PbxId("a1")
LIMITS = Limits(bridge_timeout_us=5 * S)
"""A missed offer leaves an agent ready, after a pause."""

LOANS_WORK, CARDS_WORK = 5 * S, 7 * S


class Desk(Centre):
    """Ann talks to c1; the others are not signed in."""

    def __init__(self, *, queues=(), agents=(), **fields):
        fields.setdefault("limits", LIMITS)
        super().__init__(
            [
                queue("loans", after_call_work_us=LOANS_WORK),
                queue("cards", after_call_work_us=CARDS_WORK),
                *queues,
            ],
            [
                agent("ann", "loans"),
                agent("bob", "loans"),
                agent("cat", "cards"),
                agent("dan", "cards"),
                agent("eve", "cards", training=True),
                *agents,
            ],
            **fields,
        )
        self.ready("ann")
        self.call("c1", "loans", caller="138")
        self.answer("ann")

    # --- verbs ----------------------------------------------------------------------------------

    def start(self, kind: str, to: str, *, call="c1", by="ann", **policy) -> list[Event]:
        """`to` is a queue or an agent: whatever has that name."""
        is_queue = to in self.core.queues or to == ""
        return self.do(
            t.StartTransfer(
                CallId(call),
                AgentId(by),
                TransferKind(kind),
                QueueId(to) if is_queue else QueueId(""),
                AgentId("") if is_queue else AgentId(to),
                TransferPolicy(**policy),
            )
        )

    def cancel(self) -> list[Event]:
        return self.do(t.CancelTransfer(self.transfer_id))

    def complete(self) -> list[Event]:
        return self.do(t.CompleteTransfer(self.transfer_id))

    def join(self) -> list[Event]:
        return self.do(t.JoinTransfer(self.transfer_id))

    def bridged(self) -> list[Event]:
        return self.do(t.TransferBridged(self.transfer_id))

    def conferenced(self) -> list[Event]:
        return self.do(t.TransferConferenced(self.transfer_id))

    def change(self, *queues) -> list[Event]:
        """Other rules for these queues, from now on."""
        specs = {spec.queue_id: spec for spec in (*self.config.queues, *queues)}
        self.config = msgspec.structs.replace(self.config, queues=tuple(specs.values()))
        return self.do(c.ApplyConfig(self.config))

    # --- looks ----------------------------------------------------------------------------------

    @property
    def transfer_id(self) -> TransferId:
        """The live transfer's, else that of the last one."""
        return next(iter(self.core.transfers), TransferId(self.core.last_transfer))

    @property
    def state(self) -> str:
        """The live transfer's; "" without one."""
        return next((str(each.state) for each in self.core.transfers.values()), "")

    @property
    def customer(self) -> str:
        """Where c1 is, in words."""
        call = self.core.calls.get(CallId("c1"))
        if call is None:
            return "gone"
        if call.state is CallState.OFFERED:
            return f"rings {self.core.offers[call.offer_id].agent_id}"
        if call.state is CallState.WAITING:
            return f"in {call.queue_id}" + (f" for {call.wanted}" if call.wanted else "")
        return f"{call.state} {call.agent_id}".strip()

    @property
    def consult(self) -> str:
        """The id of the live consultation; "" without one."""
        return next((call.call_id for call in self.core.calls.values() if call.consult_for), "")

    def work(self, name: str) -> str:
        return str(self.core.agents[AgentId(name)].work)


def told(events: list[Event], kind: type) -> list[Event]:
    """Those of one kind."""
    return [event for event in events if type(event) is kind]


def one(events: list[Event], kind: type) -> Event:
    """The only one of its kind."""
    [event] = told(events, kind)
    return event


def names(events: list[Event]) -> list[str]:
    """What happened, in order."""
    return [type(event).__name__ for event in events]


def refused(events: list[Event]) -> Refusal | None:
    """The code, when the command changed nothing."""
    codes = [event.code for event in events if isinstance(event, CommandRefused)]
    assert not codes or len(events) == 1
    return codes[0] if codes else None


KINDS = [str(kind) for kind in TransferKind]


# --- why somebody cannot be had -----------------------------------------------------------------


def closed(desk: Desk) -> None:
    desk.do(c.SetQueueAccepting(QueueId("cards"), accepting=False))


def reserved(desk: Desk) -> None:
    desk.ready("cat")
    desk.call("c8", "cards")


def talks(desk: Desk) -> None:
    reserved(desk)
    desk.answer("cat")


def unreachable(desk: Desk) -> None:
    desk.ready("cat")
    desk.do(c.DeviceReachable(AgentId("cat"), reachable=False))


# --- situations ---------------------------------------------------------------------------------


def queued() -> Desk:
    """A consultation is in line; nobody of the group is free."""
    desk = Desk()
    desk.ready("cat")
    desk.not_ready("cat")
    desk.start("consult", "cards")
    return desk


def ringing() -> Desk:
    """The target's phone rings for a consultation."""
    desk = Desk()
    desk.ready("cat")
    desk.start("consult", "cat")
    desk.do(c.OfferRinging(desk.offer_of("cat")))
    return desk


def blind() -> Desk:
    """The target's phone rings for a blind transfer."""
    desk = Desk()
    desk.ready("cat")
    desk.start("blind", "cat")
    desk.do(c.OfferRinging(desk.offer_of("cat")))
    return desk


def answered() -> Desk:
    """The target has picked up; the legs are being bridged."""
    desk = ringing()
    desk.do(c.OfferAnswered(desk.offer_of("cat")))
    return desk


def alone() -> Desk:
    """A single-step transfer: the customer waits for the target, who is busy elsewhere."""
    desk = Desk()
    desk.ready("cat")
    desk.call("c2", "cards")
    desk.answer("cat")
    desk.start("singleStep", "cat", busy=IfMissed.QUEUE_TO_AGENT)
    return desk


def alone_ringing() -> Desk:
    """A single-step transfer: the target's phone rings for the customer."""
    desk = Desk()
    desk.ready("cat")
    desk.start("singleStep", "cat")
    desk.do(c.OfferRinging(desk.offer_of("cat")))
    return desk


def recalling() -> Desk:
    """The target did not answer; the customer waits for the sender, who is in after-call work."""
    desk = alone_ringing()
    desk.fail("cat", OfferOutcome.NO_ANSWER)
    return desk


def consulting() -> Desk:
    desk = answered()
    desk.do(c.LegsBridged(desk.offer_of("cat")))
    return desk


def joining() -> Desk:
    desk = consulting()
    desk.join()
    return desk


def conferenced() -> Desk:
    desk = joining()
    desk.conferenced()
    return desk


def completing() -> Desk:
    desk = consulting()
    desk.complete()
    return desk


def handed_over() -> Desk:
    """The sender has left while consulting."""
    desk = consulting()
    desk.agent_hangs_up("c1", "ann")
    return desk


SITUATIONS: dict[str, Callable[[], Desk]] = {
    "queued": queued,
    "ringing": ringing,
    "blind": blind,
    "answered": answered,
    "alone": alone,
    "aloneRinging": alone_ringing,
    "recalling": recalling,
    "consulting": consulting,
    "joining": joining,
    "conferenced": conferenced,
    "completing": completing,
    "handedOver": handed_over,
}
"""Every state of a transfer, and those among them that differ in what may happen."""


# --- triggers -----------------------------------------------------------------------------------


def target_leaves(desk: Desk) -> list[Event]:
    """Under the name of the consultation if there is one, else under the customer's."""
    return desk.agent_hangs_up(desk.consult or "c1", "cat")


def offer(desk: Desk, kind: type, *values: object) -> list[Event]:
    """A report about the last offer, live or not."""
    return desk.do(kind(OfferId(desk.core.last_offer), *values))


def deadline(desk: Desk) -> list[Event]:
    """Let the transfer's own deadline pass, and nothing else."""
    due_us = desk.core.deadlines.due_us("transfer", desk.transfer_id)
    others = [d for d in desk.core.deadlines.stored() if d[0] <= due_us and d[2] != "transfer"]
    for _, _, kind, subject in others:
        desk.core.deadlines.set(kind, subject, due_us + S)
    desk.now_us = max(due_us, desk.now_us)
    return desk.do(c.DeadlinesReached())


def other_configuration(desk: Desk) -> list[Event]:
    return desk.do(c.ApplyConfig(msgspec.structs.replace(desk.config, version=2)))


TRIGGERS: dict[str, Callable[[Desk], list[Event]]] = {
    "cancel": Desk.cancel,
    "complete": Desk.complete,
    "join": Desk.join,
    "start another": lambda desk: desk.start("blind", "cards"),
    "bridged": Desk.bridged,
    "conferenced": Desk.conferenced,
    "offer rings": lambda desk: offer(desk, c.OfferRinging),
    "offer answered": lambda desk: offer(desk, c.OfferAnswered),
    "offer bridged": lambda desk: offer(desk, c.LegsBridged),
    "offer not answered": lambda desk: offer(desk, c.OfferFailed, OfferOutcome.NO_ANSWER),
    "customer leaves": lambda desk: desk.hang_up("c1"),
    "sender leaves": lambda desk: desk.agent_hangs_up("c1", "ann"),
    "target leaves": target_leaves,
    "stranger leaves": lambda desk: desk.agent_hangs_up("c1", "dan"),
    "consult hangs up": lambda desk: desk.hang_up("c1~2"),
    "dialplan takes": lambda desk: desk.do(c.CallTaken(CallId("c1"))),
    "hold": lambda desk: desk.do(c.CallHeld(CallId("c1"))),
    "retrieve": lambda desk: desk.do(c.CallRetrieved(CallId("c1"))),
    "hold consult": lambda desk: desk.do(c.CallHeld(CallId("c1~2"))),
    "book callback": lambda desk: desk.do(c.BookCallback(CallId("c1"), "138")),
    "sender pauses": lambda desk: desk.not_ready("ann"),
    "sender signs out": lambda desk: desk.do(c.LogOffAgent(AgentId("ann"))),
    "target pauses": lambda desk: desk.not_ready("cat"),
    "target signs out": lambda desk: desk.do(c.LogOffAgent(AgentId("cat"))),
    "target unreachable": lambda desk: desk.do(c.DeviceReachable(AgentId("cat"), reachable=False)),
    "lost": lambda desk: desk.do(c.TelephonyLost(PBX)),
    "gone": lambda desk: desk.do(c.TelephonyGone(PBX)),
    "deadline": deadline,
    "configuration": other_configuration,
}
"""All that may happen to a transfer."""


def outcome(desk: Desk, events: list[Event]) -> str:
    """The refusal, or where the transfer and the customer are now."""
    code = next((e.code for e in events if isinstance(e, CommandRefused)), None)
    if code is not None:
        assert len(events) == 1, "a refused command changes nothing"
        return f"no: {code}"
    return f"{desk.state or 'over'}, {desk.customer}"
