"""Many at once, the silent among them, and those who have gone before it was their turn."""

import pytest
import uvloop

from cti.agi import server as server_module
from cti.watch.machine import prepare
from tests.eventually import eventually
from tests.worlds.agi.crowd import ask_all, connect_now
from tests.worlds.agi.scripted_dialplan import REQUEST, calling, serving, whole_call

CROWD = 500


async def test_all_who_come_at_once_are_taken_by_the_kernel_and_all_answered():
    """With asyncio's own queue of 100 the others are put off by TCP for 1, 3, 7, 15 s."""
    allowed = prepare(questions=2 * CROWD, queue=CROWD)
    if not all(check.ok for check in allowed.checks()):
        pytest.skip(f"this machine does not allow it: {allowed}")
    async with serving() as served:
        answers = await ask_all(served.server.port, [REQUEST] * CROWD)
        assert {answer[:12] for answer in answers} == {b"SET VARIABLE"}
        await eventually(lambda: served.server.counters.completed == CROWD)
        assert served.server.counters.refused_full == 0


@pytest.mark.parametrize("said", [b"", REQUEST[:-1]], ids=["nothing", "half a request"])
async def test_who_says_nothing_gives_way_to_who_asks(monkeypatch, said):
    monkeypatch.setattr(server_module, "SILENT_S", 0)
    async with serving(max_connections=2) as served, calling(served) as first:
        first.say(said)
        await eventually(lambda: served.server.open_count == 1)
        async with calling(served):
            await eventually(lambda: served.server.open_count == 2)
            assert await whole_call(served)
            assert await first.all() == b""  # the older of the two
            assert served.server.counters.gave_way == 1
            assert served.server.counters.refused_full == 0
            assert served.server.open_count <= 2


async def test_who_has_only_just_come_does_not_give_way(monkeypatch):
    monkeypatch.setattr(server_module, "SILENT_S", 60)
    async with serving(max_connections=1) as served, calling(served) as silent:
        await eventually(lambda: served.server.open_count == 1)
        async with calling(served) as late:
            assert await late.all() == b""
            assert served.server.counters.refused_full == 1
        silent.say(REQUEST)
        assert (await silent.line()).startswith(b"SET VARIABLE")


async def test_who_has_asked_keeps_the_place(monkeypatch):
    monkeypatch.setattr(server_module, "SILENT_S", 0)
    async with serving(max_connections=1) as served, calling(served) as caller:
        caller.say(REQUEST)
        assert (await caller.line()).startswith(b"SET VARIABLE")
        async with calling(served) as late:
            assert await late.all() == b""
        assert served.server.counters.gave_way == 0
        caller.say(b"200 result=1\n")
        await eventually(lambda: served.done == [("arrive", True)])


def test_who_has_gone_before_the_turn_came_is_not_asked_for_on_uvloop():
    """Its sockets are not those of Python."""
    uvloop.run(test_who_has_gone_before_the_turn_came_is_not_asked_for())


async def test_who_has_gone_before_the_turn_came_is_not_asked_for():
    async with serving() as served:
        gone = connect_now(served.server.port)
        gone.send(REQUEST)
        gone.close()  # the dialplan gave up; all of it is in the kernel before we look
        await eventually(lambda: served.server.counters.too_late == 1)
        await eventually(lambda: served.server.open_count == 0)
        assert (served.requests, served.done) == ([], [])
        assert await whole_call(served)
