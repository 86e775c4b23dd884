"""The words of the scenario language for transfers, and a player that knows them.

    transfer c1 consult to cards by ann          a queue or an agent, whatever has that name
    transfer c1 blind to cat by ann   no-answer overflow   overflow-to cards   wait 30s
    cancel c1, complete c1, join c1              the transfer that c1 was last in
    together c1, all together c1                 customer and target, or all three, in one bridge

A consultation is spoken of by its own name: `bridged c1~2`, `agent cat hangs up c1~2`.
"""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from routing.commands import Command
from routing.events import Event
from routing.ids import TransferId
from routing.transfers import messages as t
from tests.scenarios import words
from tests.scenarios.language import Row
from tests.scenarios.play import Player
from tests.scenarios.words import Reader, ScenarioError, duration_us, options

POLICY_WORDS: dict[str, tuple[str, Reader]] = {
    "busy": ("busy", t.IfMissed),
    "no-answer": ("no_answer", t.IfMissed),
    "not-ready": ("not_ready", t.IfMissed),
    "overflow-to": ("overflow_to", str),
    "wait": ("wait_us", duration_us),
    "recall": ("recall_us", duration_us),
}

PLACES: dict[type, tuple[str, ...]] = {
    t.TransferStarted: ("call_id", "agent_id", "kind"),
    t.TransferCompleting: ("call_id", "to_agent"),
    t.TransferJoining: ("call_id", "to_agent"),
    t.CallConferenced: ("call_id", "to_agent"),
    t.CallTransferred: ("call_id", "agent_id", "connection"),
    t.TransferFailed: ("call_id", "agent_id", "cause"),
    t.TransferCancelled: ("call_id", "agent_id"),
}
words.PLACES.update(PLACES)
words.NAMES.update({msgspec.inspect.type_info(kind).tag: kind for kind in PLACES})

VERBS: dict[tuple[str, ...], Callable[[TransferId], Command]] = {
    ("cancel",): t.CancelTransfer,
    ("complete",): t.CompleteTransfer,
    ("join",): t.JoinTransfer,
    ("together",): t.TransferBridged,
    ("all", "together"): t.TransferConferenced,
}


class TransferPlayer(Player):
    """Remembers in which transfer each call was last."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.transfers: dict[str, TransferId] = {}

    def command(self, row: Row) -> Command:
        *verb, call = row.act
        if row.act[0] == "transfer":
            return self.start(row.act)
        if tuple(verb) in VERBS:
            if call not in self.transfers:
                raise ScenarioError(f"call {call} was in no transfer yet")
            return VERBS[tuple(verb)](self.transfers[call])
        return super().command(row)

    def start(self, act: Sequence[str]) -> Command:
        match act:
            case ["transfer", call, kind, "to", target, "by", agent, *rest]:
                is_queue = target in {spec.queue_id for spec in self.config.queues}
                policy = t.TransferPolicy(**options(rest, POLICY_WORDS))
                to_queue, to_agent = (target, "") if is_queue else ("", target)
                return t.StartTransfer(
                    call, agent, t.TransferKind(kind), to_queue, to_agent, policy
                )
            case _:
                raise ScenarioError(f"nobody knows how to: {' '.join(act)!r}")

    def submit(self, at_us: int, command: Command) -> list[Event]:
        events = super().submit(at_us, command)
        for event in events:
            if isinstance(event, t.TransferStarted):
                self.transfers[event.call_id] = event.transfer_id
        return events
