"""A small manager client for tests on the real Asterisk.

It shares nothing with `cti.ami`, so that a mistake there cannot hide itself here.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from types import TracebackType
from typing import Self, TypeVar

Message = dict[str, str]
Result = TypeVar("Result")


class LabAmi:
    """One logged-in manager session that keeps every event it has seen, oldest first."""

    def __init__(self, port: int, secret: str, user: str = "lab") -> None:
        self.port = port
        self.user = user
        self.secret = secret
        self.events: list[Message] = []
        self._answers: dict[str, asyncio.Queue[Message]] = {}
        self._ids = itertools.count(1)
        self._changed = asyncio.Event()
        self._reader: asyncio.Task[None] | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def __aenter__(self) -> Self:
        """Connect and log in; AssertionError if it is refused."""
        reader, self._writer = await asyncio.open_connection("127.0.0.1", self.port)
        await reader.readline()
        self._reader = asyncio.create_task(self._read(reader))
        answer = (await self.ask("Login", Username=self.user, Secret=self.secret))[0]
        assert answer["Response"] == "Success", answer
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Hang up."""
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
        if self._writer is not None:
            self._writer.close()
            await asyncio.gather(self._writer.wait_closed(), return_exceptions=True)

    async def ask(self, action: str, **headers: str) -> list[Message]:
        """Send an action; its answer, then the items of its list with the one that ends it."""
        assert self._writer is not None
        number = f"lab-{next(self._ids)}"
        self._answers[number] = asyncio.Queue()
        fields = {"Action": action, "ActionID": number, **headers}
        text = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        self._writer.write(f"{text}\r\n".encode())
        async with asyncio.timeout(30):
            answers = [await self._answers[number].get()]
            while (
                answers[0].get("EventList") == "start"
                and answers[-1].get("EventList") != "Complete"
            ):
                answers.append(await self._answers[number].get())
        return answers

    async def event(
        self, name: str, timeout_s: float = 30, *, after: int = 0, **headers: str
    ) -> Message:
        """The first event of that name with these headers, past or to come."""

        def found() -> Message | None:
            return next(
                (
                    event
                    for event in self.events[after:]
                    if event["Event"] == name
                    and all(event.get(key) == value for key, value in headers.items())
                ),
                None,
            )

        return await self.until(found, timeout_s)

    async def until(self, found: Callable[[], Result | None], timeout_s: float = 30) -> Result:
        """Wait until `found()` gives something, asking it after each event."""
        async with asyncio.timeout(timeout_s):
            while (result := found()) is None:
                self._changed.clear()
                await self._changed.wait()
        return result

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while True:
            block = (await reader.readuntil(b"\r\n\r\n")).decode(errors="replace")
            message: Message = {}
            for line in block.split("\r\n"):
                name, separator, value = line.partition(":")
                if separator:
                    joined = message.get(name)
                    value = value.strip()
                    message[name] = value if joined is None else f"{joined}\n{value}"
            waiting = self._answers.get(message.get("ActionID", ""))
            if waiting is not None and (
                "Response" in message or "EventList" in message or _is_item(message)
            ):
                waiting.put_nowait(message)
            elif "Event" in message:
                self.events.append(message)
                self._changed.set()


def _is_item(message: Message) -> bool:
    """Items of a list carry the action's id; so does OriginateResponse, which is an event."""
    return message.get("Event") not in (None, "OriginateResponse")
