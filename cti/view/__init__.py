"""What screens and `cti status` show, kept up from published events; the core is never asked."""

from cti.view.recover import recovered
from cti.view.rows import (
    AgentNow,
    AgentRow,
    CallNow,
    CallRow,
    CallStage,
    EventRow,
    Level,
    QueueNow,
    QueueRow,
    RouterNow,
    event_row,
    note,
)
from cti.view.state import StateView

__all__ = [
    "AgentNow",
    "AgentRow",
    "CallNow",
    "CallRow",
    "CallStage",
    "EventRow",
    "Level",
    "QueueNow",
    "QueueRow",
    "RouterNow",
    "StateView",
    "event_row",
    "note",
    "recovered",
]
