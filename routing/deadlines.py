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
from typing import Any, Final

Subject = str | int

SLOT_BITS: Final = 16
"""A slot is 65 ms: at a thousand commands a second it holds a few dozen deadlines."""


class DeadlineKind(StrEnum):
    """What is waited for."""

    CALL = "call"  # the next step, the end of the sticky time, the longest wait
    OFFER = "offer"  # ringing, answer, bridge
    WORK = "work"  # end of after-call work
    GAP = "gap"  # end of the pause after a failed offer
    CALLBACK = "callback"  # the pause before the customer is tried again
    PBX = "pbx"  # an Asterisk that we no longer hear
    TRANSFER = "transfer"  # a target in line, legs being moved


Key = tuple[Any, ...]
"""(kind, subject)."""

Entry = tuple[Any, ...]
"""(due_us, number, key). Both spelt as loosely as `ordered.Item`, and for the same reason."""


class Deadlines:
    """All that is being waited for."""

    __slots__ = ("_live", "_near", "_near_slot", "_slot_numbers", "_slots", "number")

    def __init__(self) -> None:
        self._live: dict[Key, Entry] = {}
        self._near: list[Entry] = []  # a heap: slots up to `_near_slot`
        self._near_slot = -1
        self._slots: dict[int, dict[int, Entry]] = {}  # the later ones, by number …
        self._slot_numbers: list[int] = []  # … and a heap of their numbers
        self.number = 0

    def __len__(self) -> int:
        return len(self._live)

    def set(self, kind: DeadlineKind, subject: Subject, due_us: int) -> None:
        """Wait for `subject` until `due_us`."""
        key = (kind, subject)
        replaced = self._live.get(key)
        if replaced is not None:
            self._take_out(replaced)
        self.number += 1
        self._put((due_us, self.number, key))

    def cancel(self, kind: DeadlineKind, subject: Subject) -> None:
        """Wait no longer; nothing happens when nothing was waited for."""
        entry = self._live.pop((kind, subject), None)
        if entry is not None:
            self._take_out(entry)

    def due_us(self, kind: DeadlineKind, subject: Subject) -> int:
        """When `subject` is due; 0 when nothing is waited for."""
        entry = self._live.get((kind, subject))
        return entry[0] if entry else 0

    def next_us(self) -> int | None:
        """The earliest time at which something is due."""
        near, live = self._near, self._live
        while True:
            while near:
                entry = near[0]
                if live.get(entry[2]) == entry:
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
        kind, subject = key = heapq.heappop(self._near)[2]
        del self._live[key]
        return kind, subject

    def stored(self) -> list[tuple[int, int, DeadlineKind, Subject]]:
        """The live entries in the order in which they were set."""
        live = sorted(self._live.values(), key=lambda entry: entry[1])
        return [(due_us, number, *key) for due_us, number, key in live]

    def restore(self, entries: list[tuple[int, int, DeadlineKind, Subject]], number: int) -> None:
        """The opposite of `stored`."""
        for due_us, set_as, kind, subject in entries:
            self._put((due_us, set_as, (kind, subject)))
        self.number = number

    def _put(self, entry: Entry) -> None:
        due_us, number, key = entry
        self._live[key] = entry
        slot = due_us >> SLOT_BITS
        if slot <= self._near_slot:
            heapq.heappush(self._near, entry)
            if len(self._near) > 2 * len(self._live) + 256:
                self._drop_dead()
            return
        entries = self._slots.get(slot)
        if entries is None:
            entries = self._slots[slot] = {}
            heapq.heappush(self._slot_numbers, slot)
        entries[number] = entry

    def _take_out(self, entry: Entry) -> None:
        """Out of its slot; what is in the heap already stays there, dead."""
        slot = entry[0] >> SLOT_BITS
        if slot > self._near_slot:
            del self._slots[slot][entry[1]]

    def _drop_dead(self) -> None:
        live = self._live
        self._near = [entry for entry in self._near if live.get(entry[2]) == entry]
        heapq.heapify(self._near)
