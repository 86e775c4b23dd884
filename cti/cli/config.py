"""`cti config stage|apply|rollback|show`: the configuration of a running daemon."""

import argparse
import sys
from collections.abc import Iterable

from cti.api.answers import ConfigChange
from cti.cli.client import Client
from cti.cli.codes import FOUND, OK
from cti.cli.daemon import socket_of
from cti.cli.words import Words
from cti.config.from_routing import settings_of
from cti.config.to_toml import to_toml
from cti.watch.logs import printable


def stage(arguments: argparse.Namespace, words: Words) -> int:
    """`cti config stage FILE`: what would change. 1 when the core would refuse it now."""
    client = Client(socket_of(arguments))
    change = client.change_config("stage", {"file": _absolute(arguments)})
    if arguments.json:
        print(client.last.decode())
    else:
        _show(change, words, words("would_change"))
        if change.changes or change.details:
            command = f"{arguments.file} --staged {change.id}"
            print(words.said("next_apply", command=command))
    return FOUND if change.hindrances else OK


def apply(arguments: argparse.Namespace, words: Words) -> int:
    """`cti config apply FILE`."""
    client = Client(socket_of(arguments))
    fields = {"file": _absolute(arguments), "id": arguments.staged}
    return _changed(arguments, client, client.change_config("apply", fields), words)


def rollback(arguments: argparse.Namespace, words: Words) -> int:
    """`cti config rollback`."""
    client = Client(socket_of(arguments))
    return _changed(arguments, client, client.change_config("rollback", {}), words)


def show(arguments: argparse.Namespace, words: Words) -> int:
    """`cti config show`: in the form of the file, so that it can be kept as one."""
    client = Client(socket_of(arguments))
    answer = client.config()
    if arguments.json:
        print(client.last.decode())
        return OK
    modes = " ".join(name for name, on in answer.modes.items() if on) or words("none")
    print(f"# {words('config')} {answer.version}, {words('modes_on')}: {printable(modes)}")
    print(to_toml(settings_of(answer.config, answer.site)), end="")
    return OK


def _changed(
    arguments: argparse.Namespace, client: Client, change: ConfigChange, words: Words
) -> int:
    if arguments.json:
        print(client.last.decode())
    else:
        _show(change, words, words("in_force"))
    return OK


def _show(change: ConfigChange, words: Words, what: str) -> None:
    for warning in change.warnings:
        text = ": ".join(part for part in (warning.where, warning.field, warning.rule) if part)
        print(f"{words('warning')}: {printable(text)}", file=sys.stderr)
    print(f"{words('config')} {change.version} {what}")
    _list(change.changes, "  ")
    _list(change.details, "    ")
    if not change.changes and not change.details:
        print(f"  {words('no_change')}")
    for heading, lines in (
        ("needs_restart", change.needs_restart),
        ("not_possible", change.hindrances),
    ):
        if lines:
            print(f"{words(heading)}:")
            _list(lines, "  ")


def _list(lines: Iterable[str], indent: str) -> None:
    for line in lines:
        print(f"{indent}{printable(line)}")


def _absolute(arguments: argparse.Namespace) -> str:
    """The daemon has another working directory."""
    return str(arguments.file.absolute())
