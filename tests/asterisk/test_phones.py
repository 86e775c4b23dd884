"""What Asterisk says of phones that come, go, share an endpoint or do not exist: what
`cti.gateway.devices` relies on.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.lab.ami import LabAmi, Message
from tests.lab.asterisk import Agent, LabAsterisk
from tests.lab.contact import Contact

pytestmark = pytest.mark.real

FIXED, TWO = "a8001", "a8002"


@pytest.fixture(scope="module")
def asterisk(lab: None) -> Iterator[LabAsterisk]:
    """One phone with a fixed address, one that registers from up to two places."""
    with LabAsterisk(agents=[Agent(FIXED, 5999), Agent(TWO, contacts=2)]) as asterisk:
        yield asterisk


@pytest.fixture
async def router(asterisk: LabAsterisk) -> AsyncIterator[LabAmi]:
    """Logged in with the rights of the router."""
    async with LabAmi(asterisk.ami_port, asterisk.ami_secret, "cti-router") as session:
        yield session


async def said(router: LabAmi, device: str) -> tuple[str, str, str]:
    """The answers to the router's three questions about a phone."""
    values = []
    for question in (
        "DEVICE_STATE(PJSIP/{})",
        "PJSIP_ENDPOINT({},context)",
        "PJSIP_DIAL_CONTACTS({})",
    ):
        answer = await router.ask("Getvar", Variable=question.format(device))
        assert answer[0]["Response"] == "Success"
        values.append(answer[0].get("Value", ""))
    return values[0], values[1], values[2]


def status(uri: str, word: str) -> dict[str, str]:
    return {"EndpointName": TWO, "URI": uri, "ContactStatus": word}


async def test_one_contact_of_two_goes_and_the_phone_can_still_be_called(
    asterisk: LabAsterisk, router: LabAmi
) -> None:
    assert await said(router, TWO) == ("UNAVAILABLE", "from-agent", "")
    with Contact(asterisk, TWO, 5998) as desk:
        await router.event("ContactStatus", **status(desk.uri, "NonQualified"))
        with Contact(asterisk, TWO, 5997) as other:
            await router.event("ContactStatus", **status(other.uri, "NonQualified"))
            assert set((await said(router, TWO))[2].split("&")) == {
                f"PJSIP/{TWO}/{desk.uri}", f"PJSIP/{TWO}/{other.uri}",
            }  # fmt: skip
        await router.event("ContactStatus", **status(other.uri, "Removed"))
        assert (await said(router, TWO))[2] == f"PJSIP/{TWO}/{desk.uri}"
    await router.event("ContactStatus", **status(desk.uri, "Removed"))
    assert (await said(router, TWO))[2] == "", "at once: it is not read from a cache"


async def test_a_phone_that_does_not_exist_leaves_no_word_in_the_log(
    asterisk: LabAsterisk, router: LabAmi
) -> None:
    before = len(asterisk.warnings())
    answer = await router.ask("Getvar", Variable="DEVICE_STATE(PJSIP/nosuch)")
    assert answer[0]["Value"] == "INVALID"
    assert len(asterisk.warnings()) == before
    assert await said(router, "nosuch") == ("INVALID", "", "")


def renamed(asterisk: LabAsterisk, old: str, new: str) -> None:
    """Another name for an endpoint, and nothing else."""
    path: Path = asterisk.etc / "pjsip.conf"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(f"[{old}](cti-agent)", f"[{new}](cti-agent)"), encoding="utf-8")


async def reloaded(asterisk: LabAsterisk, router: LabAmi, command: str) -> Message:
    """The event of a reload."""
    heard = len(router.events)
    await asyncio.to_thread(asterisk.cli, command)
    return await router.event("Reload", after=heard)


@pytest.mark.parametrize(
    ("command", "module"),
    [
        ("module reload res_pjsip.so", "res_pjsip.so"),
        ("module reload res_pjsip", "res_pjsip"),
        ("core reload", "All"),
    ],
)
async def test_a_reload_is_told_when_it_is_done(
    asterisk: LabAsterisk, router: LabAmi, command: str, module: str
) -> None:
    renamed(asterisk, TWO, "b8002")
    assert (await reloaded(asterisk, router, command))["Module"] == module
    # Without a contact it was; the device state is a cache and does not know that it has gone.
    assert await said(router, TWO) == ("UNAVAILABLE", "", "")
    assert await said(router, "b8002") == ("UNAVAILABLE", "from-agent", "")
    renamed(asterisk, "b8002", TWO)
    await reloaded(asterisk, router, command)
    assert (await said(router, TWO))[1] == "from-agent"


async def test_the_list_of_device_states_does_not_say_which_phones_exist(
    asterisk: LabAsterisk, router: LabAmi
) -> None:
    renamed(asterisk, TWO, "c8002")
    try:
        await reloaded(asterisk, router, "module reload res_pjsip.so")
        listed = await router.ask("DeviceStateList")
        states = {item["Device"]: item["State"] for item in listed if "Device" in item}
        assert states[f"PJSIP/{FIXED}"] == "NOT_INUSE"
        assert states[f"PJSIP/{TWO}"] == "UNAVAILABLE", "gone, and listed"
        assert "PJSIP/c8002" not in states, "there, and not listed"
    finally:
        renamed(asterisk, "c8002", TWO)
        await reloaded(asterisk, router, "module reload res_pjsip.so")
