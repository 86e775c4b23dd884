"""A store of either kind for a test, empty or at our revision."""

import itertools
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from centre.store.engine import Store, open_store
from centre.store.migrate import migrate
from centre.store.schema_at import HEAD
from tests.lab.postgres import Postgres

KINDS = ("sqlite", "postgresql")

Fill = Callable[[Store], Awaitable[None]]


@dataclass
class Stores:
    """Makes them, and closes them at the end. What is at our revision is a copy of one that was
    brought there: tests are about what comes after.
    """

    folder: Path
    postgres: Postgres | None = None
    _made: list[Store] = field(default_factory=list)
    _number: "itertools.count[int]" = field(default_factory=itertools.count)
    _ready: dict[str, str] = field(default_factory=dict)

    def empty(self, kind: str) -> Store:
        return self.open(self.place(kind))

    def open(self, place: str) -> Store:
        """The store of a place, a file or a URL; one more of it, when it is open already."""
        if place.startswith("postgresql"):
            store = open_store(place, Path())
        else:
            store = open_store("", Path(place))
        self._made.append(store)
        return store

    def place(self, kind: str, template: str = "template1") -> str:
        """Where a new database is."""
        name = f"t{next(self._number)}"
        if kind == "sqlite":
            return str(self.folder / name / "centre.db")
        assert self.postgres is not None
        return self.postgres.create(name, template)

    async def ready(self, kind: str, fill: Fill | None = None) -> Store:
        """One at our revision; `fill` puts something in, once for all who ask for that."""
        return self.open(await self.ready_place(kind, fill))

    async def ready_place(self, kind: str, fill: Fill | None = None) -> str:
        name = f"{kind} {fill and fill.__name__}"
        if name not in self._ready:
            self._ready[name] = self.place(kind)
            store = self.open(self._ready[name])
            await migrate(store, HEAD)
            if fill is not None:
                await fill(store)
            await store.close()
        model = self._ready[name]
        if kind == "postgresql":
            return self.place(kind, model.partition("@/")[2].partition("?")[0])
        place = self.place(kind)
        shutil.copytree(Path(model).parent, Path(place).parent)
        return place

    async def close(self) -> None:
        while self._made:
            await self._made.pop().close()
