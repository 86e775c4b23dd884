"""When something must have happened by, at the latest.

One deadline a kind and subject: setting it again replaces it. Equal times fire in the order in
which they were set.

Most deadlines are cancelled or replaced long before they are due, so they are kept in slots of
`SLOT_BITS`, plain dictionaries in which that costs the same for ten as for a hundred thousand; only
what comes up to the end of the earliest is a heap. What is cancelled or replaced there stays
until it surfaces or until such dead entries outnumber the live ones.
"""

import heapq
from enum import StrEnum
from operator import itemgetter
from typing import Any, Final

Subject = str | int

SLOT_BITS: Final = 16
"""A slot is 65 ms: at a thousand commands a second it holds a few dozen deadlines."""


class DeadlineKind(StrEnum):
    """What is waited for."""

    CALL = "call"  # the next step, the end of the sticky time, the longest wait
    OFFER = "offer"  # ringing, answer, bridge
    WORK = "work"  # end of after-call work
    GAP = "gap"  # the end of an agent's gap after a failed offer
    CALLBACK = "callback"  # the pause before the customer is tried again
    PBX = "pbx"  # an Asterisk that we do not hear
    TRANSFER = "transfer"  # a target in line, legs being moved


Entry = tuple[Any, ...]
"""(due_us, number, kind, subject). Spelt as loosely as `ordered.Item`, and for the same reason."""


class Deadlines:
    """All that is being waited for."""

    __slots__ = ("_live", "_near", "_near_slot", "_slot_numbers", "_slots", "number")

    def __init__(self) -> None:
        self._live: dict[DeadlineKind, dict[Subject, Entry]] = {kind: {} for kind in DeadlineKind}
        self._near: list[Entry] = []  # a heap: slots up to `_near_slot`
        self._near_slot = -1
        self._slots: dict[int, dict[int, Entry]] = {}  # those after `_near_slot`, by slot number
        self._slot_numbers: list[int] = []  # a heap of the keys of `_slots`
        self.number = 0

    def __len__(self) -> int:
        return sum(map(len, self._live.values()))

    def set(self, kind: DeadlineKind, subject: Subject, due_us: int) -> None:
        """Wait for `subject` until `due_us`."""
        replaced = self._live[kind].get(subject)
        if replaced is not None:
            self._take_out(replaced)
        self.number += 1
        self._put((due_us, self.number, kind, subject))

    def cancel(self, kind: DeadlineKind, subject: Subject) -> None:
        """Stop waiting for `subject`; nothing happens when it was not waited for."""
        entry = self._live[kind].pop(subject, None)
        if entry is not None:
            self._take_out(entry)

    def due_us(self, kind: DeadlineKind, subject: Subject) -> int:
        """When `subject` is due; 0 when nothing is waited for."""
        entry = self._live[kind].get(subject)
        return entry[0] if entry else 0

    def next_us(self) -> int | None:
        """The earliest time at which something is due."""
        near = self._near
        while True:
            while near:
                entry = near[0]
                if self._is_live(entry):
                    due_us: int = entry[0]
                    return due_us
                heapq.heappop(near)
            if not self._slot_numbers:
                return None
            self._near_slot = heapq.heappop(self._slot_numbers)
            near += self._slots.pop(self._near_slot).values()
            heapq.heapify(near)

    def pop_due(self, now_us: int) -> tuple[DeadlineKind, Subject] | None:
        """Take the earliest that is due by `now_us`."""
        due_us = self.next_us()
        if due_us is None or due_us > now_us:
            return None
        _, _, kind, subject = heapq.heappop(self._near)
        del self._live[kind][subject]
        return kind, subject

    def stored(self) -> list[Entry]:
        """The live entries in the order in which they were set."""
        live = [entry for entries in self._live.values() for entry in entries.values()]
        return sorted(live, key=itemgetter(1))

    def restore(self, entries: list[Entry], number: int) -> None:
        """The opposite of `stored`."""
        for entry in entries:
            self._put(entry)
        self.number = number

    def _put(self, entry: Entry) -> None:
        self._live[entry[2]][entry[3]] = entry
        due_us: int = entry[0]
        slot = due_us >> SLOT_BITS
        if slot <= self._near_slot:
            heapq.heappush(self._near, entry)
            if len(self._near) > 2 * len(self) + 256:
                self._near = list(filter(self._is_live, self._near))
                heapq.heapify(self._near)
            return
        entries = self._slots.get(slot)
        if entries is None:
            entries = self._slots[slot] = {}
            heapq.heappush(self._slot_numbers, slot)
        entries[entry[1]] = entry

    def _take_out(self, entry: Entry) -> None:
        """Out of its slot; what is in the heap already stays there, dead."""
        due_us: int = entry[0]
        slot = due_us >> SLOT_BITS
        if slot > self._near_slot:
            del self._slots[slot][entry[1]]

    def _is_live(self, entry: Entry) -> bool:
        return self._live[entry[2]].get(entry[3]) == entry
