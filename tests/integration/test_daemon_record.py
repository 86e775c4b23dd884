"""A daemon process that is killed or stopped while its event log is slow, shut or on a full disk.

However that goes, in the end each number stands in the record once, and says what was published.
"""

import asyncio
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cti.journal.snapshots import SnapshotHeader, SnapshotStore
from simulators.pbx.phones import Caller
from tests.eventually import eventually, time_passes
from tests.worlds.cards.router import Router
from tests.worlds.cards.simulated import SimulatedWorld
from tests.worlds.cards.table import Phone

# Longer than a talk that counts as none (cti/gateway: the caller would be back in line).
AGENTS = {str(8001 + n): Phone(talk_ms=250, after_ms=20) for n in range(4)}
OFTEN = "[journal]\nsnapshot_every = 30\n"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[SimulatedWorld]:
    world = SimulatedWorld(AGENTS)
    await world.start(tmp_path)
    add_to_config(world.router, OFTEN)
    yield world
    await world.stop()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    options = ("-t", "tmpfs", "-o", "size=4m,mode=0700", "tmpfs")
    mounted = subprocess.run(("mount", *options, folder), check=False, capture_output=True)
    if mounted.returncode:
        pytest.skip("may not mount a small disk here")
    yield folder
    subprocess.run(("umount", "--lazy", folder), check=True)


def add_to_config(router: Router, more: str) -> None:
    config = router.folder / "cti.toml"
    config.write_text(config.read_text().replace("[metrics]", f"{more}[metrics]"))


def fill(folder: Path) -> None:
    """Take all room that is left."""
    with (folder / "ballast").open("wb", buffering=0) as file:
        try:
            while file.write(b"x" * 4096):
                pass
        except OSError:
            pass


def log_file(router: Router) -> Path:
    return router.folder / "data" / "events.db"


@contextmanager
def shut(file: Path) -> Iterator[None]:
    """Another program holds it: nothing can be written."""
    db = sqlite3.connect(file, isolation_level=None, timeout=5)
    try:
        db.execute("BEGIN IMMEDIATE")
        yield
        db.execute("ROLLBACK")
    finally:
        db.close()


def in_file(file: Path) -> list[tuple[int, int, dict[str, Any]]]:
    """(seq, epoch, event) as they stand there."""
    db = sqlite3.connect(file)
    try:
        rows = db.execute("SELECT seq, epoch, body FROM events ORDER BY seq").fetchall()
    finally:
        db.close()
    return [(seq, epoch, msgspec.json.decode(body)) for seq, epoch, body in rows]


def snapshots(router: Router) -> list[SnapshotHeader]:
    """The newest first."""
    return SnapshotStore(router.folder / "data" / "snapshots", code="").headers()


class Busy:
    """Callers come as long as the context lasts."""

    def __init__(self, world: SimulatedWorld) -> None:
        self.world = world

    async def __aenter__(self) -> None:
        self.calling = asyncio.create_task(self.call())

    async def __aexit__(self, *_: object) -> None:
        self.calling.cancel()
        await asyncio.gather(self.calling, return_exceptions=True)

    async def call(self) -> None:
        number = 0
        while True:
            number += 1
            caller = Caller(f"1391{number}", "loans")
            channel = self.world.pbx.world.call(caller, self.world._ended)
            asyncio.get_running_loop().call_later(20, self.world.pbx.world.clears, channel)
            await time_passes(0.05)  # the next caller


async def begin(world: SimulatedWorld) -> None:
    """A router with a past that is written down."""
    router = world.router
    await router.start()
    await router.ready(*AGENTS)
    events = await router.events()
    await eventually(lambda: len(in_file(log_file(router))) >= len(events))


async def two_snapshots(router: Router) -> None:
    first = snapshots(router)[:1]
    await eventually(lambda: snapshots(router)[:1] not in (first, []), 10)
    second = snapshots(router)[:1]
    await eventually(lambda: snapshots(router)[:1] != second, 10)


async def whole(world: SimulatedWorld, published: list[dict[str, Any]], file: Path) -> None:
    """Stop, and look: each number once, and what was published stands there as it was said."""
    router = world.router
    code, _ = await router.stop()
    assert code == 0, router.last_words()
    found = in_file(file)
    assert [seq for seq, _, _ in found] == list(range(1, len(found) + 1))
    assert [int(event["seq"]) for _, _, event in found] == [seq for seq, _, _ in found]
    epochs = [epoch for _, epoch, _ in found]
    assert epochs == sorted(epochs)
    assert len(found) > len(published)
    assert [event for _, _, event in found[: len(published)]] == published
    assert "are missing" not in router.log.read_text()


async def test_killed_a_moment_after_a_snapshot(world: SimulatedWorld):
    router = world.router
    await begin(world)
    async with Busy(world):
        await two_snapshots(router)
        published = await router.events()
        router.kill()
        assert in_file(log_file(router))[-1][0] < len(published), "the case that is meant"
        await router.start()
        await two_snapshots(router)
    await whole(world, published, log_file(router))


async def test_killed_with_a_log_that_was_shut_through_many_snapshots(world: SimulatedWorld):
    router = world.router
    await begin(world)
    async with Busy(world):
        with shut(log_file(router)):
            for _ in range(3):
                await two_snapshots(router)
            published = await router.events()
            router.kill()
        assert in_file(log_file(router))[-1][0] < snapshots(router)[2].event_seq
        await router.start()
    await whole(world, published, log_file(router))


async def test_stopped_with_a_log_that_is_shut(world: SimulatedWorld):
    """It ends in time, says what it leaves, and the next start makes it good."""
    router = world.router
    await begin(world)
    async with Busy(world):
        with shut(log_file(router)):
            await two_snapshots(router)
            published = await router.events()
            code, took_s = await router.stop()
            assert code == 0, router.last_words()
            assert took_s < 3
        assert "events unwritten; the next start gets them" in router.log.read_text()
        assert in_file(log_file(router))[-1][0] < len(published)
        await router.start()
    await whole(world, published, log_file(router))


async def test_killed_again_before_the_log_had_what_the_first_kill_left(world: SimulatedWorld):
    router = world.router
    await begin(world)
    async with Busy(world):
        with shut(log_file(router)):
            await two_snapshots(router)
            router.kill()
            await router.start()
            await two_snapshots(router)
            published = await router.events()
            router.kill()
        assert in_file(log_file(router))[-1][1] == 1, "nothing of the second life is in it"
        await router.start()
    await whole(world, published, log_file(router))


async def test_a_log_that_cannot_be_opened_at_the_start(world: SimulatedWorld):
    """The router serves, health is red, and the file gets everything at the next start."""
    router, file = world.router, log_file(world.router)
    await begin(world)
    async with Busy(world):
        await two_snapshots(router)
        router.kill()
        moved = [file.with_name(f"{file.name}{end}") for end in ("", "-wal", "-shm")]
        for each in moved:
            each.rename(router.folder / each.name)
        file.mkdir()
        await router.start()
        health = await router.get("/v1/health")
        assert "event log" in {check["name"] for check in health["checks"] if not check["ok"]}
        await two_snapshots(router)
        router.kill()
        file.rmdir()
        for each in moved:
            (router.folder / each.name).rename(each)
        await router.start()
        published = await router.events()
    await whole(world, published, file)


async def test_a_disk_that_is_full_for_the_log_alone(world: SimulatedWorld, small_disk: Path):
    router, file = world.router, small_disk / "events.db"
    add_to_config(router, f'[event_log]\npath = "{file}"\n')
    await router.start()
    await router.ready(*AGENTS)
    async with Busy(world):
        await eventually(lambda: len(in_file(file)) > 10)
        fill(small_disk)
        await two_snapshots(router)
        await eventually(lambda: "events wait in memory" in router.log.read_text(), 10)
        published = await router.events()
        router.kill()
        await router.start()  # on the full disk
        await two_snapshots(router)
        (small_disk / "ballast").unlink()
        await eventually(lambda: in_file(file)[-1][0] > len(published), 10)
        health = await router.get("/v1/health")
        assert all(check["ok"] for check in health["checks"]), health
    await whole(world, published, file)


async def test_a_start_on_a_disk_that_is_full_for_everything(
    world: SimulatedWorld, small_disk: Path
):
    """Callers are served, nothing is kept and that is said; with room again all is kept again."""
    router = world.router
    data = router.folder / "data"
    data.symlink_to(small_disk)
    await begin(world)
    async with Busy(world):
        await two_snapshots(router)
        published = await router.events()
        router.kill()
        fill(small_disk)
        await router.start()
        served = world.served
        await eventually(lambda: world.served > served, 10)
        health = await router.get("/v1/health")
        assert {"journal", "event log"} <= {c["name"] for c in health["checks"] if not c["ok"]}
        (small_disk / "ballast").unlink()
        await eventually(lambda: "commands are kept again" in router.log.read_text(), 10)
        await eventually(lambda: in_file(log_file(router))[-1][0] > len(published), 10)
    await whole(world, published, log_file(router))
