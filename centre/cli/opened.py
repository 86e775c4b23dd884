"""A command's way to the store: configuration, and what goes wrong as one line with a next step."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable

from centre.config import Settings, load
from centre.store.engine import Store, open_store
from centre.store.errors import StoreBusyError, StoreError, StoreFullError
from centre.store.schema_at import WrongRevisionError
from cti.cli.codes import FOUND, UNREACHABLE
from cti.cli.words import Words

Act = Callable[[Store], Awaitable[int]]


def settings_of(arguments: argparse.Namespace) -> Settings:
    """The configuration, with its warnings on standard error. Raises ConfigError."""
    settings, warnings = load(arguments.config)
    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)
    return settings


def store_of(settings: Settings) -> Store:
    """Its store. Raises OSError."""
    return open_store(settings.store.url, settings.database_file, settings.store.password)


def with_store(settings: Settings, words: Words, act: Act) -> int:
    """The exit code of `act`, or of what the database did wrong."""

    async def run() -> int:
        store = store_of(settings)
        try:
            return await act(store)
        finally:
            await store.close()

    try:
        return asyncio.run(run())
    except StoreError as error:
        print(f"cti: {_why(error, words)}: {error}", file=sys.stderr)
        return FOUND if isinstance(error, StoreFullError) else UNREACHABLE
    except (OSError, WrongRevisionError) as error:
        print(f"cti: {error}", file=sys.stderr)
        return FOUND


def _why(error: StoreError, words: Words) -> str:
    at = 0 if words.language == "zh" else 1
    if isinstance(error, StoreFullError):
        return ("数据库磁盘已满，未写入", "no room on the disk of the database, nothing written")[
            at
        ]
    if isinstance(error, StoreBusyError):
        return ("数据库忙，未写入，请重试", "the database is busy, nothing done, try again")[at]
    return ("数据库无法访问", "the database is away")[at]
