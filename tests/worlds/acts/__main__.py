"""`python -m tests.worlds.acts record [NAME …]`: write down what the real Asterisk tells of acts.

What is there stays; a story that none of the transcripts of its scene tells is one more of them
(a race), so run it again and again until nothing new comes.
"""

import asyncio
import socket
import sys

from tests.lab.asterisk import LabAsterisk
from tests.lab.ports import free_port
from tests.worlds.acts.real import office, real_stage
from tests.worlds.acts.recorded import FOLDER, SCENES, Scene, transcripts
from tests.worlds.acts.script import play
from tests.worlds.acts.told import NOT_TOLD, read, stories, written
from tests.worlds.asterisk.fake_router import FakeRouter
from tests.worlds.simulators.__main__ import asked
from tests.worlds.simulators.routed_calls import EPOCH


async def record(scene: Scene, asterisk: LabAsterisk) -> None:
    """Play it, write down what was told."""
    async with (
        FakeRouter(asterisk.agi_port, *scene.answers) as router,
        real_stage(asterisk) as stage,
    ):
        await stage.ami.ask("Setvar", Variable="CTI_EPOCH", Value=EPOCH)
        try:
            await play(stage, scene.script)
            await stage.end()
        except AssertionError as error:
            sys.stdout.write(f"{scene.name}: {error}\n")
        events = [event for event in stage.ami.events if event["Event"] not in NOT_TOLD]
    text = "\n".join([*map(written, events), *map(asked, router.questions)])
    known = [stories(read(path.read_text(encoding="utf-8"))) for path in transcripts(scene)]
    if stories(events) not in known:
        name = f"{scene.name}.{len(known) + 1}" if known else scene.name
        (FOLDER / f"{name}.txt").write_text(f"{text}\n", encoding="utf-8")
        sys.stdout.write(f"{name}: {len(events)} events\n")


async def main(names: list[str]) -> None:
    """All scenes, or those named."""
    FOLDER.mkdir(exist_ok=True)
    with office(free_port(socket.SOCK_STREAM)) as asterisk:
        for scene in SCENES:
            if scene.name in names or not names:
                await record(scene, asterisk)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[2:]))
