"""The file system of a real Asterisk, built from Debian packages into a folder of its own.

Debian's stable branches ship no Asterisk, its development branch ships 22 LTS; so the packages are
unpacked beside the machine's own system (`debian.py`) and started with their own libraries by
`chroot`. One root serves any number of instances (`asterisk.py`), which see it read-only. A change
of `RECIPE` builds anew.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from tests.lab import debian, tools
from tests.lab.tools import LabError, reason_in, run

REPOSITORY = Path(__file__).resolve().parents[2]

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

RECIPE = debian.recipe_of(3, PACKAGES, NAME_SERVICES, USERS, MOUNT_POINTS)

# The series whose behaviour the dialplan and the gateway rely on.
SERIES = "22."


def lab_folder() -> Path:
    """Where the lab lives: $PAIDUI_LAB, or .cache/asterisk-lab in the repository."""
    named = os.environ.get("PAIDUI_LAB")
    return Path(named).resolve() if named else REPOSITORY / ".cache" / "asterisk-lab"


def root_folder() -> Path:
    """The root file system, which exists after `ensure()`."""
    return lab_folder() / "root"


def is_built() -> bool:
    """Whether the root stands and was made by this recipe."""
    return debian.is_built(root_folder(), RECIPE)


def cannot_host() -> str | None:
    """Why this machine cannot host the lab, in one line; None when it can."""
    if sys.platform != "linux":
        return f"the lab needs Linux, this is {sys.platform}"
    if os.geteuid() != 0:
        return "the lab needs root: each Asterisk runs in a mount namespace and a chroot of its own"
    if (reason := tools.cannot_install()) is not None:
        return reason
    if not is_built() and shutil.which("apt-get") is None:
        return "the root is built from Debian packages, and there is no apt-get here"
    namespace = run("unshare", "--mount", "--propagation", "private", "true")
    if namespace.returncode:
        return f"no mount namespace here: {reason_in(namespace.stderr)}"
    return None


def ensure(*, quiet: bool = False) -> Path:
    """Build the root unless it stands; answer its path. LabError says in one line what is wrong."""
    if (reason := cannot_host()) is not None:
        raise LabError(reason)
    tools.ensure(quiet=quiet)
    debian.build(root_folder(), PACKAGES, RECIPE, _finish, quiet=quiet)
    return root_folder()


def version(root: Path | None = None) -> str:
    """What the Asterisk in the root says of itself: `22.10.1`."""
    answer = run("chroot", str(root or root_folder()), "/usr/sbin/asterisk", "-V")
    if answer.returncode:
        raise LabError(f"the Asterisk of the lab does not start: {reason_in(answer.stderr)}")
    return answer.stdout.split()[1].partition("+")[0].partition("~")[0]


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
    if not (found := version(root)).startswith(SERIES):
        raise LabError(f"Debian has Asterisk {found}, the tests are about {SERIES}x")
