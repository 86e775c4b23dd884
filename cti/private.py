"""Folders and files that only the daemon's own user may look into: callers' numbers are in them.

What we make is made so. What somebody has made beforehand (a package, systemd's StateDirectory, an
operator with `mkdir`) is made so when it is plainly ours, and said; when it may be somebody else's,
it is refused with the next step, since `chmod 700` on a shared folder breaks a machine.
"""

import logging
import os
import pwd
import stat
from collections.abc import Collection
from pathlib import Path
from typing import Final

log = logging.getLogger(__name__)

FOLDER: Final = 0o700
FILE: Final = 0o600
_OTHERS: Final = 0o077


class NotPrivate(PermissionError):  # noqa: N818  # says what is
    """Others can look into it and it is not plainly ours to close; `str()` has the next step."""


def own_folder(path: Path, marks: Collection[str] = ()) -> None:
    """A folder at `path` that is for us only. Raises NotPrivate, and OSError as the disk does.

    One that others can look into is closed when it is empty, or when one of `marks` in it shows
    that it is ours; without `marks` its name alone does.
    """
    try:
        path.mkdir(mode=FOLDER, parents=True)
    except FileExistsError:
        pass
    else:
        return
    found = path.stat()
    if not stat.S_ISDIR(found.st_mode):
        raise NotADirectoryError(f"{path} is no folder")
    _check_owner(path, found)
    mode = stat.S_IMODE(found.st_mode)
    if not mode & _OTHERS:
        return
    if mode & stat.S_ISVTX or not _is_ours(path, marks):
        raise NotPrivate(
            f"others can look into {path} (mode {mode:04o}), and it holds things that are not ours;"
            f" next: chmod 700 {path}, or name a folder of its own"
        )
    path.chmod(FOLDER)
    log.warning("%s was open to others (mode %04o): it is 0700 now", path, mode)


def own_file(path: Path) -> None:
    """A file at `path`, empty when it is new, that only we may read. Raises as `own_folder`."""
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(path, flags, FILE)
    try:
        found = os.fstat(descriptor)
        _check_owner(path, found)
        mode = stat.S_IMODE(found.st_mode)
        if mode & _OTHERS:
            os.fchmod(descriptor, FILE)
            log.warning("%s was open to others (mode %04o): it is 0600 now", path, mode)
    finally:
        os.close(descriptor)


def write_own(path: Path, text: str) -> None:
    """The text, and nothing else, in a file that only we may read."""
    own_file(path)
    path.write_text(text, encoding="utf-8")


def _is_ours(path: Path, marks: Collection[str]) -> bool:
    names = {entry.name for entry in path.iterdir()}
    return not names or not marks or not names.isdisjoint(marks)


def _check_owner(path: Path, found: os.stat_result) -> None:
    """Its owner could open it again, and read it meanwhile."""
    if found.st_uid != os.geteuid():
        raise NotPrivate(
            f"{path} belongs to {_name(found.st_uid)}, we are {_name(os.geteuid())};"
            f" next: chown {_name(os.geteuid())} {path}, or name another"
        )


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
