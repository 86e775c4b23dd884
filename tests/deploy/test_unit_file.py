"""The systemd unit: what systemd says of it, and that its command is one we have."""

import re
import shlex
import subprocess
from pathlib import Path

from cti.cli.parser import parser

UNIT = Path(__file__).parents[2] / "deploy/debian/paidui.service"
MOST_EXPOSED = 20
"""Tenths: `systemd-analyze security` calls up to 2.0 OK; a unit without any hardening has 9.6."""


def test_systemd_has_nothing_to_say_of_it(tmp_path):
    # The program is not installed here: /bin/true stands for it, and all else is as it is.
    unit = tmp_path / "paidui.service"
    unit.write_text(UNIT.read_text(encoding="utf-8").replace("/usr/bin/cti ", "/bin/true "))
    command = ("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(unit))
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_it_is_locked_down(tmp_path):
    command = ("systemd-analyze", "security", "--offline=yes", f"--threshold={MOST_EXPOSED}",
               str(UNIT))  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-300:]


def test_its_commands_are_ours():
    text = UNIT.read_text(encoding="utf-8")
    commands = re.findall(r"(?m)^Exec(?:Start|Reload)=/usr/bin/cti (.*)$", text)
    assert len(commands) == 2
    for command in commands:
        assert parser().parse_args(shlex.split(command)).run
