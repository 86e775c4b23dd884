"""Phones that come, go, are shared or do not exist: the real daemon on a real Asterisk.

What users had to find out: an agent who sat down at another phone stayed unreachable for ever, one
contact that left took the other with it, and a phone that did not exist was green everywhere.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab.asterisk import Agent, LabAsterisk
from tests.lab.contact import Contact
from tests.lab.scenarios import phone_answers, phone_refuses
from tests.lab.sipp import Callers, Phones
from tests.worlds.cards.play import heard
from tests.worlds.cards.router import Router

pytestmark = pytest.mark.real

ANSWERED = "callCleared answered"
DESK, DOOR, AWAY = "a8001", "door", "away"


@pytest.fixture
def phones() -> Iterator[Phones]:
    """Every phone that is registered answers, and hangs up after a while."""
    with Phones(phone_answers(after_ms=50, talk_ms=300)) as phones:
        yield phones


@pytest.fixture
def asterisk(lab: None) -> Iterator[LabAsterisk]:
    """`DESK` may register from two places; nobody has registered at `AWAY`."""
    agents = [Agent(DESK, contacts=2), Agent(DOOR), Agent(AWAY)]
    with LabAsterisk(agents=agents, settings={"CTI_RETRY_S": "1"}) as asterisk:
        yield asterisk


def router_of(folder: Path, asterisk: LabAsterisk, devices: dict[str, str], *more: str) -> Router:
    return Router(
        folder,
        ami_port=asterisk.ami_port,
        ami_secret=asterisk.ami_secret,
        agi_port=asterisk.agi_port,
        agi_secret=asterisk.secret,
        devices=devices,
        more=more,
    )


@pytest.fixture
async def router(asterisk: LabAsterisk, tmp_path: Path) -> AsyncIterator[Router]:
    router = router_of(tmp_path, asterisk, {"8001": DESK, "8002": AWAY, "8003": "8003"})
    await router.start()
    yield router
    router.end()


async def sign_in(router: Router, agent: str, device: str) -> None:
    status, body = await router.post(f"/v1/agents/{agent}/log-on", {"device": device})
    assert status == 200, body
    await router.ready(agent)


async def talks(router: Router, asterisk: LabAsterisk, agent: str) -> None:
    """One caller is put through to this agent, at the first attempt."""
    before = await router.events()

    def new(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return events[len(before) :]

    with Callers(asterisk.sip, "loans", stay_ms=20_000):
        events = new(await router.until(lambda events: heard(new(events), ANSWERED)))
    assert heard(events, f"established {agent}") == 1
    assert heard(events, "failed") == 0


def rewrite(asterisk: LabAsterisk, change: Callable[[str], str]) -> None:
    """Another pjsip.conf, and the reload that an operator types."""
    path = asterisk.etc / "pjsip.conf"
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    asterisk.cli("module reload res_pjsip.so")


async def test_whoever_sits_at_a_registered_phone_can_be_called(
    asterisk: LabAsterisk, router: Router, phones: Phones
) -> None:
    with Contact(asterisk, DOOR, phones.port):
        await router.until_agent("8002", reachable=False)  # the own one is not there
        await sign_in(router, "8002", DOOR)
        await talks(router, asterisk, "8002")
        await router.post("/v1/agents/8002/log-off", {})
        await sign_in(router, "8001", DOOR)  # the late shift
        await talks(router, asterisk, "8001")
        router.kill()
        await router.start()
        await talks(router, asterisk, "8001")
    await router.until_agent("8001", reachable=False)
    await router.post("/v1/agents/8001/log-off", {})
    assert not (await router.agent("8001"))["reachable"]


@pytest.mark.parametrize("begun_before", [True, False], ids=["router first", "phones first"])
async def test_one_contact_of_two_leaves_and_the_other_is_called(
    asterisk: LabAsterisk, router: Router, phones: Phones, begun_before: bool
) -> None:
    if not begun_before:
        router.kill()
    with Contact(asterisk, DESK, phones.port):
        with Contact(asterisk, DESK, phones.port + 1):
            if not begun_before:
                await router.start()
            await router.until_agent("8001", reachable=True)
            await sign_in(router, "8001", "")
        await talks(router, asterisk, "8001")
        assert (await router.agent("8001"))["reachable"]
    await router.until_agent("8001", reachable=False)


async def test_a_phone_that_does_not_exist_is_refused_and_red_until_it_does(
    asterisk: LabAsterisk, router: Router, phones: Phones
) -> None:
    for agent, device in (("8003", ""), ("8001", "nosuchphone")):
        status, body = await router.post(f"/v1/agents/{agent}/log-on", {"device": device})
        assert (status, body["code"]) == (409, "unknownDevice"), body
        assert body["subject"] == (device or "8003")
    await router.until_agent("8003", reachable=False, phone_missing=True)
    [failing] = (await router.get("/v1/status"))["failing"]
    assert (failing["name"], failing["detail"]) == ("phones", "1 on no Asterisk: 8003 of 8003")
    await asyncio.to_thread(
        rewrite, asterisk, lambda text: text.replace(f"[{DOOR}](cti-agent)", "[8003](cti-agent)")
    )
    await router.until_agent("8003", phone_missing=False)
    assert (await router.get("/v1/status"))["failing"] == []
    status, body = await router.post("/v1/agents/8001/log-on", {"device": DOOR})
    assert (status, body["code"]) == (409, "unknownDevice"), "that is what it was called"
    await sign_in(router, "8003", "")
    await asyncio.to_thread(
        rewrite, asterisk, lambda text: text.replace("[8003](cti-agent)", f"[{DOOR}](cti-agent)")
    )
    await router.until_agent("8003", phone_missing=True, state="ready")


async def test_a_phone_that_rejects_everything_is_shown_and_then_not_ready(
    asterisk: LabAsterisk, tmp_path: Path
) -> None:
    policy = ("[policies.rejected]", "gap_s = 1", "not_ready_after = 3", "gap_max_s = 2")
    router = router_of(tmp_path, asterisk, {"8001": DESK}, *policy)
    with (
        Phones(phone_refuses("480 Temporarily Unavailable")) as phones,
        Contact(asterisk, DESK, phones.port),
    ):
        await router.start()
        try:
            await router.ready("8001")
            with Callers(asterisk.sip, "loans", stay_ms=20_000):
                await router.until_agent("8001", state="ready", gap="rejected")
                await router.until_agent("8001", state="notReady", reason="rejected")
            events = await router.events()
        finally:
            router.end()
    assert heard(events, "failed rejected") == 3


async def test_a_caller_of_one_asterisk_is_put_through_to_a_phone_of_that_one(
    lab: None, tmp_path: Path, phones: Phones
) -> None:
    with LabAsterisk(agents=[Agent(DESK, phones.port)]) as one:
        named = {"CTI_RETRY_S": "1", "CTI_SECRET": one.secret}
        other = LabAsterisk(
            agents=[Agent("a8002", phones.port)],
            agi_port=one.agi_port,
            settings=named | {"CTI_ROUTER": f"127.0.0.1:{one.agi_port}/a2"},
        )
        with other:
            one.cli(f"dialplan set global CTI_ROUTER 127.0.0.1:{one.agi_port}/a1")
            second = (
                "[[asterisks]]", 'name = "a2"', 'host = "127.0.0.1"',
                f"ami_port = {other.ami_port}", f'secret = "{other.ami_secret}"',
            )  # fmt: skip
            router = router_of(tmp_path, one, {"8001": DESK, "8002": "a8002"}, *second)
            await router.start()
            try:
                await router.until_agent("8001", barred=["a2"], reachable=True)
                await router.until_agent("8002", barred=["a1"], reachable=True)
                await router.ready("8001", "8002")
                for asterisk, agent in ((other, "8002"), (one, "8001"), (other, "8002")):
                    await talks(router, asterisk, agent)
                assert (await router.get("/v1/status"))["failing"] == []
            finally:
                router.end()
