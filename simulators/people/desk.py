"""Agents' desks at a running daemon: its control socket, as the `cti` command uses it.

One poll shows the states of all agents, one POST an order. What is refused or gets no answer shows
as a state that has not changed; a daemon that is away is waited for.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from pathlib import Path

import aiohttp
import msgspec

from cti.api.answers import Agents as AgentsAnswer
from routing.commands import RequestedState
from routing.events import AgentState

log = logging.getLogger(__name__)

POLL_S = 0.25
TIMEOUT_S = 5.0

Saw = Callable[[str, AgentState, str], None]


class SocketDesk:
    """All desks at one daemon. `run` polls until it is cancelled."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._session: aiohttp.ClientSession | None = None
        self._orders: dict[asyncio.Task[None], None] = {}
        self._decode = msgspec.json.Decoder(AgentsAnswer).decode
        self.refused_count = 0

    async def run(self, saw: Saw) -> None:
        """Show each agent's state to `saw`, again and again."""
        connector = aiohttp.UnixConnector(str(self._socket))
        limit = aiohttp.ClientTimeout(total=TIMEOUT_S)
        async with aiohttp.ClientSession(connector=connector, timeout=limit) as session:
            self._session = session
            try:
                while True:
                    await self._look(session, saw)
                    await asyncio.sleep(POLL_S)
            finally:
                self._session = None
                for order in tuple(self._orders):
                    order.cancel()
                await asyncio.gather(*self._orders, return_exceptions=True)

    # --- the port `simulators.people.agents.Desk` -----------------------------------------------

    def log_on(self, agent_id: str) -> None:
        """签到."""
        self._order(agent_id, "log-on", {})

    def set_state(self, agent_id: str, state: RequestedState, reason: str) -> None:
        """就绪, 未就绪, 话后."""
        fields = {"state": state.value, "reason": reason}
        self._order(agent_id, "state", {name: text for name, text in fields.items() if text})

    def work_done(self, agent_id: str) -> None:
        """After-call work is over."""
        self._order(agent_id, "work-done", {})

    # --- internal -------------------------------------------------------------------------------

    async def _look(self, session: aiohttp.ClientSession, saw: Saw) -> None:
        try:
            async with session.get("http://cti/v1/agents") as answer:
                answer.raise_for_status()
                seen = self._decode(await answer.read())
        except (aiohttp.ClientError, OSError, TimeoutError, msgspec.DecodeError) as error:
            log.debug("desk: the daemon does not answer: %s", error)
            return
        for row in seen.agents:
            saw(row.agent_id, row.state, row.reason)

    def _order(self, agent_id: str, verb: str, fields: Mapping[str, str]) -> None:
        if self._session is None:
            return
        order = asyncio.get_running_loop().create_task(
            self._post(self._session, f"http://cti/v1/agents/{agent_id}/{verb}", fields)
        )
        self._orders[order] = None
        order.add_done_callback(self._orders.pop)

    async def _post(
        self, session: aiohttp.ClientSession, url: str, fields: Mapping[str, str]
    ) -> None:
        try:
            async with session.post(url, json=fields) as answer:
                if not answer.ok:
                    self.refused_count += 1
                    log.debug("desk: %s: %s", url, answer.status)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            log.debug("desk: %s: %s", url, error)
