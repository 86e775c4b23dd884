"""The actions that wait for their answer, and nothing of the wire. Pure.

An answer belongs to an action by its ActionID only. Order is no guide: Asterisk answers some
actions later than others (`Originate` with `Async: true` twice), and a client that trusts order
gives one caller the answer of another (pyst2 and aiopyami do).

A list answer is told by ``EventList: start`` in the response and closed by an event with
``EventList: Complete`` (or ``cancelled``), never by the sentence in `Message`: "Added interface to
queue" looks like the head of a list to a client that guesses, which then waits for ever (panoramisk
1.4 at `QueueAdd`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

import msgspec

from cti.ami.errors import AmiBroken, AmiFailure
from cti.ami.messages import AmiEvent, AmiResponse

OnAnswer = Callable[[AmiResponse | AmiFailure], None]

# Items of one list: ten thousand channels or contacts are a large site, so ten times that is a
# broken peer.
MAX_LIST_ITEMS: Final = 100_000


class Cancellable(Protocol):
    """A timer that can be called off; `asyncio.TimerHandle` is one."""

    def cancel(self) -> None:
        """Call it off."""


class Settled(NamedTuple):
    """An answer and who is to have it."""

    on_answer: OnAnswer | None
    answer: AmiResponse | AmiFailure


@dataclass(slots=True)
class _Open:
    on_answer: OnAnswer | None
    deadline: Cancellable
    head: AmiResponse | None = None  # set while the items of its list come in
    items: list[AmiEvent] = field(default_factory=list)


class OpenActions:
    """Table of open actions by ActionID, in the order of sending."""

    def __init__(self, *, max_list_items: int = MAX_LIST_ITEMS) -> None:
        self._open: dict[str, _Open] = {}
        self.list_count = 0  # lists whose items are coming in
        self._max_list_items = max_list_items

    def __len__(self) -> int:
        return len(self._open)

    def __contains__(self, action_id: object) -> bool:
        return action_id in self._open

    def add(self, action_id: str, on_answer: OnAnswer | None, deadline: Cancellable) -> None:
        """Open an action. Its deadline is called off when it leaves the table by any way."""
        self._open[action_id] = _Open(on_answer, deadline)

    def take_response(self, response: AmiResponse) -> Settled | None:
        """The response to an open action: settles it, unless it is the head of a list."""
        entry = self._open[response.action_id]
        if entry.head is None and response.headers.get("EventList").lower() == "start":
            entry.head = response
            self.list_count += 1
            return None
        return self._settle(response.action_id, response)

    def take_item(self, event: AmiEvent) -> tuple[bool, Settled | None]:
        """Whether the event belongs to a list that is open, and the list if that was its end."""
        entry = self._open.get(event.action_id)
        if entry is None or entry.head is None:
            return False, None
        match event.headers.get("EventList").lower():
            case "complete":
                whole = msgspec.structs.replace(entry.head, events=tuple(entry.items))
                return True, self._settle(event.action_id, whole)
            case "cancelled":
                return True, self._settle(event.action_id, AmiBroken("Asterisk cancelled the list"))
        if len(entry.items) >= self._max_list_items:
            failure = AmiBroken(f"a list of more than {self._max_list_items} items")
            return True, self._settle(event.action_id, failure)
        entry.items.append(event)
        return True, None

    def fail(self, action_id: str, failure: AmiFailure) -> Settled | None:
        """Give one action up; None if it is not open any more."""
        return self._settle(action_id, failure) if action_id in self._open else None

    def fail_all(self, failure: AmiFailure) -> list[Settled]:
        """Give all up, first sent first. The table is empty before any of them is told."""
        return [self._settle(action_id, failure) for action_id in tuple(self._open)]

    def _settle(self, action_id: str, answer: AmiResponse | AmiFailure) -> Settled:
        entry = self._open.pop(action_id)
        entry.deadline.cancel()
        if entry.head is not None:
            self.list_count -= 1
        return Settled(entry.on_answer, answer)
