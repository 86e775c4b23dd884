"""The time zone of the machine that an Asterisk runs on.

The two ways to set it differ inside Asterisk: libc goes by TZ first, Asterisk's own calendar
(main/stdtime/localtime.c) by /etc/localtime alone.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Zone:
    """`tz`: the variable TZ, a name or a rule of POSIX. `localtime`: what /etc/localtime is."""

    tz: str = ""
    localtime: str = ""

    def environment(self) -> dict[str, str]:
        """What its start is given."""
        given = {key: value for key, value in os.environ.items() if key != "TZ"}
        return {**given, "TZ": self.tz} if self.tz else given

    def etc(self, root: Path, folder: Path) -> Path | None:
        """The /etc of such a machine, made below `folder`; None: that of the root is as good."""
        if not self.localtime:
            return None
        etc = folder / "machine-etc"
        if not etc.exists():
            shutil.copytree(root / "etc", etc, symlinks=True)
            (etc / "localtime").symlink_to(f"/usr/share/zoneinfo/{self.localtime}")
        return etc


HERE = Zone()
"""As this machine: UTC, where nobody has set anything else."""
