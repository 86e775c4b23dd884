"""What only we may look into: made so, closed when plainly ours, refused when it may not be."""

import os
import stat

import pytest

from cti.private import NotPrivate, own_file, own_folder, write_own


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def opened(folder, bits=0o755, *names):
    folder.mkdir()
    for name in names:
        (folder / name).touch()
    folder.chmod(bits)
    return folder


def test_what_is_made_is_closed_whatever_the_umask(tmp_path):
    before = os.umask(0)
    try:
        own_folder(tmp_path / "a" / "b")
        write_own(tmp_path / "a" / "b" / "c", "x")
    finally:
        os.umask(before)
    assert mode(tmp_path / "a" / "b") == 0o700
    assert mode(tmp_path / "a" / "b" / "c") == 0o600


@pytest.mark.parametrize("names", [(), ("lock", "journal"), ("epoch", "anything")])
def test_an_empty_folder_and_one_of_ours_is_closed_and_said(tmp_path, caplog, names):
    folder = opened(tmp_path / "data", 0o755, *names)
    own_folder(folder, marks=("lock", "epoch"))
    assert mode(folder) == 0o700
    assert f"{folder} was open to others (mode 0755): it is 0700 now" in caplog.text
    caplog.clear()
    own_folder(folder, marks=("lock", "epoch"))
    assert caplog.text == ""


def test_a_folder_with_things_of_others_is_refused_and_left_alone(tmp_path):
    folder = opened(tmp_path / "shared", 0o755, "somebody's")
    with pytest.raises(NotPrivate, match=f"next: chmod 700 {folder}, or name a folder of its own"):
        own_folder(folder, marks=("lock", "epoch"))
    assert mode(folder) == 0o755
    folder.chmod(0o700)
    own_folder(folder, marks=("lock", "epoch"))


def test_a_sticky_folder_is_everybodys(tmp_path):
    folder = opened(tmp_path / "tmp", 0o1777)
    with pytest.raises(NotPrivate, match="mode 1777"):
        own_folder(folder)
    assert mode(folder) == 0o1777


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
@pytest.mark.parametrize("what", ["folder", "file"])
def test_what_belongs_to_another_is_refused(tmp_path, what):
    path = tmp_path / "x"
    path.mkdir(mode=0o700) if what == "folder" else path.touch(mode=0o600)
    os.chown(path, 65534, 65534)
    with pytest.raises(NotPrivate, match="belongs to nobody, we are root; next: chown root"):
        own_folder(path) if what == "folder" else own_file(path)


def test_a_file_that_was_made_beforehand_is_closed_and_keeps_what_is_in_it(tmp_path, caplog):
    path = tmp_path / "events.db"
    path.write_text("kept")
    path.chmod(0o644)
    own_file(path)
    assert (mode(path), path.read_text()) == (0o600, "kept")
    assert "was open to others (mode 0644): it is 0600 now" in caplog.text


def test_a_link_is_not_followed(tmp_path):
    (tmp_path / "target").touch()
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with pytest.raises(OSError, match="symbolic links"):
        own_file(tmp_path / "link")


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "x").touch()
    with pytest.raises(NotADirectoryError):
        own_folder(tmp_path / "x")
