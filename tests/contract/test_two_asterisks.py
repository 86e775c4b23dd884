"""Two Asterisks under one router: who is offered whose callers, and what is said where nobody is.

Each card on two simulated Asterisks and on two real ones, with the real daemon between.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.eventually import eventually
from tests.worlds.cards.pair import Pair, until_heard
from tests.worlds.cards.play import heard
from tests.worlds.cards.router import Router, stories

pytestmark = [pytest.mark.cards, pytest.mark.room("gateway", "simulators", "asterisk-config")]

QUEUED = "queued arrived"
LONG_MS = 60_000
FAR_DEVICE = "a8002"
"""Of agent 8002, at a2 only in most cards; 8001's is at a1 only."""


@pytest.fixture(params=["simulated", pytest.param("real", marks=pytest.mark.real)])
async def pair(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Pair]:
    """Both are heard; each agent's phone is at one of them, and nobody has signed in."""
    made: Pair
    if request.param == "real":
        request.getfixturevalue("lab")
        from tests.worlds.cards.pair_real import RealPair

        made = RealPair()
    else:
        from tests.worlds.cards.pair_simulated import SimulatedPair

        made = SimulatedPair()
    try:
        await made.start(tmp_path)
        await made.sites["a1"].register("a8001")
        await made.sites["a2"].register("a8002")
        await made.router.start()
        await until_heard(made.router)
        await made.router.until_agent("8001", barred=["a2"], reachable=True)
        await made.router.until_agent("8002", barred=["a1"], reachable=True)
        yield made
        breaches = await made.router.get("/v1/invariants")
        assert not any(breaches["breaches"].values()), breaches
    finally:
        await made.stop()


def stories_of(events: list[dict[str, Any]], pbx: str) -> list[list[str]]:
    """What the callers of this Asterisk have lived through, in the order of their arrival."""
    return [told for call_id, told in stories(events).items() if call_id.startswith(f"{pbx}-")]


def talk(agent: str, by: str = "caller") -> list[str]:
    return [
        f"delivered {agent}", f"established {agent}", f"connectionCleared {by}",
        "callCleared answered",
    ]  # fmt: skip


async def failing(router: Router) -> dict[str, str]:
    return {each["name"]: each["detail"] for each in (await router.get("/v1/status"))["failing"]}


async def until_said(router: Router, word: str, times: int = 1) -> list[dict[str, Any]]:
    return await router.until(lambda events: heard(events, word) >= times, 25)


async def call_of(router: Router, pbx: str) -> str:
    """The live call of this Asterisk."""
    [row] = [row for row in (await router.get("/v1/calls"))["calls"] if row["pbx"] == pbx]
    return str(row["call_id"])


async def test_who_is_free_at_the_other_one_is_not_offered_the_caller_and_it_is_said_why(
    pair: Pair,
) -> None:
    router = pair.router
    await router.ready("8002")
    await pair.sites["a1"].call(LONG_MS)
    await until_said(router, QUEUED)
    row = await router.agent("8002")
    assert (row["state"], row["reachable"], row["barred"]) == ("ready", True, ["a1"])
    assert await failing(router) == {
        "reach": "1 in queue loans wait at a1, which cannot call the phones of free agents (8002)"
    }
    call_id = await call_of(router, "a1")
    story = await router.get(f"/v1/calls/{call_id}/story")
    told = "\n".join([*story["lines"], *story["now"]])
    assert f"the phone cannot be called from the caller's Asterisk: {FAR_DEVICE} (a1)" in told
    answer = await router.post("/v1/agents/8002/log-on", {})
    assert answer[1]["agent"]["barred"] == ["a1"]

    await pair.sites["a1"].register(FAR_DEVICE)
    events = await until_said(router, "established 8002")
    assert stories_of(events, "a1") == [[QUEUED, *talk("8002")[:2]]]
    assert await failing(router) == {}
    assert (await router.agent("8002"))["barred"] == []


async def test_one_dies_its_callers_are_lost_its_phones_are_not_offered_the_other_goes_on(
    pair: Pair,
) -> None:
    router = pair.router
    await router.ready("8001", "8002")
    near, far = pair.sites["a1"], pair.sites["a2"]
    await far.call(LONG_MS)
    await until_said(router, "established 8002")
    await far.call(LONG_MS)
    await until_said(router, QUEUED, 2)
    await far.die()
    await until_heard(router, a1="up", a2="gone")
    await until_said(router, "callCleared", 2)
    await router.until_agent("8002", reachable=False, phone_unheard=True, state="ready")
    await near.call(1_500)
    await until_said(router, "callCleared", 3)
    assert "reach" not in await failing(router)

    await far.rise()
    await until_heard(router)
    await router.until_agent("8002", reachable=True, phone_unheard=False, barred=["a1"])
    await far.call(1_500)
    events = await until_said(router, "callCleared", 4)
    assert stories_of(events, "a2") == [
        [QUEUED, *talk("8002", by="system")],
        [QUEUED, "callCleared lost"],
        [QUEUED, *talk("8002")],
    ]
    assert stories_of(events, "a1") == [[QUEUED, *talk("8001")]]


async def test_the_link_to_one_is_cut_while_somebody_talks_and_somebody_waits_there(
    pair: Pair,
) -> None:
    router, far = pair.router, pair.sites["a2"]
    await router.ready("8001", "8002")
    await far.call(4_000)
    await until_said(router, "established 8002")
    await far.call(LONG_MS)
    await until_said(router, QUEUED, 2)
    far.wire.cut()
    await until_heard(router, a1="up", a2="lost")
    await router.until_agent("8002", phone_unheard=True, state="busy")
    await pair.sites["a1"].call(1_000)
    events = await until_said(router, "callCleared answered")
    assert stories_of(events, "a1") == [[QUEUED, *talk("8001")]]
    await eventually(lambda: _is(far.channels(), 1))  # the first has ended, untold
    far.wire.mend()
    events = await until_said(router, "established 8002", 2)
    first, second = stories_of(events, "a2")
    assert first[:3] == [QUEUED, "delivered 8002", "established 8002"]
    assert first[-1] == "callCleared answered"
    assert second == [QUEUED, "delivered 8002", "established 8002"]
    assert heard(events, "failed") == 0
    await router.until_agent("8002", phone_unheard=False, reachable=True)


async def test_the_router_is_killed_and_serves_both_again(pair: Pair) -> None:
    router = pair.router
    await router.ready("8001", "8002")
    for site in pair.sites.values():
        await site.call(5_000)
    await until_said(router, "established 8001")
    await until_said(router, "established 8002")
    for site in pair.sites.values():
        await site.call(LONG_MS)
    await until_said(router, QUEUED, 4)
    router.kill()
    await router.start(wait=False)
    await router.until_routing(20)
    await until_heard(router)
    await until_said(router, "established 8001", 2)
    events = await until_said(router, "established 8002", 2)
    for pbx, agent in (("a1", "8001"), ("a2", "8002")):
        first, second = stories_of(events, pbx)
        assert first == [QUEUED, *talk(agent)]
        assert second == [QUEUED, *talk(agent)[:2]]
    assert heard(events, "failed") == 0


async def test_a_phone_at_both_serves_both_one_caller_at_a_time(pair: Pair) -> None:
    router = pair.router
    await pair.sites["a2"].register("a8001")
    await router.until_agent("8001", barred=[])
    await router.ready("8001")
    await pair.sites["a1"].call(2_500)
    await until_said(router, "established 8001")
    await pair.sites["a2"].call(LONG_MS)
    events = await until_said(router, QUEUED, 2)
    assert heard(events, "connectionCleared") == 0
    events = await until_said(router, "established 8001", 2)
    assert stories_of(events, "a1") == [[QUEUED, *talk("8001")]]
    assert stories_of(events, "a2") == [[QUEUED, *talk("8001")[:2]]]
    assert heard(events, "failed") == 0
    await pair.sites["a2"].leave("a8001")
    await router.until_agent("8001", barred=["a2"], reachable=True, state="busy")


async def test_a_phone_in_a_call_of_its_own_at_one_is_not_offered_the_callers_of_the_other(
    pair: Pair,
) -> None:
    router, near, far = pair.router, pair.sites["a1"], pair.sites["a2"]
    await far.register("a8001")
    await router.until_agent("8001", barred=[])
    await router.ready("8001")
    await far.stranger_calls("a8001")
    await router.until_agent("8001", state="busy", reason="ownCall")
    await eventually(lambda: _is(far.channels(), 1))
    await near.call(LONG_MS)
    events = await until_said(router, QUEUED)
    assert heard(events, "delivered") == 0
    assert "reach" not in await failing(router), "the phone could be called"
    await far.stranger_leaves()
    events = await until_said(router, "established 8001")
    assert stories_of(events, "a1") == [[QUEUED, *talk("8001")[:2]]]


async def _is(found: Any, wanted: int) -> bool:
    return bool(await found == wanted)
