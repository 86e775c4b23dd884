"""A real core with real channel tables, and Asterisk's words typed by hand."""

from collections.abc import Callable

from cti.agi.messages import AgiRequest
from cti.agi.tokens import make_token
from cti.ami.messages import AmiAction, AmiEvent, event
from cti.gateway.asking import Desk, answer
from cti.gateway.effects import Effects, Moment, effects_of
from cti.gateway.epoch import Epoch
from cti.gateway.legs import Legs
from cti.gateway.question import read_question
from cti.gateway.translate import translate
from routing.commands import (
    Command,
    LogOnAgent,
    RequestedState,
    SetAgentState,
    Stamped,
    TelephonyRestored,
)
from routing.config import AgentSpec, OutcomePolicy, Policies, QueueSpec, RoutingConfig
from routing.engine import RoutingEngine
from routing.events import Event
from routing.ids import AgentId, PbxId, QueueId

SECRET = "a-secret-of-tests"
A1 = PbxId("a1")
START_US = 1_795_000_000_000_000
SECOND_US = 1_000_000
EPOCH = Epoch(7, "")
INSTANCE = "7e57ab1e"

CONFIG = RoutingConfig(
    queues=(QueueSpec(QueueId("loans"), after_call_work_us=0),),
    agents=tuple(AgentSpec(AgentId(str(8001 + n)), f"p{8001 + n}") for n in range(3)),
    pbxs=(A1,),
    policies=Policies(no_answer=OutcomePolicy(gap_us=SECOND_US)),
)


def make_ready(submit: Callable[[Command], object], agent: str = "8001") -> None:
    """Sign in and be ready."""
    submit(LogOnAgent(AgentId(agent)))
    submit(SetAgentState(AgentId(agent), RequestedState.READY))


class DeskWorld:
    """Core, legs and clock in one place; `ordered` collects what would go to Asterisk."""

    def __init__(self, config: RoutingConfig = CONFIG) -> None:
        self.engine = RoutingEngine(config)
        self.legs = Legs(A1, self.engine)
        self.now_us = START_US
        self.ordered: list[AmiAction] = []
        self.commands: list[Command] = []
        self.effects = Effects()
        self.submit(TelephonyRestored(A1))

    @property
    def moment(self) -> Moment:
        return Moment(EPOCH, self.now_us)

    @property
    def desk(self) -> Desk:
        return Desk(self.engine, self.submit, self.legs, self.moment, slice_s=10)

    def submit(self, command: Command) -> list[Event]:
        self.commands.append(command)
        events = self.engine.handle(Stamped(self.engine.seq + 1, self.now_us, command))
        self.effects = effects_of(events, self.legs, self.moment)
        self.ordered += [*self.effects.notes, *self.effects.orders.values()]
        return events

    def later(self, seconds: float) -> None:
        self.now_us += round(seconds * SECOND_US)

    def ready(self, *agents: str) -> None:
        for agent in agents:
            make_ready(self.submit, agent)

    def ask(self, verb: str, uniqueid: str = "1.1", **named: str) -> str:
        return answer(read_question(request(verb, uniqueid, **named), [SECRET], [A1]), self.desk)

    def hear(self, name: str, **fields: str) -> list[Command]:
        """An event of Asterisk, translated and submitted."""
        commands = translate(event(name, **fields), self.legs)
        for command in commands:
            self.submit(command)
        return commands

    def dial(self, uniqueid: str = "1.1", leg: str = "2.1") -> None:
        """Asterisk begins the Dial that the caller was last sent to."""
        caller = self.legs.callers[self.legs.call_id(uniqueid)]
        delivery = self.legs.deliveries[caller.offer_id]
        self.hear(
            "DialBegin",
            Channel=caller.channel,
            Uniqueid=uniqueid,
            Context="cti-deliver",
            Exten=f"{EPOCH}*{delivery.offer_id}*15*{delivery.device}",
            DestUniqueid=leg,
            DialString=delivery.device,
        )

    def talk(self, uniqueid: str = "1.1", leg: str = "2.1") -> None:
        """The phone picks up and both are bridged."""
        self.hear("DialEnd", Uniqueid=uniqueid, DestUniqueid=leg, DialStatus="ANSWER")
        self.hear("BridgeEnter", Uniqueid=leg, BridgeUniqueid="b1")
        self.hear("BridgeEnter", Uniqueid=uniqueid, BridgeUniqueid="b1")

    def take_orders(self) -> list[AmiAction]:
        orders, self.ordered = self.ordered, []
        return orders


def request(
    verb: str, uniqueid: str = "1.1", data: tuple[str, ...] = (), **named: str
) -> AgiRequest:
    """The AGI request of our dialplan; `named` overrides single arguments, `data` follow them."""
    fields = {
        "token": make_token(SECRET, uniqueid),
        "queue": "loans",
        "arrived": "",
        "priority": "",
        "needs": "",
        "offer": "",
        "status": "",
        "cause": "",
        "rang": "",
        "tags": "",
        "entry": "",
        "asked": "",
        **named,
    }
    return AgiRequest(
        script=verb,
        channel=named.get("channel", f"PJSIP/trunk-{uniqueid}"),
        uniqueid=uniqueid,
        callerid="13800138000",
        calleridname=named.get("name", "unknown"),
        dnid="95588",
        args=tuple(
            fields[name]
            for name in (
                "token", "queue", "arrived", "priority", "needs", "offer", "status", "cause",
                "rang", "tags", "entry", "asked",
            )
        )
        + data,
        headers={},
    )  # fmt: skip


def status_row(uniqueid: str, context: str, exten: str = "s", **fields: str) -> AmiEvent:
    """One item of the answer to `Status`; keys that begin with CTI_ are its variables."""
    marks = [("Variable", f"{k}={v}") for k, v in fields.items() if k.startswith("CTI_")]
    plain = {k: v for k, v in fields.items() if not k.startswith("CTI_")}
    return event(
        "Status",
        *marks,
        Channel=plain.pop("Channel", f"PJSIP/trunk-{uniqueid}"),
        Uniqueid=uniqueid,
        Context=context,
        Exten=exten,
        **plain,
    )
