"""`cti centre …` as it is typed, and what it says when something is wrong."""

import json

import pytest

from centre.store.schema_at import HEAD
from cti.cli.main import main
from tests.worlds.centre.stores import Stores


@pytest.fixture
def cti(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("CENTRE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("LANG", "C.UTF-8")

    def run(line):
        code = main(line.split())
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


def test_from_nothing_to_a_backup_and_back(cti, tmp_path):
    file = tmp_path / "b.gz"
    assert cti("centre check") == (
        1, f"cti: the database is at revision none, not at {HEAD}; next: cti centre migrate\n"
    )  # fmt: skip
    assert cti("centre migrate") == (0, f"0000 → {HEAD}\n")
    code, said = cti("centre check --json")
    assert (code, json.loads(said)["database"]) == (0, "sqlite")
    assert cti(f"centre backup {file}") == (0, "saved 0 rows\n")
    assert file.stat().st_mode & 0o777 == 0o600
    code, said = cti("centre migrate --to 0000")
    assert (code, "say --yes" in said) == (2, True)
    assert cti("centre migrate --to 0000 --yes")[0] == 0
    assert cti(f"centre restore {file} --lang zh") == (0, "已恢复 0 行\n")
    assert cti("centre check")[0] == 0


def test_what_is_wrong_is_said_without_a_traceback(cti, tmp_path, monkeypatch):
    assert "no revision 0815" in cti("centre migrate --to 0815")[1]
    assert cti("centre restore /nowhere")[0] == 1
    assert "revision none" in cti(f"centre backup {tmp_path}/b.gz")[1]
    assert not (tmp_path / "b.gz").exists()
    monkeypatch.setenv("CENTRE_STORE__URL", "postgresql://paidui@127.0.0.1:1/centre")
    code, said = cti("centre check")
    assert (code, said.splitlines()[-1][:25]) == (3, "cti: the database is away")


def test_a_configuration_is_checked_whole(cti, tmp_path, monkeypatch):
    file = tmp_path / "centre.toml"
    file.write_text(
        '[store]\nurl = "postgresql://paidui:secret@db/centre"\n[web]\nport = 0.5\nportt = 1\n'
    )
    code, said = cti(f"centre check --config {file}")
    assert code == 1
    assert "3 problems" in said
    for path in ("store.url", "web.port:", "web.portt"):
        assert path in said


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_one_line_is_the_other_database(cti, stores: Stores, kind, monkeypatch):
    monkeypatch.setenv("CENTRE_STORE__URL", stores.place(kind))
    assert cti("centre migrate")[0] == 0
    assert cti("centre check") == (0, f"ok: postgresql, revision {HEAD}\n")


def test_a_router_without_the_packages_of_the_centre_says_what_is_missing(cti, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "sqlalchemy", None)
    for name in [name for name in __import__("sys").modules if name.startswith("centre.")]:
        if name != "centre.cli.parser":
            monkeypatch.delitem(__import__("sys").modules, name)
    code, said = cti("centre check")
    assert code == 1
    assert "pip install 'paidui[centre]'" in said
