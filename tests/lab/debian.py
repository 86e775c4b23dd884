"""Debian packages unpacked (not installed) into a folder: no maintainer script runs.

Built under a lock and moved into place when it is whole: a build that was interrupted, or a second
one at the same time, leaves nothing half done. A changed recipe builds anew.
"""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.lab.tools import LabError, locked, reason_in, run, say


def recipe_of(*ingredients: object) -> str:
    """A short text that changes when one of these does."""
    return hashlib.sha256(repr(ingredients).encode()).hexdigest()[:16]


def is_built(folder: Path, recipe: str) -> bool:
    """Whether the folder stands and was made by this recipe."""
    stamp = folder / ".recipe"
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == recipe


def build(
    folder: Path,
    packages: Sequence[str],
    recipe: str,
    finish: Callable[[Path], None],
    *,
    quiet: bool = False,
) -> None:
    """Unpack into `folder` unless it stands. `finish` does the rest, before it is moved there."""
    with locked(folder.with_name(f"{folder.name}.lock")):
        if is_built(folder, recipe):
            return
        began = time.monotonic()
        fresh = folder.with_name(f"{folder.name}.new")
        say(f"lab: unpacking {packages[0]} into {folder}", quiet=quiet)
        shutil.rmtree(fresh, ignore_errors=True)
        _unpack(fresh, packages)
        finish(fresh)
        (fresh / ".recipe").write_text(recipe, encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        fresh.rename(folder)
        say(f"lab: {packages[0]} in {time.monotonic() - began:.0f} s", quiet=quiet)


def _unpack(folder: Path, packages: Sequence[str]) -> None:
    unpacked = run(
        "mmdebstrap",
        "--variant=extract",
        f"--include={','.join(packages)}",
        '--aptopt=APT::Install-Recommends "false"',
        # A mirror may be a frozen one, whose lists are past their date.
        '--aptopt=Acquire::Check-Valid-Until "false"',
        "sid",
        str(folder),
        f"deb {mirror()} sid main",
    )
    if unpacked.returncode:
        raise LabError(f"mmdebstrap: {reason_in(unpacked.stderr)}")


def mirror() -> str:
    """The Debian archive that this machine's own apt uses (not that of the security updates)."""
    targets = run(
        "apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"
    ).stdout.split()
    for uri in targets:
        if uri.rstrip("/").endswith("/debian"):
            return uri
    raise LabError("this machine's apt sources name no Debian archive to take packages from")
