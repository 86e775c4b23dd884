"""Play the calls of `routed_calls` on the real Asterisk of the lab and write down what it tells.

`python -m tests.worlds.simulators [NAME …]`, half a minute for all. The transcripts are checked in,
so that no test run needs a real Asterisk for them.
"""

import asyncio
import contextlib
import socket
import sys
from collections.abc import Iterator

from tests.eventually import time_passes
from tests.lab import scenarios
from tests.lab.ami import LabAmi
from tests.lab.asterisk import Agent, LabAsterisk
from tests.lab.ports import free_port
from tests.lab.sipp import Callers, Phones
from tests.worlds.asterisk.fake_router import FakeRouter, Question
from tests.worlds.simulators.routed_calls import (
    CALLS,
    EPOCH,
    FOLDER,
    LEFT_OUT,
    HangUpLeg,
    RoutedCall,
    written,
)

PHONES = {
    "answers": scenarios.phone_answers(after_ms=300),
    "ends": scenarios.phone_answers(after_ms=100, talk_ms=800),
    "rings": scenarios.phone_rings(),
    "busy": scenarios.phone_refuses(),
    "rejects": scenarios.phone_refuses("603 Decline"),
    "sounds": scenarios.phone_progresses(),
    "unavailable": scenarios.phone_refuses("480 Temporarily Unavailable"),
}


@contextlib.contextmanager
def lab(agi_port: int) -> Iterator[LabAsterisk]:
    with contextlib.ExitStack() as stack:
        phones = {name: stack.enter_context(Phones(text)) for name, text in PHONES.items()}
        agents = [Agent(name, phone.port) for name, phone in phones.items()]
        agents += [Agent("unregistered"), Agent("dead", free_port())]
        settings = {"CTI_FAILSAFE_AFTER_S": "2", "CTI_RETRY_S": "1", "CTI_FAILSAFE_QUEUE": ""}
        yield stack.enter_context(LabAsterisk(agents=agents, agi_port=agi_port, settings=settings))


async def act(call: RoutedCall, ami: LabAmi) -> None:
    if call.act is None:
        return
    await time_passes(call.act.after_ms / 1000)
    channels = [event["Channel"] for event in ami.events if event["Event"] == "Newchannel"]
    if isinstance(call.act, HangUpLeg):
        await ami.ask("Hangup", Channel=channels[-1])
    else:
        caller = next(name for name in reversed(channels) if "/trunk-" in name)
        await ami.ask(
            "Redirect",
            Channel=caller,
            Context=call.act.context,
            Exten=call.act.exten,
            Priority="1",
        )


def asked(question: Question) -> str:
    return (
        f"? {question.verb} queue={question.queue} entry={question.entry} offer={question.offer}"
        f" dialstatus={question.dialstatus} cause={question.cause}"
        f" rang={'yes' if question.rang_ms else 'no'}"
    )


async def record(call: RoutedCall, asterisk: LabAsterisk, agi_port: int) -> None:
    async with contextlib.AsyncExitStack() as stack:
        router = FakeRouter(agi_port, *call.answers)
        if call.router_is_there:
            await stack.enter_async_context(router)
        ami = await stack.enter_async_context(LabAmi(asterisk.ami_port, asterisk.ami_secret))
        await ami.ask("Setvar", Variable="CTI_EPOCH", Value=EPOCH)
        with Callers(asterisk.sip, "loans", stay_ms=call.stay_ms, name="Kunde"):
            await act(call, ami)
            caller = await ami.event("Newchannel")
            await ami.event("Hangup", 10, Channel=caller["Channel"])
            await time_passes(0.3)  # the agent's leg may go last
        events = [event for event in ami.events if event["Event"] not in LEFT_OUT]
        lines = [*map(written, events), *map(asked, router.questions)]
    (FOLDER / f"{call.name}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    sys.stdout.write(f"{call.name}: {len(events)} events, {len(router.questions)} questions\n")


async def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    agi_port = free_port(socket.SOCK_STREAM)
    with lab(agi_port) as asterisk:
        for call in CALLS:
            if call.name in sys.argv[1:] or not sys.argv[1:]:
                await record(call, asterisk, agi_port)


if __name__ == "__main__":
    asyncio.run(main())
