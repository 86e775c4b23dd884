"""The core's whole state on disk, so that a start replays minutes of commands and not a year.

    000000040212.snapshot
        {"format":1,"code":"0.1.0","epoch":7,"seq":40212,"at_us":…,"state_hash":"…"}
        … the bytes of `routing.snapshot.dump`

A snapshot is written whole or not at all, the newest few are kept, and each is checked when it is
read: by the hash of its bytes, and by the hash of the state that they make. One that fails is
passed over for the one before it; the journal reaches back to the oldest that is kept.
"""

import contextlib
import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from cti.journal.data_dir import write_whole
from cti.private import own_folder
from routing.engine import RoutingEngine
from routing.snapshot import SnapshotError, dump, load, state_hash

log = logging.getLogger(__name__)

FORMAT: Final = 1
SUFFIX: Final = ".snapshot"
KEEP: Final = 3


class SnapshotHeader(msgspec.Struct, frozen=True):
    """The first line of a snapshot. `seq` is the last command that is in it."""

    format: int
    code: str
    epoch: int
    seq: int
    at_us: int
    state_hash: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A state as bytes, ready to be written: taking it is the event loop's, writing a thread's."""

    header: SnapshotHeader
    data: bytes


class SnapshotStore:
    """The snapshots in one directory, which the caller has locked (`cti.journal.data_dir`)."""

    def __init__(self, directory: Path, *, code: str, keep: int = KEEP) -> None:
        self.directory = directory
        self._code = code
        self._keep = keep

    def take(self, engine: RoutingEngine, epoch: int) -> Snapshot:
        """The state as it is now. No I/O."""
        data = dump(engine)
        digest = hashlib.sha256(data).hexdigest()  # which is what `state_hash` of it is
        header = SnapshotHeader(FORMAT, self._code, epoch, engine.seq, engine.now_us, digest)
        return Snapshot(header, data)

    def write(self, snapshot: Snapshot) -> None:
        """Keep it, and let go of the oldest. Blocks; raises OSError and leaves the others alone."""
        own_folder(self.directory)
        file = self.directory / f"{snapshot.header.seq:012d}{SUFFIX}"
        write_whole(file, msgspec.json.encode(snapshot.header) + b"\n" + snapshot.data)
        for old in self._files()[self._keep :]:
            old.unlink(missing_ok=True)

    def oldest_seq(self) -> int:
        """The last command in the oldest snapshot, 0 without any: the journal must begin there."""
        return min((int(file.stem) for file in self._files()), default=0)

    def load_newest(self) -> tuple[RoutingEngine, SnapshotHeader] | None:
        """The state of the newest snapshot that is whole, or None."""
        return next(self.load_all(), None)

    def load_all(self) -> Iterator[tuple[RoutingEngine, SnapshotHeader]]:
        """Every snapshot that is whole, newest first. What is wrong with the others is logged."""
        for file in self._files():
            with contextlib.suppress(_Unusable):
                yield self._load(file)

    def _files(self) -> list[Path]:
        files = (file for file in self.directory.glob(f"*{SUFFIX}") if file.stem.isdigit())
        return sorted(files, reverse=True)

    def _load(self, file: Path) -> tuple[RoutingEngine, SnapshotHeader]:
        try:
            line, _, data = file.read_bytes().partition(b"\n")
            header = msgspec.json.decode(line, type=SnapshotHeader)
            engine = load(data)
        except (OSError, msgspec.DecodeError, SnapshotError, ValueError) as error:
            raise _unusable(file, str(error)) from error
        if hashlib.sha256(data).hexdigest() != header.state_hash:
            raise _unusable(file, "its bytes are not those that were written")
        if state_hash(engine) != header.state_hash:
            if header.code == self._code:
                raise _unusable(file, "it does not load to the state that was saved")
            log.warning(
                "%s was written by version %s: its hash cannot be held to", file, header.code
            )
        return engine, header


class _Unusable(Exception):  # noqa: N818  # ends in this file
    """The snapshot is passed over."""


def _unusable(file: Path, why: str) -> _Unusable:
    log.error("snapshot %s is passed over: %s", file, why)
    return _Unusable(why)
