"""The journal's files: segments of lines, how they are read, and what can be wrong with one.

    00000012.jsonl
        {"format":1,"code":"0.1.0","epoch":7,"first_seq":40213,"resumed":false}
        [40213,1795000000000000,{"type":"CallArrived","call_id":"a1-1795000000.12", …}]
        [40214, …]

Lines are `Stamped` as JSON: readable with `less` and `jq`, typed and checked when read back. No
line carries a checksum: a command that differs from what was applied shows in the state hash of the
next snapshot, and a file that `jq` can read is worth more in the night when it is needed.

The last line of a segment may be torn: the process, or the machine, died while it was written, so
nobody has seen what it led to. A segment that begins with `resumed` may have commands missing
before it: the disk was full (`cti.journal.file`). What a segment holds from where the next one
begins was cut, and came back with a power cut. Everything else that cannot be read is damage, and
no program should guess what stood there.
"""

import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from routing.commands import Stamped

FORMAT: Final = 1
SUFFIX: Final = ".jsonl"
LONGEST_LINE: Final = 64 * 1024
"""Where to look for the last line; a configuration of thousands of agents may be longer."""

_decode_line = msgspec.json.Decoder(Stamped).decode


class SegmentHeader(msgspec.Struct, frozen=True):
    """The first line of a segment. `code` is the version of the program that wrote it."""

    format: int
    code: str
    epoch: int
    first_seq: int
    resumed: bool = False


@dataclass(frozen=True, slots=True)
class Segment:
    """One file, by its header."""

    path: Path
    header: SegmentHeader


@dataclass(frozen=True, slots=True)
class JournalLine:
    """One command and where it stands: its line is the bytes from `offset` to before `end`."""

    stamped: Stamped
    segment: Segment
    offset: int
    end: int


class JournalDamaged(Exception):  # noqa: N818  # says what is
    """The journal cannot be read on. `str()` says where, and what the operator can do."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(
            f"{where}: {what}. Either put the directory back from a backup, or move it away and "
            f"start with an empty one: callers who wait are known again from Asterisk with their "
            f"first arrival, agents have to sign in again"
        )


class JournalGap(Exception):  # noqa: N818  # says what is
    """Commands are missing before this segment, because the disk was full and no snapshot has
    bridged the gap. What stands before it is good; it and all after it are of no use.
    """

    def __init__(self, segment: Segment, missing: int) -> None:
        self.segment = segment
        self.missing = missing
        super().__init__(f"{missing} commands are missing before {segment.path}")


def segment_path(directory: Path, number: int) -> Path:
    """The name of a segment; names sort in the order of time."""
    return directory / f"{number:08d}{SUFFIX}"


def list_segments(directory: Path) -> list[Segment]:
    """All segments, oldest first. One whose header is torn holds no command and is left out."""
    found = []
    for path in sorted(directory.glob(f"*{SUFFIX}")):
        with path.open("rb") as stream:
            header = _decoded_header(stream.readline())
        if header is None:
            continue
        if header.format != FORMAT:
            raise JournalDamaged(str(path), f"format {header.format}; this program reads {FORMAT}")
        found.append(Segment(path, header))
    return found


def read_journal(directory: Path, after_seq: int = 0) -> Iterator[JournalLine]:
    """All commands after this one, in order and without a gap.

    Raises `JournalGap` and `JournalDamaged` when it comes to the place, not before.
    """
    segments = list_segments(directory)
    expected = after_seq + 1
    for segment, after in itertools.zip_longest(segments, segments[1:]):
        if after is not None and after.header.first_seq <= expected:
            continue  # all of it is older
        first_seq = segment.header.first_seq
        if first_seq > expected:
            if segment.header.resumed:
                raise JournalGap(segment, first_seq - expected)
            raise JournalDamaged(str(segment.path), f"begins at {first_seq}, not at {expected}")
        for line in read_segment(segment):
            seq = line.stamped.seq
            if after is not None and seq >= after.header.first_seq:
                break
            if seq < expected:
                continue
            if seq > expected:
                raise JournalDamaged(
                    f"{segment.path}, byte {line.offset}", f"{expected} is missing"
                )
            yield line
            expected += 1


def read_segment(segment: Segment) -> Iterator[JournalLine]:
    """The commands of one segment; stops before a torn end."""
    with segment.path.open("rb") as stream:
        offset = len(stream.readline())
        for line in stream:
            stamped = _decoded_line(line)
            if stamped is None:
                if any(_decoded_line(later) for later in stream):
                    where = f"{segment.path}, byte {offset}"
                    raise JournalDamaged(where, "a line cannot be read")
                return
            end = offset + len(line)
            yield JournalLine(stamped, segment, offset, end)
            offset = end


def cut_torn_end(segment: Segment) -> int:
    """Remove what is behind the last whole line; how many bytes that were."""
    if _ends_whole(segment.path):
        return 0
    with segment.path.open("rb") as stream:
        end = len(stream.readline())
    for line in read_segment(segment):
        end = line.end
    return cut(segment.path, end)


def _ends_whole(path: Path) -> bool:
    """The usual case, without reading all of a large file: its last line can be read."""
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - LONGEST_LINE))
        last = stream.read().splitlines(keepends=True)[-1:]
    return bool(last) and _decoded_line(last[0]) is not None


def cut(path: Path, offset: int) -> int:
    """Remove all from this byte on, for good; how many bytes that were."""
    size = path.stat().st_size
    with path.open("r+b") as stream:
        stream.truncate(offset)
        os.fsync(stream.fileno())
    return size - offset


def _decoded_header(line: bytes) -> SegmentHeader | None:
    try:
        return msgspec.json.decode(line, type=SegmentHeader)
    except msgspec.DecodeError:
        return None


def _decoded_line(line: bytes) -> Stamped | None:
    if not line.endswith(b"\n"):
        return None
    try:
        return _decode_line(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
