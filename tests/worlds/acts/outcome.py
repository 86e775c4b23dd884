"""What came out of an act, in the words of docs/acts/acts.toml: the same of both worlds."""

from collections.abc import Iterable, Mapping
from typing import Any

Event = tuple[str, Mapping[str, Any]]

NAMES = {
    "CallEstablished": "cti.established",
    "ConnectionCleared": "cti.connectionCleared",
    "CallCleared": "cti.callCleared",
    "OfferEnded": "cti.failed",
    "CallLegChanged": "cti.callLegChanged",
    "AgentCallBegan": "cti.agentCallBegan",
    "AgentCallEnded": "cti.agentCallEnded",
}
"""Of the core's events, as the record has them (docs/events)."""

SHOWN = ("cti.agentNull", "cti.agentNotReady", "cti.agentReady", "cti.agentReserved",
         "cti.agentBusy", "cti.agentWorkingAfterCall")  # fmt: skip


def outcome(events: Iterable[Event]) -> dict[str, Any]:
    """The fields of a `docs.acts.table.Run` that tell what happened."""
    told: dict[str, Any] = {name: [] for name in ("parts", "calls", "offers", "own")}
    shown: dict[str, list[str]] = {}
    outgoing: dict[str, bool] = {}
    moved = 0
    for name, data in events:
        if name == "cti.connectionCleared":
            seconds = [round(data[part] / 1e6, 1) for part in ("talked_us", "held_us")]
            told["parts"].append(f"{data['agent_id']} {data['by']} {seconds[0]}+{seconds[1]}")
        elif name == "cti.callCleared":
            told["calls"].append(f"{data['outcome']} {data['by']}")
        elif name == "cti.failed" and data["outcome"] != "established":
            told["offers"].append(f"{data['agent_id']} {data['outcome']}")
        elif name == "cti.agentCallBegan":
            outgoing[data["leg_id"]] = data["outgoing"]
        elif name == "cti.agentCallEnded":
            way = "out" if outgoing[data["leg_id"]] else "in"
            told["own"].append(f"{data['agent_id']} {way} {data['by']}")
        elif name == "cti.callLegChanged":
            moved += 1
        elif name in SHOWN:
            reason = f":{data['reason']}" if data["reason"] == "ownCall" else ""
            shown.setdefault(data["agent_id"], []).append(f"{data['state']}{reason}")
    told["own"].sort()  # those of two phones end in either order
    told["shown"] = [" ".join((agent, *states)) for agent, states in sorted(shown.items())]
    return {**{key: tuple(value) for key, value in told.items()}, "moved": moved}


def without_times(parts: Iterable[str]) -> list[str]:
    """Who, and by whom."""
    return [part.rpartition(" ")[0] for part in parts]


def times(parts: Iterable[str]) -> list[float]:
    """Seconds: talked, held, talked, held, …"""
    return [float(each) for part in parts for each in part.rpartition(" ")[2].split("+")]
