"""The file system of a real Asterisk, built from Debian packages into a folder of its own.

Debian's stable branches ship no Asterisk, its development branch ships 22 LTS; so the packages are
unpacked (not installed: no maintainer script runs) beside the machine's own system and started with
their own libraries by `chroot`. One root serves any number of instances (`asterisk.py`), which see
it read-only.

Built once, under a lock, and moved into place when it is whole: a build that was interrupted, or a
second one at the same time, leaves nothing half done. A change of `RECIPE` builds anew.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]

# What a machine needs beside Python: {program: Debian package}.
TOOLS = {"mmdebstrap": "mmdebstrap", "sipp": "sip-tester"}

PACKAGES = ("asterisk", "asterisk-core-sounds-en-gsm")

# Asterisk asks name services for its own address. Without these three every SIP thread blocks on
# DNS for seconds and calls fail at random.
NAME_SERVICES = {
    "etc/hosts": "127.0.0.1 localhost {hostname}\n",
    "etc/resolv.conf": "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}

# No maintainer script has run, so nobody has made the user that Asterisk should run as.
ASTERISK_UID = 5038
USERS = {
    "etc/passwd": "root:x:0:0::/root:/bin/sh\n"
    f"asterisk:x:{ASTERISK_UID}:{ASTERISK_UID}::/var/lib/asterisk:/bin/false\n",
    "etc/group": f"root:x:0:\nasterisk:x:{ASTERISK_UID}:\n",
}

# Places that an instance mounts something on.
MOUNT_POINTS = ("dev", "proc", "tmp", "lab", "run", "var/tmp")

RECIPE = hashlib.sha256(
    repr((3, PACKAGES, NAME_SERVICES, USERS, MOUNT_POINTS)).encode()
).hexdigest()[:16]


class LabError(RuntimeError):
    """The lab cannot be built or an instance does not start; one line that says why."""


def lab_folder() -> Path:
    """Where the lab lives: $PAIDUI_LAB, or .cache/asterisk-lab in the repository."""
    named = os.environ.get("PAIDUI_LAB")
    return Path(named).resolve() if named else REPOSITORY / ".cache" / "asterisk-lab"


def root_folder() -> Path:
    """The root file system, which exists after `ensure()`."""
    return lab_folder() / "root"


def is_built() -> bool:
    """Whether the root stands and was made by this recipe."""
    stamp = root_folder() / ".recipe"
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == RECIPE


def cannot_host() -> str | None:
    """Why this machine cannot host the lab, in one line; None when it can."""
    if sys.platform != "linux":
        return f"the lab needs Linux, this is {sys.platform}"
    if os.geteuid() != 0:
        return "the lab needs root: each Asterisk runs in a mount namespace and a chroot of its own"
    missing = [name for name in TOOLS if shutil.which(name) is None]
    if missing and shutil.which("apt-get") is None:
        return f"{', '.join(missing)} missing, and no apt-get to install them with"
    if not is_built() and shutil.which("apt-get") is None:
        return "the root is built from Debian packages, and there is no apt-get here"
    namespace = _run("unshare", "--mount", "--propagation", "private", "true")
    if namespace.returncode:
        return f"no mount namespace here: {_reason(namespace.stderr)}"
    return None


def ensure(*, quiet: bool = False) -> Path:
    """Build the root unless it stands; answer its path. LabError says in one line what is wrong."""
    if (reason := cannot_host()) is not None:
        raise LabError(reason)
    with _locked():
        _install_tools(quiet=quiet)
        if not is_built():
            _build(quiet=quiet)
    return root_folder()


def version() -> str:
    """What the Asterisk in the root says of itself: `22.10.1`."""
    answer = _run("chroot", str(root_folder()), "/usr/sbin/asterisk", "-V")
    if answer.returncode:
        raise LabError(f"the Asterisk of the lab does not start: {_reason(answer.stderr)}")
    return answer.stdout.split()[1].partition("+")[0].partition("~")[0]


def _build(*, quiet: bool) -> None:
    began = time.monotonic()
    root, fresh = root_folder(), lab_folder() / "root.new"
    _say(f"lab: unpacking Asterisk into {root}", quiet=quiet)
    shutil.rmtree(fresh, ignore_errors=True)
    built = _run(
        "mmdebstrap",
        "--variant=extract",
        f"--include={','.join(PACKAGES)}",
        '--aptopt=APT::Install-Recommends "false"',
        # A mirror may be a frozen one, whose lists are past their date.
        '--aptopt=Acquire::Check-Valid-Until "false"',
        "sid",
        str(fresh),
        f"deb {_mirror()} sid main",
    )
    if built.returncode:
        raise LabError(f"mmdebstrap: {_reason(built.stderr)}")
    _finish(fresh)
    shutil.rmtree(root, ignore_errors=True)
    fresh.rename(root)
    found = version()
    (root / ".recipe").write_text(RECIPE, encoding="utf-8")
    _say(f"lab: Asterisk {found} in {time.monotonic() - began:.0f} s", quiet=quiet)


def _finish(root: Path) -> None:
    """What maintainer scripts and base-files would have done, as far as Asterisk needs it."""
    for name in ("lib", "lib64", "bin", "sbin"):
        if not (root / name).exists():
            (root / name).symlink_to(f"usr/{name}")
    for name in MOUNT_POINTS:
        (root / name).mkdir(parents=True, exist_ok=True)
    hostname = os.uname().nodename
    for name, text in {**NAME_SERVICES, **USERS}.items():
        (root / name).write_text(text.replace("{hostname}", hostname), encoding="utf-8")
    for name in ("doc", "man", "locale", "info"):
        shutil.rmtree(root / "usr/share" / name, ignore_errors=True)


def _mirror() -> str:
    """The Debian archive that this machine's own apt uses (not that of the security updates)."""
    targets = _run(
        "apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"
    ).stdout.split()
    for uri in targets:
        if uri.rstrip("/").endswith("/debian"):
            return uri
    raise LabError("this machine's apt sources name no Debian archive to take Asterisk from")


def _install_tools(*, quiet: bool) -> None:
    packages = [package for name, package in TOOLS.items() if shutil.which(name) is None]
    if not packages:
        return
    _say(f"lab: installing {', '.join(packages)}", quiet=quiet)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ("apt-get", "update", "-qq"),
        ("apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages),
    ):
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        if done.returncode:
            raise LabError(f"{' '.join(command)}: {_reason(done.stderr)}")


@contextmanager
def _locked() -> Iterator[None]:
    """One builder at a time; whoever comes second finds the work done."""
    lab_folder().mkdir(parents=True, exist_ok=True)
    with (lab_folder() / "lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _reason(text: str) -> str:
    """The line that says why: apt's first error, else the last line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return next((line for line in lines if line.startswith("E: ")), (lines or ["no message"])[-1])


def _say(text: str, *, quiet: bool) -> None:
    if not quiet:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
