"""The simulated Asterisk tells of a call what the real one told of it."""

from collections.abc import Sequence

import pytest

from cti.agi.messages import AgiCommand, AgiRequest, set_variable
from cti.ami.messages import AmiEvent, action
from simulators.pbx.asterisk import OBSERVER, PbxSettings, SimulatedAsterisk
from simulators.pbx.dialplan import DialplanGlobals
from simulators.pbx.link import AgiInThread, Listener, WorldLink
from simulators.pbx.phones import Behaviour, Caller, Phone
from simulators.virtual_clock import VirtualClock
from tests.worlds.simulators.routed_calls import (
    CALLS,
    EPOCH,
    FOLDER,
    LEFT_OUT,
    Fields,
    HangUpLeg,
    RoutedCall,
    read,
    stories,
)

GLOBALS = DialplanGlobals(failsafe_after_s=2, retry_s=1)


def phones() -> list[Phone]:
    return [
        Phone("answers", answer_after_ms=300),
        Phone("ends", answer_after_ms=100, hangs_up_after_ms=800),
        *(Phone(each.value, each) for each in Behaviour if each is not Behaviour.ANSWERS),
    ]


class Replay:
    """One routed call in the simulated world."""

    def __init__(self, call: RoutedCall) -> None:
        self.call = call
        self.clock = VirtualClock()
        self.events: list[Fields] = []
        self.questions: list[str] = []
        agi = AgiInThread(self.clock, self.answer if call.router_is_there else None)
        self.pbx = SimulatedAsterisk(self.clock, agi, settings=PbxSettings(dialplan=GLOBALS))
        self.pbx.world.add_phones(phones())
        listener = Listener(lambda: None, lambda _why: None, self.hear)
        self.link = WorldLink("sim", self.pbx, listener, OBSERVER)
        self.link.start()
        self.clock.advance(10_000)
        self.link.send(action("Setvar", Variable="CTI_EPOCH", Value=EPOCH))
        self.clock.advance(10_000)

    def play(self) -> None:
        caller = Caller("13901", "loans", self.call.stay_ms, talk_ms=1_200, name="Kunde")
        channel = self.pbx.world.call(caller)
        if self.call.act is not None:
            self.clock.advance(self.call.act.after_ms * 1000)
            self.act(channel.name)
        self.clock.advance(60_000_000)

    def act(self, caller: str) -> None:
        if isinstance(self.call.act, HangUpLeg):
            leg = next(name for name in self.pbx.world.channels if name != caller)
            self.link.send(action("Hangup", Channel=leg))
        elif self.call.act is not None:
            place = self.call.act
            self.link.send(
                action(
                    "Redirect",
                    Channel=caller,
                    Context=place.context,
                    Exten=place.exten,
                    Priority=1,
                )
            )

    def hear(self, event: AmiEvent) -> None:
        if event.name not in LEFT_OUT:
            self.events.append({"Event": event.name, **dict(event.headers.items())})

    def answer(self, request: AgiRequest) -> Sequence[AgiCommand]:
        _, queue, _, _, _, offer, dialstatus, cause, rang, _, entry, _ = request.args
        self.questions.append(
            f"{request.script} queue={queue} entry={entry} offer={offer} dialstatus={dialstatus}"
            f" cause={cause} rang={'yes' if rang else 'no'}"
        )
        number = min(len(self.questions), len(self.call.answers)) - 1
        return [set_variable("CTI_NEXT", self.call.answers[number])]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
def test_a_routed_call_is_told_as_the_real_asterisk_told_it(call: RoutedCall):
    told, asked = read((FOLDER / f"{call.name}.txt").read_text(encoding="utf-8"))
    replay = Replay(call)
    replay.play()
    assert stories(replay.events) == stories(told)
    assert replay.questions == asked
