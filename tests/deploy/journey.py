"""From an empty server to a routed call, an upgrade, a roll-back, a move and the removal.

`make journey` takes it whole and prints each command that an operator types, what came of it and
how long it took; CI takes the short way. Every step asserts what it claims; calls are real.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import Self

from tests.deploy.own_asterisk import OwnAsterisk
from tests.deploy.roots import Root, run
from tests.eventually import eventually_sync
from tests.lab.asterisk import Agent
from tests.lab.ports import free_port
from tests.lab.scenarios import phone_answers
from tests.lab.sipp import Callers, Phones

CONFIG = "/etc/paidui/cti.toml"
PATIENCE_S = 30.0

NUMBER = """
[from-trunk]
exten => 95588,1,Set(CTI_QUEUE=general)
 same => n,Goto(cti-inbound,${EXTEN},1)
"""


class Journey:
    """One server, its Asterisk, and what an operator does to them."""

    def __init__(self, before: Path, after: Path, say: Callable[[str], None]) -> None:
        self.before, self.after, self.say = before, after, say
        self.phones = Phones(phone_answers(after_ms=300))
        self.asterisk = OwnAsterisk(
            agents=[Agent(f"a{8001 + number}", self.phones.port) for number in range(3)]
        )
        self.root = Root(self.asterisk.etc)
        self.service: subprocess.Popen[bytes] | None = None
        self.log = self.asterisk.folder / "paidui.log"
        self.began = time.monotonic()

    def __enter__(self) -> Self:
        """Nothing runs yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """End everything that was started."""
        self.stop()
        self.phones.stop()
        self.asterisk.stop()
        self.root.remove()

    # --- gestures ---------------------------------------------------------------------------------

    def type(self, line: str) -> str:
        """A command on the server, printed with what it said."""
        self.say(f"$ {line}")
        said = self.root.run(*shlex.split(line))
        for text in said.splitlines()[-12:]:
            self.say(f"  {text}")
        return said

    def start(self) -> None:
        """`systemctl start paidui`: what the unit says, as its user."""
        self.say("$ systemctl start paidui      # here: ExecStart of the unit, as its user")
        unit = (self.root.path / "lib/systemd/system/paidui.service").read_text(encoding="utf-8")
        command = re.search(r"(?m)^ExecStart=(.*)$", unit)
        user = re.search(r"(?m)^User=(.*)$", unit)
        assert command
        assert user
        self.service = self.root.start(
            *shlex.split(command[1]), user=f"{user[1]}:{user[1]}", log=self.log
        )
        self.until(lambda: "is routing" in self._log_since_start(), "the service routes")

    def stop(self) -> None:
        """`systemctl stop paidui`."""
        if self.service is not None:
            self._mark = self.log.stat().st_size
            self.service.terminate()
            self.service.wait(10)
            self.service = None

    _mark = 0

    def _log_since_start(self) -> str:
        with self.log.open(encoding="utf-8", errors="replace") as file:
            file.seek(self._mark)
            return file.read()

    def until(self, check: Callable[[], object], what: str) -> None:
        """Wait for the thing itself."""
        try:
            eventually_sync(check, PATIENCE_S)
        except AssertionError as error:
            raise AssertionError(f"{what}: {error}\n{self._tail()}") from None

    def _tail(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])

    def talking(self) -> int:
        """How many calls the router itself says are talked."""
        with suppress(Exception):
            return self.root.run("cti", "calls", "--json", "--config", CONFIG).count('"talking"')
        return -1

    @contextmanager
    def live_calls(self, count: int) -> Iterator[None]:
        """So many calls that talk when the body begins, and that must all still talk at its end."""
        with Callers(self.asterisk.sip, "95588", calls=count, rate=20, stay_ms=600_000) as callers:
            self.until(lambda: self.talking() == count, f"{count} calls talk")
            yield
            self.until(lambda: self.talking() == count, f"{count} calls still talk")
            result = callers.result()
            assert result.failed == 0, result
            self.say(f"  # {count} live calls: all of them still talk")
            self.asterisk.cli("channel request hangup all")
        self.until(lambda: self.talking() == 0, "no call is left")
        self.until(self._all_ready, "the agents are ready")

    def _all_ready(self) -> bool:
        for agent in ("8001", "8002", "8003"):
            with suppress(Exception):
                self.root.run("cti", "agent", agent, "work-done", "--config", CONFIG)
        said = self.root.run("cti", "agents", "--json", "--config", CONFIG)
        return said.count('"state":"ready"') == 3

    def step(self, title: str) -> None:
        """A heading with the minutes so far."""
        self.say(f"\n== {(time.monotonic() - self.began) / 60:.1f} min: {title}")

    # --- the way ----------------------------------------------------------------------------------

    def install(self) -> None:
        """From an empty Debian to an installed program."""
        self.step("install on an empty Debian 12")
        self.type("apt-get -q -o Acquire::Check-Valid-Until=false update")
        self._install(self.before, "")

    def _install(self, package: Path, options: str) -> None:
        target = self.root.path / "root" / package.name
        target.write_bytes(package.read_bytes())
        self.type(f"apt-get -q install -y {options} /root/{package.name}")

    def first_call(self) -> None:
        """`cti init`, three lines, and a call."""
        self.step("a configuration, three lines in Asterisk's files")
        self.phones.start()
        self.asterisk.start()
        agi = self.asterisk.agi_port
        here = "--asterisk /etc/asterisk --copy-to /etc/asterisk"
        init = f"cti init {here} --config {CONFIG} --agi-port {agi}"
        self.type(f"{init} --yes")
        # Not of the story: ports that are free on this machine of many tests.
        conf = self.root.path / "etc/paidui/conf.d/10-ports.toml"
        conf.parent.mkdir()
        conf.write_text(f"[bus]\nport = {free_port()}\n[metrics]\nport = 0\n")
        self.asterisk.insert(
            "extensions.conf",
            "CTI_FAILSAFE_QUEUE=failsafe\n#include extensions.d/cti-*.conf",
            "[globals]",
        )
        self.asterisk.append("extensions.conf", NUMBER)
        self.asterisk.append("manager.conf", "#include manager.d/cti-*.conf")
        self.asterisk.append("pjsip.conf", "#include pjsip.d/cti-*.conf")
        self.say("# the three lines are in; 95588 goes to the queue `general`")
        run("chown", "-R", "5038:5038", str(self.asterisk.etc))
        for module in ("manager", "pbx_config.so", "res_pjsip.so"):
            self.asterisk.reload(module)
        again = self.type(f"{init} --yes")
        assert "Nothing to write" in again
        self.type(f"cti config check {CONFIG}")
        self.start()
        secret = (self.root.path / "etc/paidui/secrets/ami-check.secret").read_text().strip()
        check = f"cti asterisk check --config {CONFIG}"
        self.say(f"$ ASTERISK_CHECK_SECRET=$(cat …/ami-check.secret) {check}")
        self.say(self.root.run("env", f"ASTERISK_CHECK_SECRET={secret}", *shlex.split(check)))
        for agent in ("8001", "8002", "8003"):
            self.type(f"cti agent {agent} log-on --config {CONFIG}")
            self.type(f"cti agent {agent} ready --config {CONFIG}")
        with self.live_calls(1):
            self.type(f"cti calls --config {CONFIG}")
        self.step("the first call was routed")

    def upgrade(self) -> None:
        """The next version with two live calls, and back."""
        self.step("upgrade with two live calls, then back")
        with self.live_calls(2):
            self._replace(self.after, "")
            self._replace(self.before, "--allow-downgrades")

    def _replace(self, package: Path, options: str) -> None:
        self.stop()
        self._install(package, options)
        self.start()
        self.until(lambda: self.talking() == 2, "the new program knows both calls")

    def rotate(self) -> None:
        """New secrets for AMI and FastAGI while two calls talk and one more comes in."""
        self.step("new secrets, with two live calls")
        with self.live_calls(2):
            self._new_secret("agi.secret", "extensions.d/cti-your-globals.conf", "pbx_config.so")
            self._new_secret("ami-a1.secret", "manager.d/cti-your-users.conf", "manager")
            self.until(lambda: self.talking() == 2, "both calls are known")

    def _new_secret(self, name: str, file: str, module: str) -> None:
        """docs/installation.md: the router takes the old one too until Asterisk has the new one."""
        secrets = self.root.path / "etc/paidui/secrets"
        old, new = (secrets / name).read_text().strip(), token_hex(16)
        self.say(f"# {name}: a new one in {secrets.name}/{name} and {file}; the old one beside it")
        if name == "agi.secret":
            (secrets / "agi-before.secret").write_text(f"{old}\n")
            conf = self.root.path / "etc/paidui/conf.d/20-rotation.toml"
            conf.write_text(
                '[agi]\nprevious_secret_file = "/etc/paidui/secrets/agi-before.secret"\n'
            )
            for path in (secrets / "agi-before.secret", conf):
                self.root.run("chown", "root:paidui", f"/{path.relative_to(self.root.path)}")
        (secrets / name).write_text(f"{new}\n")
        path = self.asterisk.etc / file
        path.write_text(path.read_text().replace(old, new))
        self.say("$ systemctl restart paidui")
        self.stop()
        if name == "ami-a1.secret":
            self.say(f"$ asterisk -rx 'module reload {module}'")
            self.asterisk.reload(module)
        self.start()
        if name == "agi.secret":
            self._call_with_old_secret()
            self.say(f"$ asterisk -rx 'module reload {module}'")
            self.asterisk.reload(module)

    def _call_with_old_secret(self) -> None:
        """A caller comes in before Asterisk knows the new one."""
        with Callers(self.asterisk.sip, "95588", stay_ms=600_000):
            self.until(lambda: self.talking() == 3, "a caller with the old secret is served")
            self.say("  # a third caller, with the old secret: served")
            self.asterisk.cli(f"channel request hangup {self._newest_caller()}")
        self.until(lambda: self.talking() == 2, "the third caller has gone")

    def _newest_caller(self) -> str:
        lines = self.asterisk.cli("core show channels concise").splitlines()
        callers = [line.split("!") for line in lines if line.startswith("PJSIP/trunk-")]
        return min(callers, key=lambda fields: int(fields[11]))[0]

    def move(self) -> None:
        """A backup while calls go on, restored on another server, which takes them over."""
        self.step("backup, and restore on a second server, with two live calls")
        with self.live_calls(2):
            self.type(f"cti backup /root/paidui.backup --config {CONFIG}")
            saved = (self.root.path / "root/paidui.backup").read_bytes()
            self.say("# the second server")
            self.stop()
            old, self.root = self.root, Root(self.asterisk.etc)
            try:
                self.type("apt-get -q -o Acquire::Check-Valid-Until=false update")
                self._install(self.before, "")
                (self.root.path / "root/paidui.backup").write_bytes(saved)
                self.type("cti restore /root/paidui.backup")
                self.start()
            finally:
                old.remove()

    def uninstall(self) -> None:
        """Removed, then purged: nothing is left but what apt's own logs say."""
        self.step("uninstall")
        self.stop()
        self.type("apt-get -q remove -y paidui")
        assert (self.root.path / "var/lib/paidui").is_dir(), "data goes by `purge` only"
        self.type("apt-get -q purge -y paidui")
        left = sorted(
            name for name in self.root.files() if "paidui" in name and name[:5] != "root/"
        )
        self.say(f"# left with the name paidui: {left or 'nothing'}")
        assert not [name for name in left if not name.startswith("var/lib/dpkg")], left
