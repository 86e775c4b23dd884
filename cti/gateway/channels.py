"""Asterisk's own list of its channels (`Status`), read into what `reconcile` compares. Pure.

The dialplan marks a caller's channel (`CTI_STAGE`, `CTI_ARRIVED`, `CTI_LINE_QUEUE`, …) and, through
inheritance, the agent's (`CTI_LEG`). The caller's carries `CTI_LEG` too, since it was set there to
be inherited; `CTI_STAGE` is not inherited, so it tells the two apart.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from cti.ami.messages import AmiAction, AmiEvent, action
from cti.gateway import border
from cti.gateway.question import read_tags
from routing.ids import OfferId

VARIABLES: Final = (
    "CTI_STAGE",
    "CTI_LINE_QUEUE",
    "CTI_ARRIVED",
    "CTI_LINE_PRIORITY",
    "CTI_LINE_NEEDS",
    "CTI_LINE_TAGS",
    "CTI_LINE_DATA",
    "CTI_ENTRY",
    "CTI_OFFER",
    "CTI_LEG",
    "CTI_DIALSTATUS",
    "CTI_HANGUPCAUSE",
    "CTI_RANG_MS",
)
_UP: Final = "6"  # AST_STATE_UP (include/asterisk/channelstate.h)


class Stage(StrEnum):
    """Where a caller's channel is, by the dialplan's own words."""

    WAITING = "waiting"  # asks us, or is about to
    DELIVERING = "delivering"  # in cti-deliver: before, in or right behind its Dial
    FAILSAFE = "failsafe"
    GONE_ON = "goneOn"  # survey, sent away, or in a place of the operator's


@dataclass(frozen=True, slots=True)
class CallerChannel:
    """A caller. `offer_id` is the order that its present or last Dial carried out; `dial_status`,
    `cause` and `rang` how that ended ("" and 0 while it has not). `in_dial`: where we have sent it.
    """

    uniqueid: str
    channel: str
    bridge: str
    stage: Stage
    queue: str
    arrived_us: int
    priority: int
    needs: str
    tags: tuple[str, ...]
    entry: int
    offer_id: OfferId
    dial_status: str
    cause: int
    rang: bool
    caller: str
    caller_name: str
    data: tuple[str, ...]
    held: bool  # apart from the agent, by an order of ours
    in_dial: bool


@dataclass(frozen=True, slots=True)
class AgentChannel:
    """An agent's leg: of which offer, and whether it was picked up."""

    uniqueid: str
    bridge: str
    offer_id: OfferId
    endpoint: str
    is_up: bool


@dataclass(frozen=True, slots=True)
class PhoneChannel:
    """A channel of a phone. `leg_of`: the endpoint that it was dialled as by an order of ours, ""
    for none, and `offer_id` of which offer; `age_s` whole seconds.
    """

    uniqueid: str
    device: str
    bridge: str
    is_up: bool
    leg_of: str
    offer_id: OfferId
    age_s: int


def read_phones(items: Iterable[AmiEvent], is_agents: Callable[[str], bool]) -> list[PhoneChannel]:
    """The channels of agents' phones among the items, whatever they are used for."""
    found: list[PhoneChannel] = []
    for item in items:
        get = item.headers.get
        device = border.endpoint_of(get("Channel"))
        if device and is_agents(device) and border.is_uniqueid(get("Uniqueid")):
            offer, _, leg_of = _marks(item).get("CTI_LEG", "").partition("*")
            is_up, age_s = get("ChannelState") == _UP, _number(get("Seconds"))
            whose = (leg_of, OfferId(_number(offer)), age_s)
            found.append(PhoneChannel(get("Uniqueid"), device, get("BridgeID"), is_up, *whose))
    return found


def status_request(channel: str = "") -> AmiAction:
    """The question about all channels, or one. Answered by `Status` events, as items of a list;
    "No such channel" when the one is gone.
    """
    one = {"Channel": channel} if channel else {}
    return action("Status", **one, Variables=",".join(VARIABLES))


def read_channels(items: Iterable[AmiEvent]) -> tuple[list[CallerChannel], list[AgentChannel]]:
    """Callers and agents' legs among the items, in their order; everything else is not ours."""
    callers: list[CallerChannel] = []
    legs: list[AgentChannel] = []
    for item in items:
        marks = _marks(item)
        if not border.is_uniqueid(item.headers.get("Uniqueid")):
            continue
        if marks.get("CTI_STAGE"):
            callers.append(_caller(item, marks))
        elif leg := marks.get("CTI_LEG"):
            offer, _, endpoint = leg.partition("*")
            # A caller who was sent on hands the mark to whatever phone is dialled then.
            if endpoint == border.endpoint_of(item.headers.get("Channel")):
                legs.append(_agent(item, _number(offer), endpoint))
    return callers, legs


def _marks(item: AmiEvent) -> dict[str, str]:
    """The channel's variables. One that is not set is written `(null)` (glibc's word for it)."""
    pairs = (line.partition("=") for line in item.headers.all("Variable"))
    return {name: value for name, _, value in pairs if value != "(null)"}


def _caller(item: AmiEvent, marks: dict[str, str]) -> CallerChannel:
    get = item.headers.get
    context = get("Context")
    offer = _number(marks.get("CTI_OFFER", ""))
    if context == border.CONTEXT_DELIVER and (order := border.read_deliver_order(get("Exten"))):
        offer = order[1]  # the mark is set a step later
    needs = border.wish(marks.get("CTI_LINE_NEEDS", ""))
    return CallerChannel(
        uniqueid=get("Uniqueid"),
        channel=get("Channel"),
        bridge=get("BridgeID"),
        stage=_stage(context, marks["CTI_STAGE"]),
        queue=border.wish(marks.get("CTI_LINE_QUEUE", "")),
        arrived_us=_number(marks.get("CTI_ARRIVED", "")) * 1000,
        priority=_number(marks.get("CTI_LINE_PRIORITY", "")),
        needs=needs if border.is_needs(needs) else "",
        tags=read_tags(marks.get("CTI_LINE_TAGS", "")),
        entry=_number(marks.get("CTI_ENTRY", "")),
        offer_id=OfferId(offer),
        dial_status=marks.get("CTI_DIALSTATUS", ""),
        cause=_number(marks.get("CTI_HANGUPCAUSE", "")),
        rang=marks.get("CTI_RANG_MS", "") != "",
        caller=border.number_of(get("CallerIDNum")),
        in_dial=context in (border.CONTEXT_DELIVER, border.CONTEXT_HOLD),
        caller_name=border.caller_name_of(get("CallerIDName")),
        data=tuple(marks.get("CTI_LINE_DATA", "").split(",")),
        held=context == border.CONTEXT_HOLD and not get("BridgeID"),
    )


def _agent(item: AmiEvent, offer: int, endpoint: str) -> AgentChannel:
    get = item.headers.get
    is_up = get("ChannelState") == _UP
    return AgentChannel(get("Uniqueid"), get("BridgeID"), OfferId(offer), endpoint, is_up)


def _stage(context: str, mark: str) -> Stage:
    """The context says where the channel is, the mark where it was last told to be: a call whose
    Dial has failed asks us from `cti-wait` while its mark still says `deliver`.
    """
    if context == border.CONTEXT_WAIT:
        return Stage.WAITING
    if context == border.CONTEXT_DELIVER:
        return Stage.DELIVERING
    return {
        "arrive": Stage.WAITING,
        "wait": Stage.WAITING,
        "deliver": Stage.DELIVERING,
        "failsafe": Stage.FAILSAFE,
    }.get(mark, Stage.GONE_ON)


def _number(text: str) -> int:
    return int(text) if border.is_number(text) else 0
