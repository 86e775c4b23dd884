"""`cti centre check`, `migrate`, `backup`, `restore`."""

import argparse
import os
import sys
from typing import IO

import msgspec

from centre.cli.opened import settings_of, with_store
from centre.store.backup import BackupError, restore, save
from centre.store.engine import Store
from centre.store.migrate import NoRevisionError, migrate
from centre.store.schema_at import HEAD, NOTHING, check_revision, revision_of
from cti.cli.codes import FOUND, OK, USAGE
from cti.cli.streams import opened, written
from cti.cli.words import Words

BASE = "0000"
"""How an empty database is called on the command line."""


def main(arguments: argparse.Namespace, words: Words) -> int:
    """Run the command that was typed."""
    settings = settings_of(arguments)
    os.umask(0o077)

    async def act(store: Store) -> int:
        match arguments.verb:
            case "check":
                return await _check(store, arguments, words)
            case "migrate":
                return await _migrate(store, arguments, words)
            case "backup":
                return await _backup(store, arguments.file, words)
            case _:
                return await _restore(store, arguments.file, words)

    try:
        return with_store(settings, words, act)
    except (BackupError, NoRevisionError) as error:
        print(f"cti: {error}", file=sys.stderr)
        return FOUND


async def _check(store: Store, arguments: argparse.Namespace, words: Words) -> int:
    await check_revision(store)
    async with store.write():
        pass  # somebody could write now
    if arguments.json:
        found = {"ok": True, "database": store.dialect, "revision": HEAD}
        print(msgspec.json.encode(found).decode())
    else:
        _tell(words, f"正常：{store.dialect}，版本 {HEAD}", f"ok: {store.dialect}, revision {HEAD}")
    return OK


async def _migrate(store: Store, arguments: argparse.Namespace, words: Words) -> int:
    wanted = HEAD if arguments.to is None else arguments.to
    to = NOTHING if wanted == BASE else wanted
    async with store.read() as connection:
        now = await revision_of(connection)
    if to < now and not arguments.yes:
        _tell(
            words,
            f"从 {now} 退回 {wanted} 会丢失数据；先备份，再加 --yes",
            f"going down from {now} to {wanted} loses data; back up first, then say --yes",
            sys.stderr,
        )
        return USAGE
    at, _ = await migrate(store, to)
    _tell(words, f"{at or BASE} → {wanted}", f"{at or BASE} → {wanted}")
    return OK


async def _backup(store: Store, name: str, words: Words) -> int:
    with written(name) as out:
        rows = await save(store, out)
    _tell(words, f"已备份 {rows} 行", f"saved {rows} rows", sys.stderr)
    return OK


async def _restore(store: Store, name: str, words: Words) -> int:
    with opened(name) as source:
        rows = await restore(store, source)
    _tell(words, f"已恢复 {rows} 行", f"restored {rows} rows", sys.stderr)
    return OK


def _tell(words: Words, zh: str, en: str, to: IO[str] | None = None) -> None:
    print(zh if words.language == "zh" else en, file=to or sys.stdout)
