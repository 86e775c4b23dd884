"""The one place that builds the centre, top to bottom: modules, and what they are to each other."""

import time
from collections.abc import Callable

from centre.accounts import model as accounts_model
from centre.accounts.api import Accounts
from centre.accounts.roles import read_roles
from centre.accounts.secrets import Hashing
from centre.accounts.sessions import Sessions
from centre.people import model as people_model
from centre.people.api import People
from centre.people.rows import Directory
from centre.store.engine import Store
from cti.routes.declare import Route, routes_of

RIGHTS = {**people_model.RIGHTS, **accounts_model.RIGHTS}
"""Every right of every module, with its words in Chinese and English."""


def wall_us() -> int:
    """Microseconds since 1970, UTC."""
    return time.time_ns() // 1000


class Centre:
    """Every module of one centre, on one store."""

    def __init__(
        self, store: Store, *, now_us: Callable[[], int] = wall_us, secure: bool = True
    ) -> None:
        self.store = store
        self.roles = read_roles(RIGHTS)
        self.hashing = Hashing()
        directory = Directory()
        self.sessions = Sessions(store, directory, self.roles, self.hashing, now_us)
        self.accounts = Accounts(
            store, directory, self.roles, self.hashing, self.sessions, now_us, secure=secure
        )
        self.people = People(store, now_us, self.accounts.gone)

    @property
    def routes(self) -> list[Route]:
        """Every operation of every module."""
        return routes_of(self.accounts, self.people)

    def close(self) -> None:
        """End its threads; the store is whoever opened it's."""
        self.hashing.close()
