"""A sorted line in blocks: add, remove, first and count-before at a cost that hardly grows.

A heap would do for first-in-first-out, but a caller who gives up must leave from the middle at
once, and the next caller is told a position; a balanced tree in Python costs ten times as much.
Since the leading integers of items are unique, what follows is never compared.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator
from typing import Any, Final

Item = tuple[Any, ...]
"""Leading integers that are unique, then what is kept. Spelt this loosely, since the compiled core
would take a tuple of known types apart, and make another one, wherever it is handed on.
"""

BLOCK: Final = 512
"""Items a block before it splits: moving 4 kB in a list is cheaper than a Python step more."""


class OrderedLine:
    """Tuples in ascending order. `heads`, for reading: the first of each block, so that
    `heads[0]` is the smallest.
    """

    __slots__ = ("_blocks", "_size", "heads")

    def __init__(self) -> None:
        self._blocks: list[list[Item]] = []
        self.heads: list[Item] = []
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Item]:
        for block in self._blocks:
            yield from block

    def add(self, item: Item) -> None:
        """Put `item` in its place. Appending at the end, the usual case, is cheapest."""
        self._size += 1
        blocks = self._blocks
        if not blocks:
            blocks.append([item])
            self.heads.append(item)
            return
        last = blocks[-1]
        if item > last[-1]:
            index, block = len(blocks) - 1, last
            block.append(item)
        else:
            index = max(bisect_right(self.heads, item) - 1, 0)
            block = blocks[index]
            insort(block, item)
            self.heads[index] = block[0]
        if len(block) > BLOCK:
            half = len(block) // 2
            blocks.insert(index + 1, block[half:])
            self.heads.insert(index + 1, block[half])
            del block[half:]

    def remove(self, item: Item) -> None:
        """Take `item` out; KeyError when it is not there."""
        index = bisect_right(self.heads, item) - 1
        if index < 0:
            raise KeyError(item)
        block = self._blocks[index]
        place = bisect_left(block, item)
        if place == len(block) or block[place] != item:
            raise KeyError(item)
        del block[place]
        self._size -= 1
        if not block:
            del self._blocks[index], self.heads[index]
        elif place == 0:
            self.heads[index] = block[0]

    def remove_first(self) -> None:
        """Take the smallest item out; the line must not be empty."""
        block = self._blocks[0]
        del block[0]
        self._size -= 1
        if block:
            self.heads[0] = block[0]
        else:
            del self._blocks[0], self.heads[0]

    def count_before(self, item: Item) -> int:
        """How many items are smaller than `item`, which need not be in the line."""
        blocks = self._blocks
        if len(blocks) == 1:
            return bisect_left(blocks[0], item)
        if not blocks or item > blocks[-1][-1]:
            return self._size
        index = bisect_right(self.heads, item) - 1
        if index < 0:
            return 0
        before = sum(len(block) for block in blocks[:index])
        return before + bisect_left(blocks[index], item)

    def count_while(self, holds: Callable[[Item], bool]) -> int:
        """How many items, from the first on, `holds`; it must not hold again after it did not."""
        blocks = self._blocks
        if not blocks or not holds(self.heads[0]):
            return 0
        if holds(blocks[-1][-1]):
            return self._size
        low, high = 0, len(blocks)
        while low < high:  # the first block whose head does not hold
            middle = (low + high) // 2
            low, high = (middle + 1, high) if holds(self.heads[middle]) else (low, middle)
        before, block = sum(len(each) for each in blocks[: low - 1]), blocks[low - 1]
        return before + bisect_left(block, 1, key=lambda item: not holds(item))
