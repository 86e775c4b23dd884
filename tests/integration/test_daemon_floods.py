"""The daemon in a flood of questions, and on a machine that allows it little."""

import resource
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cti.agi.server import MAX_CONNECTIONS
from cti.watch.machine import FILES_KEPT, prepare
from tests.worlds.agi.crowd import ask_all, proven
from tests.worlds.cards.router import Router, word
from tests.worlds.cards.simulated import SimulatedWorld
from tests.worlds.cards.words import Phone

FEW = 512
CROWD = 2_000


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[SimulatedWorld]:
    world = SimulatedWorld({"8001": Phone("rings")})
    await world.start(tmp_path)
    yield world
    await world.stop()


@contextmanager
def few_files() -> Iterator[None]:
    """For processes that are started meanwhile."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (FEW, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def files_of(router: Router) -> int:
    """The soft limit of the process (proc(5))."""
    assert router.process is not None
    lines = Path(f"/proc/{router.process.pid}/limits").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith("Max open files")).split()[3])


async def test_a_service_with_few_files_takes_what_it_needs(world: SimulatedWorld):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < MAX_CONNECTIONS + FILES_KEPT:
        pytest.skip(f"this machine allows {hard} open files")
    with few_files():
        await world.router.start(wait=False)
        assert files_of(world.router) == FEW
    await world.router.until_routing()
    assert files_of(world.router) == MAX_CONNECTIONS + FILES_KEPT
    assert "open files" not in {each["name"] for each in await failing(world.router)}


async def test_a_service_that_may_have_no_more_files_says_so_and_routes(world: SimulatedWorld):
    await world.router.start(wait=False)
    assert world.router.process is not None
    resource.prlimit(world.router.process.pid, resource.RLIMIT_NOFILE, (FEW, FEW))
    await world.router.until_routing()
    assert files_of(world.router) == FEW
    (short,) = (each for each in await failing(world.router) if each["name"] == "open files")
    assert short["detail"].startswith(f"{FEW}, {MAX_CONNECTIONS + FILES_KEPT} wanted")
    assert short["detail"] in world.router.log.read_text(encoding="utf-8")


async def failing(router: Router) -> list[dict[str, str]]:
    return list((await router.get("/v1/status"))["failing"])


@pytest.mark.alone
async def test_two_thousand_at_once_are_answered_and_those_who_do_not_exist_dropped(
    world: SimulatedWorld,
):
    """Each question proves itself, and no channel of any of them is there."""
    allowed = prepare(questions=2 * CROWD, queue=CROWD)
    if not all(check.ok for check in allowed.checks()):
        pytest.skip(f"this machine does not allow it: {allowed}")
    router, secret = world.router, world.agi_secret
    await router.start()
    questions = [
        proven(f"1795900000.{number}", f"PJSIP/trunk-{number:08x}", secret)
        for number in range(CROWD)
    ]
    answers = await ask_all(world.agi_port, questions)
    assert {answer[:27] for answer in answers} == {b'SET VARIABLE CTI_NEXT "wait'}
    ended = await router.until(
        lambda events: sum(word(event) == "callCleared abandoned" for event in events) == CROWD, 25
    )
    assert sum(word(event) == "queued arrived" for event in ended) == CROWD
    assert (await router.get("/v1/status"))["live_calls"] == 0
