"""The real daemon as a process of its own: started, asked, killed, stopped."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import aiohttp

from tests.eventually import eventually, time_passes

START_S = 10.0
PAGE = 1000


class Router:
    """One `cti serve` on its own folder. `port` is where it reaches Asterisk's AMI."""

    def __init__(
        self,
        folder: Path,
        *,
        ami_port: int,
        ami_secret: str,
        agi_port: int,
        agi_secret: str,
        devices: dict[str, str],
        after_call_work_s: float = 0,
        ring_timeout_s: int = 1,
        more: Sequence[str] = (),
    ) -> None:
        self.folder = folder
        self.socket = folder / "data" / "cti.sock"
        self.log = folder / "cti.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.starts = 0
        self._config = folder / "cti.toml"
        self.write_config(
            ami_port=ami_port,
            ami_secret=ami_secret,
            agi_port=agi_port,
            agi_secret=agi_secret,
            devices=devices,
            after_call_work_s=after_call_work_s,
            ring_timeout_s=ring_timeout_s,
            more=more,
        )

    def write_config(
        self,
        *,
        ami_port: int,
        ami_secret: str,
        agi_port: int,
        agi_secret: str,
        devices: dict[str, str],
        after_call_work_s: float,
        ring_timeout_s: int = 1,
        more: Sequence[str],
    ) -> None:
        """What its operator writes."""
        agents = [
            line
            for agent_id, device in devices.items()
            for line in ("[[agents]]", f'id = "{agent_id}"', f'device = "{device}"')
        ]
        lines = [
            f'data_dir = "{self.folder / "data"}"',
            'node = "card"',
            "slice_s = 5",
            "[bus]",
            "enabled = false",
            "[metrics]",
            "port = 0",
            "[log]",
            'format = "text"',
            "[agi]",
            f"port = {agi_port}",
            f'secret = "{agi_secret}"',
            "[policies.no_answer]",
            "gap_s = 30",
            "not_ready_after = 0",
            *more,
            "[[asterisks]]",
            'name = "a1"',
            'host = "127.0.0.1"',
            f"ami_port = {ami_port}",
            f'secret = "{ami_secret}"',
            "[[queues]]",
            'id = "loans"',
            f"ring_timeout_s = {ring_timeout_s}",
            f"after_call_work_s = {after_call_work_s}",
            *agents,
        ]
        self._config.touch(mode=0o600)
        self._config.write_text("\n".join(lines) + "\n", encoding="utf-8")

    # --- its life --------------------------------------------------------------------------------

    async def start(self, *, wait: bool = True) -> float:
        """Start it; seconds until it answers and hears Asterisk."""
        began = time.monotonic()
        self.starts += 1
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: ASYNC220  # it is there at once
                (sys.executable, "-m", "cti", "serve", "--config", str(self._config)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, "PYTHONDEVMODE": "", "PYTHONWARNINGS": ""},
            )
        if wait:
            await self.until_routing()
        return time.monotonic() - began

    async def until_routing(self, within_s: float = START_S) -> None:
        """Wait until it hears its Asterisk."""

        async def is_routing() -> bool:
            assert self.process is not None
            assert self.process.poll() is None, self.last_words()
            try:
                status = await self.get("/v1/status")
            except (aiohttp.ClientError, OSError):
                return False
            return status["telephony"].get("a1") == "up"

        try:
            await eventually(is_routing, within_s)
        except AssertionError as error:
            raise AssertionError(f"not routing: {error}\n{self.last_words()}") from None

    def kill(self) -> None:
        """`kill -9`."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    async def stop(self) -> tuple[int, float]:
        """SIGTERM; its exit code and how long it took."""
        assert self.process is not None
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        process = self.process
        await eventually(lambda: process.poll() is not None, 5)
        return process.returncode, time.monotonic() - began

    def end(self) -> None:
        """Whatever it does, it is gone after this."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def last_words(self) -> str:
        """The end of its log."""
        text = self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-15:])

    # --- what operators see and do ---------------------------------------------------------------

    async def get(self, path: str) -> Any:
        """GET over the control socket."""
        connector = aiohttp.UnixConnector(str(self.socket))
        timeout = aiohttp.ClientTimeout(total=5)
        async with (
            aiohttp.ClientSession(connector=connector, timeout=timeout) as session,
            session.get(f"http://cti{path}") as answer,
        ):
            body = await answer.read()
            assert answer.status == 200, body
            return json.loads(body)

    async def post(self, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        """POST over the control socket."""
        connector = aiohttp.UnixConnector(str(self.socket))
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.post(f"http://cti{path}", json=body) as answer,
        ):
            return answer.status, json.loads(await answer.read())

    async def ready(self, *agents: str) -> None:
        """Sign in where needed, and be ready."""
        for agent in agents:
            await self.post(f"/v1/agents/{agent}/log-on", {})
            status, body = await self.post(f"/v1/agents/{agent}/state", {"state": "ready"})
            assert status == 200, body

    async def not_ready(self, *agents: str) -> None:
        """Take no more calls."""
        for agent in agents:
            body = {"state": "notReady", "reason": "break"}
            status, said = await self.post(f"/v1/agents/{agent}/state", body)
            assert status == 200, said

    async def agent(self, agent: str) -> dict[str, Any]:
        """The agent's row."""
        rows = (await self.get("/v1/agents"))["agents"]
        found: dict[str, Any]
        for found in rows:
            if found["agent_id"] == agent:
                return found
        raise AssertionError(f"{agent} is not among {rows}")

    async def until_agent(self, agent: str, **wanted: object) -> None:
        """Wait until the agent's row says so."""

        async def is_so() -> bool:
            row = await self.agent(agent)
            return all(row[name] == value for name, value in wanted.items())

        await eventually(is_so)

    async def events(self) -> list[dict[str, Any]]:
        """All events, whole, from the event log."""
        found: list[dict[str, Any]] = []
        after = 0
        while True:
            page = await self.get(f"/v1/record?show=secret&after={after}&limit={PAGE}")
            found += page["events"]
            after = page["last"]
            if len(page["events"]) < PAGE:
                return found

    async def until(
        self, check: Callable[[list[dict[str, Any]]], object], within_s: float = 15
    ) -> list[dict[str, Any]]:
        """Wait until the events say so; the events. A router that is starting is waited for."""
        deadline = time.monotonic() + within_s
        events: list[dict[str, Any]] = []
        while True:
            try:
                events = await self.events()
            except (aiohttp.ClientError, OSError):
                assert self.process is not None
                assert self.process.poll() is None, self.last_words()
            else:
                if check(events):
                    return events
            if time.monotonic() > deadline:
                told = "\n".join(said for said in map(word, events) if said)
                raise AssertionError(f"not within {within_s} s:\n{told}\n{self.last_words()}")
            await time_passes(0.02)


_DETAIL = {
    "queued": "cause",
    "delivered": "agent_id",
    "failed": "outcome",
    "established": "agent_id",
    "connectionCleared": "by",
    "diverted": "cause",
    "callCleared": "outcome",
    "held": "agent_id",
    "retrieved": "agent_id",
}


def word(event: dict[str, Any]) -> str:
    """An event of a call in two words: `delivered 8001`, `failed noAnswer`; "" for all others."""
    name = event["type"].removeprefix("cti.")
    return f"{name} {event['data'][_DETAIL[name]]}" if name in _DETAIL else ""


def stories(events: list[dict[str, Any]]) -> dict[str, list[str]]:
    """What happened to each call, by its id, in the order of first arrival."""
    told: dict[str, list[str]] = {}
    for event in events:
        call_id = event.get("contactid") or event["data"].get("call_id", "")
        if call_id and (said := word(event)):
            told.setdefault(call_id, []).append(said)
    return told
