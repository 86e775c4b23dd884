"""The daemon's directory: who owns it, and how often it was started.

One router writes here, never two: two writers of one journal are two truths. The lock is `flock` on
an open file, so it ends with the process that holds it, however that ends; there is no stale lock
to remove by hand.

The epoch grows at each start, before anything is sent or published under it. It is what tells the
orders of this process from those of the one before (docs/call-flow.md, `CTI_EPOCH`), and readers of
events a restart from a repetition.
"""

import errno
import fcntl
import os
import secrets
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from cti.private import own_folder

_FULL: Final = (errno.ENOSPC, errno.EDQUOT)
_MODE: Final = 0o600
_INSTANCE: Final = 8

FORMAT: Final = 1
"""What this program writes and reads: journal, snapshots and event log together. It grows when an
older program could misread what a newer one has written (docs/installation.md)."""


class DirectoryInUse(OSError):  # noqa: N818  # says what is, not who erred
    """Another router has this directory. The operator's doing; both must not run."""


class NewerData(OSError):  # noqa: N818  # says what is, not who erred
    """A newer program has written here; this one could misread it, so it touches nothing."""


class DataDirectory:
    """A directory of ours, locked between `lock` and `release`. Raises NotPrivate, and OSError as
    the disk does.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: int | None = None

    def lock(self) -> None:
        """Take it; `DirectoryInUse` names the process that has it."""
        make_directory(self.path, marks=("lock", "epoch"))
        file = self.path / "lock"
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner = os.read(descriptor, 32).decode(errors="replace").strip() or "unknown"
            os.close(descriptor)
            raise DirectoryInUse(f"{self.path} is in use by process {owner}") from error
        with suppress(OSError):  # for people only: on a full disk it may be the one before
            os.ftruncate(descriptor, os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0))
        self._lock = descriptor
        try:
            self._check_format()
        except OSError:
            self.release()
            raise

    def _check_format(self) -> None:
        """Refuse what a newer program wrote; else say that this one writes here from now on."""
        file = self.path / "format"
        written = format_of(self.path)
        if written > FORMAT:
            raise NewerData(
                f"{self.path} was written by a newer version (format {written}, this one reads"
                f" {FORMAT}); next: install that version again, or restore a backup of before"
            )
        if written != FORMAT:
            write_whole(file, f"format {FORMAT}\n".encode())

    def release(self) -> None:
        """Let it go. The file stays: removing it would let two processes lock two files."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def next_epoch(self, seen: int = 0) -> int:
        """Count this start and return its number, on disk before it is used.

        `seen` is the highest epoch found elsewhere (journal, snapshots, event log), in case the
        file is lost. A full disk does not keep us from starting: the file that is there has room.
        """
        file = self.path / "epoch"
        try:
            stored = int(file.read_text(encoding="ascii"))
        except (FileNotFoundError, ValueError):
            stored = 0
        epoch = max(stored, seen) + 1
        data = f"{epoch}\n".encode()
        try:
            write_whole(file, data)
        except OSError as error:
            if error.errno not in _FULL or not file.exists():
                raise
            _write_over(file, data)
        return epoch

    def instance(self) -> str:
        """8 hex digits that tell this directory from any other: by them a router that comes back
        knows at an Asterisk what it has left there. Not in a backup: what is restored is another.
        On a full disk they last for this start.
        """
        file = self.path / "instance"
        with suppress(FileNotFoundError, ValueError):
            text = file.read_text(encoding="ascii").strip()
            if len(text) == _INSTANCE and int(text, 16) >= 0:
                return text.lower()
        made = secrets.token_hex(_INSTANCE // 2)
        try:
            write_whole(file, f"{made}\n".encode())
        except OSError as error:
            if error.errno not in _FULL:
                raise
        return made

    def __enter__(self) -> Self:
        self.lock()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def format_of(path: Path) -> int:
    """The format of the data in this folder; 0 where none is written: a new or very old folder."""
    try:
        word, _, number = (path / "format").read_text(encoding="ascii").strip().partition(" ")
    except FileNotFoundError:
        return 0
    if word != "format" or not number.isdigit():
        raise NewerData(f"{path / 'format'} is not of this program: {word[:20]!r}")
    return int(number)


def make_directory(path: Path, marks: Collection[str] = ()) -> None:
    """A directory for us only (`own_folder`), its name safe in the one that holds it."""
    made = [each for each in (path, *path.parents) if not each.exists()]
    own_folder(path, marks)
    for each in made:
        sync_directory(each.parent)


def write_whole(file: Path, data: bytes) -> None:
    """The file holds all of `data` or what it held before, whatever happens in between."""
    draft = file.with_name(f"{file.name}.tmp")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, _MODE)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError:
        draft.unlink(missing_ok=True)  # on a full disk its part would stay for ever
        raise
    draft.replace(file)
    sync_directory(file.parent)


def _write_over(file: Path, data: bytes) -> None:
    """Into the block that it has: needs no room. Less than a sector, so it is not torn either."""
    with file.open("r+b", buffering=0) as stream:
        stream.write(data)
        stream.truncate(len(data))
        os.fsync(stream.fileno())


def sync_directory(path: Path) -> None:
    """Make the directory's own entries safe: new files, and new names of old ones."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
