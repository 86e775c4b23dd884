"""Who asks: said by the door that they came through, never by what they ask.

The door of the control socket asks the kernel (SO_PEERCRED, unix(7)): the file mode lets nobody in
but the user of the daemon and root, and the record says which of them it was.
"""

import os
import pwd
import re
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from cti.routes.declare import Route
from cti.routes.problem import NOT_SIGNED_IN, ApiError

READ: Final = "router.read"
RECORD: Final = "router.record"
ANSWER_TO: Final = "agent.state"
CALL_CONTROL: Final = "call.control"
SWITCH: Final = "router.switch"
CONFIGURE: Final = "router.configure"
"""The rights that routes ask for; whoever may use the control socket has all of them."""

_UCRED: Final = struct.Struct("3i")  # pid, uid, gid (struct ucred, socket(7))
_not_in_a_name = re.compile(r"[^A-Za-z0-9_-]").sub


@dataclass(frozen=True, slots=True)
class Principal:
    """One who may ask; `name` stands in the record as `by` (1 to 64 of A-Z a-z 0-9 _ -)."""

    name: str


class SocketDoor:
    """The guard of the control socket."""

    def __init__(self, names: Mapping[int, str] | None = None) -> None:
        """`names`: of users by uid; without them those of the two who may come in. They are looked
        up here: a name service that hangs must not hold up a router that is running.
        """
        self._names = dict(names) if names is not None else _known_users()

    async def __call__(self, request: web.Request, _route: Route) -> Principal:
        """The user of the process at the other end."""
        peer = None if request.transport is None else request.transport.get_extra_info("socket")
        if peer is None or peer.family != socket.AF_UNIX:
            raise ApiError(NOT_SIGNED_IN, "this door is the control socket's")
        raw = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
        _, uid, _ = _UCRED.unpack(raw)
        return Principal(self._names.get(uid) or f"uid-{uid}")


def _known_users() -> dict[int, str]:
    return {uid: _name_of(uid) for uid in (0, os.geteuid())}


def _name_of(uid: int) -> str:
    try:
        return _not_in_a_name("-", pwd.getpwuid(uid).pw_name)[:64]
    except (KeyError, OSError):  # a user of a container without an entry
        return f"uid-{uid}"
