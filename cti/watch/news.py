"""What an operator wants to find in the log: what went wrong with calls, agents and phones.

A listener that is told later: nobody waits for it. Each call and each state has its events in the
record; here is only what somebody may have to do something about, one line each, without numbers of
callers. A storm of them is cut short: `A_SECOND` lines, and how many more there were.
"""

import logging
from collections.abc import Callable
from typing import Any, Final

from cti.record.envelope import Envelope
from routing import events as e
from routing.commands import OfferOutcome
from routing.ids import AgentId
from routing.transfers.messages import TransferFailed

log = logging.getLogger(__name__)

A_SECOND: Final = 20
_SECOND_US: Final = 1_000_000

Said = tuple[int, str]
"""Level and text."""

_EXPECTED: Final = (OfferOutcome.ESTABLISHED, OfferOutcome.CALLER_GONE)
_BY_ROUTER: Final = frozenset({"ringNoAnswer", "busy", "rejected", "unreachable"})


class News:
    """`apply` is told every event."""

    def __init__(self) -> None:
        self._second = 0
        self._said = 0
        self._left_out = 0
        self._unheard: set[AgentId] = set()

    def apply(self, envelope: Envelope) -> None:
        """Say it, if it is news."""
        if isinstance(envelope.event, e.DeviceChanged) and self._is_of_link(envelope.event):
            return
        tell = _NEWS.get(type(envelope.event))
        said = tell(envelope.event) if tell is not None else None
        if said is None:
            return
        second = envelope.at_us // _SECOND_US
        if second != self._second:
            self._turn(second)
        if self._said >= A_SECOND:
            self._left_out += 1
            return
        self._said += 1
        level, text = said
        log.log(level, text, extra=_names(envelope.event))

    def _is_of_link(self, event: e.DeviceChanged) -> bool:
        """Does it only say that an Asterisk is lost, or heard again? One line says that for all."""
        was_unheard = event.agent_id in self._unheard
        self._unheard.discard(event.agent_id)
        if event.unheard:
            self._unheard.add(event.agent_id)
        return event.unheard or (was_unheard and event.reachable)

    def _turn(self, second: int) -> None:
        if self._left_out:
            log.warning("… and %d more in that second: cti events", self._left_out)
        self._second, self._said, self._left_out = second, 0, 0


def _names(event: Any) -> dict[str, str]:
    """Whom it is about, as fields of the line."""
    named = {name: getattr(event, name, "") for name in ("call_id", "queue_id", "agent_id", "pbx")}
    return {name: value for name, value in named.items() if value}


def _offer(event: e.OfferEnded) -> Said | None:
    if event.outcome in _EXPECTED:
        return None
    after_s = event.open_us / _SECOND_US
    said = f"offer {event.offer_id} to agent {event.agent_id} failed: {event.outcome}"
    return logging.INFO, f"{said} after {after_s:.1f} s"


def _agent(event: e.AgentStateChanged) -> Said | None:
    if event.state is not e.AgentState.NOT_READY or event.reason not in _BY_ROUTER:
        return None
    return logging.INFO, f"agent {event.agent_id} is set not ready: {event.reason}"


def _cleared(event: e.CallCleared) -> Said | None:
    if event.outcome is e.CallOutcome.LOST:
        return logging.WARNING, f"call {event.call_id} is lost with its Asterisk"
    if event.outcome is e.CallOutcome.TAKEN:
        return logging.WARNING, f"call {event.call_id} was taken by the dialplan (failsafe)"
    return None


def _diverted(event: e.CallDiverted) -> Said:
    where = event.to_queue or event.to_extension or "the dialplan"
    said = f"call {event.call_id} leaves queue {event.queue_id} for {where}: {event.cause}"
    return logging.INFO, said


def _logged_off(event: e.AgentLoggedOff) -> Said | None:
    if not event.by:
        return None
    return logging.INFO, f"agent {event.agent_id} is signed out by {event.by}: {event.reason}"


def _device(event: e.DeviceChanged) -> Said:
    said = "can be called" if event.reachable else "cannot be called"
    why = ": no Asterisk has such an endpoint" if event.missing else ""
    return logging.INFO, f"phone {event.device} of agent {event.agent_id} {said}{why}"


def _transfer(event: TransferFailed) -> Said:
    said = f"transfer {event.transfer_id} of agent {event.agent_id} failed: {event.cause}"
    return logging.INFO, said


def _queue(event: e.QueueAcceptingChanged) -> Said:
    said = "opened" if event.accepting else "closed"
    return logging.INFO, f"queue {event.queue_id} is {said} by {event.by or 'nobody named'}"


def _mode(event: e.ModeChanged) -> Said:
    said = "on" if event.on else "off"
    return logging.INFO, f"mode {event.name} is {said} by {event.by or 'nobody named'}"


def _reserve(event: e.ReserveChanged) -> Said:
    said = "opened" if event.open else "closed"
    return logging.INFO, f"the reserve of queue {event.queue_id} {said}: {event.waiting} wait"


_NEWS: Final[dict[type[Any], Callable[[Any], Said | None]]] = {
    e.OfferEnded: _offer,
    e.AgentStateChanged: _agent,
    e.CallCleared: _cleared,
    e.CallDiverted: _diverted,
    e.AgentLoggedOff: _logged_off,
    e.DeviceChanged: _device,
    e.QueueAcceptingChanged: _queue,
    e.ModeChanged: _mode,
    e.ReserveChanged: _reserve,
    TransferFailed: _transfer,
}
