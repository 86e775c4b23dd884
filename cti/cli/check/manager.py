"""The manager's port and its sessions, as `cti asterisk check` meets them."""

import asyncio
import errno
import socket
from types import TracebackType
from typing import Final, Self

from cti.ami.client import AmiClient
from cti.ami.login import LoginState
from cti.ami.messages import AmiEvent
from cti.cli.check.look import LISTEN_S
from cti.cli.check.reach import REASONS, Admission, Door, Knock, reason_of

KNOCK_S: Final = 3.0
LOGIN_S: Final = 5.0
GREETING: Final = b"Asterisk Call Manager/"
_SHOWN: Final = 40  # characters of a stranger's greeting


async def knock(host: str, port: int) -> Door:
    """Connect, and see who answers."""
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        async with asyncio.timeout(KNOCK_S):
            reader, writer = await asyncio.open_connection(host, port)
    except OSError as error:  # TimeoutError is one
        return Door(where, _why(error))
    ours, theirs = (writer.get_extra_info(name)[0] for name in ("sockname", "peername"))
    try:
        async with asyncio.timeout(KNOCK_S):
            line = await reader.readline()
    except TimeoutError:
        return Door(where, Knock.SILENT)
    except (OSError, ValueError):  # reset; or a line without an end
        line = b""
    finally:
        writer.close()
    if line.startswith(GREETING):
        return Door(where, Knock.MANAGER, ours=ours, theirs=theirs)
    said = line.decode("ascii", "backslashreplace").strip()[:_SHOWN]
    return Door(where, Knock.STRANGER if line else Knock.CLOSED, said)


def _why(error: OSError) -> Knock:
    if isinstance(error, socket.gaierror):
        return Knock.UNKNOWN_HOST
    # A name with several addresses gives one error without a number, which lists those of each.
    text = str(error)
    refused = error.errno == errno.ECONNREFUSED or f"[Errno {errno.ECONNREFUSED}]" in text
    return Knock.REFUSED if refused else Knock.NO_ANSWER


class Session:
    """A manager user's attempt to log in, and its session while it lasts."""

    def __init__(self, name: str, host: str, port: int, user: str, secret: str) -> None:
        self.user = user
        self.admission = Admission.LOST
        self.said = ""
        self.heard: list[AmiEvent] = []
        self.client = AmiClient(
            name,
            host,
            port,
            user,
            secret,
            wanted=None,
            on_event=self.heard.append,
            on_up=lambda: None,
            on_down=lambda _reason: None,
        )

    async def __aenter__(self) -> Self:
        """Wait until orders are taken, or until it is plain that they will not be."""
        self.client.start()
        deadline_s = asyncio.get_running_loop().time() + LOGIN_S
        while not self.client.is_up:
            if self.client.failure:
                self._refused()
                return self
            if asyncio.get_running_loop().time() > deadline_s:
                self.admission = Admission.NOT_BOOTED
                return self
            await asyncio.sleep(0.01)
        self.admission = Admission.IN
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.client.close()

    def _refused(self) -> None:
        self.said = self.client.failure
        if self.client.state is LoginState.REFUSED:
            self.admission, self.said = Admission.REFUSED, ""
        elif "already in use" in self.said.lower():  # authenticate in main/manager.c
            self.admission, self.said = Admission.IN_USE, ""

    async def why_refused(self, other: str) -> Admission:
        """Why that user was refused a moment ago, as far as this session was told."""
        deadline_s = asyncio.get_running_loop().time() + LISTEN_S
        while asyncio.get_running_loop().time() < deadline_s:
            told = {
                event.headers.get("AccountID"): event.name
                for event in self.heard
                if event.name in REASONS
            }
            why = reason_of(other, told)
            if why is not Admission.REFUSED:
                return why
            await asyncio.sleep(0.01)
        return Admission.REFUSED
