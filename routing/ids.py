"""Names of things, as plain strings and integers with a type each.

Ids of calls, agents and queues come from outside; offers are numbered by the core, in order, so
that a replay numbers them alike.
"""

from typing import Final, NewType

CallId = NewType("CallId", str)
"""One customer contact, `PBX-UNIQUEID` of the caller's channel. At most 128 characters."""

AgentId = NewType("AgentId", str)
"""The number an agent signs in with, such as `8001`. At most 64 characters."""

QueueId = NewType("QueueId", str)
"""A skill group's or service's waiting line, such as `loans`. At most 64 characters."""

SkillId = NewType("SkillId", str)
"""What an agent can do or belongs to: `english`, `loans`, `team-3`. At most 64 characters."""

PbxId = NewType("PbxId", str)
"""One Asterisk, by its name in the router's configuration."""

OfferId = NewType("OfferId", int)
"""One attempt to give one call to one agent; also the fencing number of that attempt."""

TransferId = NewType("TransferId", int)
"""One attempt of an agent to hand a customer on; numbered by the core, in order."""

LegId = NewType("LegId", str)
"""One channel, `PBX-UNIQUEID`."""

NO_CALL: Final = CallId("")
NO_AGENT: Final = AgentId("")
NO_OFFER: Final = OfferId(0)
NO_TRANSFER: Final = TransferId(0)
NO_LEG: Final = LegId("")

CONSULTS: Final = "~"
"""In the id of a consultation, between the customer's call and the number of the request."""


def consultation_id(contact: CallId, request_no: int) -> CallId:
    """The id of the second call that is made on behalf of a customer."""
    return CallId(f"{contact}{CONSULTS}{request_no}")


def contact_of(call_id: CallId) -> CallId:
    """The customer's call: of a consultation the one that it serves, else the call itself."""
    return CallId(call_id.partition(CONSULTS)[0])
