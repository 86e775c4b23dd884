"""What lines of an operator's dialplan say: which queues they name, which acts they allow. Pure."""

import re
from collections.abc import Iterable
from typing import Final

from cti.ami.messages import AmiEvent
from cti.cli.check.facts import CONTEXTS

FEATURES: Final = "tTkKxX"
"""Options of Dial and Queue that let a party move the other one by keys: t, T transfer; k, K park;
x, X one-touch recording (apps/app_dial.c, apps/app_queue.c)."""

ASTERISKS_OWN: Final = "__"
"""Contexts that modules make for themselves begin so (func_periodic_hook spies by one)."""

_OPTIONS_OF: Final = {"Dial": 2, "Queue": 1}
"""{application: which of its arguments the options are}."""

_ACTS: Final = frozenset({
    "Park", "ParkAndAnnounce", "ParkedCall", "Pickup", "PickupChan", "ChanSpy", "ExtenSpy",
})  # fmt: skip
"""Applications that stand for an act of docs/phone-acts.md."""


def queues_in(items: Iterable[AmiEvent]) -> dict[str, str]:
    """{queue: where}, of all `Set(CTI_QUEUE=…)` outside our own contexts."""
    found: dict[str, str] = {}
    for item in items:
        get = item.headers.get
        queue = queue_set_by(get("Application"), get("AppData"))
        if queue and get("Context") not in CONTEXTS:
            found.setdefault(queue, _where(item))
    return found


def acts_in(items: Iterable[AmiEvent]) -> dict[str, str]:
    """{act: where}, of all lines that let somebody move a caller without the router."""
    found: dict[str, str] = {}
    for item in items:
        act = act_of(item.headers.get("Application"), item.headers.get("AppData"))
        if act and not item.headers.get("Context").startswith(ASTERISKS_OWN):
            found.setdefault(act, _where(item))
    return found


def _where(item: AmiEvent) -> str:
    return f"{item.headers.get('Context')},{item.headers.get('Extension')}"


def queue_set_by(application: str, data: str) -> str:
    """The queue that this step of a dialplan sets in so many words; "" when it does not, or when
    an expression says which.
    """
    if application not in ("Set", "MSet"):
        return ""
    found = re.search(r"(?:^|,)_{0,2}CTI_QUEUE=\"?([A-Za-z0-9_-]+)\"?(?:,|$)", data)
    return found[1] if found else ""


def act_of(application: str, data: str) -> str:
    """`Dial tT`, `Park`, `Pickup`, `ChanSpy`; "" when this step allows nothing, or when an
    expression says what.
    """
    if application in _ACTS:
        return application
    place = _OPTIONS_OF.get(application)
    arguments = _split(data) if place is not None else []
    if place is None or len(arguments) <= place:
        return ""
    letters = "".join(each for each in _bare(arguments[place]) if each in FEATURES)
    return f"{application} {letters}" if letters else ""


def _split(data: str) -> list[str]:
    """The arguments: commas within brackets do not divide (`AST_STANDARD_APP_ARGS`)."""
    depth, parts = 0, [""]
    for character in data:
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth <= 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _bare(options: str) -> str:
    """Without what stands in brackets: arguments of options, and expressions."""
    before = ""
    while before != options:
        before, options = options, re.sub(r"\$?[({\[][^(){}\[\]]*[)}\]]", "", options)
    return options
