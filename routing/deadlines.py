"""When something must have happened by, at the latest.

A heap of (due_us, number, kind, subject). One deadline a kind and subject: setting it again
replaces it. What was cancelled or replaced stays in the heap until it surfaces or until such dead
entries outnumber the live ones. Equal times fire in the order in which they were set.
"""

import heapq
from enum import StrEnum

Subject = str | int


class DeadlineKind(StrEnum):
    """What is waited for."""

    CALL = "call"  # the next step, the end of the sticky time, the longest wait
    OFFER = "offer"  # ringing, answer, bridge
    WORK = "work"  # end of after-call work
    GAP = "gap"  # end of the pause after a failed offer
    CALLBACK = "callback"  # the pause before the customer is tried again
    PBX = "pbx"  # an Asterisk that we no longer hear
    TRANSFER = "transfer"  # a target in line, legs being moved


class Deadlines:
    """All that is being waited for."""

    __slots__ = ("_heap", "_live", "number")

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, DeadlineKind, Subject]] = []
        self._live: dict[tuple[DeadlineKind, Subject], tuple[int, int]] = {}
        self.number = 0

    def __len__(self) -> int:
        return len(self._live)

    def set(self, kind: DeadlineKind, subject: Subject, due_us: int) -> None:
        """Wait for `subject` until `due_us`."""
        self.number += 1
        self._live[kind, subject] = (due_us, self.number)
        heapq.heappush(self._heap, (due_us, self.number, kind, subject))
        if len(self._heap) > 2 * len(self._live) + 256:
            self._drop_dead()

    def cancel(self, kind: DeadlineKind, subject: Subject) -> None:
        """Wait no longer; nothing happens when nothing was waited for."""
        self._live.pop((kind, subject), None)

    def due_us(self, kind: DeadlineKind, subject: Subject) -> int:
        """When `subject` is due; 0 when nothing is waited for."""
        entry = self._live.get((kind, subject))
        return entry[0] if entry else 0

    def next_us(self) -> int | None:
        """The earliest time at which something is due."""
        heap, live = self._heap, self._live
        while heap:
            due_us, number, kind, subject = heap[0]
            if live.get((kind, subject)) == (due_us, number):
                return due_us
            heapq.heappop(heap)
        return None

    def pop_due(self, now_us: int) -> tuple[DeadlineKind, Subject] | None:
        """Take the earliest that is due by `now_us`."""
        due_us = self.next_us()
        if due_us is None or due_us > now_us:
            return None
        _, _, kind, subject = heapq.heappop(self._heap)
        del self._live[kind, subject]
        return kind, subject

    def stored(self) -> list[tuple[int, int, DeadlineKind, Subject]]:
        """The live entries in the order in which they were set."""
        live = [(due, number, kind, who) for (kind, who), (due, number) in self._live.items()]
        return sorted(live, key=lambda entry: entry[1])

    def restore(self, entries: list[tuple[int, int, DeadlineKind, Subject]], number: int) -> None:
        """The opposite of `stored`."""
        self._live = {(kind, who): (due, n) for due, n, kind, who in entries}
        self._heap = list(entries)
        heapq.heapify(self._heap)
        self.number = number

    def _drop_dead(self) -> None:
        live = self._live
        self._heap = [e for e in self._heap if live.get((e[2], e[3])) == (e[0], e[1])]
        heapq.heapify(self._heap)
