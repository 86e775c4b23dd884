"""Empty Debian 12 roots to install the package into: a server without a kernel and without systemd.

One base is made by mmdebstrap and kept in the lab's folder; each root is a copy. Commands run in a
mount namespace of their own, so nothing stays mounted. Processes and network are the machine's.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.lab import rootfs
from tests.lab.debian import mirror
from tests.lab.tools import LabError, locked

SUITE = "bookworm"
ENTER = """
set -e
mount --rbind /dev "$1/dev"
mount -t proc proc "$1/proc"
mount -t tmpfs tmpfs "$1/run"
if [ -n "$2" ]; then mkdir -p "$1/etc/asterisk"; mount --bind "$2" "$1/etc/asterisk"; fi
root=$1; user=$3; shift 3
exec chroot --userspec="$user" "$root" "$@"
"""
NO_CHECK = "Acquire::Check-Valid-Until=false"  # a mirror may be frozen, its lists past their date


def base() -> Path:
    """The empty root, built once: minbase and nothing else."""
    folder = rootfs.lab_folder() / SUITE
    with locked(folder.with_name(f"{SUITE}.lock")):
        if (folder / ".whole").exists():
            return folder
        shutil.rmtree(folder, ignore_errors=True)
        run("mmdebstrap", "--variant=minbase", f'--aptopt={NO_CHECK.replace("=", " ")}',
            SUITE, str(folder), f"deb {mirror()} {SUITE} main")  # fmt: skip
        # The mirror that this machine's apt uses, not the one that its files name.
        (folder / "etc/apt/sources.list").write_text(f"deb {mirror()} {SUITE} main\n")
        (folder / ".whole").touch()
    return folder


class Root:
    """A copy of the empty Debian. `asterisk` is seen there as /etc/asterisk."""

    def __init__(self, asterisk: Path | None = None) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="root-"))
        self.path.rmdir()
        run("cp", "-a", "--reflink=auto", str(base()), str(self.path))
        for name in ("etc/resolv.conf", "etc/hosts"):
            shutil.copy(f"/{name}", self.path / name)
        self._asterisk = asterisk

    def command(self, *words: str, user: str = "root:root") -> tuple[str, ...]:
        """The command line that runs these words in this root."""
        folder = str(self._asterisk) if self._asterisk else ""
        return ("unshare", "--mount", "--propagation", "private", "sh", "-c", ENTER, "enter",
                str(self.path), folder, user, *words)  # fmt: skip

    def run(self, *words: str, user: str = "root:root") -> str:
        """Run to the end; what it said. LabError when it fails."""
        return run(*self.command(*words, user=user))

    def start(self, *words: str, user: str, log: Path) -> subprocess.Popen[bytes]:
        """Start and leave running; its process id is that of the program itself."""
        with log.open("ab") as out:
            return subprocess.Popen(
                self.command(*words, user=user), stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                start_new_session=True, env=environment(),
            )  # fmt: skip

    def files(self) -> set[str]:
        """Every path of this root, outside of apt's own caches and Python's."""
        return {
            str(path.relative_to(self.path))
            for path in self.path.rglob("*")
            if not str(path.relative_to(self.path)).startswith(("var/cache", "var/lib/apt", "tmp"))
        }

    def remove(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self.path, ignore_errors=True)


def environment() -> dict[str, str]:
    """What a server's shell has, and no more of this machine's."""
    return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8",
            "DEBIAN_FRONTEND": "noninteractive", "HOME": "/root"}  # fmt: skip


def run(*command: str) -> str:
    """Standard output and error together. LabError when it fails."""
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | environment()
    )
    said = (done.stdout + done.stderr).strip()
    if done.returncode:
        raise LabError(f"{' '.join(command[-6:])} ended with {done.returncode}: {said[-2000:]}")
    return said
