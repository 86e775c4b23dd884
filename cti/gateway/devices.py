"""What Asterisk's words about a phone mean: it can be called, not now, or does not exist. Pure.

Three questions by `Getvar`, one after the other, each of which may be the last (measured, 22.10.1;
tests/asterisk/test_phones.py):

    DEVICE_STATE(PJSIP/x)       INVALID: there is no such endpoint. Leaves nothing in the log, and
                                that is all it is asked for: it is a cache, so of an endpoint that a
                                reload has taken away it may say UNAVAILABLE until the next start
    PJSIP_ENDPOINT(x,context)   empty: there is none (and a line in the log that it was not found)
    PJSIP_DIAL_CONTACTS(x)      all contacts that are not known to be dead; empty: none. Read as it
                                is asked, and what `Dial` would go by

`DeviceStateList` cannot stand for them: it leaves out what a reload has added, and keeps what it
has taken away. A `ContactStatus` is about one contact of perhaps several, so that it tells that a
phone can be called, and never that it cannot: then the questions are asked.
"""

from collections.abc import Callable
from typing import Final

from cti.ami.messages import AmiAction, AmiEvent, action
from cti.gateway.border import checked, is_endpoint
from routing.commands import DeviceState

# res_pjsip/pjsip_options.c names them; a contact that is not qualified counts as there
_THERE: Final = ("Created", "Updated", "Reachable", "NonQualified")
_NOT_THERE: Final = ("Removed", "Unreachable")

_Meaning = Callable[[str], DeviceState | None]

QUESTIONS: Final[tuple[tuple[str, _Meaning], ...]] = (
    ("DEVICE_STATE(PJSIP/{})", lambda said: DeviceState.MISSING if said == "INVALID" else None),
    ("PJSIP_ENDPOINT({},context)", lambda said: None if said else DeviceState.MISSING),
    (
        "PJSIP_DIAL_CONTACTS({})",
        lambda said: DeviceState.REACHABLE if said else DeviceState.UNREACHABLE,
    ),
)
"""Each with what its answer means; None: ask the next. The last one always knows."""


def question(number: int, device: str) -> AmiAction:
    """The question of that number about this phone. Raises `BorderError` for no endpoint's name."""
    name = checked("device", is_endpoint, device)
    return action("Getvar", Variable=QUESTIONS[number][0].format(name))


def contact_says(event: AmiEvent) -> tuple[str, bool | None]:
    """The phone that a `ContactStatus` is about, and whether that contact is there now (None: a
    word that means neither). An endpoint whose contacts several endpoints share is told of in an
    event of its own.
    """
    get = event.headers.get
    status = get("ContactStatus")
    there = True if status in _THERE else False if status in _NOT_THERE else None
    return get("EndpointName") or get("AOR"), there
