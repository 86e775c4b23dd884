"""An order is done when Asterisk's event says so, and not before.

`Evidence` hears every event of the core. Who orders something of a call waits here for the event
that proves it; one order of a call at a time. What does not come in time has not been done: that is
told to the core, so that it stands in the record, and to who has asked, with CSTA's cause.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from cti.api.problem import NO_EVIDENCE, NOT_DONE, refused
from cti.record.envelope import Envelope
from cti.routes.problem import ApiError
from routing import events as e
from routing.control import CallControlFailed
from routing.events import Event
from routing.ids import CallId
from routing.refusals import Refusal

WITHIN_S: Final = 3.0
"""A Redirect and the bridge that follows take some 10 ms; an Asterisk that needs seconds is ill."""

Proof = Callable[[Event], bool]


@dataclass(slots=True)
class _Wait:
    proves: Proof
    answer: asyncio.Future[None]


class Evidence:
    """`heard` is a listener of the dispatcher."""

    def __init__(self) -> None:
        self._waits: dict[CallId, _Wait] = {}

    def heard(self, envelopes: Sequence[Envelope]) -> None:
        """What has happened; mostly nobody waits."""
        if not self._waits:
            return
        for envelope in envelopes:
            event = envelope.event
            wait = self._waits.get(getattr(event, "call_id", CallId("")))
            if wait is not None and not wait.answer.done():
                _look(event, wait)

    @contextmanager
    def waiting(self, call_id: CallId, proves: Proof) -> Iterator["Waiting"]:
        """From here on the events of this call are looked at. Raises ApiError when another order
        for it is under way.
        """
        if call_id in self._waits:
            detail = "another order for this call is being carried out"
            raise refused(Refusal.CALL_STATE, call_id, detail)
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waits[call_id] = _Wait(proves, answer)
        try:
            yield Waiting(call_id, answer)
        finally:
            del self._waits[call_id]
            if answer.done() and not answer.cancelled():
                answer.exception()  # it has been looked at, or nobody waits for it


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody who waits."""

    call_id: CallId
    _answer: asyncio.Future[None]

    async def proof(self, within_s: float = WITHIN_S) -> bool:
        """Whether it came in time. Raises ApiError for what Asterisk has refused, or a call that
        has ended meanwhile.
        """
        try:
            async with asyncio.timeout(within_s):
                await self._answer
        except TimeoutError:
            return False
        return True


def not_in_time(call_id: CallId) -> ApiError:
    """Nothing was heard: the call is where it was, as far as anybody knows."""
    detail = f"nothing was heard of it within {WITHIN_S:g} s"
    return ApiError(NO_EVIDENCE, detail, subject=call_id, cause="timeout")


def _look(event: Event, wait: _Wait) -> None:
    if wait.proves(event):
        wait.answer.set_result(None)
    elif isinstance(event, CallControlFailed):
        detail = f"{event.service.value} was not carried out ({event.cause})"
        wait.answer.set_exception(
            ApiError(NOT_DONE, detail, subject=event.call_id, cause=event.cause)
        )
    elif isinstance(event, e.CallCleared):
        gone = refused(Refusal.UNKNOWN_CALL, event.call_id, "the call has ended", "callCancelled")
        wait.answer.set_exception(gone)
