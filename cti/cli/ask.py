"""Commands that ask a running daemon."""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from http import HTTPStatus
from typing import Any

import msgspec
from rich.console import RenderableType

from cti.api.answers import Events
from cti.cli.client import Client, RefusedError, UnreachableError
from cti.cli.codes import FOUND, OK, USAGE
from cti.cli.daemon import socket_of
from cti.cli.frame import frame
from cti.cli.output import PIPE_COLUMNS, SCREEN, console
from cti.cli.tables import agents_table, calls_table, queues_table, status_table
from cti.cli.watch import watch
from cti.cli.words import Words
from cti.view import note
from cti.watch.logs import printable
from cti.zone import moment

FOLLOW_EVERY_S = 0.5
PAGE = 1000


def status(arguments: argparse.Namespace, words: Words) -> int:
    """`cti status`: the router, then its queues."""
    client = _client(arguments)
    answer = client.status()
    if not arguments.json:
        console().print(status_table(answer, words))
    return _show(arguments, client, lambda: queues_table(answer, words))


def queues(arguments: argparse.Namespace, words: Words) -> int:
    """`cti queues`."""
    client = _client(arguments)
    answer = client.queues()
    return _show(arguments, client, lambda: queues_table(answer, words))


def agents(arguments: argparse.Namespace, words: Words) -> int:
    """`cti agents`."""
    client = _client(arguments)
    answer = client.agents()
    return _show(arguments, client, lambda: agents_table(answer, words))


def calls(arguments: argparse.Namespace, words: Words) -> int:
    """`cti calls`."""
    client = _client(arguments)
    answer = client.calls(arguments.limit)
    return _show(arguments, client, lambda: calls_table(answer, words))


def health(arguments: argparse.Namespace, words: Words) -> int:
    """`cti health`: 0 when every check is well, else 1."""
    client = _client(arguments)
    answer = client.health()
    if arguments.json:
        print(client.last.decode())
    else:
        for check in answer.checks:
            wrong = words.wrong(check)
            detail = f": {printable(wrong)}" if wrong else ""
            said = words("check_ok" if check.ok else "check_bad")
            print(f"{said}  {printable(words.check(check.name))}{detail}")
    return OK if answer.ok else FOUND


def watch_screen(arguments: argparse.Namespace, words: Words) -> int:
    """`cti watch`."""
    client, terminal = _client(arguments), console()
    if arguments.once or not terminal.is_terminal:
        width, height = terminal.size if terminal.width < PIPE_COLUMNS else SCREEN
        terminal.print(frame(client.status(), words, width, height))
        return OK
    watch(client.status, words, terminal)
    return OK


def events(arguments: argparse.Namespace, words: Words) -> int:
    """`cti events`: the last ones, or those after a number; `--follow` goes on."""
    client = _client(arguments)
    after = arguments.after
    if after is None:
        after = max(client.status().seq - arguments.limit, 0)
    pages = (
        follow(client, after, time.sleep, words)
        if arguments.follow
        else _pages(client, after, arguments.limit)
    )
    for event in pages:
        print(bytes(event).decode() if arguments.json else _event_line(event, words), flush=True)
    return OK


def explain(arguments: argparse.Namespace, words: Words) -> int:
    """`cti explain CALL`: what became of a call, and why."""
    client = _client(arguments)
    answer = client.story(arguments.call_id, words.language)
    if arguments.json:
        print(client.last.decode())
        return OK
    if answer.arrived_us:
        caller = answer.caller or words("unknown_caller")
        print(
            printable(
                f"{moment(answer.arrived_us)}  {answer.call_id}  {words('caller')} {caller}"
                f"  {words('queue')} {answer.queue_id}"
            )
        )
    for line in (*answer.lines, *answer.now):
        print(printable(line))
    if not answer.whole:
        print(f"cti: {words('not_whole')}", file=sys.stderr)
    return OK


def refused(error: RefusedError, arguments: argparse.Namespace, words: Words) -> int:
    """Say why the daemon did not do it. 2 when the question was wrong, else 1."""
    problem = error.problem
    wrong_file = problem.status == HTTPStatus.UNPROCESSABLE_ENTITY
    if getattr(arguments, "json", False):
        print(error.raw.decode())
    elif wrong_file:
        print(f"{printable(problem.detail)}:", file=sys.stderr)
        for each in problem.errors:
            parts = (each.where, each.field, each.rule)
            print(f"  {printable(': '.join(part for part in parts if part))}", file=sys.stderr)
    elif problem.code:
        why = words.refusal(problem.code, printable(problem.detail))
        print(f"cti: {problem.code}: {why}", file=sys.stderr)
    else:
        print(f"cti: {printable(str(error))}", file=sys.stderr)
    return USAGE if problem.errors and not wrong_file else FOUND


def follow(
    client: Client, after: int, wait: Callable[[float], object], words: Words
) -> Iterator[msgspec.Raw]:
    """Every event after a number, then each as it comes, for ever. A daemon that is away is waited
    for: history goes on where it was.
    """
    away = False
    while True:
        try:
            page = client.events(after, PAGE)
            away = False
        except UnreachableError as error:
            if not away:
                said = words.said(error.key, **error.values)
                print(f"cti: {said}; {words('waiting_for_it')}", file=sys.stderr)
            away = True
            wait(FOLLOW_EVERY_S)
            continue
        yield from page.events
        after = page.last
        if not page.events:
            wait(FOLLOW_EVERY_S)


def _pages(client: Client, after: int, limit: int) -> Iterator[msgspec.Raw]:
    while limit > 0:
        page: Events = client.events(after, min(limit, PAGE))
        yield from page.events
        if not page.events:
            return
        after, limit = page.last, limit - len(page.events)


def _event_line(raw: msgspec.Raw, words: Words) -> str:
    event: dict[str, Any] = msgspec.json.decode(raw)
    at_us = round(datetime.fromisoformat(event["time"]).timestamp() * 1e6)
    name = words.event(str(event["type"]).removeprefix("cti."))
    subjects = (event.get(key, "") for key in ("contactid", "queue", "agent"))
    parts = (event["seq"], moment(at_us), name, *subjects, words.note(note(event.get("data", {}))))
    return printable("  ".join(str(part) for part in parts if part))


def _client(arguments: argparse.Namespace) -> Client:
    return Client(socket_of(arguments))


def _show(
    arguments: argparse.Namespace, client: Client, table: Callable[[], RenderableType]
) -> int:
    if arguments.json:
        print(client.last.decode())
    else:
        console().print(table())
    return OK
