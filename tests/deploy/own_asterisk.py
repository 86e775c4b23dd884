"""An operator's own Asterisk, before anybody has heard of us: phones, a trunk, one number."""

from __future__ import annotations

import re
import shutil

from tests.lab.asterisk import SHIPPED_FOLDERS, LabAsterisk

PHONE = """
[{name}]
type = endpoint
context = from-agent
allow_transfer = no
disallow = all
allow = ulaw
direct_media = no
aors = {name}
auth = {name}
[{name}]
type = aor
contact = sip:{name}@127.0.0.1:{port}
[{name}]
type = auth
username = {name}
password = lab
"""
TRUNK = """
[trunk]
type = endpoint
context = from-trunk
disallow = all
allow = ulaw
direct_media = no
"""


class OwnAsterisk(LabAsterisk):
    """The lab's Asterisk with every trace of our files taken out of the operator's."""

    def _write(self) -> None:
        super()._write()
        for name in SHIPPED_FOLDERS:
            shutil.rmtree(self.etc / name)
        self._edit("extensions.conf", r"(?m)^(CTI_.*|#include .*)\n", "")
        self._edit("extensions.conf", r"(?s)\[from-trunk\].*", "[from-trunk]\n")
        self._edit("manager.conf", r"(?s)#include.*?(?=; The tests' own eye)", "")
        phones = "".join(PHONE.format(name=a.name, port=a.port) for a in self.agents)
        self._edit("pjsip.conf", r"(?s)#include pjsip.d.*?\[trunk\]\(cti-trunk\)\n[^\n]*\n", TRUNK)
        self._edit("pjsip.conf", r"(?s)(match = 127\.0\.0\.1\n).*", rf"\1{phones}")

    def _edit(self, name: str, pattern: str, text: str) -> None:
        path = self.etc / name
        path.write_text(re.sub(pattern, lambda m: m.expand(text), path.read_text(encoding="utf-8")))

    def append(self, name: str, text: str) -> None:
        """What the operator adds with an editor."""
        with (self.etc / name).open("a", encoding="utf-8") as file:
            file.write(f"{text}\n")

    def insert(self, name: str, line: str, after: str) -> None:
        """A line behind the section that starts with `after`, before the next one."""
        text = (self.etc / name).read_text(encoding="utf-8")
        head, mark, rest = text.partition(after)
        (self.etc / name).write_text(f"{head}{mark}\n{line}\n{rest}", encoding="utf-8")
