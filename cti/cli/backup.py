"""`cti backup FILE` and `cti restore FILE`."""

import argparse
import sqlite3
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from cti.cli.codes import FOUND, OK, USAGE
from cti.cli.daemon import settings_of
from cti.cli.streams import opened, written
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
        with written(arguments.file) as out:
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
            with opened(arguments.file) as source:
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
