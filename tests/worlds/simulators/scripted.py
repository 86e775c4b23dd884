"""A simulated Asterisk on a virtual clock with a router that answers as it is told."""

from collections.abc import Callable, Sequence

from cti.agi.messages import AgiCommand, AgiRequest, set_variable
from cti.ami.errors import AmiFailure
from cti.ami.messages import AmiAction, AmiEvent, AmiResponse, action
from simulators.pbx.asterisk import ROUTER, PbxSettings, SimulatedAsterisk
from simulators.pbx.channels import Channel
from simulators.pbx.dialplan import DialplanGlobals
from simulators.pbx.faults import CALM, FaultRates
from simulators.pbx.link import AgiInThread, Listener, WorldLink
from simulators.pbx.phones import Behaviour, Caller, CallReport, Phone
from simulators.pbx.sessions import AmiUser
from simulators.virtual_clock import VirtualClock

EPOCH = "7"
SECOND_US = 1_000_000
QUIET = "-"  # the router closes without an answer


class ScriptedWorld:
    """The router gives its `answers` one after the other, the last one again and again.

    `events` are those that `user` may hear, `questions` what the dialplan has asked, `reports` how
    the calls ended, `done` whether each answer was taken.
    """

    def __init__(
        self,
        *answers: str,
        phones: Sequence[Phone] = (),
        settings: DialplanGlobals | None = None,
        rates: FaultRates = CALM,
        user: AmiUser = ROUTER,
        seed: int = 1,
        answer: Callable[[AgiRequest], Sequence[AgiCommand]] | None = None,
    ) -> None:
        self.clock = VirtualClock()
        self.answers = list(answers)
        self.events: list[AmiEvent] = []
        self.ups_and_downs: list[str] = []
        self.questions: list[AgiRequest] = []
        self.done: list[bool] = []
        self.reports: list[CallReport] = []
        self.agi = AgiInThread(self.clock, answer or self._answer, self._done)
        self.pbx = SimulatedAsterisk(
            self.clock,
            self.agi,
            seed=seed,
            settings=PbxSettings(dialplan=settings or DialplanGlobals()),
            rates=rates,
        )
        self.world = self.pbx.world
        self.world.add_phones(phones)
        listener = Listener(
            lambda: self.ups_and_downs.append("up"), self.ups_and_downs.append, self.events.append
        )
        self.link = WorldLink("a1", self.pbx, listener, user)
        self.link.start()
        self.pass_ms(10)
        self.events.clear()  # FullyBooted

    def _answer(self, request: AgiRequest) -> Sequence[AgiCommand]:
        self.questions.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [] if answer == QUIET else [set_variable("CTI_NEXT", answer)]

    def _done(self, _request: AgiRequest, is_complete: bool) -> None:
        self.done.append(is_complete)

    # --- doing ------------------------------------------------------------------------------------

    def set_epoch(self, epoch: str = EPOCH) -> "ScriptedWorld":
        self.ask(action("Setvar", Variable="CTI_EPOCH", Value=epoch))
        return self

    def call(self, caller: Caller | None = None) -> Channel:
        return self.world.call(caller or Caller("13800138000", "loans"), self.reports.append)

    def pass_ms(self, milliseconds: int) -> None:
        self.clock.advance(milliseconds * 1000)

    def pass_s(self, seconds: int) -> None:
        self.clock.advance(seconds * SECOND_US)

    def ask(self, order: AmiAction, within_ms: int = 10) -> AmiResponse | AmiFailure:
        """The answer to an action."""
        answers: list[AmiResponse | AmiFailure] = []
        self.link.send(order, answers.append)
        self.pass_ms(within_ms)
        (answer,) = answers
        return answer

    def redirect(self, channel: Channel, context: str, exten: str) -> AmiResponse | AmiFailure:
        return self.ask(
            action("Redirect", Channel=channel.name, Context=context, Exten=exten, Priority=1)
        )

    # --- seeing -----------------------------------------------------------------------------------

    def told(self, *names: str) -> list[str]:
        """Names of the events so far, but that a caller dials in; or those of these names with what
        they say.
        """
        if not names:
            return [event.name for event in self.events if event.name != "Newchannel"]
        return [brief(event) for event in self.events if event.name in names]

    def asked(self) -> list[str]:
        """What the dialplan has asked, in short."""
        return [request.script for request in self.questions]

    def stage(self, channel: Channel) -> str:
        return channel.get("CTI_STAGE")


def brief(event: AmiEvent) -> str:
    """An event in a few words: `DialEnd 8001 BUSY`, `Hangup trunk 16`."""
    get = event.headers.get
    about = get("DestChannel") or get("Channel") or get("EndpointName")
    words = (
        event.name,
        about.removeprefix("PJSIP/").partition("-")[0],
        get("DialStatus") or get("ContactStatus") or get("UserEvent") or get("Cause"),
    )
    return " ".join(word for word in words if word)


def phone_of_each_kind() -> list[Phone]:
    """One phone a behaviour, named after it."""
    return [Phone(each.value, each) for each in Behaviour]
