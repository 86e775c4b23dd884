"""The daemon by its settings: protected topics at a guarded broker, and a record that forgets."""

import sqlite3

import pytest

from simulators.pbx.phones import Caller
from tests.eventually import eventually
from tests.lab.needs import needs
from tests.worlds.bus.guarded import mosquitto, reading
from tests.worlds.cards.simulated import SimulatedWorld
from tests.worlds.cards.table import Phone

pytestmark = pytest.mark.room("bus", "record")

NUMBER = "13912345678"
DAY_US = 86_400_000_000


@pytest.fixture
async def world(tmp_path):
    world = SimulatedWorld({"8001": Phone(talk_ms=250, after_ms=20)})
    await world.start(tmp_path)
    yield world
    await world.stop()


def add_settings(router, **tables):
    """In the tables of the file that the world has written, or in new ones."""
    config = router.folder / "cti.toml"
    text = config.read_text().replace("[bus]\nenabled = false\n", "")
    tables = {name: "\n".join(lines) for name, lines in tables.items()}
    more = "".join(f"[{name}]\n{lines}\n" for name, lines in tables.items())
    config.write_text(text.replace("[metrics]", f"{more}[metrics]"))


async def one_call(world):
    await world.router.ready("8001")
    channel = world.pbx.world.call(Caller(NUMBER, "loans"), world._ended)
    await world.router.until(lambda events: any(e["type"] == "cti.established" for e in events))
    world.pbx.world.clears(channel)
    await world.router.until(lambda events: any(e["type"] == "cti.callCleared" for e in events))


@needs("mosquitto")
async def test_who_the_list_lets_in_reads_the_number_and_nobody_else(world, tmp_path):
    async with mosquitto(tmp_path) as port:
        add_settings(world.router, bus=(
            "embedded = false", f"port = {port}", 'username = "router"', 'password = "router"',
            "protected = true",
        ))  # fmt: skip
        await world.router.start()
        async with reading(port, "crm-own", "crm-acme", "wallboard") as (own, acme, wallboard):
            await one_call(world)
            await eventually(lambda: '"cti.delivered"' in own.text)
            await eventually(lambda: '"cti.callCleared"' in wallboard.text)
        assert NUMBER in own.text
        assert own.employers() == {"own"}
        assert acme.heard == {}
        assert NUMBER not in wallboard.text
        assert "139****5678" in wallboard.text


async def test_the_record_forgets_after_the_days_that_are_set(world):
    await world.router.start()
    await one_call(world)
    await world.router.stop()
    file = world.router.folder / "data" / "events.db"
    with sqlite3.connect(file) as db:
        last = db.execute("SELECT max(seq) FROM events").fetchone()[0]
        db.execute("UPDATE events SET at_us = at_us - ? WHERE seq < ?", (3 * DAY_US, last))
    add_settings(world.router, bus=("enabled = false",), event_log=("keep_days = 2",))
    await world.router.start()

    async def only_new():
        events = await world.router.events()
        return bool(events) and int(events[0]["seq"]) >= last

    await eventually(only_new)
    assert "events of more than 2 days ago forgotten" in world.router.log.read_text()
