"""Where a demo keeps its things: one folder, held by one demo at a time, begun afresh each time."""

import fcntl
import os
import shutil
from pathlib import Path
from types import TracebackType
from typing import Self

DEFAULT = Path("var") / "demo"
BESIDE_MAX = 9
MARK = ".paidui-demo"
"""Only a folder with this file in it was made by a demo, and may be emptied by the next."""


class FolderError(Exception):
    """The folder cannot be used; the message names the next step."""


class Folder:
    """A locked, empty folder. The lock ends with the process, however that ends."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            foreign = not (self.path / MARK).exists() and any(self.path.iterdir())
            if foreign:
                raise FolderError(
                    f"{self.path} holds things that no demo has put there\n"
                    "next: --folder DIR with a new or an empty folder"
                )
            self._lock = os.open(self.path / MARK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise FolderError(
                f"cannot use {self.path}: {error.strerror}\nnext: --folder DIR names another"
            ) from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise FolderError(
                f"another demo is running in {self.path}\nnext: --folder DIR names another"
            ) from None
        self._empty()

    def _empty(self) -> None:
        for item in self.path.iterdir():
            if item.name == MARK:
                continue
            if item.is_dir() and not item.is_symlink():
                shutil.rmtree(item)
            else:
                item.unlink()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._lock)


def take(wanted: Path | None) -> Folder:
    """The folder that was asked for, else the first free one of `var/demo`, `var/demo-2`, …"""
    if wanted is not None:
        return Folder(wanted)
    names = [DEFAULT.name, *(f"{DEFAULT.name}-{number}" for number in range(2, BESIDE_MAX + 1))]
    for name in names:
        try:
            return Folder(DEFAULT.with_name(name))
        except FolderError as error:
            last = error
    raise last
