"""The core's whole state on disk, so that a start replays minutes of commands and not a year.

    000000040212.snapshot
        {"format":1,"code":"0.1.0","epoch":7,"seq":40212,"at_us":…,"state_hash":"…","event_seq":…}
        … the bytes of `routing.snapshot.dump`

A snapshot is written whole or not at all, the newest few are kept, and each is checked when it is
read: by the hash of its bytes, and by the hash of the state that they make. One that fails is
passed over for the one before it; the journal reaches back to the oldest that is kept.

A snapshot knows how many events had been published. While the event log is behind all of the newest
few, the newest that it has reached is kept too: from there its missing events are got again.
"""

import contextlib
import hashlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from cti.journal.data_dir import make_directory, sync_directory, write_whole
from routing.engine import RoutingEngine
from routing.snapshot import SnapshotError, dump, load, state_hash

log = logging.getLogger(__name__)

FORMAT: Final = 1
SUFFIX: Final = ".snapshot"
KEEP: Final = 3

OWED_MAX: Final = 200_000
"""Commands that are kept only for an event log that is behind: 22 MB, and 10 s more at the next
start (112 bytes and 50 us a command with its events, measured on 2 busy cores): a third of the 30 s
after which callers go to failsafe. Beyond, the log's loss is final.
"""


class SnapshotHeader(msgspec.Struct, frozen=True):
    """The first line of a snapshot. `seq` is the last command that is in it, `event_seq` the last
    event that they led to.
    """

    format: int
    code: str
    epoch: int
    seq: int
    at_us: int
    state_hash: str
    event_seq: int = 0


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
        header = SnapshotHeader(
            FORMAT, self._code, epoch, engine.seq, engine.now_us, digest, engine.event_seq
        )
        return Snapshot(header, data)

    def write(self, snapshot: Snapshot) -> None:
        """Keep it. Blocks; raises OSError and leaves the others alone."""
        make_directory(self.directory)
        file = self._file(snapshot.header.seq)
        write_whole(file, msgspec.json.encode(snapshot.header) + b"\n" + snapshot.data)

    def forget(self, recorded: int) -> int:
        """Let go of those that nobody needs, the event log having all up to event `recorded`. The
        first command that the journal must still have. Blocks.
        """
        headers = self.headers()
        kept, first_seq = needed(headers, recorded, self._keep)
        for header in headers:
            if header.seq not in kept:
                self._file(header.seq).unlink(missing_ok=True)
            elif header.seq == first_seq - 1 and header.event_seq > recorded:
                log.critical(
                    "the event log has got to event %d: it is too far behind, and those up to %d "
                    "cannot be got again", recorded, header.event_seq,
                )  # fmt: skip
        return first_seq

    def headers(self) -> list[SnapshotHeader]:
        """Of all snapshots, the newest first; those whose first line cannot be read left out."""
        found = (_header(file) for file in self._files())
        return [header for header in found if header is not None]

    def set_aside_after(self, seq: int) -> None:
        """Rename those of a later command: they could not be loaded, and history goes another way
        from here.
        """
        for file in self._files():
            if int(file.stem) > seq:
                log.error("snapshot %s is set aside", file)
                with contextlib.suppress(OSError):
                    file.rename(file.with_name(f"{file.name}.aside"))
                    sync_directory(self.directory)

    def load_newest(self) -> tuple[RoutingEngine, SnapshotHeader] | None:
        """The state of the newest snapshot that is whole, or None."""
        return next(self.load_all(), None)

    def load_all(self) -> Iterator[tuple[RoutingEngine, SnapshotHeader]]:
        """Every snapshot that is whole, newest first. What is wrong with the others is logged."""
        for file in self._files():
            with contextlib.suppress(_Unusable):
                yield self._load(file)

    def _file(self, seq: int) -> Path:
        return self.directory / f"{seq:012d}{SUFFIX}"

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


def needed(
    headers: Sequence[SnapshotHeader], recorded: int, keep: int
) -> tuple[frozenset[int], int]:
    """Which snapshots (by command), and from which command on the journal. `headers` newest first.

    The newest few, from which a start gets the state; and the newest that the event log has
    reached, from which it gets the log's missing events. When there is none such, then the oldest,
    and all of the journal.
    """
    newest = headers[:keep]
    kept = {header.seq for header in newest}
    oldest = min(kept, default=0)
    reached = next((header.seq for header in headers if header.event_seq <= recorded), 0)
    base = reached or headers[-1].seq if headers else 0
    if not headers or newest[0].seq - base > OWED_MAX:
        return frozenset(kept), oldest + 1
    return frozenset({*kept, base}), min(oldest, reached) + 1


def _header(file: Path) -> SnapshotHeader | None:
    try:
        with file.open("rb") as stream:
            return msgspec.json.decode(stream.readline(), type=SnapshotHeader)
    except (OSError, msgspec.DecodeError):
        return None


class _Unusable(Exception):  # noqa: N818  # ends in this file
    """The snapshot is passed over."""


def _unusable(file: Path, why: str) -> _Unusable:
    log.error("snapshot %s is passed over: %s", file, why)
    return _Unusable(why)
