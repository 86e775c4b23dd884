"""How each field of an event or a state document is protected: public, personal or secret. Pure.

This is the only list: what readers of the record and the bus may see, what stands of an event that
was set aside, and the catalogue in docs/events all read it. Ids of `routing.ids`, numbers, truth
values and words of a fixed list are public by their type. Text can hold anything, so each field
with text needs its line in `TEXT`. One without is masked, or left empty where it is no plain text,
until somebody has said what it is.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import cache
from typing import Any, Final, NewType, get_args

import msgspec


class FieldClass(StrEnum):
    """Who may see what a field holds."""

    PUBLIC = "public"  # whoever may read the topic
    PERSONAL = "personal"  # of a customer: masked, whole only for those with the right
    SECRET = "secret"  # noqa: S105  the name of a class; never leaves the router: empty on the bus and in the event log


PUBLIC, PERSONAL, SECRET = FieldClass

TEXT: Final[Mapping[str, Mapping[str, FieldClass]]] = {
    # `by` is a staff number or the name of an order's sender, never a person's name.
    "AgentCallBegan": {"device": PUBLIC, "other": PERSONAL},
    "AgentGroupsChanged": {"by": PUBLIC},
    "AgentLoggedOff": {"by": PUBLIC, "reason": PUBLIC},
    "AgentLoggedOn": {"device": PUBLIC},
    "AgentStateChanged": {"reason": PUBLIC, "pending": PUBLIC, "by": PUBLIC},
    "AnnouncementDue": {"sound": PUBLIC, "kind": PUBLIC},
    "BreakQueued": {"reason": PUBLIC},
    "CallCleared": {"by": PUBLIC},  # a party, never a person
    "CallControlFailed": {"cause": PUBLIC},
    "CallControlOrdered": {"by": PUBLIC, "reason": PUBLIC},
    "CallDelivered": {
        "caller": PERSONAL,
        "caller_name": PERSONAL,
        "public_data": PUBLIC,
        "personal_data": PERSONAL,
    },
    "CallInformation": {
        "changed": PUBLIC,  # names that the operator lists
        "public_data": PUBLIC,
        "personal_data": PERSONAL,
        "secret_data": SECRET,
        "by": PUBLIC,
    },
    "CallDiverted": {"cause": PUBLIC, "to_extension": PUBLIC},
    "CallQueued": {"caller": PERSONAL, "caller_name": PERSONAL, "cause": PUBLIC},
    "CallRelaxed": {"need": PUBLIC},
    "CallTransferred": {"transferring_device": PUBLIC, "transferred_to_device": PUBLIC},
    "CallbackBooked": {"number": PERSONAL},
    "CommandRefused": {"command": PUBLIC, "subject": PUBLIC},  # a class, and the id it was about
    "ConfigApplied": {"changes": PUBLIC},  # names of queues, agents and rules
    "Decision": {
        "trigger": PUBLIC,
        "strategy": PUBLIC,
        "need": PUBLIC,
        "rules": PUBLIC,
        "passed_over": PUBLIC,  # agents, each with a reason from a fixed list
    },
    "DeviceChanged": {"device": PUBLIC},
    # Names of classes; of the event itself only what is public (`cti.record.set_aside`).
    "EventSetAside": {"call_id": PUBLIC, "event": PUBLIC, "error": PUBLIC, "fields": PUBLIC},
    "ModeChanged": {"name": PUBLIC, "by": PUBLIC},  # the name of a mode
    "OfferMade": {"device": PUBLIC, "caller": PERSONAL, "callback": PERSONAL},
    "QueueAcceptingChanged": {"by": PUBLIC},
    "TelephonyChanged": {"state": PUBLIC},
    "TransferCancelled": {"by": PUBLIC},
    "TransferCompleting": {"by": PUBLIC},
    "TransferJoining": {"by": PUBLIC},
    "TransferStarted": {"by": PUBLIC},
    # State documents (`cti.bus.documents`).
    "AgentDocument": {"reason": PUBLIC, "pending": PUBLIC, "device": PUBLIC},
    "RouterDocument": {"node": PUBLIC, "state": PUBLIC},
}
"""{name of the event on the wire: {field: class}}, every field that can hold text."""


def name_of(kind: type[msgspec.Struct]) -> str:
    """What stands in `data.type`; the class's name where nothing stands there."""
    return str(kind.__struct_config__.tag or kind.__name__)


@cache
def classes_of(kind: type[msgspec.Struct]) -> dict[str, FieldClass]:
    """{field: class} of an event, in the order of its fields."""
    said = TEXT.get(name_of(kind), {})
    return {
        field.name: said.get(field.name, _unlisted(field.type))
        for field in msgspec.structs.fields(kind)
    }


@cache
def protected(kind: type[msgspec.Struct]) -> dict[str, FieldClass]:
    """The same, without what is public."""
    return {name: given for name, given in classes_of(kind).items() if given is not PUBLIC}


def shown(value: Any, given: FieldClass, mask: Callable[[str], str]) -> Any:
    """What may be seen of a value: all, what `mask` leaves of a text (of pairs of name and text: of
    each text), or nothing (its kind's empty value).
    """
    match given:
        case FieldClass.PUBLIC:
            return value
        case FieldClass.PERSONAL if isinstance(value, str):
            return mask(value)
        case FieldClass.PERSONAL:
            return tuple((name, mask(text)) for name, text in value)
        case FieldClass.SECRET:
            return type(value)()


def holds_text(hint: Any) -> bool:
    """Whether a value of this type can hold text that nobody has listed."""
    if isinstance(hint, NewType):
        return hint.__module__ != "routing.ids" and holds_text(hint.__supertype__)
    if hint in {str, bytes, Any, object, msgspec.Raw}:
        return True
    return any(holds_text(part) for part in get_args(hint))


def _unlisted(hint: Any) -> FieldClass:
    if not holds_text(hint):
        return PUBLIC
    return PERSONAL if hint is str else SECRET
