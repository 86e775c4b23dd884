"""A Mosquitto with the access list that we ship, and readers who subscribe to everything."""

import asyncio
import socket
from contextlib import asynccontextmanager
from pathlib import Path

import aiomqtt

from cti.bus.broker import free_port
from cti.bus.broker_kinds import BrokerKind, _hashed, program_of
from tests.eventually import eventually

SHIPPED = Path(__file__).parents[3] / "deploy" / "mosquitto"
USERS = ("router", "wallboard", "crm-own", "crm-acme")
"""Each with its name as password."""


@asynccontextmanager
async def mosquitto(folder):
    """Mosquitto with the shipped access list; the outsourcer of these tests is `acme`."""
    access = (SHIPPED / "access.example").read_text(encoding="utf-8").replace("partner", "acme")
    (folder / "access").write_text(access, encoding="utf-8")
    (folder / "passwords").write_text("".join(f"{u}:{_hashed(u)}\n" for u in USERS))
    for file in ("access", "passwords"):
        (folder / file).chmod(0o600)
    port = free_port()
    config = folder / "mosquitto.conf"
    config.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous false\nuser root\n"
        f"password_file {folder}/passwords\nacl_file {folder}/access\n"
    )
    program = str(program_of(BrokerKind.MOSQUITTO))
    process = await asyncio.create_subprocess_exec(
        program, "-c", str(config), stderr=asyncio.subprocess.DEVNULL
    )
    try:
        await eventually(lambda: answers(port))
        yield port
    finally:
        process.kill()
        await process.wait()


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Reader:
    """Subscribes to everything there is, and gets what the access list lets through."""

    def __init__(self, user):
        self.user = user
        self.heard = {}  # topic: bodies
        self.subscribed = asyncio.Event()

    async def read(self, port):
        async with aiomqtt.Client("127.0.0.1", port, username=self.user, password=self.user) as it:
            await it.subscribe([("#", 1), ("protected/#", 1), ("protected/cti/v1/+/own/#", 1)])
            self.subscribed.set()
            async for message in it.messages:
                self.heard.setdefault(str(message.topic), []).append(message.payload.decode())

    @property
    def text(self):
        return "".join(body for bodies in self.heard.values() for body in bodies)

    def employers(self):
        """Whose topics were heard; "" stands for the general ones."""
        levels = [topic.split("/") for topic in self.heard if topic.endswith("/event")]
        return {each[4] if each[0] == "protected" else "" for each in levels}


@asynccontextmanager
async def reading(port, *users):
    readers = [Reader(user) for user in users]
    tasks = [asyncio.create_task(reader.read(port)) for reader in readers]
    try:
        for reader in readers:
            await asyncio.wait_for(reader.subscribed.wait(), 30)
        yield readers
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
