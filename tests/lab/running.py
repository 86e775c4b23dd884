"""Which processes of the lab run, written down, so that a test run that was killed leaves none.

A process is known by its id and its start time together: ids are used again.
"""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

from tests.lab.rootfs import lab_folder


def remember(pid: int, folder: Path) -> None:
    """A process of ours runs, and that is its folder."""
    _register().mkdir(parents=True, exist_ok=True)
    owner = os.getpid()
    line = f"{owner} {_started(owner)} {pid} {_started(pid)} {folder}"
    (_register() / str(pid)).write_text(line, encoding="utf-8")


def forget(pid: int) -> None:
    """It has ended."""
    (_register() / str(pid)).unlink(missing_ok=True)


def sweep() -> int:
    """End processes whose owner is gone, and remove their folders; how many there were."""
    count = 0
    for entry in _register().glob("*"):
        try:
            owner, owner_started, pid, started, folder = entry.read_text("utf-8").split(" ", 4)
        except (FileNotFoundError, ValueError):
            continue  # somebody else's sweep, or one that is being written
        if _started(int(owner)) == owner_started:
            continue
        if _started(int(pid)) == started:
            os.kill(int(pid), signal.SIGKILL)
            count += 1
        shutil.rmtree(folder, ignore_errors=True)
        entry.unlink(missing_ok=True)
    return count


def _register() -> Path:
    return lab_folder() / "running"


def _started(pid: int) -> str:
    """Start time of a process in ticks since the boot; empty when there is none (proc(5), 22)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[19]
    except OSError:
        return ""
