"""Writes what was planned: each file whole or not at all, with the owner of the files beside it."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from cti.setup.plan import Act, FilePlan

_MODE: Final = 0o644
_SECRET_MODE: Final = 0o640  # the group of the folder reads it: Asterisk's, or the router's
_FOLDER_MODE: Final = 0o750


def read_present(paths: Iterable[Path]) -> dict[Path, str]:
    """Texts of those files that exist. Raises OSError for one that may not be read."""
    return {path: path.read_text(encoding="utf-8") for path in paths if path.is_file()}


def write(files: Iterable[FilePlan]) -> None:
    """Write the new and the updated; a file that is replaced is kept beside it as `NAME.before`.

    Raises OSError; what was written until then is whole.
    """
    for file in files:
        if file.act in (Act.SAME, Act.KEPT):
            continue
        _make_folder(file.path.parent)
        if file.act is Act.UPDATED:
            before = file.path.with_name(f"{file.path.name}.before")
            _write(before, file.path.read_text(encoding="utf-8"), _MODE)
        _write(file.path, file.text, _SECRET_MODE if file.secret else _MODE)


def _make_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(mode=_FOLDER_MODE)
    _owned_as(folder, folder.parent)


def _write(path: Path, text: str, mode: int) -> None:
    draft = path.with_name(f".{path.name}.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        _owned_as(draft, path.parent)
        draft.chmod(mode)
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def _owned_as(path: Path, folder: Path) -> None:
    """As root: owner and group of the folder, so that whose files they are can read them."""
    if os.geteuid() == 0:
        there = folder.stat()
        os.chown(path, there.st_uid, there.st_gid)
