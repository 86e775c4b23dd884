"""Commands that need no running daemon: `serve`, `config check`, `asterisk check`."""

import argparse
import os
import sys
from pathlib import Path

import msgspec

from cti.api.sockets import SocketBusy
from cti.cli.codes import FOUND, OK, UNREACHABLE
from cti.cli.words import Words
from cti.config import ConfigError, Problem, Settings, read
from cti.watch import logs


def settings_of(path: Path | None) -> Settings:
    """The configuration, with its warnings on standard error. Raises ConfigError."""
    loaded = read(path)
    for warning in loaded.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    return loaded.settings


def serve(arguments: argparse.Namespace, words: Words) -> int:
    """`cti serve`: run until stopped."""
    settings = settings_of(arguments.config)
    os.umask(0o077)  # whatever is written from here on is for us only, by our children, too
    try:
        logs.configure(settings.log.level, settings.log.format, file=settings.log.file)
    except OSError as error:
        print(f"cti: cannot write the log: {error}", file=sys.stderr)
        return FOUND
    # Late, so that no other command pays for loading the daemon.
    from cti.app import run  # noqa: PLC0415

    try:
        return run(settings, arguments.config)
    except SocketBusy as busy:
        print(f"cti: {busy}\n{words('next_status')}", file=sys.stderr)
        return FOUND
    except OSError as error:  # a port that is taken, a directory that cannot be written
        print(f"cti: {words.said('cannot_start', why=error)}", file=sys.stderr)
        return FOUND


def config_check(arguments: argparse.Namespace, words: Words) -> int:
    """`cti config check`: every problem and warning, or what the configuration amounts to."""
    try:
        loaded = read(arguments.file)
    except ConfigError as error:
        _print_findings(arguments, error.problems, ())
        return FOUND
    _print_findings(arguments, (), loaded.warnings)
    if not arguments.json:
        print(_summary(loaded.settings, words))
    return OK


def asterisk_check(arguments: argparse.Namespace, words: Words) -> int:
    """`cti asterisk check`: look at each configured Asterisk, or at the named one."""
    settings = settings_of(arguments.config)
    names = [asterisk.name for asterisk in settings.asterisks]
    if not names or (arguments.name and arguments.name not in names):
        known = ", ".join(names) or words("no_asterisks")
        print(f"cti: {words.said('no_such_asterisk', known=known)}", file=sys.stderr)
        return FOUND
    from cti.cli.check.run import main_check  # noqa: PLC0415  # loads the AMI client

    return int(main_check(settings, arguments.name, as_json=arguments.json, lang=words.language))


def socket_of(arguments: argparse.Namespace) -> Path:
    """Where the daemon is: `--socket`, else what the configuration says, else the default."""
    if arguments.socket is not None:
        return Path(arguments.socket)
    if arguments.config is not None:
        return settings_of(arguments.config).control_path
    return Settings().control_path


def _print_findings(
    arguments: argparse.Namespace, problems: tuple[Problem, ...], warnings: tuple[Problem, ...]
) -> None:
    if arguments.json:
        found = {"ok": not problems, "problems": problems, "warnings": warnings}
        print(msgspec.json.encode(found).decode())
        return
    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)
    if problems:
        print(ConfigError(problems), file=sys.stderr)


def _summary(settings: Settings, words: Words) -> str:
    return words.said(
        "config_ok",
        asterisks=len(settings.asterisks),
        queues=len(settings.queues),
        agents=len(settings.agents),
        data=os.path.abspath(settings.data_dir),  # noqa: PTH100  # resolve() would follow links
    )


__all__ = ["UNREACHABLE", "asterisk_check", "config_check", "serve", "settings_of", "socket_of"]
