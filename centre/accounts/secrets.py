"""Passwords as hashes, one-time passwords and tokens.

argon2id with 19 MiB, two passes, one lane: OWASP's smallest set. 38 ms a check on the project's
machine, so that 500 sign-ins at the begin of a shift take a third of a core for a minute; the
library's own defaults would take one and a half. Two threads and a short line before them: whoever
sends more has to wait, and the rest of the program does not.
"""

import asyncio
import hashlib
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from cti.routes.problem import UNAVAILABLE, ApiError

THREADS: Final = 2
WAITING_MOST: Final = 100
"""Some two seconds of work; who comes then is told to come again."""

T = TypeVar("T")

_SIGNS: Final = "abcdefghjkmnpqrstuvwxyz23456789"
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


class Hashing:
    """Hashes and checks beside the event loop. `close` when the program ends."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="argon2")
        self._waiting = 0
        # What a password of nobody is compared with, so that it takes as long as somebody's.
        self._nobody = _HASHER.hash(secrets.token_urlsafe())

    async def make(self, password: str) -> str:
        """The hash to keep."""
        return await self._do(_HASHER.hash, password)

    async def is_right(self, kept: str, password: str) -> bool:
        """Whether it is the password; `kept` "" is nobody's, and takes as long."""
        right = await self._do(_verified, kept or self._nobody, password)
        return right and bool(kept)

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown()

    async def _do(self, work: Callable[..., T], *arguments: str) -> T:
        if self._waiting >= WAITING_MOST:
            raise ApiError(UNAVAILABLE, "too many sign in at this moment", retry_s=2)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work, *arguments)
        finally:
            self._waiting -= 1


def _verified(kept: str, password: str) -> bool:
    try:
        return _HASHER.verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False


def one_time_password() -> str:
    """Four groups that can be read out: 79 bits."""
    signs = "".join(secrets.choice(_SIGNS) for _ in range(16))
    return "-".join(signs[at : at + 4] for at in range(0, 16, 4))


def new_token() -> str:
    """What a session is known by: 256 bits."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """What is kept of it: a stolen database opens no session."""
    return hashlib.sha256(token.encode()).hexdigest()
