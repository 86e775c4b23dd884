"""A caller of the control socket: plain blocking HTTP, since a command does one thing at a time."""

import http.client
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote, urlencode

import msgspec

from cti.api.answers import (
    Actions,
    AgentChanged,
    Agents,
    CallChanged,
    Calls,
    ConfigChange,
    ConfigShown,
    Events,
    Health,
    ModeSwitched,
    QueueChanged,
    Queues,
    Status,
    Story,
)
from cti.routes.problem import Problem

TIMEOUT_S = 5.0
"""The daemon answers within milliseconds; who waits for five seconds waits in vain."""

CONFIG_TIMEOUT_S = 120.0
"""A configuration of 10,000 agents is read in some two seconds; a slow disk may take its time."""

_JSON = {"Content-Type": "application/json"}
MAX_ANSWER_BYTES = 256 * 1024 * 1024

T = TypeVar("T")


class UnreachableError(Exception):
    """Nobody answers on the socket. `key` is a sentence of `vocabulary.WORDS`, `values` what goes
    into it; the caller knows the language and the next step.
    """

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key)
        self.key = key
        self.values = values


class RefusedError(Exception):
    """The daemon answered with a problem document. `raw` is that document as it came."""

    def __init__(self, problem: Problem, raw: bytes) -> None:
        super().__init__(problem.detail or problem.title)
        self.problem = problem
        self.raw = raw


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout_s: float) -> None:
        super().__init__("cti", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class Client:
    """Each method is one request. Raises UnreachableError and RefusedError.

    `last` is the body of the latest answer, byte for byte, for `--json`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.last = b""

    def status(self) -> Status:
        """What the live screen shows."""
        return self._get("/v1/status", Status)

    def queues(self) -> Queues:
        """Every queue and its figures of the day."""
        return self._get("/v1/queues", Queues)

    def agents(self) -> Agents:
        """Every configured agent."""
        return self._get("/v1/agents", Agents)

    def calls(self, limit: int) -> Calls:
        """Live calls, first come first."""
        return self._get("/v1/calls", Calls, {"limit": limit})

    def events(self, after: int, limit: int) -> Events:
        """A page of the event log."""
        return self._get("/v1/events", Events, {"after": after, "limit": limit})

    def health(self) -> Health:
        """Every check."""
        return self._get("/v1/health", Health)

    def story(self, call_id: str, lang: str) -> Story:
        """What became of one call, and why."""
        return self._get(_path("calls", call_id, "story"), Story, {"lang": lang})

    def order(self, agent_id: str, verb: str, fields: Mapping[str, str | bool]) -> AgentChanged:
        """`log-on`, `log-off`, `state`, `work-done` or `last-call` for one agent."""
        return self._post(_path("agents", agent_id, verb), AgentChanged, fields)

    def serve_group(self, agent_id: str, group: str, *, serving: bool) -> AgentChanged:
        """Take one skill of the agent out of use, or back into it."""
        path = _path("agents", agent_id, "groups", group)
        return self._post(path, AgentChanged, {"serving": serving})

    def actions(self, agent_id: str) -> Actions:
        """What may be asked on behalf of an agent now."""
        return self._get(_path("agents", agent_id, "actions"), Actions)

    def control(self, call_id: str, verb: str, fields: Mapping[str, str | bool]) -> CallChanged:
        """`hold`, `retrieve`, `clear` or `digits`; answered when Asterisk has done it."""
        return self._post(_path("calls", call_id, verb), CallChanged, fields)

    def accept(self, queue_id: str, *, accepting: bool) -> QueueChanged:
        """Open or close a queue."""
        path = _path("queues", queue_id, "accepting")
        return self._post(path, QueueChanged, {"accepting": accepting})

    def switch(self, mode: str, *, on: bool) -> ModeSwitched:
        """An emergency mode, on or off."""
        return self._post(_path("modes", mode), ModeSwitched, {"on": on})

    def config(self) -> ConfigShown:
        """The configuration that was applied last."""
        return self._get("/v1/config", ConfigShown)

    def change_config(self, verb: str, fields: Mapping[str, str]) -> ConfigChange:
        """`stage`, `apply` or `rollback`."""
        return self._post(f"/v1/config/{verb}", ConfigChange, fields, CONFIG_TIMEOUT_S)

    def _get(self, path: str, kind: type[T], query: Mapping[str, int | str] | None = None) -> T:
        return self._request("GET", f"{path}?{urlencode(query)}" if query else path, kind)

    def _post(
        self,
        path: str,
        kind: type[T],
        fields: Mapping[str, str | bool],
        timeout_s: float = TIMEOUT_S,
    ) -> T:
        """What was not given on the command line is left to the daemon's defaults."""
        body = msgspec.json.encode({name: value for name, value in fields.items() if value != ""})
        return self._request("POST", path, kind, body, timeout_s)

    def _request(
        self,
        method: str,
        path: str,
        kind: type[T],
        body: bytes | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> T:
        connection = _Connection(self.path, timeout_s)
        try:
            connection.request(method, path, body, _JSON if body else {})
            answer = connection.getresponse()
            self.last = answer.read(MAX_ANSWER_BYTES)
        except FileNotFoundError:
            raise UnreachableError("no_socket", path=self.path) from None
        except ConnectionRefusedError:
            raise UnreachableError("nobody_listens", path=self.path) from None
        except PermissionError:
            raise UnreachableError("not_ours", path=self.path) from None
        except (OSError, http.client.HTTPException) as error:
            why = str(error) or type(error).__name__
            raise UnreachableError("socket_fails", path=self.path, why=why) from None
        finally:
            connection.close()
        return self._decoded(answer.status, kind)

    def _decoded(self, status: int, kind: type[T]) -> T:
        try:
            if status == http.client.OK:
                return msgspec.json.decode(self.last, type=kind)
            problem = msgspec.json.decode(self.last, type=Problem)
        except msgspec.DecodeError as error:
            raise UnreachableError("not_cti", path=self.path, why=error) from None
        raise RefusedError(problem, self.last)


def _path(*parts: str) -> str:
    """Whatever was typed as a name is one part of the path, and nothing but a name."""
    return "/v1/" + "/".join(quote(part, safe="") for part in parts)
