"""What the tests need of a machine beside Python: one table, and how it comes there.

`python -m tests.lab.tools` installs what is missing. It runs before there is a `.venv`, so it knows
the standard library only.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

# {program, or a file that shows that the package is there: Debian package}
TOOLS = {
    "mmdebstrap": "mmdebstrap",  # unpacks Asterisk and a second Python
    "sipp": "sip-tester",  # phones and callers
    "mosquitto": "mosquitto",  # the bus
    "mosquitto_passwd": "mosquitto",
    "mosquitto_sub": "mosquitto-clients",  # a reader of the bus that is not ours
    "openssl": "openssl",  # certificates
    "promtool": "prometheus",  # reads our alert rules
    "systemd-analyze": "systemd",  # reads our unit
    "dpkg-deb": "dpkg",  # builds our package
    "/usr/lib/postgresql/15/bin/postgres": "postgresql-15",  # the centre's other database
    "gcc": "gcc",  # `make compiled`
    "/usr/include/stdlib.h": "libc6-dev",
}

# {program: (how to ask for its version, the oldest one that the tests were seen to pass with)}
VERSIONS = {
    "sipp": ("-v", (3, 6)),
    "mosquitto": ("-h", (2, 0)),
    "openssl": ("version", (3, 0)),
    "gcc": ("-dumpfullversion", (10,)),
}

# Debian starts these where they are installed; our tests start their own.
# {package: service}
SERVICES = {"mosquitto": "mosquitto", "prometheus": "prometheus", "postgresql-15": "postgresql"}

# Not on the PATH of an ordinary user.
SYSTEM_FOLDERS = "/usr/sbin:/sbin:/usr/local/sbin"

# invoke-rc.d(8) asks this program whether a service may start; 101 says no.
POLICY = Path("/usr/sbin/policy-rc.d")

INSTALL_OPTIONS = ("-y", "-qq", "--no-install-recommends", "-o", "Acquire::Retries=3")


class LabError(RuntimeError):
    """What the tests need cannot be had here; one line that says why."""


def of_this_python() -> dict[str, str]:
    """Debian has parts of its Python in packages of their own; other builds come whole."""
    if sys.base_prefix != "/usr":
        return {}
    name = f"python3.{sys.version_info.minor}"
    return {
        f"{sysconfig.get_path('stdlib')}/ensurepip/__init__.py": f"{name}-venv",
        f"{sysconfig.get_path('include', vars={'installed_base': '/usr'})}/Python.h": f"{name}-dev",
    }


def is_here(name: str) -> bool:
    """Whether a program is on this machine, or a file when the name begins with a slash."""
    return Path(name).exists() if name.startswith("/") else path_of(name) is not None


def path_of(program: str) -> str | None:
    """Where a program is, those for the system included."""
    return shutil.which(program, path=f"{os.environ.get('PATH', os.defpath)}:{SYSTEM_FOLDERS}")


def missing(names: Iterable[str] = ()) -> list[str]:
    """Those of the tools (or of `names`) that are not on this machine."""
    return [name for name in names or {**TOOLS, **of_this_python()} if not is_here(name)]


def cannot_install() -> str | None:
    """Why this machine lacks something that we cannot install, in one line; None: it does not."""
    lacks = missing()
    if not lacks:
        return None
    if shutil.which("apt-get") is None:
        return f"{', '.join(lacks)} missing, and no apt-get to install them with"
    if os.geteuid() != 0:
        return f"{', '.join(lacks)} missing: apt-get install {' '.join(packages_of(lacks))}"
    return None


def packages_of(names: Iterable[str]) -> list[str]:
    """The Debian packages that bring these, each once."""
    table = {**TOOLS, **of_this_python()}
    return list(dict.fromkeys(table[name] for name in names))


def ensure(*, quiet: bool = False) -> None:
    """Install what is missing; LabError when that cannot be done."""
    if (reason := cannot_install()) is not None:
        raise LabError(reason)
    if not missing():
        return
    with locked(Path(tempfile.gettempdir()) / "paidui-apt.lock"), services_stay_down():
        names = missing()  # another worker may have been first
        if names:
            _install(packages_of(names), quiet=quiet)
    if lacks := missing():
        raise LabError(f"{', '.join(lacks)} still missing after the install")


def _install(packages: list[str], *, quiet: bool) -> None:
    say(f"tools: installing {', '.join(packages)}", quiet=quiet)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    # Somebody else's source that is unreachable fails the update; ours may be there all the same.
    updated = run("apt-get", "update", "-qq", env=environment)
    installed = run("apt-get", "install", *INSTALL_OPTIONS, *packages, env=environment)
    if installed.returncode:
        told = updated.stderr if updated.returncode else installed.stderr
        raise LabError(f"apt-get install {' '.join(packages)}: {reason_in(told)}")
    if shutil.which("systemctl"):
        for package, service in SERVICES.items():
            if package in packages:  # nor at the next boot
                run("systemctl", "disable", service)


@contextmanager
def services_stay_down() -> Iterator[None]:
    """Within, no package that is installed starts its service. A policy that is there is kept."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n", encoding="utf-8")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()


def versions() -> dict[str, str]:
    """What each program says of itself, `{"sipp": "3.6.1"}`; LabError when one is too old."""
    found = {}
    for name, (question, oldest) in VERSIONS.items():
        answer = run(
            shutil.which(name, path=f"{os.environ['PATH']}:{SYSTEM_FOLDERS}") or name, question
        )
        match = re.search(r"\d+(\.\d+)+", answer.stdout + answer.stderr)
        if match is None:
            raise LabError(f"{name} {question} tells no version")
        found[name] = match.group()
        if tuple(map(int, match.group().split("."))) < oldest:
            wanted = ".".join(map(str, oldest))
            raise LabError(f"{name} is {found[name]}, the tests need {wanted} or later")
    return found


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """One process at a time; whoever comes second finds the work done."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def run(*command: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """A command to its end, with what it said."""
    return subprocess.run(command, capture_output=True, text=True, check=False, env=env)


def reason_in(text: str) -> str:
    """The line that says why: the first error of apt or pip, else the last line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(("E: ", "ERROR: "))]
    return (errors[:1] or lines[-1:] or ["no message"])[0]


def say(text: str, *, quiet: bool = False) -> None:
    """One line for whoever waits."""
    if not quiet:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


if __name__ == "__main__":
    try:
        ensure()
    except LabError as error:
        say(f"tools: {error}")
        sys.exit(bool(os.environ.get("CI")))
