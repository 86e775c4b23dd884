"""`cti backup FILE` and `cti restore FILE`."""

import argparse
import os
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import IO

from cti.cli.codes import FOUND, OK, USAGE
from cti.cli.daemon import settings_of
from cti.cli.words import Words
from cti.config import ConfigError
from cti.setup.archive import ArchiveError, place_config, place_data, save, unpack


def backup(arguments: argparse.Namespace, words: Words) -> int:
    """Save data and configuration; the router may run, calls go on."""
    if arguments.config is None:
        print("cti: --config FILE says which router to save", file=sys.stderr)
        return USAGE
    settings = settings_of(arguments.config)
    try:
        with _written(arguments.file) as out:
            manifest = save(settings, arguments.config.resolve(), version("paidui"), out)
    except (OSError, sqlite3.Error) as error:
        print(f"cti: not saved: {error}", file=sys.stderr)
        return FOUND
    told = "已备份 {} 个文件" if words.language == "zh" else "saved {} files"
    print(told.format(len(manifest.files)), file=sys.stderr)
    return OK


def restore(arguments: argparse.Namespace, words: Words) -> int:
    """Unpack a backup where nothing is yet; all of it is checked before anything is placed."""
    try:
        with tempfile.TemporaryDirectory(prefix="paidui-restore-") as folder:
            unpacked = Path(folder)
            with _opened(arguments.file) as source:
                manifest = unpack(source, unpacked)
            config = arguments.config or Path(manifest.config)
            place_config(unpacked, config.parent)
            place_data(unpacked, settings_of(config))
    except (ArchiveError, ConfigError, OSError) as error:
        print(f"cti: not restored: {error}", file=sys.stderr)
        return FOUND
    told = (
        "已恢复。下一步：确认旧主机上的路由器已停止，然后 systemctl start paidui"
        if words.language == "zh"
        else "restored. next: see that the old router is stopped, then: systemctl start paidui"
    )
    print(told, file=sys.stderr)
    return OK


@contextmanager
def _written(name: str) -> Iterator[IO[bytes]]:
    """A file of mode 0600 that appears when it is whole; `-` is standard output."""
    if name == "-":
        yield sys.stdout.buffer
        return
    path = Path(name)
    draft = path.with_name(f"{path.name}.part")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


@contextmanager
def _opened(name: str) -> Iterator[IO[bytes]]:
    if name == "-":
        yield sys.stdin.buffer
        return
    with Path(name).open("rb") as stream:
        yield stream
