"""A backup is whole or refused; what is restored is what was saved."""

import io
import sqlite3
import tarfile
from pathlib import Path

import pytest

from cti.cli.main import main
from cti.config import Settings, read
from cti.journal.data_dir import FORMAT, DataDirectory, NewerData
from cti.setup.archive import ArchiveError, place_config, place_data, save, unpack

JOURNAL = b'{"format":1}\n[1,2,{}]\n[2,3,{"torn'


@pytest.fixture
def saved(tmp_path):
    """A configuration with secrets beside it, and data as a running router has them."""
    data, config = tmp_path / "data", tmp_path / "etc/cti.toml"
    (config.parent / "secrets").mkdir(parents=True)
    config.write_text(f'data_dir = "{data}"\n')
    (config.parent / "secrets/agi.secret").write_text("a-secret-of-ours-0123\n")
    for name, content in (
        ("journal/00000001.jsonl", JOURNAL), ("snapshots/000000000001.snapshot", b"{}\nstate"),
        ("epoch", b"7\n"), ("format", f"format {FORMAT}\n".encode()), ("lock", b"1\n"),
        ("epoch.tmp", b"half"),
    ):  # fmt: skip
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).write_bytes(content)
    with sqlite3.connect(data / "events.db") as database:
        database.execute("CREATE TABLE events (seq INTEGER)")
        database.executemany("INSERT INTO events VALUES (?)", [(n,) for n in range(100)])
    database.close()
    return config


def archive_of(config: Path) -> bytes:
    out = io.BytesIO()
    save(read(config).settings, config, "0.1.0", out)
    return out.getvalue()


def test_what_comes_out_is_what_went_in(saved, tmp_path):
    archive = archive_of(saved)
    manifest = unpack(io.BytesIO(archive), tmp_path / "unpacked")
    assert manifest.config == str(saved)
    place_config(tmp_path / "unpacked", tmp_path / "etc2")
    place_data(tmp_path / "unpacked", Settings(data_dir=str(tmp_path / "data2")))
    there = tmp_path / "data2"
    assert (there / "journal/00000001.jsonl").read_bytes() == JOURNAL
    assert (there / "epoch").read_bytes() == b"7\n"
    assert not (there / "lock").exists()
    assert not (there / "epoch.tmp").exists()
    assert (tmp_path / "etc2/secrets/agi.secret").read_text() == "a-secret-of-ours-0123\n"
    with sqlite3.connect(there / "events.db") as database:
        assert database.execute("SELECT count(*) FROM events").fetchone() == (100,)
    database.close()


def test_the_journal_is_copied_after_the_event_log(saved):
    with tarfile.open(fileobj=io.BytesIO(archive_of(saved))) as archive:
        names = archive.getnames()
    order = ["config/cti.toml", "data/events.db", "data/journal/00000001.jsonl", "manifest.json"]
    assert [name for name in names if name in order] == order


@pytest.mark.parametrize("cut", [1, 100, -400])
def test_a_torn_archive_is_refused(saved, tmp_path, cut):
    with pytest.raises(ArchiveError):
        unpack(io.BytesIO(archive_of(saved)[:cut]), tmp_path / "unpacked")


def changed(archive: bytes, change) -> bytes:
    """The archive with the entries as `change` makes them of (name, data)."""
    out = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(archive)) as old,
        tarfile.open(mode="w|gz", fileobj=out) as new,
    ):
        for entry in old:
            for name, data in change(entry.name, old.extractfile(entry).read()):
                made = tarfile.TarInfo(name)
                made.size = len(data)
                new.addfile(made, io.BytesIO(data))
    return out.getvalue()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda name, data: [(name, data.replace(b"7", b"8") if name == "data/epoch" else data)],
         "data/epoch is not as it was saved"),
        (lambda name, data: [] if name == "data/epoch" else [(name, data)], "data/epoch"),
        (lambda name, data: [(name, data), ("data/more", b"x")][: 1 + (name == "data/epoch")],
         "data/more"),
        (lambda name, data: [("../../evil" if name == "data/epoch" else name, data)], "leads out"),
        (lambda name, data: [(name, data.replace(b'"format":1', b'"format":9'))], "newer version"),
    ],
)  # fmt: skip
def test_a_changed_archive_is_refused(saved, tmp_path, change, said):
    with pytest.raises(ArchiveError, match=said):
        unpack(io.BytesIO(changed(archive_of(saved), change)), tmp_path / "a/b/unpacked")
    assert not (tmp_path / "evil").exists()


def test_nothing_that_is_there_is_overwritten(saved, tmp_path):
    unpack(io.BytesIO(archive_of(saved)), tmp_path / "unpacked")
    (tmp_path / "etc2").mkdir()
    (tmp_path / "etc2/cti.toml").write_text("# another one\n")
    with pytest.raises(ArchiveError, match="differs"):
        place_config(tmp_path / "unpacked", tmp_path / "etc2")
    assert not (tmp_path / "etc2/secrets").exists()
    with pytest.raises(ArchiveError, match="has data already"):
        place_data(tmp_path / "unpacked", read(saved).settings)


def test_the_commands_say_what_they_did(saved, tmp_path, capsys):
    file = tmp_path / "one.backup"
    assert main(["backup", str(file), "--config", str(saved), "--lang", "en"]) == 0
    assert file.stat().st_mode & 0o777 == 0o600
    saved.rename(tmp_path / "cti.before")
    (tmp_path / "data").rename(tmp_path / "data.before")
    assert main(["restore", str(file), "--lang", "zh"]) == 0
    assert "已恢复" in capsys.readouterr().err
    assert (tmp_path / "data/epoch").read_bytes() == b"7\n"
    assert main(["restore", str(file)]) == 1
    assert "has data already" in capsys.readouterr().err
    assert main(["restore", str(tmp_path / "no-such-file")]) == 1
    assert main(["backup", str(file)]) == 2


def test_data_of_a_newer_program_are_refused_and_not_touched(tmp_path):
    (tmp_path / "format").write_text(f"format {FORMAT + 1}\n")
    with pytest.raises(NewerData, match="newer version"):
        DataDirectory(tmp_path).lock()
    assert (tmp_path / "format").read_text() == f"format {FORMAT + 1}\n"
    (tmp_path / "format").write_text("something else\n")
    with pytest.raises(NewerData):
        DataDirectory(tmp_path).lock()


def test_data_without_a_format_are_of_before_there_was_one(tmp_path):
    (tmp_path / "epoch").write_text("3\n")
    with DataDirectory(tmp_path) as data:
        assert data.next_epoch() == 4
    assert (tmp_path / "format").read_text() == f"format {FORMAT}\n"
