"""`cti init` on files as an operator has them: what is found, written, kept, and said."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from cti.cli.main import main
from cti.config import read
from cti.setup.operator_files import NoAsteriskError, look
from cti.setup.shipped import files

EXTENSIONS = "[general]\nstatic=yes\n[globals]\nMINE=1\n[from-trunk]\nexten => 1,1,Hangup()\n"
MANAGER = "[general]\nenabled = yes ; of course\nport = 5139\n"
PJSIP = """
[udp]
type = transport
protocol = udp
bind = [::]:5160
[phone](!)
type = endpoint
auth = template
[a8001](phone)
aors = a8001
auth = a8001
[b8001](phone)
aors = b8001
auth = b8001
[a8002](phone)
aors = a8002
[trunk]
type = endpoint
aors = trunk
#include pjsip.d/more.conf
"""
LAST = "[seat-78]\ntype = endpoint\naors = seat-78\nauth = seat-78\n"
MORE = "#include pjsip.d/last.conf\n[seat-77]\ntype = endpoint\naors = seat-77\nauth = seat-77\n"


@pytest.fixture
def asterisk(tmp_path):
    folder = tmp_path / "asterisk"
    (folder / "pjsip.d").mkdir(parents=True)
    for name, text in (
        ("asterisk.conf", ""), ("extensions.conf", EXTENSIONS), ("manager.conf", MANAGER),
        ("pjsip.conf", PJSIP), ("pjsip.d/more.conf", MORE),
        ("pjsip.d/last.conf", LAST),
    ):  # fmt: skip
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def run(asterisk, tmp_path, capsys):
    def init(*more, lang="en"):
        options = (
            "--asterisk",
            asterisk,
            "--copy-to",
            asterisk,
            "--config",
            tmp_path / "p/cti.toml",
        )
        code = main(["init", "--lang", lang, *map(str, options), *more])
        return code, capsys.readouterr().out

    return init


def all_files(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_phones_are_endpoints_with_an_auth_templates_and_includes_followed(asterisk):
    found = look(asterisk)
    assert found.phones == ("a8001", "b8001", "a8002", "seat-78", "seat-77")
    assert (found.manager_enabled, found.manager_port, found.timestamps) == (True, 5139, False)
    assert (found.has_globals, found.sip_port) == (True, 5160)
    assert [name for name, _ in found.missing] == ["extensions.conf", "manager.conf", "pjsip.conf"]


def test_a_folder_without_an_asterisk_says_what_to_name(tmp_path):
    with pytest.raises(NoAsteriskError, match="--asterisk DIR"):
        look(tmp_path)


def test_the_configuration_that_it_writes_is_whole(run, tmp_path):
    code, said = run("--yes")
    assert code == 0
    settings = read(tmp_path / "p/cti.toml").settings
    assert [(agent.id, agent.device) for agent in settings.agents] == [
        ("a8001", "a8001"), ("b8001", "b8001"), ("8002", "a8002"),
        ("78", "seat-78"), ("77", "seat-77"),
    ]  # fmt: skip
    assert (settings.asterisks[0].ami_port, settings.asterisks[0].sip_port) == (5139, 5160)
    secret = settings.asterisks[0].secret.reveal()
    assert len(secret) == 32
    assert secret not in said
    assert "timestampevents = yes" in said
    for line in ("#include extensions.d/cti-*.conf", "#include manager.d/cti-*.conf"):
        assert line in said


def test_both_sides_hold_the_same_secrets_and_nobody_else_may_read_them(run, asterisk, tmp_path):
    run("--yes")
    settings = read(tmp_path / "p/cti.toml").settings
    users = asterisk / "manager.d/cti-your-users.conf"
    own = asterisk / "extensions.d/cti-your-globals.conf"
    assert f"secret = {settings.asterisks[0].secret.reveal()}\n" in users.read_text()
    assert f"CTI_SECRET={settings.agi.secret.reveal()}\n" in own.read_text()
    for path in (users, own, *(tmp_path / "p/secrets").iterdir()):
        assert not stat.S_IMODE(path.stat().st_mode) & stat.S_IRWXO, path


def test_a_second_run_changes_nothing_and_says_so(run, tmp_path):
    run("--yes")
    before = all_files(tmp_path)
    code, said = run("--yes")
    assert (code, all_files(tmp_path)) == (0, before)
    assert "Nothing to write" in said
    assert "无需写入" in run("--yes", lang="zh")[1]


def test_what_the_operator_has_changed_is_kept_ours_is_brought_up_to_date(run, asterisk, tmp_path):
    run("--yes")
    own = asterisk / "extensions.d/cti-your-globals.conf"
    own.write_text(own.read_text() + "CTI_MUSIC=bank\n")
    config = tmp_path / "p/cti.toml"
    config.write_text(config.read_text() + "# mine\n")
    routing = asterisk / "extensions.d/cti-routing.conf"
    routing.write_text("; of an older version\n")
    code, said = run("--yes")
    assert code == 0
    assert own.read_text().endswith("CTI_MUSIC=bank\n")
    assert config.read_text().endswith("# mine\n")
    assert routing.read_text() == files()["extensions.d/cti-routing.conf"]
    assert routing.with_name("cti-routing.conf.before").read_text() == "; of an older version\n"
    assert f"updated    {routing}" in said


def test_a_dry_run_writes_nothing(run, tmp_path):
    before = all_files(tmp_path)
    code, said = run("--dry-run")
    assert (code, all_files(tmp_path)) == (0, before)
    assert "Nothing was written." in said


def test_no_file_of_the_operators_own_is_touched(run, asterisk):
    before = all_files(asterisk)
    run("--yes")
    after = all_files(asterisk)
    assert {path: after[path] for path in before} == before


@pytest.mark.parametrize("given", [(), ("--asterisk", "@"), ("--asterisk", "@", "--copy-to", "@")])
def test_without_a_terminal_it_asks_for_the_option_and_assumes_nothing(given, asterisk):
    words = [str(asterisk) if word == "@" else word for word in given]
    command = (sys.executable, "-m", "cti", "init", "--lang", "en", *words)
    done = subprocess.run(command, capture_output=True, text=True, check=False, input="")
    assert done.returncode == 2
    missing = ("--asterisk", "--copy-to", "--config")[len(given) // 2]
    assert f"or give {missing}" in done.stderr
    assert not (asterisk / "manager.d").exists()


def test_a_place_that_cannot_be_written_is_said_and_ends_with_1(run, asterisk):
    (asterisk / "manager.d").write_text("a file, where a folder is needed")
    assert run("--yes")[0] == 1


def test_the_shipped_files_are_those_of_the_checkout():
    root = Path(__file__).parents[3] / "asterisk-config"
    for name, text in files().items():
        assert (root / name).read_text(encoding="utf-8") == text
