"""The real daemon on a real Asterisk, with people who act by themselves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from docs.acts.table import Run
from tests.eventually import eventually
from tests.lab.asterisk import LabAsterisk
from tests.worlds.acts.office import AGENTS
from tests.worlds.acts.outcome import outcome
from tests.worlds.acts.real import RealStage, office, real_stage
from tests.worlds.acts.runs import longer, scene_of
from tests.worlds.acts.script import play
from tests.worlds.cards.router import Router

PEOPLE = {device[1:]: device for device in AGENTS}
WITHIN_S = 10
LOOK_WITHIN_S = 40  # the next look at Asterisk's list finds what nobody has heard


@asynccontextmanager
async def routed_office(folder: Path) -> AsyncIterator["Routed"]:
    """Both run."""
    async with AsyncExitStack() as stack:
        asterisk = await asyncio.to_thread(stack.enter_context, office())
        router = Router(
            folder,
            ami_port=asterisk.ami_port,
            ami_secret=asterisk.ami_secret,
            agi_port=asterisk.agi_port,
            agi_secret=asterisk.secret,
            devices=PEOPLE,
            after_call_work_s=30,
            ring_timeout_s=20,
        )
        stack.callback(router.end)
        await router.start()
        for agent in PEOPLE:
            await router.post(f"/v1/agents/{agent}/log-on", {})
        yield Routed(asterisk, router)


class Routed:
    """One office, for one run after the other."""

    def __init__(self, asterisk: LabAsterisk, router: Router) -> None:
        self.asterisk = asterisk
        self.router = router
        self._seen = 0

    async def play(self, run: Run) -> dict[str, Any]:
        """What came out, in the words of `docs.acts.table.Run`."""
        async with real_stage(self.asterisk) as stage:
            await self._begin(run)
            await play(stage, longer(scene_of(run).script))
            await stage.end()
            return await self._told(WITHIN_S)

    async def play_killed(self, run: Run, *, after: str) -> dict[str, Any]:
        """The router is killed behind this line, and comes back at once."""
        async with real_stage(self.asterisk) as stage:
            await self._begin(run)
            before, _, rest = longer(scene_of(run).script).partition(f"{after}\n")
            await play(stage, f"{before}{after}")
            self.router.kill()
            await self.router.start()
            await self._owner_is_who_talks(stage)
            await play(stage, rest)
            await stage.end()
            return await self._told(LOOK_WITHIN_S)

    async def _begin(self, run: Run) -> None:
        for agent in PEOPLE:
            await self.router.not_ready(agent)
            await self.router.until_agent(agent, state="notReady")
        for agent in run.ready:
            await self.router.ready(agent)
        self._seen = len(await self.router.events())

    async def _owner_is_who_talks(self, stage: RealStage) -> None:
        async def agree() -> bool:
            await stage.look()
            rows = (await self.router.get("/v1/agents"))["agents"]
            busy = {row["agent_id"] for row in rows if row["state"] == "busy" and row["call_id"]}
            return busy == {
                name for name, device in PEOPLE.items() if stage.scene.talks("c1", device)
            }

        await eventually(agree, WITHIN_S)

    async def _told(self, within_s: float) -> dict[str, Any]:
        """When all that has begun has ended."""
        events: list[dict[str, Any]] = []

        async def is_over() -> bool:
            nonlocal events
            events = (await self.router.events())[self._seen :]
            names = [event["type"] for event in events]
            calls = {e["data"]["call_id"] for e in events if e["type"] == "cti.queued"}
            ended = {e["data"]["call_id"] for e in events if e["type"] == "cti.callCleared"}
            began, over = names.count("cti.agentCallBegan"), names.count("cti.agentCallEnded")
            parts, left = names.count("cti.established"), names.count("cti.connectionCleared")
            return calls <= ended and began == over and parts == left

        await eventually(is_over, within_s)
        return outcome((event["type"], event["data"]) for event in events)
