"""What a client counts, and how it calls its listeners, so that their errors are counted too."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVarTuple

log = logging.getLogger(__name__)

Arguments = TypeVarTuple("Arguments")


@dataclass(slots=True)
class AmiCounters:
    """What one client has seen since it was made; plain numbers for the metrics to read."""

    messages_in: int = 0  # those that were skipped included
    skipped: int = 0  # events that nobody wanted
    forged: int = 0  # events with a second Event, Channel or Uniqueid; dropped
    actions_out: int = 0  # logins and pings included
    refused: int = 0  # actions not sent: the link was not up, or too many were open
    timeouts: int = 0
    late_answers: int = 0  # answers to nothing that is open; dropped
    connects: int = 0  # attempts
    reconnects: int = 0  # attempts but the first
    logins_refused: int = 0
    listener_errors: int = 0
    protocol_errors: int = 0
    ping_rtt_us: int = 0  # of the last ping that was answered; 0 before the first


class ListenerGuard:
    """Calls a listener; what it raises is logged, counted, and ends here."""

    def __init__(self, name: str, counters: AmiCounters) -> None:
        self._name = name
        self._counters = counters

    def __call__(self, listener: Callable[[*Arguments], None], *arguments: *Arguments) -> None:
        """Call it."""
        try:
            listener(*arguments)
        except Exception:
            self._counters.listener_errors += 1
            log.exception("%s: a listener failed", self._name)
