"""A router of twenty lines: answers the dialplan's questions as a test says, well or badly."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import unquote

# Ways not to answer.
NOTHING = "nothing"  # closes without a word
RESET = "reset"  # dies: the connection is reset before a command
HANG = "hang"  # accepts, reads and never says anything

Answer = str | Callable[["Question"], str]


@dataclass(frozen=True)
class Question:
    """What the dialplan asked."""

    verb: str
    token: str
    queue: str
    arrived: str
    priority: str
    needs: str
    offer: str
    dialstatus: str
    cause: str
    rang_ms: str
    tags: str
    entry: str
    asked: str
    data: tuple[str, ...]
    channel: str
    uniqueid: str
    at: float
    headers: dict[str, str] = field(repr=False)


class FakeRouter:
    """Answers each question with the next of `answers`; the last one again and again."""

    def __init__(self, port: int, *answers: Answer, host: str = "127.0.0.1") -> None:
        self.host = host
        self.port = port
        self.answers = list(answers)
        self.questions: list[Question] = []
        self._asked = asyncio.Condition()
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, self.host, self.port)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop listening and reset what is open, as a kill does."""
        if self._server is not None:
            self._server.close()
        for writer in list(self._open):
            writer.transport.abort()
        await asyncio.sleep(0)

    async def question(self, number: int = 0, timeout_s: float = 30) -> Question:
        """The question with that number, past or to come."""
        async with asyncio.timeout(timeout_s), self._asked:
            await self._asked.wait_for(lambda: len(self.questions) > number)
        return self.questions[number]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            text = (await reader.readuntil(b"\n\n")).decode(errors="replace")
            headers = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
            question = _question(headers, asyncio.get_running_loop().time())
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            async with self._asked:
                self.questions.append(question)
                self._asked.notify_all()
            if callable(answer):
                answer = answer(question)
            if answer == HANG:
                await reader.read()
            elif answer == RESET:
                writer.transport.abort()
            elif answer != NOTHING:
                writer.write(f'SET VARIABLE CTI_NEXT "{answer}"\n'.encode())
                await reader.readline()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._open.discard(writer)
            writer.close()


def _question(headers: dict[str, str], at: float) -> Question:
    given = [unquote(headers.get(f"agi_arg_{number}", "")) for number in range(1, 13)]
    token, queue, arrived, priority, needs, offer, dialstatus, cause, rang_ms = given[:9]
    tags, entry, asked = given[9:]
    return Question(
        verb=headers["agi_network_script"].rpartition("/")[2],
        token=token,
        queue=queue,
        arrived=arrived,
        priority=priority,
        needs=needs,
        offer=offer,
        dialstatus=dialstatus,
        cause=cause,
        rang_ms=rang_ms,
        tags=tags,
        entry=entry,
        asked=asked,
        data=tuple(headers[f"agi_arg_{no}"] for no in range(13, 29) if f"agi_arg_{no}" in headers),
        channel=headers["agi_channel"],
        uniqueid=headers["agi_uniqueid"],
        at=at,
        headers=headers,
    )
