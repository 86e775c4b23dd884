"""A repeated key acts once: who sends a request again gets the answer of the first.

The store is bounded and in memory: after `KEEP_S`, or a restart, a key is unknown and acts anew.
What must not happen twice even then carries its own identity in the command that it becomes.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from cti.routes.problem import KEY_REUSED, TOO_MANY, ApiError

KEEP_S: Final = 600.0
"""Ten minutes: a client that repeats later has a person before it who has looked by then."""

MAX_KEYS: Final = 20_000
"""Some 1 kB each: every agent of a great centre clicks once a second for ten seconds and more."""

_FORGOTTEN: Final = frozenset({401, 403, 408, 413, 415, 429})


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer that can be given again."""

    status: int
    body: bytes
    content_type: str
    headers: dict[str, str]

    @property
    def is_final(self) -> bool:
        """Whether the request was acted on, or refused for good: what was not tried may be."""
        return self.status < 500 and self.status not in _FORGOTTEN


@dataclass(slots=True)
class _Kept:
    request: bytes
    since_s: float
    task: asyncio.Task[Answered]


class Once:
    """Answers by (who, key). `now_s` is a clock that never goes back."""

    def __init__(
        self, now_s: Callable[[], float], *, keep_s: float = KEEP_S, most: int = MAX_KEYS
    ) -> None:
        self._now_s = now_s
        self._keep_s = keep_s
        self._most = most
        self._kept: OrderedDict[tuple[str, str], _Kept] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    async def act(
        self, who: str, key: str, request: bytes, do: Callable[[], Awaitable[Answered]]
    ) -> Answered:
        """The answer of `do`, which runs once for each key; `request` says what was asked.

        A second request with the key waits for the first one, whose client may be gone. Raises
        ApiError: KEY_REUSED for another request, TOO_MANY when there is no room.
        """
        self._forget_old()
        kept = self._kept.get((who, key))
        if kept is None:
            self._make_room()
            task = asyncio.ensure_future(_run(do))
            kept = self._kept[who, key] = _Kept(request, self._now_s(), task)
            task.add_done_callback(lambda done: self._forget_failed((who, key), done))
        elif kept.request != request:
            raise ApiError(KEY_REUSED, "take a new Idempotency-Key for another request")
        return await asyncio.shield(kept.task)

    def _forget_old(self) -> None:
        oldest = self._now_s() - self._keep_s
        while self._kept:
            key, kept = next(iter(self._kept.items()))
            if kept.since_s > oldest or not kept.task.done():
                return
            del self._kept[key]

    def _make_room(self) -> None:
        if len(self._kept) < self._most:
            return
        key, kept = next(iter(self._kept.items()))
        if not kept.task.done():
            raise ApiError(TOO_MANY, "too many requests are being answered", retry_s=1)
        del self._kept[key]

    def _forget_failed(self, key: tuple[str, str], task: asyncio.Task[Answered]) -> None:
        if task.cancelled() or task.exception() is not None or not task.result().is_final:
            kept = self._kept.get(key)
            if kept is not None and kept.task is task:
                del self._kept[key]


async def _run(do: Callable[[], Awaitable[Answered]]) -> Answered:
    return await do()
