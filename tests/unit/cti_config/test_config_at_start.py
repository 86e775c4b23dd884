"""File or core: whose configuration holds when the router starts.

Each test is a history of one router: what was applied, what the file says at the next start.
"""

import msgspec
import pytest

from cti.config import read, routing_config
from cti.config.at_start import FILES_KEPT, AppliedFiles, decide, next_version
from routing import commands as c
from routing import snapshot
from routing.config import RoutingConfig
from routing.engine import RoutingEngine
from tests.worlds.config.files import GOOD, write
from tests.worlds.config.running import Running

OTHER = GOOD.replace('need = "loans"', 'need = "loans"\npriority = 7')
THIRD = GOOD.replace('need = "loans"', 'need = "loans"\npriority = 8')


@pytest.fixture
def router(tmp_path):
    return Running(tmp_path)


def in_force(router):
    return router.engine.config.queues[0].priority


async def test_the_first_start_takes_the_file(router):
    found = router.start(GOOD)
    assert found.from_file
    assert (router.engine.base.version, router.engine.base.pbxs) == (1, ("a1",))


async def test_a_restart_changes_nothing(router):
    router.start(GOOD)
    found = router.restart()
    assert found.config is None
    assert router.engine.base.version == 1


async def test_a_file_that_was_edited_wins(router):
    router.start(GOOD)
    found = router.restart(OTHER)
    assert found.from_file
    assert (in_force(router), router.engine.base.version) == (7, 2)


async def test_another_file_that_was_applied_survives_a_restart(router):
    router.start(GOOD)
    await router.apply(OTHER, name="night.toml")
    found = router.restart()
    assert not found.from_file
    assert "another configuration" in found.why
    assert (in_force(router), router.engine.base.version) == (7, 2)
    router.restart(THIRD)
    assert in_force(router) == 8


async def test_so_does_a_second_other_file(router):
    router.start(GOOD)
    await router.apply(OTHER, name="night.toml")
    await router.apply(THIRD, name="weekend.toml")
    router.restart()
    assert in_force(router) == 8


async def test_a_rollback_survives_a_restart(router):
    router.start(GOOD)
    await router.apply(OTHER)
    router.reconfiguration.rollback("boss")
    router.restart()
    assert (in_force(router), router.engine.base.version) == (0, 1)
    router.restart(THIRD)
    assert (in_force(router), router.engine.base.version) == (8, 3)


async def test_the_file_applied_by_hand_and_then_another_one(router):
    router.start(GOOD)
    await router.apply(OTHER)
    await router.apply(THIRD, name="night.toml")
    router.restart()
    assert in_force(router) == 8


async def test_a_file_that_is_edited_back_has_changed(router):
    router.start(GOOD)
    await router.apply(OTHER)
    router.restart(GOOD)
    assert in_force(router) == 0


async def test_a_start_with_another_file_takes_that_one(router):
    router.start(GOOD)
    await router.apply(THIRD, name="night.toml")
    router.restart(OTHER, name="other.toml")
    assert in_force(router) == 7


async def test_comments_and_secrets_are_no_change(router):
    router.start(GOOD)
    await router.apply(OTHER, name="night.toml")
    router.restart("# new\n" + GOOD.replace("ami-secret-1", "another-secret"))
    assert in_force(router) == 7


async def test_the_environment_is_part_of_what_the_file_says(router):
    router.start(GOOD)
    await router.apply(OTHER, name="night.toml")
    router.restart(environ={"CTI_QUEUES__LOANS__PRIORITY": "9"})
    assert in_force(router) == 9


async def test_asterisks_are_always_those_of_the_file(router):
    router.start(GOOD)
    await router.apply(OTHER, name="night.toml")
    more = '[[asterisks]]\nname = "a2"\nhost = "10.0.0.2"\nsecret = "ami-secret-2"\n'
    found = router.restart(GOOD + more)
    assert not found.from_file
    assert (in_force(router), router.engine.base.pbxs) == (7, ("a1", "a2"))


async def test_a_site_that_is_applied_by_the_restart_brings_its_file_along(router):
    router.start(GOOD)
    moved = "site = 'east'\n" + OTHER
    await router.apply(moved)
    assert router.engine.base.agents[0].site == "main"
    found = router.restart()
    assert found.from_file
    assert router.engine.base.agents[0].site == "east"


async def test_a_lost_record_lets_the_file_win_and_nothing_worse(router, tmp_path, caplog):
    router.start(GOOD)
    await router.apply(OTHER, name="night.toml")
    for damage in (b"{", b"[1]", b"\xff"):
        (tmp_path / "applied.json").write_bytes(damage)
        AppliedFiles(tmp_path)
    assert len(caplog.records) == 3
    router.restart()
    assert in_force(router) == 0


async def test_a_record_that_cannot_be_written_is_said(router, tmp_path, caplog):
    router.start(GOOD)
    (tmp_path / "applied.json").unlink()
    (tmp_path / "applied.json.tmp").mkdir()
    await router.apply(OTHER)
    assert in_force(router) == 7
    assert "at the next start the file wins" in caplog.text


async def test_a_crash_between_journal_and_record_loses_nothing(router, tmp_path):
    router.start(GOOD)
    before = (tmp_path / "applied.json").read_bytes()
    await router.apply(OTHER)
    (tmp_path / "applied.json").write_bytes(before)
    router.restart()
    assert in_force(router) == 7
    await router.apply(THIRD, name="night.toml")
    router.restart()
    assert in_force(router) == 8


async def test_what_would_cost_a_caller_his_place_is_not_in_force(router, caplog):
    router.start(GOOD)
    router.submit(c.CallArrived("c1", "loans", "a1"))
    renamed = GOOD.replace('id = "loans"', 'id = "cards"')
    router.restart(renamed)
    assert [queue.queue_id for queue in router.engine.base.queues] == ["loans"]
    assert "queue loans is not in it and has 1 live calls" in caplog.text
    router.submit(c.CallerHungUp("c1"))
    router.restart()
    assert [queue.queue_id for queue in router.engine.base.queues] == ["cards"]


def test_without_a_file_the_defaults_and_the_environment_are_what_it_says(tmp_path):
    applied = AppliedFiles(tmp_path)
    settings = read(None, {}).settings
    engine = RoutingEngine(RoutingConfig())
    assert decide(settings, None, engine, applied).from_file
    applied.note(None, "x")
    assert AppliedFiles(tmp_path).digest_of(None) == "x"


def test_deciding_changes_nothing(tmp_path):
    path = write(tmp_path, GOOD)
    engine = RoutingEngine(RoutingConfig())
    before = snapshot.state_hash(engine)
    found = decide(read(path, {}).settings, path, engine, AppliedFiles(tmp_path))
    assert found.config == routing_config(read(path, {}).settings, 1)
    assert snapshot.state_hash(engine) == before
    assert not (tmp_path / "applied.json").exists()


def test_the_record_is_bounded(tmp_path):
    applied = AppliedFiles(tmp_path)
    for n in range(FILES_KEPT + 5):
        applied.note(tmp_path / f"{n}.toml", str(n))
    kept = msgspec.json.decode((tmp_path / "applied.json").read_bytes())
    assert len(kept) == FILES_KEPT
    assert applied.digest_of(tmp_path / "0.toml") == ""
    assert applied.digest_of(tmp_path / f"{FILES_KEPT + 4}.toml") == str(FILES_KEPT + 4)


async def test_no_two_configurations_have_one_number(router):
    router.start(GOOD)
    seen = [1]
    for text in (OTHER, THIRD, OTHER):
        await router.apply(text)
        seen.append(router.engine.base.version)
        router.reconfiguration.rollback("")
        assert router.engine.base.version in seen
        assert next_version(router.engine) == max(seen) + 1
    assert seen == [1, 2, 3, 4]
