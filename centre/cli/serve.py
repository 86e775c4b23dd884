"""`cti centre serve`: until SIGTERM or SIGINT."""

import argparse
import asyncio
import logging
import os
import signal
import sys

from centre.app import Centre
from centre.cli.opened import settings_of, with_store
from centre.config import Settings
from centre.store.engine import Store
from centre.store.schema_at import check_revision
from centre.web.guard import Guard
from centre.web.server import Server, make_app
from cti.cli.codes import FOUND, OK
from cti.cli.words import Words
from cti.watch import logs

log = logging.getLogger("centre")


def main(arguments: argparse.Namespace, words: Words) -> int:
    """Serve until stopped."""
    settings = settings_of(arguments)
    os.umask(0o077)
    try:
        logs.configure(settings.log.level, settings.log.format, file=settings.log.file)
    except OSError as error:
        print(f"cti: cannot write the log: {error}", file=sys.stderr)
        return FOUND

    async def act(store: Store) -> int:
        return await serve(store, settings)

    return with_store(settings, words, act)


async def serve(store: Store, settings: Settings) -> int:
    """One life of the program."""
    await check_revision(store)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    web = settings.web
    centre = Centre(store, secure=web.origin.startswith("https://"))
    server = Server(
        make_app(centre.routes, Guard(centre.sessions, web.origin, web.proxies)), web.host, web.port
    )
    try:
        await server.start()
        log.info("serving", extra={"host": web.host, "port": server.port, "store": store.dialect})
        if not web.origin.startswith("https://"):
            log.warning("web.origin is no https address: passwords and cookies travel in the clear")
        await stop.wait()
        log.info("stopping")
    finally:
        await server.stop()
        centre.close()
    return OK
