"""An event of the core as a CloudEvent in CSTA's words.

Pure: no I/O, no clock, no knowledge of MQTT or SQLite. The bytes made here are what the event log
keeps, and what the bus carries as far as its readers may see it.

* CloudEvents 1.0, structured mode, JSON format. MQTT 3.1.1 has no other way (CloudEvents MQTT
  binding 1.0.2, section 3). Extension attributes have lower-case letters and digits only.
* `seq` is a string of digits: an Integer of CloudEvents has 32 bits, which a large site would use
  up within a month. `(epoch, seq)` as numbers order everything a router has said.
* `id` is `{node}-{epoch}-{seq}`, so a message that is sent twice has the same id twice.
* `type` is `cti.` and CSTA's name of the event (ECMA-269). Where CSTA has none it is ours:
  `agentReserved`, `agentAllocated` (座席预占), `agentNull`, and otherwise the class of the core's
  event (`configApplied`, `commandRefused`): an event that is added later is published without a
  line here.
* `subject` and topic are the call's for what happens to a call, also when an agent has part in it;
  else the agent's, the queue's or the router's. One event, one topic.
* `data` is the event as the core said it (its class in `type`, units in the names), whole: whoever
  passes a record on hides what its reader may not see (`cti.record.seen`).
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Literal, NamedTuple

import msgspec

from cti.record.classes import protected
from cti.record.directory import NOBODY, Directory
from cti.record.envelope import Envelope
from cti.record.set_aside import INTEGER_MAX, LATEST_US, forms, set_aside, within
from cti.record.topics import PREFIX, Leaf, Subject, level, topic
from routing import events as e
from routing.transfers.messages import CallConferenced, CallTransferred

_1970 = datetime(1970, 1, 1, tzinfo=UTC)

_CSTA_NAMES: dict[type[e.Event], str] = {
    e.CallQueued: "queued",
    e.CallInformation: "callInformation",
    e.OfferMade: "agentAllocated",
    e.CallDelivered: "delivered",
    e.OfferEnded: "failed",
    e.CallEstablished: "established",
    e.CallHeldEvent: "held",
    e.CallRetrievedEvent: "retrieved",
    e.ConnectionCleared: "connectionCleared",
    e.CallDiverted: "diverted",
    e.CallCleared: "callCleared",
    e.AgentLoggedOn: "agentLoggedOn",
    e.AgentLoggedOff: "agentLoggedOff",
    e.TelephonyChanged: "systemStatus",
    CallTransferred: "transferred",
    CallConferenced: "conferenced",
}
_STATE_NAMES = {
    e.AgentState.NULL: "agentNull",
    e.AgentState.NOT_READY: "agentNotReady",
    e.AgentState.READY: "agentReady",
    e.AgentState.RESERVED: "agentReserved",
    e.AgentState.BUSY: "agentBusy",
    e.AgentState.WORKING_AFTER_CALL: "agentWorkingAfterCall",
}
_DEVICE_NAMES = {True: "backInService", False: "outOfService"}

# Said of the caller's own channel, whose id is the call's where no other one is named.
_OF_CALLERS_LEG = {e.CallQueued, e.CallDiverted, e.CallCleared}


class _Traits(NamedTuple):
    """What follows from the class of an event: looked at once, not for each event."""

    type: str  # "" where it depends on what the event says
    subject: Subject
    name_field: str  # which field names the subject; "" for the router itself
    has_call: bool
    has_agent: bool
    has_queue: bool
    has_request: bool
    has_pbx: bool
    has_leg: bool
    is_of_callers_leg: bool


class CloudEvent(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """The structured JSON form. What does not apply is left out, as CloudEvents asks for."""

    specversion: Literal["1.0"]
    id: str
    source: str
    type: str
    subject: str
    time: datetime
    datacontenttype: Literal["application/json"]
    seq: str
    epoch: int
    contactid: str = ""  # one customer contact
    requestid: str = ""  # each time a human was asked for, on behalf of that contact
    legid: str = ""  # one channel
    queue: str = ""
    agent: str = ""
    employer: str = ""
    site: str = ""
    pbx: str = ""
    data: msgspec.Raw


class Record(msgspec.Struct, frozen=True, gc=False):
    """One event ready to be sent and kept: `body` is the CloudEvent, the rest is what finds it."""

    seq: int
    epoch: int
    at_us: int
    type: str
    call_id: str
    agent_id: str
    queue_id: str
    topic: str
    body: bytes


class AsOf(NamedTuple):
    """A place in a router's history: after event `seq`, at that time (microseconds since 1970)."""

    epoch: int
    seq: int
    at_us: int


class CloudEventEncoder:
    """Says events and state documents in the name of one router.

    The same envelope is asked for twice, by the bus and by the event log, some milliseconds apart:
    the last `MEMORY` answers are kept, which halves the cost. `directory` may be replaced at any
    time; `on_set_aside` is told of what could not be put into words.
    """

    MEMORY = 2048

    def __init__(
        self,
        node: str,
        site: str,
        directory: Directory | None = None,
        prefix: str = PREFIX,
    ) -> None:
        self.node = node
        self.site = site
        self.directory = directory or Directory()
        self._prefix = prefix
        self._source = f"/{prefix}/{level(site)}/{Subject.ROUTER}/{level(node)}"
        self._encode = msgspec.json.Encoder().encode
        self._recent: dict[tuple[int, int], Record] = {}
        self.on_set_aside: Callable[[str, int, Exception], None] = lambda *_: None

    def record(self, envelope: Envelope) -> Record:
        """The event as it is published and kept; one that has no form is set aside in its place."""
        key = (envelope.epoch, envelope.seq)
        found = self._recent.get(key)
        if found is None:
            found = self._recent[key] = self._safely(envelope)
            if len(self._recent) > self.MEMORY:
                del self._recent[next(iter(self._recent))]  # the oldest: dicts keep their order
        return found

    def state_topic(self, kind: Subject, name: str) -> str:
        """Where the state document of this agent, queue or router is retained."""
        site = self._site_of(name) if kind is Subject.AGENT else self.site
        return topic(self._prefix, site, kind, name, Leaf.STATE)

    def state(self, kind: Subject, name: str, at: AsOf, data: dict[str, Any]) -> bytes:
        """A state document, true as of that moment; without those fields that have no form.

        Its id is that of the event and what it is about: one event can change several documents.
        """
        try:
            return self._state(kind, name, at, data)
        except Exception as error:  # noqa: BLE001  whatever it is, the bus goes on
            self.on_set_aside(f"{kind}State", at.seq, error)
            at = AsOf(within(at.epoch, INTEGER_MAX), at.seq, within(at.at_us, LATEST_US))
            said = forms(_scrubbed(data).items(), self._encode)
            return self._state(kind, _scrubbed(name), at, said)

    def _state(self, kind: Subject, name: str, at: AsOf, data: dict[str, Any]) -> bytes:
        card = self.directory.card(name) if kind is Subject.AGENT else NOBODY
        document = CloudEvent(
            specversion="1.0",
            id=f"{self._id(at)}-{kind}-{name}",
            source=self._source,
            type=f"cti.{kind}State",
            subject=f"{kind}/{name}",
            time=_time(at.at_us),
            datacontenttype="application/json",
            seq=str(at.seq),
            epoch=at.epoch,
            queue=name if kind is Subject.QUEUE else "",
            agent=name if kind is Subject.AGENT else "",
            employer=card.employer,
            site=card.site or self.site,
            data=msgspec.Raw(self._encode(data)),
        )
        return self._encode(document)

    def _safely(self, envelope: Envelope) -> Record:
        try:
            return self._record(envelope)
        except UnicodeEncodeError as error:  # half a surrogate pair in a name
            return self._without_halves(envelope, error)
        except Exception as error:  # noqa: BLE001  whatever it is, the record goes on
            return self._set_aside(envelope, error)

    def _without_halves(self, envelope: Envelope, error: Exception) -> Record:
        try:
            plain = _scrubbed(msgspec.to_builtins(envelope.event))
            event = msgspec.convert(plain, type(envelope.event))
            return self._record(msgspec.structs.replace(envelope, event=event))
        except Exception:  # noqa: BLE001
            return self._set_aside(envelope, error)

    def _set_aside(self, envelope: Envelope, error: Exception) -> Record:
        kind = type(envelope.event)
        self.on_set_aside(kind.__name__, envelope.seq, error)
        return self._record(set_aside(envelope, error, self._encode, tuple(protected(kind))))

    def _record(self, envelope: Envelope) -> Record:
        event: Any = envelope.event  # its class says which fields it has
        traits = _traits(type(envelope.event))
        if not 0 <= envelope.epoch <= INTEGER_MAX:
            raise OverflowError("the epoch has no form in the record")
        kind = traits.type or f"cti.{csta_name(event)}"
        subject = traits.subject
        name = getattr(event, traits.name_field) if traits.name_field else self.node
        call_id = event.call_id if traits.has_call else ""
        agent_id = event.agent_id if traits.has_agent else ""
        queue_id = event.queue_id if traits.has_queue else ""
        card = self.directory.card(agent_id) if agent_id else NOBODY
        site = card.site or self.site
        said = CloudEvent(
            specversion="1.0",
            id=self._id(envelope),
            source=self._source,
            type=kind,
            subject=f"{subject}/{name}",
            time=_time(envelope.at_us),
            datacontenttype="application/json",
            seq=str(envelope.seq),
            epoch=envelope.epoch,
            contactid=call_id,
            requestid=f"{call_id}:{event.request_no}" if traits.has_request else "",
            legid=(event.leg_id if traits.has_leg else "")
            or (call_id if traits.is_of_callers_leg else ""),
            queue=queue_id,
            agent=agent_id,
            employer=card.employer,
            site=site,
            pbx=event.pbx if traits.has_pbx else self.directory.pbx_of(call_id),
            data=msgspec.Raw(self._encode(event)),
        )
        home = site if subject is Subject.AGENT else self.site
        where = topic(self._prefix, home, subject, name, Leaf.EVENT)
        return Record(
            envelope.seq, envelope.epoch, envelope.at_us, kind,
            call_id, agent_id, queue_id, where, self._encode(said),
        )  # fmt: skip

    def _site_of(self, agent_id: str) -> str:
        return self.directory.card(agent_id).site or self.site

    def _id(self, at: AsOf | Envelope) -> str:
        return f"{self.node}-{at.epoch}-{at.seq}"


def type_of(kind: type[e.Event]) -> str:
    """The `type` of all events of this class; "" where it depends on what the event says."""
    return _traits(kind).type


def csta_name(event: e.Event) -> str:
    """CSTA's name of the event, without our prefix; its class's where CSTA has none."""
    if isinstance(event, e.AgentStateChanged):
        return _STATE_NAMES[event.state]
    if isinstance(event, e.DeviceChanged):
        return _DEVICE_NAMES[event.reachable]
    return _static_name(type(event))


def csta_names(kind: type[e.Event]) -> tuple[str, ...]:
    """Every name that events of this class can have, without our prefix."""
    if kind is e.AgentStateChanged:
        return tuple(_STATE_NAMES.values())
    if kind is e.DeviceChanged:
        return tuple(_DEVICE_NAMES.values())
    return (_static_name(kind),)


def subject_of(kind: type[e.Event]) -> Subject:
    """Whose topic events of this class are published on."""
    return _traits(kind).subject


@cache
def _traits(kind: type[e.Event]) -> _Traits:
    """Call events say for which request of the contact they happened; the rest follows."""
    fields = kind.__struct_fields__
    if "request_no" in fields:
        subject, name_field = Subject.CALL, "call_id"
    elif "agent_id" in fields:
        subject, name_field = Subject.AGENT, "agent_id"
    elif "queue_id" in fields:
        subject, name_field = Subject.QUEUE, "queue_id"
    else:
        subject, name_field = Subject.ROUTER, ""
    depends = kind in (e.AgentStateChanged, e.DeviceChanged)
    return _Traits(
        type="" if depends else f"cti.{_static_name(kind)}",
        subject=subject,
        name_field=name_field,
        has_call="call_id" in fields,
        has_agent="agent_id" in fields,
        has_queue="queue_id" in fields,
        has_request="request_no" in fields,
        has_pbx="pbx" in fields,
        has_leg="leg_id" in fields,
        is_of_callers_leg=kind in _OF_CALLERS_LEG,
    )


def _static_name(kind: type[e.Event]) -> str:
    ours = kind.__name__
    return _CSTA_NAMES.get(kind) or ours[0].lower() + ours[1:]


def _scrubbed(value: Any) -> Any:
    """The same without what UTF-8 cannot say."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {key: _scrubbed(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_scrubbed(item) for item in value]
    return value


def _time(at_us: int) -> datetime:
    return _1970 + timedelta(microseconds=at_us)
