"""Simulated agents at the control socket: the daemon's own handlers behind it, and a core."""

import asyncio
from pathlib import Path

import msgspec
from aiohttp import web

from cti.api.answers import Agents as AgentsAnswer
from cti.api.requests import LogOn, Nothing, SetState
from cti.routes.reading import structure
from cti.view import AgentRow
from routing.commands import RequestedState
from routing.events import AgentState
from routing.ids import AgentId, CallId
from simulators.people.desk import SocketDesk
from tests.eventually import eventually, time_passes


class Daemon:
    """One agent, and what was asked of it in the words of the real request types."""

    def __init__(self) -> None:
        self.asked: list[object] = []
        self.is_broken = False
        self.refusals = 0
        app = web.Application()
        app.router.add_get("/v1/agents", self.agents)
        app.router.add_post("/v1/agents/{agent_id}/{verb}", self.order)
        self.runner = web.AppRunner(app)

    async def start(self, path: Path) -> None:
        await self.runner.setup()
        await web.UnixSite(self.runner, str(path)).start()

    async def agents(self, _request: web.Request) -> web.Response:
        if self.is_broken:
            self.refusals += 1
            return web.Response(status=503)
        row = AgentRow(
            AgentId("8001"), AgentState.NOT_READY, "break", 0, "8001", CallId(""), "", 0, True
        )
        return web.Response(body=msgspec.json.encode(AgentsAnswer(0, [row])))

    async def order(self, request: web.Request) -> web.Response:
        verb = request.match_info["verb"]
        kinds = {"log-on": LogOn, "state": SetState}
        said, wrong = structure(await request.json(), kinds.get(verb, Nothing))
        assert not wrong
        self.asked.append(said)
        return web.Response(status=409 if verb == "work-done" else 200)


async def seen_by(desk: SocketDesk, daemon: Daemon, path: Path, act=lambda: None):
    seen: asyncio.Queue[tuple[str, AgentState, str]] = asyncio.Queue()
    await daemon.start(path)
    looking = asyncio.create_task(desk.run(lambda *row: seen.put_nowait(row)))
    async with asyncio.timeout(5):
        first = await seen.get()
        act()
        await seen.get()
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)
    await daemon.runner.cleanup()
    return first


async def test_the_screen_shows_each_agent(tmp_path):
    desk, daemon = SocketDesk(tmp_path / "s"), Daemon()
    shown = await seen_by(desk, daemon, tmp_path / "s")
    assert shown == ("8001", AgentState.NOT_READY, "break")


async def test_what_is_pressed_is_asked_in_the_daemons_words(tmp_path):
    desk, daemon = SocketDesk(tmp_path / "s"), Daemon()

    def press():
        desk.log_on("8001")
        desk.set_state("8001", RequestedState.READY, "")
        desk.set_state("8001", RequestedState.NOT_READY, "meal")
        desk.work_done("8001")

    await seen_by(desk, daemon, tmp_path / "s", press)
    assert [each for each in daemon.asked if each != Nothing()] == [
        LogOn(),
        SetState(state=RequestedState.READY),
        SetState(state=RequestedState.NOT_READY, reason="meal"),
    ]
    assert desk.refused_count == 1


async def test_a_daemon_that_is_away_is_waited_for(tmp_path):
    path, seen = tmp_path / "s", asyncio.Event()
    desk, daemon = SocketDesk(path), Daemon()
    looking = asyncio.create_task(desk.run(lambda *_row: seen.set()))
    desk.log_on("8001")  # before there is anybody: nothing happens
    await time_passes(0.1)
    daemon.is_broken = True
    await daemon.start(path)
    await eventually(lambda: daemon.refusals)
    assert not seen.is_set()
    daemon.is_broken = False
    async with asyncio.timeout(5):
        await seen.wait()
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)
    await daemon.runner.cleanup()
    assert daemon.asked == []
