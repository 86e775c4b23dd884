"""What is missing is installed, once and quietly; what cannot be had is said in one line."""

import os
import subprocess

import pytest

from tests.lab import tools
from tests.lab.tools import LabError


class Machine:
    """One without our tools: what is run on it is noted, and `apt-get install` brings them."""

    def __init__(self, monkeypatch, tmp_path):
        self.has = set()
        self.ran = []
        self.fails = {}  # {second word of a command: what it says on stderr}
        self.policy = tmp_path / "policy-rc.d"
        self.policy_at_install = ""
        monkeypatch.setattr(tools, "is_here", self.has.__contains__)
        monkeypatch.setattr(tools, "run", self.run)
        monkeypatch.setattr(tools, "POLICY", self.policy)
        monkeypatch.setattr(tools.shutil, "which", lambda name: f"/usr/bin/{name}")
        monkeypatch.setattr(os, "geteuid", lambda: 0)
        monkeypatch.setattr(tools.tempfile, "gettempdir", lambda: str(tmp_path))

    def run(self, *command, env=None):
        self.ran.append(command)
        told = self.fails.get(command[1], "")
        if command[1] == "install":
            self.policy_at_install = self.policy.read_text("utf-8")
            if not told:
                self.has.update(name for name in every_tool() if package(name) in command)
        return subprocess.CompletedProcess(command, 100 if told else 0, "", told)


def every_tool():
    return {**tools.TOOLS, **tools.of_this_python()}


def package(name):
    return every_tool()[name]


@pytest.fixture
def machine(monkeypatch, tmp_path):
    return Machine(monkeypatch, tmp_path)


def test_a_bare_machine_gets_everything_in_one_go(machine):
    tools.ensure(quiet=True)
    (update, install, *after) = machine.ran
    assert update[:2] == ("apt-get", "update")
    assert install[:2] == ("apt-get", "install")
    assert set(every_tool().values()) <= set(install)
    assert after == [("systemctl", "disable", service) for service in tools.SERVICES.values()]
    assert tools.missing() == []


def test_where_nothing_is_missing_nothing_is_run(machine):
    machine.has.update(every_tool())
    tools.ensure(quiet=True)
    assert machine.ran == []


def test_only_what_is_missing_is_installed(machine):
    machine.has.update(set(every_tool()) - {"sipp"})
    tools.ensure(quiet=True)
    assert machine.ran[-1] == ("apt-get", "install", *tools.INSTALL_OPTIONS, "sip-tester")


def test_no_service_starts_by_being_installed(machine):
    """Debian's mosquitto would take port 1883."""
    tools.ensure(quiet=True)
    assert machine.policy_at_install == "#!/bin/sh\nexit 101\n"
    assert not machine.policy.exists()


def test_a_policy_of_the_machines_own_is_kept(machine):
    machine.policy.write_text("its own")
    tools.ensure(quiet=True)
    assert machine.policy_at_install == machine.policy.read_text() == "its own"


def test_a_failed_update_does_no_harm_when_the_install_succeeds(machine):
    machine.fails["update"] = "E: somebody else's source is away"
    tools.ensure(quiet=True)
    assert tools.missing() == []


def test_a_failed_install_says_why_in_one_line(machine):
    machine.fails["install"] = "W: so so\nE: Unable to locate package sip-tester\nE: more\n"
    with pytest.raises(LabError) as told:
        tools.ensure(quiet=True)
    assert str(told.value).endswith("E: Unable to locate package sip-tester")
    assert not machine.policy.exists()


def test_who_is_not_root_is_told_what_to_install(machine, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    machine.has.update(set(every_tool()) - {"sipp", "mosquitto", "mosquitto_passwd"})
    with pytest.raises(LabError) as told:
        tools.ensure(quiet=True)
    assert str(told.value) == (
        "sipp, mosquitto, mosquitto_passwd missing: apt-get install sip-tester mosquitto"
    )


def test_a_program_that_is_too_old_is_named(monkeypatch):
    def run(program, _question):
        version = "3.5.9" if program.endswith("sipp") else "v99.1-X.\n"
        return subprocess.CompletedProcess((), 99, "", f" {program} {version}")

    monkeypatch.setattr(tools, "path_of", lambda name: name)
    monkeypatch.setattr(tools, "run", run)
    with pytest.raises(LabError, match=r"^sipp is 3\.5\.9, the tests need 3\.6 or later$"):
        tools.versions()


def test_the_versions_of_this_machine_are_told():
    if lacks := tools.missing():
        pytest.skip(f"no {lacks} here")
    assert set(tools.versions()) == set(tools.VERSIONS)


def test_the_requirements_of_the_second_python_carry_their_hashes():
    from tests.lab import other_python

    first, *hashes = other_python.requirements().splitlines()
    assert first.startswith("msgspec==")
    assert hashes
    assert all(line.strip().startswith("--hash=sha256:") for line in hashes)
