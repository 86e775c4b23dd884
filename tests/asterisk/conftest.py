"""One Asterisk for each file of tests, with the phones of `world`."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack

import pytest

from tests.lab.ami import LabAmi
from tests.lab.asterisk import Agent, LabAsterisk
from tests.lab.sipp import Phones
from tests.worlds.asterisk.world import AWAY, DEAD, EPOCH, MANY_ARGS, PHONES, SETTINGS


@pytest.fixture(scope="module")
def asterisk(lab: None) -> Iterator[LabAsterisk]:
    """Running, with every phone of `world`; `brief` serves the failsafe queue."""
    with ExitStack() as stack:
        agents = []
        for name, scenario in PHONES.items():
            phones = stack.enter_context(Phones(scenario))
            agents.append(Agent(name, phones.port))
        silent = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        silent.bind(("127.0.0.1", 0))
        agents += [Agent(DEAD, silent.getsockname()[1]), Agent(AWAY)]
        yield stack.enter_context(
            LabAsterisk(
                agents=agents,
                queues={"failsafe": ["brief"], "idle": [AWAY]},
                settings=SETTINGS,
                extensions=(
                    "exten => dirty-end,1,Hangup()\n"
                    f"exten => many-args,1,AGI(agi://${{CTI_ROUTER}}/many,{MANY_ARGS})\n"
                    "exten => idle-failsafe,1,Set(CTI_FAILSAFE_QUEUE=idle)\n"
                    " same => n,Goto(cti-failsafe,s,1)\n"
                ),
            )
        )


@pytest.fixture
async def ami(asterisk: LabAsterisk) -> AsyncIterator[LabAmi]:
    """The tests' own manager session; the epoch is set as a router does when it has logged in."""
    async with LabAmi(asterisk.ami_port, asterisk.ami_secret) as session:
        await session.ask("Setvar", Variable="CTI_EPOCH", Value=EPOCH)
        yield session
