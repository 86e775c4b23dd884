"""A second Python, newer than the one that the tests run on: the core has to decide alike on both.

Debian's stable branch has one Python only, so it comes from where Asterisk comes from. Its own
loader and libraries start it: no chroot, and nothing of the machine's.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

from tests.lab import debian, tools
from tests.lab.rootfs import REPOSITORY, cannot_host, lab_folder
from tests.lab.tools import LabError, reason_in, run

PACKAGES = ("python3-minimal", "libpython3-stdlib")
LOCK = REPOSITORY / "requirements.lock"

# All that the core needs beside the standard library.
LIBRARIES = ("msgspec",)


def folder() -> Path:
    """Where it stands after `ensure()`."""
    return lab_folder() / "python"


def program() -> Path:
    """What starts it."""
    return folder() / "start"


def ensure(*, quiet: bool = False) -> Path:
    """Build it unless it stands; the program. LabError says in one line what is wrong."""
    if (reason := cannot_host()) is not None:
        raise LabError(reason)
    tools.ensure(quiet=quiet)
    recipe = debian.recipe_of(1, PACKAGES, START, requirements())
    debian.build(folder(), PACKAGES, recipe, _finish, quiet=quiet)
    return program()


def version() -> str:
    """`3.14.10`"""
    answer = run(str(program()), "-c", "import platform; print(platform.python_version())")
    if answer.returncode:
        raise LabError(f"the second Python does not start: {reason_in(answer.stderr)}")
    return answer.stdout.strip()


def requirements() -> str:
    """The lines of requirements.lock, hashes included, that are about `LIBRARIES`."""
    names = "|".join(LIBRARIES)
    block = re.compile(rf"^(?:{names})==.*(?:(?<=\\)\n.*)*", re.MULTILINE)
    return "\n".join(block.findall(LOCK.read_text(encoding="utf-8"))) + "\n"


# Its folder is wherever this file lies: it is built under another name.
START = """\
#!/bin/sh
root=$(dirname "$(readlink -f "$0")")
exec "$root/{loader}" --library-path "$root/{libraries}" "$root/{python}" "$@"
"""


def _finish(root: Path) -> None:
    (python,) = root.glob("usr/bin/python3.*[0-9]")
    (loader,) = root.glob("usr/lib/*-linux-gnu*/ld-linux*")
    text = START.format(
        loader=loader.relative_to(root),
        libraries=loader.parent.relative_to(root),
        python=python.relative_to(root),
    )
    start = root / "start"
    start.write_text(text, encoding="utf-8")
    start.chmod(0o755)
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as wanted:
        wanted.write(requirements())
        wanted.flush()
        installed = run(
            sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check",
            "--no-deps", "--require-hashes", "--only-binary", ":all:", "--implementation", "cp",
            "--python-version", python.name.removeprefix("python"),
            "--target", str(root / "usr/lib/python3/dist-packages"), "-r", wanted.name,
        )  # fmt: skip
    if installed.returncode:
        raise LabError(f"pip, for {python.name}: {reason_in(installed.stderr)}")
