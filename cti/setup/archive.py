"""A router's data and configuration in one file, and back. The router may run meanwhile.

    config/…            the folder of the configuration: files, conf.d, secrets
    data/…              events.db, snapshots, journal, epoch, format
    manifest.json       last: format, version of the program, when, SHA-256 of every file

Order matters. The event log is copied first, by SQLite's own backup; the journal last. So the
journal holds every command whose events the copied log has not: recovery makes them again, as after
a crash (docs/operations.md). A segment that is being written ends in half a line, as after a crash.

The archive holds callers' numbers and secrets: mode 0600; `-` writes to standard output, for a
program that encrypts.
"""

import hashlib
import io
import os
import shutil
import sqlite3
import tarfile
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

import msgspec

from cti.config import Settings
from cti.journal.data_dir import FORMAT

MANIFEST: Final = "manifest.json"
_FOLDERS: Final = ("snapshots", "journal")
_FILES: Final = ("epoch", "format")
_PIECE: Final = 1 << 20


class Manifest(msgspec.Struct, frozen=True):
    """What the archive holds. `files`: path in the archive to SHA-256, hexadecimal."""

    format: int
    code: str
    at_us: int
    config: str
    files: dict[str, str]


class ArchiveError(ValueError):
    """It is no whole archive of ours, or what is to be restored has no empty place."""


# --- saving -------------------------------------------------------------------------------------


def save(settings: Settings, config: Path, code: str, out: IO[bytes]) -> Manifest:
    """Write the archive to `out`; memory does not grow with it. Raises OSError, sqlite3.Error."""
    files: dict[str, str] = {}
    with (
        tempfile.TemporaryDirectory(prefix="backup-", dir=settings.data_path) as folder,
        tarfile.open(mode="w|gz", fileobj=out) as archive,
    ):
        database = Path(folder) / "events.db"
        _copy_database(settings.event_log_path, database)
        for name, path in _sources(settings.data_path, config, database):
            try:
                stream = path.open("rb")
            except FileNotFoundError:
                continue  # an old snapshot or segment that the router has let go of meanwhile
            with stream:
                files[name] = _add(archive, name, stream)
        manifest = Manifest(FORMAT, code, time.time_ns() // 1000, str(config), files)
        _add(archive, MANIFEST, io.BytesIO(msgspec.json.encode(manifest)))
    return manifest


def _copy_database(source: Path, target: Path) -> None:
    """A consistent copy, whoever writes meanwhile (https://www.sqlite.org/backup.html)."""
    if not source.exists():
        return
    theirs = sqlite3.connect(f"file:{source}?mode=ro", uri=True)
    ours = sqlite3.connect(target)
    try:
        theirs.backup(ours)
    finally:
        ours.close()
        theirs.close()


def _sources(data: Path, config: Path, database: Path) -> Iterator[tuple[str, Path]]:
    """Name in the archive and file, the journal last."""
    for path in _files_of(config.parent):
        if data not in path.parents:
            yield f"config/{path.relative_to(config.parent)}", path
    if database.exists():
        yield "data/events.db", database
    for name in _FILES:
        if (data / name).exists():
            yield f"data/{name}", data / name
    for folder in _FOLDERS:
        for path in _files_of(data / folder):
            yield f"data/{path.relative_to(data)}", path


def _files_of(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix != ".tmp")


class _Hashing:
    """What is read through it is counted into a SHA-256."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.digest = hashlib.sha256()

    def read(self, size: int) -> bytes:
        piece = self._stream.read(size)
        self.digest.update(piece)
        return piece


def _add(archive: tarfile.TarFile, name: str, stream: IO[bytes]) -> str:
    """Add what the file holds now, not what is appended while it is read; its SHA-256."""
    entry = tarfile.TarInfo(name)
    entry.size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    entry.mode, entry.mtime = 0o600, int(time.time())
    hashing: Any = _Hashing(stream)
    archive.addfile(entry, hashing)
    return str(hashing.digest.hexdigest())


# --- restoring ----------------------------------------------------------------------------------


def unpack(source: IO[bytes], folder: Path) -> Manifest:
    """All of the archive into an empty folder, checked file by file. Raises ArchiveError."""
    found: dict[str, str] = {}
    try:
        with tarfile.open(mode="r|*", fileobj=source) as archive:
            for entry in archive:
                stream = archive.extractfile(entry)
                if stream is not None:
                    found[entry.name] = _extract(stream, _below(folder, entry.name))
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except (tarfile.TarError, EOFError, msgspec.MsgspecError, FileNotFoundError) as error:
        raise ArchiveError(f"not a whole backup: {error!r}") from error
    if manifest.format > FORMAT:
        raise ArchiveError(
            f"written by a newer version (format {manifest.format}, this one reads {FORMAT})"
        )
    found.pop(MANIFEST)
    for name in sorted(found.keys() | manifest.files.keys()):
        if found.get(name) != manifest.files.get(name):
            raise ArchiveError(f"{name} is not as it was saved")
    return manifest


def _below(folder: Path, name: str) -> Path:
    """Where an entry goes. A name that leads out of the folder is an attack."""
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()) or path == folder.resolve():
        raise ArchiveError(f"{name!r} leads out of its folder")
    return path


def _extract(stream: IO[bytes], path: Path) -> str:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    hashing = _Hashing(stream)
    with path.open("xb") as out:
        while piece := hashing.read(_PIECE):
            out.write(piece)
    return hashing.digest.hexdigest()


def place_config(unpacked: Path, folder: Path) -> None:
    """The configuration's files to where they belong. ArchiveError where one differs already."""
    source = unpacked / "config"
    files = {folder / path.relative_to(source): path for path in _files_of(source)}
    for path, theirs in files.items():
        if path.exists() and path.read_bytes() != theirs.read_bytes():
            raise ArchiveError(f"{path} is there already and differs; next: move it away")
    for path, theirs in files.items():
        _place(theirs, path, 0o640, folder_mode=0o750)


def place_data(unpacked: Path, settings: Settings) -> None:
    """The data into the folder that the configuration names, which must be empty."""
    source, folder = unpacked / "data", settings.data_path
    if folder.exists() and any((folder / name).exists() for name in (*_FOLDERS, *_FILES)):
        raise ArchiveError(f"{folder} has data already; next: stop the router and move it away")
    for path in _files_of(source):
        target = folder / path.relative_to(source)
        if target.name == "events.db" and target.parent == folder:
            target = settings.event_log_path
        _place(path, target, 0o600, folder_mode=0o700)


def _place(source: Path, target: Path, mode: int, *, folder_mode: int) -> None:
    """Copy, flushed to the disk; as root with the owner of the folder that it comes into."""
    _make_folder(target.parent, folder_mode)
    shutil.copyfile(source, target)
    target.chmod(mode)
    if os.geteuid() == 0:
        there = target.parent.stat()
        os.chown(target, there.st_uid, there.st_gid)
    with target.open("rb") as stream:
        os.fsync(stream.fileno())


def _make_folder(folder: Path, mode: int) -> None:
    if folder.is_dir():
        return
    _make_folder(folder.parent, mode)
    folder.mkdir(mode=mode)
    if os.geteuid() == 0:
        there = folder.parent.stat()
        os.chown(folder, there.st_uid, there.st_gid)
