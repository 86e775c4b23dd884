"""One router, one directory; and each start has a number."""

import errno
import os
import re
import subprocess
import sys

import pytest

from cti.journal.data_dir import DataDirectory, DirectoryInUse, make_directory, write_whole


def test_a_second_router_is_refused_and_told_by_whom(tmp_path):
    with (
        DataDirectory(tmp_path),
        pytest.raises(DirectoryInUse, match=f"in use by process {os.getpid()}"),
    ):
        DataDirectory(tmp_path).lock()


def test_the_lock_ends_with_the_process(tmp_path):
    code = (
        "import os, sys; from pathlib import Path; from cti.journal.data_dir import DataDirectory;"
        "DataDirectory(Path(sys.argv[1])).lock(); os.kill(os.getpid(), 9)"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert ended.returncode == -9
    with DataDirectory(tmp_path):
        pass


def test_the_epoch_grows_at_each_start(tmp_path):
    directory = DataDirectory(tmp_path)
    assert [directory.next_epoch() for _ in range(3)] == [1, 2, 3]
    assert directory.next_epoch(seen=9) == 10
    assert directory.next_epoch() == 11


@pytest.mark.parametrize("text", ["", "x", "7.5", "\0"])
def test_a_lost_epoch_is_made_up_for_by_the_journals(tmp_path, text):
    (tmp_path / "epoch").write_text(text)
    assert DataDirectory(tmp_path).next_epoch(seen=41) == 42


def test_the_directory_is_its_owners_only(tmp_path):
    with DataDirectory(tmp_path / "var") as directory:
        assert directory.path.stat().st_mode & 0o777 == 0o700
        assert (directory.path / "lock").stat().st_mode & 0o777 == 0o600


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    file = tmp_path / "epoch"
    write_whole(file, b"1\n")
    monkeypatch.setattr("cti.journal.data_dir.os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(file, b"2\n")
    assert file.read_bytes() == b"1\n"
    assert [path.name for path in tmp_path.iterdir()] == ["epoch"]


def full(*_, **__):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_does_not_keep_the_router_from_counting_its_start(tmp_path, monkeypatch):
    """The file that is there has room for one more number, also for one more digit."""
    for epoch in (9, 99, 12345):
        (tmp_path / "epoch").write_text(f"{epoch}\n")
        monkeypatch.setattr("cti.journal.data_dir.write_whole", full)
        assert DataDirectory(tmp_path).next_epoch() == epoch + 1
        monkeypatch.undo()
        assert (tmp_path / "epoch").read_text() == f"{epoch + 1}\n"
        assert DataDirectory(tmp_path).next_epoch() == epoch + 2


def test_without_a_file_a_full_disk_is_an_error(tmp_path, monkeypatch):
    """An epoch that is not on disk before it is used may be used twice."""
    monkeypatch.setattr("cti.journal.data_dir.write_whole", full)
    with pytest.raises(OSError, match="No space"):
        DataDirectory(tmp_path).next_epoch()


def test_a_full_disk_does_not_keep_the_directory_from_being_locked(tmp_path, monkeypatch):
    with DataDirectory(tmp_path):
        pass
    monkeypatch.setattr("cti.journal.data_dir.os.pwrite", full)
    with DataDirectory(tmp_path), pytest.raises(DirectoryInUse, match="in use by process"):
        DataDirectory(tmp_path).lock()


def test_a_new_directorys_name_is_safe_in_the_one_that_holds_it(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr("cti.journal.data_dir.sync_directory", synced.append)
    make_directory(tmp_path / "a" / "b")
    assert set(synced) == {tmp_path, tmp_path / "a"}
    synced.clear()
    make_directory(tmp_path / "a" / "b")
    assert synced == []


def test_the_instance_is_of_the_folder(tmp_path):
    first = DataDirectory(tmp_path / "a")
    with first:
        made = first.instance()
        assert re.fullmatch("[0-9a-f]{8}", made)
    with DataDirectory(tmp_path / "a") as again:
        assert again.instance() == made
    with DataDirectory(tmp_path / "b") as other:
        assert other.instance() != made


@pytest.mark.parametrize("text", ["", "x", "3fa9c1d", "not-hexa", "3fa9c1d2ff"])
def test_an_instance_that_is_none_is_made_anew(tmp_path, text):
    with DataDirectory(tmp_path / "a") as data:
        (tmp_path / "a" / "instance").write_text(text)
        made = data.instance()
        assert re.fullmatch("[0-9a-f]{8}", made)
        assert data.instance() == made
