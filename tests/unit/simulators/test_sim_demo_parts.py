"""What the demo is made of, without the daemon."""

import io
import os
import socket
import sys

import pytest

from cti.cli import output
from cti.config import read
from simulators.__main__ import main
from simulators.demo import run
from simulators.demo import settings as defaults
from simulators.demo.children import ChildError, Children
from simulators.demo.folder import MARK, Folder, FolderError, take


def files(folder, agents=12):
    site = defaults.site_file(
        folder,
        seed=7,
        agents=agents,
        calls_per_minute=60,
        ami_port=0,
        agi_port=0,
        rough=False,
    )
    return site, defaults.config_file(folder, site, 18_830)


def test_the_configuration_of_the_demo_is_one_that_the_daemon_takes(tmp_path):
    site, path = files(tmp_path)
    loaded = read(path, {})
    assert loaded.warnings == ()
    settings = loaded.settings
    assert [asterisk.ami_port for asterisk in settings.asterisks] == [site.ami_port]
    assert settings.asterisks[0].secret.reveal() == site.ami_secret
    assert settings.agi.port == site.agi_port
    assert settings.bus.port == 18_830
    assert settings.agi.secret.reveal() == site.agi_secret
    assert tuple(agent.id for agent in settings.agents) == site.phones
    assert [queue.id for queue in settings.queues] == [name for name, _ in site.queues]
    assert settings.control_path == tmp_path / "data" / "cti.sock"


def test_every_queue_has_agents_even_in_a_small_room(tmp_path):
    _, path = files(tmp_path, agents=2)
    agents = read(path, {}).settings.agents
    for queue, _ in defaults.QUEUES:
        assert any(queue in agent.skills for agent in agents)


def test_files_with_secrets_are_for_their_owner_only(tmp_path):
    files(tmp_path)
    for name in ("cti.toml", "asterisk.json"):
        assert (tmp_path / name).stat().st_mode & 0o077 == 0


# --- folder -------------------------------------------------------------------------------------


def test_a_folder_is_begun_afresh(tmp_path):
    with Folder(tmp_path / "demo") as folder:
        (folder.path / "data").mkdir()
        (folder.path / "data" / "old").touch()
        (folder.path / "cti.toml").touch()
    with Folder(tmp_path / "demo") as folder:
        assert [item.name for item in folder.path.iterdir()] == [MARK]


def test_a_folder_of_somebody_else_is_never_emptied(tmp_path):
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(FolderError, match="next: --folder"):
        Folder(tmp_path)
    assert (tmp_path / "thesis.txt").exists()


def test_a_folder_that_is_in_use_names_the_next_step(tmp_path):
    with Folder(tmp_path / "demo"), pytest.raises(FolderError, match="another demo is running"):
        take(tmp_path / "demo")


def test_a_folder_that_cannot_be_made_names_the_next_step(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FolderError, match=r"cannot use .*\nnext: --folder"):
        take(tmp_path / "file" / "demo")


def test_a_second_demo_takes_the_folder_beside(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with take(None) as first, take(None) as second:
        assert (first.path.name, second.path.name) == ("demo", "demo-2")


# --- children -----------------------------------------------------------------------------------


def test_children_are_all_stopped_the_stubborn_one_too(tmp_path, monkeypatch):
    monkeypatch.setattr("simulators.demo.children.STOP_S", 0.5)
    children = Children(tmp_path / "log")
    polite = children.start("polite", ["-c", "import time; time.sleep(60)"])
    deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True)"
    stubborn = children.start("stubborn", ["-c", f"{deaf}; time.sleep(60)"], pipe=True)
    stubborn.process.stdout.readline()  # deaf from now on
    children.check()
    assert children.stop() < 30  # not the 60 that they would have slept
    for child in (polite, stubborn):
        with pytest.raises(ProcessLookupError):
            os.kill(child.process.pid, 0)


def test_a_child_that_ends_is_noticed_with_its_last_words(tmp_path):
    children = Children(tmp_path / "log")
    child = children.start("weak", ["-c", "import sys; sys.exit('out of luck')"])
    child.process.wait(10)
    with pytest.raises(ChildError, match=r"weak ended with code 1 .*\nout of luck"):
        children.check()
    children.stop()


def test_a_child_that_says_nothing_did_not_start(tmp_path):
    children = Children(tmp_path / "log")
    child = children.start("mute", ["-c", ""], pipe=True)
    with pytest.raises(ChildError, match="mute did not start"):
        child.read_json(10)
    children.stop()


# --- command line -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        ["asterisk", "--ami-port", "99999"],
        ["asterisk", "--phones", "8001-x"],
        ["asterisk", "--phones", "8020-8001"],
        ["asterisk", "--queues", "loans:many"],
        ["agents", "--agents", "8001"],
        ["demo", "--seconds", "0"],
        ["dance"],
    ],
)
def test_a_wrong_command_line_is_refused_as_usage(line, capsys):
    with pytest.raises(SystemExit) as left:
        main(line)
    assert left.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_a_port_that_is_taken_names_the_next_step(capsys):

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["asterisk", "--ami-port", str(port)]) == 1
    said = capsys.readouterr().err
    assert f"cannot listen on 127.0.0.1:{port}" in said
    assert "next: --ami-port 0" in said


def test_a_terminal_without_chinese_is_spoken_to_in_english(monkeypatch):
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
    output.prepare()
    run._say("排队机 Paidui · demo")
    assert written.getvalue() == b"Paidui - demo\n"
