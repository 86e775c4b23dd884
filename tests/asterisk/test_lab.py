"""The lab itself: what the other tests lean on."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.eventually import eventually_sync, time_passes
from tests.lab import fixtures, rootfs, running
from tests.lab.ami import LabAmi
from tests.lab.asterisk import Agent, LabAsterisk
from tests.lab.scenarios import phone_answers, phone_refuses
from tests.lab.sipp import Callers, Phones
from tests.lab.tools import LabError

pytestmark = pytest.mark.room("tests")


def mounts() -> list[str]:
    """Those that have to do with the lab; other tests mount disks of their own."""
    lines = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if str(rootfs.root_folder()) in line or "/lab-" in line]


@pytest.mark.real
def test_instances_run_side_by_side_and_leave_nothing(lab: None) -> None:
    before = mounts()
    with LabAsterisk() as one, LabAsterisk() as two:
        assert len({one.ami_port, two.ami_port, one.sip_port, two.sip_port}) == 4
        assert "0 active channels" in one.cli("core show channels")
        assert mounts() == before, "each has its mounts to itself"
        assert [one.warnings(), two.warnings()] == [[], []]
        pids, folders = (one.pid, two.pid), (one.folder, two.folder)
    assert not any(pid is not None and Path(f"/proc/{pid}").exists() for pid in pids)
    assert not any(folder.exists() for folder in folders)
    assert mounts() == before


@pytest.mark.real
def test_it_does_not_run_as_root_and_cannot_change_its_root(lab: None) -> None:
    with LabAsterisk() as asterisk:
        status = Path(f"/proc/{asterisk.pid}/status").read_text(encoding="utf-8")
        uid = next(line for line in status.splitlines() if line.startswith("Uid:"))
        assert uid.split()[1:] == [str(rootfs.ASTERISK_UID)] * 4
        seen = Path(f"/proc/{asterisk.pid}/mounts").read_text(encoding="utf-8")
        root = next(line for line in seen.splitlines() if line.split()[1] == "/")
        assert "ro" in root.split()[3].split(",")


@pytest.mark.real
def test_killed_and_started_again_with_the_same_ports(lab: None) -> None:
    with LabAsterisk() as asterisk:
        port = asterisk.ami_port
        first = asterisk.pid
        asterisk.kill9()
        asterisk.start()
        second = asterisk.pid
        asterisk.restart()
        assert len({first, second, asterisk.pid}) == 3
        assert asterisk.ami_port == port
        assert asterisk.warnings() == []


@pytest.mark.real
def test_a_start_that_fails_says_why(lab: None) -> None:
    asterisk = LabAsterisk()
    (asterisk.etc / "modules.conf").write_text("[modules]\nrequire = no_such.so\n")
    try:
        with pytest.raises(LabError, match=r"ended at its start: .*\(log: "):
            asterisk.start()
    finally:
        asterisk.stop()


@pytest.mark.real
async def test_a_frozen_one_answers_when_it_is_thawed(lab: None) -> None:
    with LabAsterisk() as asterisk:
        async with LabAmi(asterisk.ami_port, asterisk.ami_secret) as ami:
            asterisk.freeze()
            ping = asyncio.create_task(ami.ask("Ping"))
            await time_passes(0.2)
            assert not ping.done()
            asterisk.thaw()
            assert (await ping)[0]["Response"] == "Success"


@pytest.mark.real
async def test_a_phone_that_wakes_up_after_some_calls_and_one_that_changes(lab: None) -> None:
    with (
        Phones(phone_answers(ignore_first=1)) as phones,
        LabAsterisk(agents=[Agent("a8001", phones.port)]) as asterisk,
    ):
        async with LabAmi(asterisk.ami_port, asterisk.ami_secret) as ami:

            async def call() -> str:
                before = len(ami.events)
                with Callers(asterisk.sip, "direct-a8001", stay_ms=300) as callers:
                    end = await ami.event("DialEnd", after=before)
                    assert (await asyncio.to_thread(callers.wait, 35)).failed == 0
                return end["DialStatus"]

            assert [await call(), await call()] == ["CANCEL", "ANSWER"]
            phones.become(phone_refuses())
            assert await call() == "BUSY"


@pytest.mark.real
def test_what_a_killed_test_run_left_is_swept(lab: None) -> None:
    code = (
        "import time\n"
        "from tests.lab.asterisk import LabAsterisk\n"
        "asterisk = LabAsterisk()\n"
        "asterisk.start()\n"
        "print(asterisk.pid, asterisk.folder, flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen(
        (sys.executable, "-c", code), stdout=subprocess.PIPE, text=True, cwd=rootfs.REPOSITORY
    ) as run:
        assert run.stdout is not None
        pid, folder = run.stdout.readline().split()
        run.kill()
    assert Path(f"/proc/{pid}").exists()
    running.sweep()  # or that of another worker, who begins just now
    eventually_sync(lambda: not Path(f"/proc/{pid}/exe").exists() and not Path(folder).exists())


def test_a_process_that_is_not_the_one_written_down_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAIDUI_LAB", str(tmp_path))
    (tmp_path / "running").mkdir()
    with subprocess.Popen(("sleep", "30")) as innocent:
        line = f"1 0 {innocent.pid} 0 {tmp_path / 'folder'}"
        (tmp_path / "running" / str(innocent.pid)).write_text(line, encoding="utf-8")
        assert running.sweep() == 0
        assert innocent.poll() is None
        os.kill(innocent.pid, signal.SIGKILL)


def test_a_machine_that_cannot_host_it_says_why_in_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    reason = rootfs.cannot_host()
    assert reason is not None
    assert reason.startswith("the lab needs root")
    assert "\n" not in reason


def test_no_lab_is_a_skip_with_its_reason() -> None:
    def refuse() -> Path:
        raise LabError("no room")

    with pytest.raises(pytest.skip.Exception, match="no room"):
        fixtures.or_skip(refuse)
