"""Commands that order something of a running daemon: agents, queues, modes."""

import argparse

from cti.cli.client import Client
from cti.cli.codes import OK
from cti.cli.daemon import socket_of
from cti.cli.tables import phone_text
from cti.cli.words import Words
from cti.view import AgentRow
from cti.watch.logs import printable
from routing.events import AgentState

_STATES = {"ready": "ready", "not-ready": "notReady"}


def agent(arguments: argparse.Namespace, words: Words) -> int:
    """`cti agent ID VERB`."""
    client = Client(socket_of(arguments))
    if arguments.verb == "group":
        serving = arguments.switch == "on"
        answer = client.serve_group(arguments.agent_id, arguments.group, serving=serving)
    else:
        answer = client.order(arguments.agent_id, *_order(arguments))
    row = answer.agent
    said = "already" if not answer.changed else "done"
    if row is not None and row.pending:
        said = "later"
    if row is not None and row.waiting_break and row.waiting_break == _reason(arguments):
        said = "in_line"
    return _say(arguments, client, _agent(row, words) if row else "", words(said))


def _order(arguments: argparse.Namespace) -> tuple[str, dict[str, str | bool]]:
    """The resource and its fields."""
    fields: dict[str, str | bool] = {
        name: getattr(arguments, name, "") for name in ("device", "reason")
    }
    if arguments.verb == "last-call":
        return "last-call", {"on": not arguments.off}
    if arguments.verb not in _STATES:
        return arguments.verb, fields
    if getattr(arguments, "override", False):
        fields["override"] = True
    return "state", fields | {"state": _STATES[arguments.verb]}


def _reason(arguments: argparse.Namespace) -> str:
    return getattr(arguments, "reason", "")


def _agent(row: AgentRow, words: Words) -> str:
    """`8001 Ready, last call, not serving loans`."""
    reason = f" ({words.reason(row.reason)})" if row.reason else ""
    said = [f"{row.agent_id} {words(row.state.value)}{reason}"]
    if row.waiting_break:
        place = f"{words('place')} {row.break_place}"
        said.append(f"{words('waits_for')} {words.reason(row.waiting_break)} ({place})")
    if row.state is not AgentState.NULL and (row.barred or not row.reachable):
        said.append(f"{words('phone')} {phone_text(row, words).plain}")
    if row.last_call:
        said.append(words("last_call"))
    if row.idle_groups:
        said.append(f"{words('not_serving')} {' '.join(row.idle_groups)}")
    return ", ".join(said)


def actions(arguments: argparse.Namespace, words: Words) -> int:
    """`cti agent ID actions`: a line for each service."""
    client = Client(socket_of(arguments))
    answer = client.actions(arguments.agent_id)
    if arguments.json:
        print(client.last.decode())
        return OK
    for row in answer.actions:
        why = "" if row.allowed else f"  {row.code}: {words.refusal(row.code, row.why)}"
        print(printable(f"{words('may' if row.allowed else 'may_not')}  {row.service}{why}"))
    return OK


_CALL_FIELDS = (
    "agent", "reason", "digits", "to_agent", "to_queue", "busy", "no_answer", "not_ready",
    "overflow_to",
)  # fmt: skip


def call(arguments: argparse.Namespace, words: Words) -> int:
    """`cti call ID hold|retrieve|clear|digits|transfer`."""
    client = Client(socket_of(arguments))
    fields = {name: getattr(arguments, name, "") for name in _CALL_FIELDS}
    answer = client.control(arguments.call_id, arguments.verb, fields)
    stage = words(answer.call.stage.value) if answer.call is not None else words("call_over")
    return _say(arguments, client, f"{arguments.call_id} {stage}", words("done"))


def queue(arguments: argparse.Namespace, words: Words) -> int:
    """`cti queue ID open|close`."""
    client = Client(socket_of(arguments))
    accepting = arguments.verb == "open"
    answer = client.accept(arguments.queue_id, accepting=accepting)
    shown = f"{arguments.queue_id} {words('open' if accepting else 'closed')}"
    return _say(arguments, client, shown, words("done" if answer.changed else "already"))


def mode(arguments: argparse.Namespace, words: Words) -> int:
    """`cti mode NAME on|off`."""
    client = Client(socket_of(arguments))
    answer = client.switch(arguments.name, on=arguments.switch == "on")
    shown = f"{arguments.name} {words(arguments.switch)}"
    return _say(arguments, client, shown, words("done" if answer.changed else "already"))


def _say(arguments: argparse.Namespace, client: Client, shown: str, said: str) -> int:
    if arguments.json:
        print(client.last.decode())
    else:
        print(printable(f"{shown}: {said}" if shown else said))
    return OK
