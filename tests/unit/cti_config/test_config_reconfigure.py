"""Seen first, applied whole, taken back: the configuration while the router runs."""

import asyncio

import pytest

from cti.config import ConfigError
from cti.config.reconfigure import DETAILS, NotApplied
from cti.dispatcher import CommandHeld
from routing import commands as c
from routing import snapshot
from routing.events import CommandRefused
from routing.refusals import Refusal
from tests.worlds.config.files import GOOD
from tests.worlds.config.running import Running

LOUDER = GOOD.replace('need = "loans"', 'need = "loans"\npriority = 7\nring_timeout_s = 20')
MORE = GOOD + '[[queues]]\nid = "cards"\n[[agents]]\nid = "8002"\ndevice = "8002"\n'


@pytest.fixture
def router(tmp_path):
    made = Running(tmp_path)
    made.start(GOOD)
    made.commands.clear()
    return made


async def test_a_staged_file_is_shown_and_changes_nothing(router):
    before = snapshot.state_hash(router.engine)
    change = await router.stage(LOUDER)
    assert change.changes == ("queue loans changed",)
    assert change.details == (
        "queues.loans.priority: 0 → 7",
        "queues.loans.ring_timeout_s: 15 → 20",
    )
    assert (change.version, change.needs_restart, change.hindrances) == (2, (), ())
    assert (router.commands, snapshot.state_hash(router.engine)) == ([], before)


async def test_what_comes_and_goes_is_said_once(router):
    change = await router.stage(MORE)
    assert change.changes == ("queue cards added", "agent 8002 added")
    assert change.details == ()


async def test_an_applied_file_is_in_force_with_one_command(router):
    change = await router.apply(LOUDER)
    assert change.version == router.engine.base.version == 2
    assert router.engine.config.queues[0].priority == 7
    assert len(router.commands) == 1


async def test_a_file_that_changes_nothing_is_no_command(router):
    change = await router.apply(GOOD + "# a comment\n")
    assert (change.version, change.changes, change.details) == (1, (), ())
    assert router.commands == []


async def test_what_is_applied_is_what_was_staged(router):
    staged = await router.stage(LOUDER)
    with pytest.raises(NotApplied) as caught:
        await router.apply(MORE, change_id=staged.id)
    assert caught.value.code == "stale"
    assert router.commands == []
    applied = await router.apply(LOUDER, change_id=staged.id)
    assert applied.id == staged.id


async def test_a_change_that_was_staged_before_another_one_is_stale(router):
    staged = await router.stage(LOUDER)
    await router.apply(MORE)
    with pytest.raises(NotApplied, match="has changed since it was staged"):
        await router.apply(LOUDER, change_id=staged.id)


async def test_a_file_with_mistakes_applies_nothing_and_names_them_all(router):
    for act in (router.stage, router.apply):
        with pytest.raises(ConfigError) as caught:
            await act("nod = 1\n[[queues]]\nid = 'a b'\n")
        assert [problem.path for problem in caught.value.problems] == ["nod", "queues[0].id"]
    assert router.commands == []


async def test_a_file_that_is_not_there(router, tmp_path):
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        await router.reconfiguration.stage(tmp_path / "nowhere.toml")


async def test_what_needs_a_restart_is_named_and_has_no_effect(router):
    text = LOUDER.replace('host = "10.0.0.1"', 'host = "10.0.0.2"') + "[metrics]\nport = 9999\n"
    text = text.replace("agi-secret-0123456789", "another-secret-0123")
    text += '[[asterisks]]\nname = "a2"\nhost = "h"\nsecret = "ami-secret-2"\n'
    change = await router.apply(text)
    assert change.needs_restart == (
        "asterisks.a1.host: 10.0.0.1 → 10.0.0.2",
        "asterisks.a2: added",
        "agi.secret: changed",
        "metrics.port: 9464 → 9999",
    )
    assert router.engine.base.pbxs == ("a1",)
    assert router.engine.base.queues[0].priority == 7


@pytest.mark.parametrize("text", [GOOD.replace('"loans"', '"cards"'), GOOD.replace("8001", "9")])
async def test_what_would_cost_somebody_his_place_is_refused_and_said_beforehand(router, text):
    router.submit(c.LogOnAgent("8001"))
    router.submit(c.CallArrived("c1", "loans", "a1"))
    staged = await router.stage(text)
    (hindrance,) = staged.hindrances
    assert hindrance in (
        "queue loans is not in it and has 1 live calls",
        "agent 8001 is not in it and is signed in",
    )
    with pytest.raises(NotApplied) as caught:
        await router.apply(text)
    assert (caught.value.code, str(caught.value)) == ("badConfig", hindrance)
    assert router.engine.base.version == 1


async def test_a_rollback_goes_back_and_again_forth(router):
    await router.apply(LOUDER)
    change = router.reconfiguration.rollback("boss")
    assert change.details[0] == "queues.loans.priority: 7 → 0"
    assert router.engine.config.queues[0].priority == 0
    assert router.commands[-1] == c.RollbackConfig("boss")
    change = router.reconfiguration.rollback("boss")
    assert router.engine.config.queues[0].priority == 7
    assert change.version == router.engine.base.version == 2


async def test_before_the_first_configuration_there_is_nothing_to_go_back_to(router):
    with pytest.raises(NotApplied) as caught:
        router.reconfiguration.rollback("")
    assert caught.value.code == "noPreviousConfig"
    assert router.engine.base.queues


async def test_a_rollback_that_would_cost_an_agent_his_place_is_refused(router):
    await router.apply(MORE)
    router.submit(c.LogOnAgent("8002"))
    with pytest.raises(NotApplied, match="agent 8002 is not in it and is signed in"):
        router.reconfiguration.rollback("")
    assert router.engine.base.version == 2


async def test_two_at_once_are_applied_one_after_the_other(router):
    louder, more = router.write(LOUDER, "a.toml"), router.write(MORE, "b.toml")
    await asyncio.gather(*(router.reconfiguration.apply(file) for file in (louder, more)))
    assert {router.engine.base.version, router.engine.previous.version} == {2, 3}


async def test_warnings_of_the_file_are_handed_on(router):
    change = await router.stage(GOOD.replace('id = "loans"', 'id = "loans"\nallocation.x = 100'))
    assert [warning.path for warning in change.warnings] == ["queues[0].allocation.x"]


async def test_a_comparison_has_an_end(router):
    agents = "".join(f'[[boosts]]\nid = "b{n}"\ntag = "t"\npoints = 1\n' for n in range(1500))
    change = await router.stage(GOOD + agents)
    assert len(change.details) == DETAILS + 1
    assert change.details[-1] == "…"


async def test_whatever_else_the_core_refuses_is_told_with_its_code(router):
    """The last word is the core's, not that of our own look at it."""

    def refuse(_command):
        return [CommandRefused("ApplyConfig", "2", Refusal.BAD_CONFIG)]

    router.reconfiguration._submit = refuse
    with pytest.raises(NotApplied) as caught:
        await router.apply(LOUDER)
    assert (caught.value.code, router.engine.base.version) == ("badConfig", 1)


def test_a_configuration_that_crashed_the_core_does_not_keep_it_from_starting(tmp_path, caplog):
    made = Running(tmp_path)
    made.start(GOOD)

    def held(_command):
        raise CommandHeld("ApplyConfig has crashed the core before")

    made.submit = held
    found = made.restart(LOUDER)
    assert found.from_file
    assert made.engine.base.version == 1
    assert "ApplyConfig has crashed the core before; next: cti config apply" in caplog.text
