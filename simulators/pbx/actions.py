"""What AMI users may ask of a simulated Asterisk, and what it answers. Pure.

Answers have the texts and headers of main/manager.c and of the recordings, its oddities included: a
variable that is not set is written `(null)` in a `Status` answer (glibc's `%s` of a null pointer),
and `Redirect` to a place that does not exist is a success that hangs the caller up.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar

from cti.ami.messages import AmiAction, AmiEvent, AmiResponse, event, response
from simulators.pbx.channels import Channel, Pairs, channel_headers
from simulators.pbx.originate import Originate, bridge
from simulators.pbx.phones import Phone
from simulators.pbx.world import World

VERSION = "22.10.1"
_FUNCTION = re.compile(r"([A-Z_]+)\((.*)\)")


@dataclass(frozen=True, slots=True)
class Answer:
    """A response, the items of a list answer, and the name of the event that ends the list.

    `effect` is what Asterisk does about it, on another thread: after the response is on its way.
    """

    response: AmiResponse
    items: tuple[AmiEvent, ...] = ()
    list_end: str = ""
    effect: Callable[[], None] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class _Row:
    """`rights`: one of these write classes is needed, none of them when empty."""

    carry_out: Callable[["Actions", AmiAction], Answer]
    rights: frozenset[str]


def _rights(*names: str) -> frozenset[str]:
    return frozenset(names)


class Actions:
    """Carries out the actions of logged-in users on one world."""

    def __init__(self, world: World) -> None:
        self._world = world

    @property
    def is_leaving(self) -> bool:
        """Whether nothing is carried out, since Asterisk is shutting down."""
        return self._world.is_leaving

    def carry_out(self, action: AmiAction, rights: frozenset[str]) -> Answer:
        """The answer to one action of a user with these write classes (`all` has every one)."""
        row = self._rows.get(action.name.lower())
        if row is None:
            return _error(
                f"Invalid/unknown command: {action.name}."
                " Use Action: ListCommands to show available commands."
            )
        if row.rights and not row.rights & rights and "all" not in rights:
            return _error("Permission denied")
        return row.carry_out(self, action)

    # --- orders -----------------------------------------------------------------------------------

    def _redirect(self, action: AmiAction) -> Answer:
        channel = self._world.find(action.get("Channel"))
        if channel is None:
            return _error(f"Channel does not exist: {action.get('Channel')}")
        context, exten = action.get("Context"), action.get("Exten")
        priority = action.get("Priority")
        for field_name, value in (("Context", context), ("Exten", exten), ("Priority", priority)):
            if not value:
                return _error(f"{field_name} not specified")
        if not priority.isdecimal():
            return _error("Priority is invalid")

        sent = [(channel, context, exten)]
        if name := action.get("ExtraChannel"):
            extra = self._world.find(name)
            if extra is None:
                return _error(f"ExtraChannel does not exist: {name}")
            sent.append((extra, action.get("ExtraContext"), action.get("ExtraExten")))

        def go() -> None:
            for each, _, _ in sent:
                each.on_left = None  # nobody hangs up because the other one was taken away
            for each, into, at in sent:
                if not each.gone:
                    self._world.send(each, into, at, int(priority))

        said = "Dual Redirect successful" if len(sent) > 1 else "Redirect successful"
        return Answer(response(True, said), effect=go)

    def _play_dtmf(self, action: AmiAction) -> Answer:
        """The far end hears it; nobody here does."""
        if self._world.find(action.get("Channel")) is None:
            return _error("Channel not found")
        if not re.fullmatch(r"[0-9*#A-Da-d]", action.get("Digit")):
            return _error("No digit specified")
        return Answer(response(True, "DTMF successfully queued"))

    def _setvar(self, action: AmiAction) -> Answer:
        name, channel_name = action.get("Variable"), action.get("Channel")
        if not name:
            return _error("No variable specified")
        variables = self._world.globals
        if channel_name:
            channel = self._world.find(channel_name)
            if channel is None:
                return _error("No such channel")
            variables = channel.variables
        variables[name] = action.get("Value")
        return Answer(response(True, "Variable Set"))

    def _getvar(self, action: AmiAction) -> Answer:
        name, channel_name = action.get("Variable"), action.get("Channel")
        variables = self._world.globals
        if channel_name:
            channel = self._world.find(channel_name)
            if channel is None:
                return _error("No such channel")
            variables = channel.variables
        asked = _FUNCTION.fullmatch(name)
        value = self._function(*asked.groups()) if asked else variables.get(name, "")
        return Answer(response(True, "", Variable=name, Value=value))

    def _function(self, name: str, argument: str) -> str:
        """What the router asks about phones; "" for every other function."""
        phone = self._world.phones.get(argument.removeprefix("PJSIP/").partition(",")[0])
        if name == "DEVICE_STATE":
            return device_state(phone) if phone is not None else "INVALID"
        if phone is None:
            return ""
        if name == "PJSIP_DIAL_CONTACTS":
            return "&".join(f"PJSIP/{phone.endpoint}/{uri}" for uri in phone.contacts)
        return "from-agent" if name == "PJSIP_ENDPOINT" else ""

    def _hangup(self, action: AmiAction) -> Answer:
        channel = self._world.find(action.get("Channel"))
        if channel is None:
            return _error("No such channel")
        cause = action.get("Cause")

        def hang_up() -> None:
            if cause.isdecimal() and 0 < int(cause) < 128:
                channel.cause = int(cause)
            self._world.hang_up(channel)

        return Answer(response(True, "Channel Hungup"), effect=hang_up)

    def _originate(self, action: AmiAction) -> Answer:
        """Of a phone, into the dialplan, `Async`: the answer says that it was queued."""
        get, world = action.get, self._world
        phone = world.phones.get(get("Channel").removeprefix("PJSIP/"))
        if not get("Context") or not get("Exten"):
            return _error("Originate is simulated with Context and Exten")
        queued = response(True, "Originate successfully queued")
        if phone is None or not phone.is_registered:
            return Answer(queued)  # chan_pjsip makes no channel, so there is no event of one
        timeout_ms = int(get("Timeout")) if get("Timeout").isdecimal() else 30_000

        def go() -> None:
            place = (get("Context"), get("Exten"))
            order = Originate(world, phone, place, action.action_id, get("ChannelId"))
            order.begin(timeout_ms * 1_000)

        return Answer(queued, effect=go)

    def _bridge(self, action: AmiAction) -> Answer:
        both = [self._world.find(action.get(name)) for name in ("Channel1", "Channel2")]
        one, other = both
        if one is None or other is None:
            return _error(f"Channel{1 if one is None else 2} does not exist")
        effect = partial(bridge, self._world, one, other)
        return Answer(response(True, "Channels have been bridged"), effect=effect)

    # --- questions --------------------------------------------------------------------------------

    def _status(self, action: AmiAction) -> Answer:
        name = action.get("Channel")
        channels = list(self._world.channels.values())
        if name:
            channels = [each for each in channels if name in (each.name, each.uniqueid)]
            if not channels:
                return _error("No such channel")
        wanted = [each for each in action.get("Variables").split(",") if each]
        items = tuple(event("Status", *self._status_headers(each, wanted)) for each in channels)
        return _list("Channel status will follow", items, "StatusComplete")

    def _status_headers(self, channel: Channel, wanted: list[str]) -> Pairs:
        age_s = (self._world.clock.now_us() - channel.created_us) // 1_000_000
        return (
            ("Privilege", "Call"),
            *channel_headers(channel),
            ("Type", "PJSIP"),
            ("DNID", channel.get("CTI_LINE_QUEUE")),
            ("EffectiveConnectedLineNum", channel.connected_number),
            ("EffectiveConnectedLineName", channel.connected_name),
            ("TimeToHangup", "0"),
            ("BridgeID", channel.bridge.uniqueid if channel.bridge else ""),
            ("Application", channel.application),
            ("Data", channel.data),
            ("Nativeformats", "(ulaw)"),
            ("Readformat", "ulaw"),
            ("Readtrans", ""),
            ("Writeformat", "ulaw"),
            ("Writetrans", ""),
            ("Callgroup", "0"),
            ("Pickupgroup", "0"),
            ("Seconds", str(age_s)),
            *(("Variable", f"{name}={self._variable(channel, name)}") for name in wanted),
        )

    def _variable(self, channel: Channel, name: str) -> str:
        value = channel.variables.get(name, self._world.globals.get(name))
        return "(null)" if value is None else value

    def _core_show_channels(self, _action: AmiAction) -> Answer:
        items = tuple(
            event("CoreShowChannel", *self._channel_line(each))
            for each in self._world.channels.values()
        )
        return _list("Channels will follow", items, "CoreShowChannelsComplete")

    def _channel_line(self, channel: Channel) -> Pairs:
        age_s = (self._world.clock.now_us() - channel.created_us) // 1_000_000
        return (
            *channel_headers(channel),
            ("Application", channel.application),
            ("ApplicationData", channel.data),
            ("Duration", f"{age_s // 3600:02}:{age_s // 60 % 60:02}:{age_s % 60:02}"),
            ("BridgeId", channel.bridge.uniqueid if channel.bridge else ""),
        )

    def _contacts(self, _action: AmiAction) -> Answer:
        items = tuple(
            event("ContactList", *_contact_line(phone, uri))
            for phone in self._world.phones.values()
            for uri in phone.contacts
        )
        if not items:
            return _error("No Contacts found")  # the real one adds a stray LF, which readers cut
        return _list(
            "A listing of Contacts follows, presented as ContactList events",
            items,
            "ContactListComplete",
        )

    def _core_status(self, _action: AmiAction) -> Answer:
        date, time = _date_and_time(self._world.started_us)
        calls = sum(1 for each in self._world.channels.values() if each.caller is not None)
        return Answer(
            response(
                True,
                "",
                CoreStartupDate=date,
                CoreStartupTime=time,
                CoreReloadDate=date,
                CoreReloadTime=time,
                CoreCurrentCalls=calls,
                CoreProcessedCalls=self._world.call_count,
            )
        )

    def _core_settings(self, _action: AmiAction) -> Answer:
        return Answer(
            response(
                True,
                "",
                AMIversion="11.0.0",
                AsteriskVersion=VERSION,
                SystemName="simulated",
                CoreMaxCalls=0,
                CoreMaxLoadAvg="0.000000",
                CoreRunUser="asterisk",
                CoreRunGroup="asterisk",
                CoreMaxFilehandles=0,
                CoreRealTimeEnabled="No",
                CoreCDRenabled="No",
                CoreHTTPenabled="No",
            )
        )

    def _ping(self, _action: AmiAction) -> Answer:
        seconds, rest_us = divmod(self._world.clock.now_us(), 1_000_000)
        return Answer(response(True, "", Ping="Pong", Timestamp=f"{seconds}.{rest_us:06}"))

    _rows: ClassVar[dict[str, _Row]] = {
        "redirect": _Row(_redirect, _rights("call")),
        "playdtmf": _Row(_play_dtmf, _rights("call")),
        "setvar": _Row(_setvar, _rights("call")),
        "getvar": _Row(_getvar, _rights("call", "reporting")),
        "hangup": _Row(_hangup, _rights("system", "call")),
        "bridge": _Row(_bridge, _rights("call")),
        "originate": _Row(_originate, _rights("originate")),
        "status": _Row(_status, _rights("system", "call", "reporting")),
        "coreshowchannels": _Row(_core_show_channels, _rights("system", "reporting")),
        "pjsipshowcontacts": _Row(_contacts, _rights("system")),
        "corestatus": _Row(_core_status, _rights("system", "reporting")),
        "coresettings": _Row(_core_settings, _rights("system", "reporting")),
        "ping": _Row(_ping, _rights()),
    }
    """The write classes are those that main/manager.c registers each action with."""


def device_state(phone: Phone) -> str:
    """The device state of a phone in Asterisk's words (main/devicestate.c)."""
    if not phone.is_registered:
        return "UNAVAILABLE"
    if not phone.legs:
        return "NOT_INUSE"
    return "INUSE" if any(leg.bridge for leg in phone.legs) else "RINGING"


def _contact_line(phone: Phone, uri: str) -> Pairs:
    return (
        ("ObjectType", "contact"),
        ("ObjectName", f"{phone.endpoint};@0"),
        ("Uri", uri),
        ("Endpoint", phone.endpoint),
        ("Status", "NonQualified"),
        ("RoundtripUsec", "0"),
    )


def _date_and_time(at_us: int) -> tuple[str, str]:
    """`2026-11-21`, `20:38:45` (UTC) by integer arithmetic: H. Hinnant, days to civil."""
    days, second = divmod(at_us // 1_000_000, 86_400)
    era, day_of_era = divmod(days + 719_468, 146_097)
    year_of_era = (
        day_of_era - day_of_era // 1_460 + day_of_era // 36_524 - day_of_era // 146_096
    ) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * shifted + 2) // 5 + 1
    month = shifted + 3 if shifted < 10 else shifted - 9
    year = year_of_era + era * 400 + (1 if month <= 2 else 0)
    return (
        f"{year:04}-{month:02}-{day:02}",
        f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}",
    )


def _error(message: str) -> Answer:
    return Answer(response(False, message))


def _list(message: str, items: tuple[AmiEvent, ...], list_end: str) -> Answer:
    return Answer(response(True, message, EventList="start"), items, list_end)
