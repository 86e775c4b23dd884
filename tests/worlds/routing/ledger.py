"""What a reader believes who knows the events only. It must be what the engine knows.

Screens, reports and the gateway are such readers: none of them sees the core's records.
"""

from routing.agent import AgentWork
from routing.call import CallState
from routing.engine import RoutingEngine
from routing.events import (
    CallCleared,
    CallEstablished,
    CallHeldEvent,
    CallRetrievedEvent,
    ConnectionCleared,
    Event,
    OfferEnded,
    OfferMade,
)
from routing.ids import contact_of
from routing.transfers import messages as t

ON_THE_LINE = (t.Connection.CONNECTED, t.Connection.HOLD)


class Ledger:
    """Kept by events; `differences` compares it with the engine."""

    def __init__(self) -> None:
        self.alive: dict[str, int] = {}  # calls that were told of, each with its present request
        self.cleared: set[str] = set()
        self.talks: set[tuple[str, str]] = set()
        self.held: set[str] = set()
        self.rings: dict[int, tuple[str, str]] = {}
        self.consults: set[str] = set()
        self.asked: dict[tuple[str, int], str] = {}  # which call a request number was given to
        self.wrong: list[str] = []

    def read(self, events: list[Event]) -> None:
        for event in events:
            call_id = getattr(event, "call_id", "")
            request_no = getattr(event, "request_no", 0)
            if request_no:
                self._said(event, call_id, request_no)
            handler = self._HANDLERS.get(type(event))
            if handler:
                handler(self, event)

    def _said(self, event: Event, call_id: str, request_no: int) -> None:
        """Nothing is said of a call that is over, and no request number is used for two things."""
        if call_id in self.cleared:
            self.wrong.append(f"after the end of {call_id}: {event}")
        if isinstance(event, t.TransferEvent | CallCleared):
            return  # they speak of the other call too, or of its end
        if request_no < self.alive.get(call_id, 0):
            self.wrong.append(f"back to an earlier request: {event}")
        owner = self.asked.setdefault((contact_of(call_id), request_no), call_id)
        if owner != call_id:
            self.wrong.append(f"request of {owner}: {event}")
        self.alive[call_id] = request_no

    def _made(self, event: OfferMade) -> None:
        self.rings[event.offer_id] = (event.call_id, event.agent_id)
        if bool(event.transfer_id) != (contact_of(event.call_id) != event.call_id):
            self.wrong.append(f"whose consultation is it? {event}")

    def _ended(self, event: OfferEnded) -> None:
        if self.rings.pop(event.offer_id, None) != (event.call_id, event.agent_id):
            self.wrong.append(f"an offer that nobody knows: {event}")

    def _established(self, event: CallEstablished) -> None:
        if self.rings.pop(event.offer_id, None) != (event.call_id, event.agent_id):
            self.wrong.append(f"an offer that nobody knows: {event}")
        self.talks.add((event.call_id, event.agent_id))

    def _parted(self, event: ConnectionCleared) -> None:
        pair = (event.call_id, event.agent_id)
        if pair not in self.talks:
            self.wrong.append(f"they did not talk: {event}")
        if min(event.talked_us, event.held_us) < 0:
            self.wrong.append(f"time runs backwards: {event}")
        self.talks.discard(pair)
        self.held.discard(event.call_id)

    def _held(self, event: CallHeldEvent) -> None:
        if event.call_id in self.held or (event.call_id, event.agent_id) not in self.talks:
            self.wrong.append(f"nobody to hold: {event}")
        self.held.add(event.call_id)

    def _retrieved(self, event: CallRetrievedEvent) -> None:
        if event.call_id not in self.held:
            self.wrong.append(f"was not on hold: {event}")
        self.held.discard(event.call_id)

    def _cleared(self, event: CallCleared) -> None:
        if any(call_id == event.call_id for call_id, _ in self.talks):
            self.wrong.append(f"somebody still talks: {event}")
        self.alive.pop(event.call_id, None)
        self.consults.discard(event.call_id)
        self.cleared.add(event.call_id)

    def _started(self, event: t.TransferStarted) -> None:
        if event.consult_id:
            self.consults.add(event.consult_id)

    def _transferred(self, event: t.CallTransferred) -> None:
        """From here on the customer stands where the consultation stood."""
        call_id, consult_id = event.call_id, event.secondary_old_call
        self.alive[call_id] = event.request_no
        self.asked[contact_of(call_id), event.request_no] = call_id
        if event.connection in ON_THE_LINE:
            self.talks.add((call_id, event.to_agent))
        for offer_id, (rung_for, agent_id) in self.rings.items():
            if rung_for == consult_id:
                self.rings[offer_id] = (call_id, agent_id)

    def differences(self, engine: RoutingEngine) -> list[str]:
        """What the reader believes and the engine does not, and the other way round."""
        busy = [a for a in engine.agents.values() if a.work is AgentWork.BUSY]
        facts = {
            "alive": (set(self.alive), set(engine.calls)),
            "talks": (self.talks, {(a.call_id, a.agent_id) for a in busy}),
            "held": (
                self.held,
                {call.call_id for call in engine.calls.values() if call.state is CallState.HELD},
            ),
            "rings": (
                set(self.rings.values()),
                {(offer.call_id, offer.agent_id) for offer in engine.offers.values()},
            ),
            "consultations": (
                self.consults,
                {call.call_id for call in engine.calls.values() if call.consult_for},
            ),
        }
        found = [f"{name}: {told} {true}" for name, (told, true) in facts.items() if told != true]
        return self.wrong + found

    _HANDLERS = {  # noqa: RUF012  a table
        OfferMade: _made,
        OfferEnded: _ended,
        CallEstablished: _established,
        ConnectionCleared: _parted,
        CallHeldEvent: _held,
        CallRetrievedEvent: _retrieved,
        CallCleared: _cleared,
        t.TransferStarted: _started,
        t.CallTransferred: _transferred,
    }
