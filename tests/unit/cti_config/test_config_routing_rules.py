"""Boosts, break caps, modes, shares, reserves, announcements: what may be written of them."""

import msgspec
import pytest

from cti.config import (
    AgentSettings,
    BoostSettings,
    BreakCapSettings,
    ConfigError,
    LimitSettings,
    ModeSettings,
    OutcomeSettings,
    OverflowSettings,
    PolicySettings,
    QueueSettings,
    ReserveSettings,
    Settings,
    StepSettings,
    load,
    read,
    routing_config,
)
from cti.config.settings import AnnouncementSettings
from routing import config as r
from tests.worlds.config.files import FULL, GOOD, good, problems, write


def config_of(folder, text):
    return routing_config(good(write(folder, text)))


def test_everything_reaches_the_core(tmp_path):
    config = config_of(tmp_path, FULL)
    (queue,) = config.queues
    assert (queue.sl_points, queue.sl_window_us, queue.regain_us) == (50, 7_500_000, 120_000_000)
    assert (queue.callback_attempts, queue.callback_retry_us) == (3, 60_000_000)
    assert queue.allocation == (("partner", 30), ("own", 70))  # the order settles ties
    assert queue.reserve == r.Reserve("cards>=2", 20, 5)
    assert queue.announcements == (
        r.Announcement("please-wait", 30_000_000),
        r.Announcement("position", 45_500_000, 60_000_000, "position"),
    )
    assert [agent.training for agent in config.agents] == [True, False]
    assert config.boosts == (r.Boost("loss", "loss-report", 500, ("q",)),)
    assert config.break_caps == (r.BreakCap("cards", ("break", "meal"), 3),)
    (mode,) = config.modes
    assert (mode.name, mode.boosts) == ("storm", (r.Boost("power", "power", 9),))


@pytest.mark.parametrize(
    ("ours", "cores", "renamed"),
    [
        (QueueSettings, r.QueueSpec, {"queue_id": "id"}),
        (StepSettings, r.Step, {}),
        (OverflowSettings, r.Overflow, {}),
        (ReserveSettings, r.Reserve, {}),
        (AnnouncementSettings, r.Announcement, {}),
        (AgentSettings, r.AgentSpec, {"agent_id": "id"}),
        (BoostSettings, r.Boost, {"rule_id": "id"}),
        (BreakCapSettings, r.BreakCap, {}),
        (ModeSettings, r.Mode, {}),
        (OutcomeSettings, r.OutcomePolicy, {}),
        (PolicySettings, r.Policies, {}),
        (LimitSettings, r.Limits, {}),
        (Settings, r.RoutingConfig, {"version": None, "pbxs": "asterisks"}),
    ],
)
def test_every_field_of_the_core_can_be_configured(ours, cores, renamed):
    names = [renamed.get(name, name) for name in cores.__struct_fields__]
    wanted = {name.removesuffix("_us") for name in names if name}
    assert wanted <= {name.removesuffix("_s") for name in ours.__struct_fields__}


# --- modes ----------------------------------------------------------------------------------------


def test_what_a_queue_of_a_mode_does_not_say_is_as_in_the_queue(tmp_path):
    settings = good(write(tmp_path, FULL))
    (base,), (overlay,) = settings.queues, settings.modes[0].queues
    assert overlay == msgspec.structs.replace(base, regain_s=0)


def test_a_mode_may_stand_in_a_file_of_its_own(tmp_path):
    mode = '[[modes]]\nname = "storm"\n[[modes.queues]]\nid = "loans"\nring_timeout_s = 5\n'
    (spec,) = routing_config(good(write(tmp_path, GOOD, mode=mode))).modes[0].queues
    assert (spec.need, spec.ring_timeout_us) == ("loans", 5_000_000)


def test_a_table_that_a_mode_names_is_its_own_as_a_whole(tmp_path):
    text = FULL.replace("regain_s = 0 }]", "reserve = { need = 'x', open_at = 3 } }]")
    assert config_of(tmp_path, text).modes[0].queues[0].reserve == r.Reserve("x", 3, 0)


def test_the_environment_reaches_into_a_mode(tmp_path):
    settings = good(write(tmp_path, FULL), CTI_MODES__STORM__QUEUES__Q__MAX_WAITING="7")
    assert settings.modes[0].queues[0].max_waiting == 7


def test_a_mistake_in_a_queue_is_not_said_again_for_each_mode(tmp_path):
    wrong = FULL.replace("sl_points = 50", "sl_points = -1").replace("cards>=2", "cards >")
    found = problems(write(tmp_path, wrong))
    assert list(found) == ["queues[0].sl_points", "queues[0].reserve.need"]


def test_a_mistake_in_a_mode_is_named_where_it_was_written(tmp_path):
    mode = '[[modes]]\nname = "m"\nqueues = [{ id = "loans", need = "a &" }]\n'
    path = write(tmp_path, GOOD, mode=mode)
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    (problem,) = caught.value.problems
    assert (problem.where, problem.path) == (
        f"{tmp_path}/conf.d/mode.toml",
        "modes[0].queues[0].need",
    )


@pytest.mark.parametrize(
    "text",
    ["modes = 3", "modes = [3]", "modes = [{ name = 'm', queues = 3 }]",
     "modes = [{ name = 'm', queues = [3] }]", "modes = [{ name = 'm', queues = [{ id = 3 }] }]",
     "modes = [{ name = 'm', queues = [{ id = ['q'] }] }]", "modes = {}",
     "modes = [{ name = 'm', queues = [{ ring_timeout_s = 1 }] }]"],
)  # fmt: skip
@pytest.mark.parametrize("queues", ["", "queues = 3", "[[queues]]\nid = 3", "[[queues]]\nneed = 3"])
def test_shapes_that_are_no_modes_are_problems_and_no_crash(tmp_path, text, queues):
    assert problems(write(tmp_path, f"{text}\n{queues}"))


# --- rules ----------------------------------------------------------------------------------------


def _queue(text):
    return f"[[queues]]\nid = 'q'\n{text}"


CAP = "[[break_caps]]\nlimit = 1\nreasons = "
SEVENTEEN = [f"{{ name = 'a{number}', max_bytes = 1 }}" for number in range(17)]
BOOST = "{ id = 'b', tag = 't', points = 1 }"


@pytest.mark.parametrize(
    ("text", "path", "rule"),
    [
        (_queue("allocation = { own = 60, partner = 30 }"), "queues[0].allocation",
         "the percents must add up to 100, not 90"),
        (_queue("allocation = { own = 101 }"), "queues[0].allocation.own",
         "must be 0 to 100, not 101"),
        (_queue("reserve = { need = 'a', open_at = 5, close_at = 5 }"),
         "queues[0].reserve.close_at", "must be less than open_at, which is 5"),
        (_queue("reserve = { need = 'a |', open_at = 5 }"), "queues[0].reserve.need", "is no need"),
        (_queue("reserve = { open_at = 5 }"), "queues[0].reserve.need", "must be given"),
        (_queue("reserve = 5"), "queues[0].reserve", "must be a table"),
        (_queue("announcements = [{ sound = 'Wait', after_s = 1 }]"),
         "queues[0].announcements[0].sound", "must be a sound of the folder cti/"),
        (_queue("announcements = [{ sound = '../x', after_s = 1 }]"),
         "queues[0].announcements[0].sound", "must be a sound of the folder cti/"),
        (_queue("announcements = [{ sound = 'x', after_s = 0 }]"),
         "queues[0].announcements[0].after_s", "must be 0.001 to 86400 seconds, not 0"),
        (_queue("announcements = [{ sound = 'x', after_s = 1, every_s = 0.5 }]"),
         "queues[0].announcements[0].every_s", "must be 0 or 1 or more"),
        (_queue("announcements = [{ sound = 'x', after_s = 1, kind = 'song' }]"),
         "queues[0].announcements[0].kind", "must be one of plain, position, wait, not 'song'"),
        (_queue("callback_attempts = -1"), "queues[0].callback_attempts", "must be 0 to 1000000"),
        ("[[boosts]]\nid = 'b'\ntag = 't'\npoints = 0", "boosts[0].points", "must be 1 to 1000000"),
        (f"boosts = [{BOOST}, {BOOST}]", "boosts[1].id", "'b' is boosts[0] already"),
        (f"boosts = [{BOOST}]\n[[modes]]\nname = 'm'\nboosts = [{BOOST}]", "modes[0].boosts[0].id",
         "'b' is boosts[0] already"),
        ("[[boosts]]\nid = 'b'\ntag = 't'\npoints = 1\nqueues = ['x']", "boosts[0].queues[0]",
         "no queue has the id 'x'"),
        ("call_data = [{ name = '1' }]", "call_data[0].name", "must be 1 to 32 letters"),
        ("call_data = [{ name = 'a,b' }]", "call_data[0].name", "must be 1 to 32 letters"),
        ("call_data = [{ name = 'a', protection = 'open' }]", "call_data[0].protection",
         "must be one of public, personal, secret, not 'open'"),
        ("call_data = [{ name = 'a', max_bytes = 2000 }]", "call_data[0].max_bytes",
         "must be 1 to 1024 bytes, not 2000"),
        ("call_data = [{ name = 'a', max_bytes = 600 }, { name = 'b', max_bytes = 600 }]",
         "call_data", "max_bytes of all must be at most 1024 together, not 1200"),
        ("call_data = [{ name = 'a' }, { name = 'a' }]", "call_data[1].name",
         "'a' is call_data[0] already"),
        (f"call_data = [{', '.join(SEVENTEEN)}]",
         "call_data", "must be at most 16 names, not 17"),
        (f"{CAP}['tea']", "break_caps[0].reasons[0]", "'tea' is not among the reasons"),
        (f"{CAP}[]", "break_caps[0].reasons", "must name at least one reason"),
        ("[[break_caps]]\nlimit = 1", "break_caps[0].reasons", "must be given"),
        ("[[break_caps]]\nreasons = ['break']\nlimit = -1", "break_caps[0].limit", "must be 0 to"),
        ("modes = [{ name = 'm' }, { name = 'm' }]", "modes[1].name", "'m' is modes[0] already"),
        ("modes = [{ name = 'm', queues = [{ id = 'x' }] }]", "modes[0].queues[0].id",
         "no queue has the id 'x'"),
        (_queue("[[modes]]\nname = 'm'\nqueues = [{ id = 'q' }, { id = 'q' }]"),
         "modes[0].queues[1].id", "'q' is modes[0].queues[0] already"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named_with_its_rule(tmp_path, text, path, rule):
    found = problems(write(tmp_path, text))
    assert list(found) == [path]
    assert found[path].startswith(rule)


def test_a_house_may_cap_its_own_reasons_and_those_of_the_router(tmp_path):
    text = f"reasons = ['tea']\n{CAP}['tea', 'forced']"
    assert problems(write(tmp_path, text)) == {}


def test_what_is_most_likely_a_slip_of_the_pen_is_a_warning(tmp_path):
    text = FULL.replace("partner = 30", "partnr = 30").replace('group = "cards"', 'group = "crds"')
    path = write(tmp_path, text)
    slips = ("queues[0].allocation.partnr", "break_caps[0].group", "queues[0].reserve.need")
    assert [(str(path), each) for each in slips] == [
        (warning.where, warning.path) for warning in read(path, {}).warnings
    ]


AGENTS = """
[[agents]]
id = "8001"
device = "a8001"
skills = { loans = 3, gold = 1 }
[[agents]]
id = "8009"
device = "a8009"
skills = { platinum = 1 }
training = true
"""
UNMET = """
[[queues]]
id = "loans"
need = "loans>=2"
steps = [{ after_s = 10, need = "lons" }, { after_s = 20, need = "" }]
reserve = { need = "gold>=2", open_at = 3 }
[[queues]]
id = "platinum"
need = "platinum"
[[queues]]
id = "named"
need = "@8001 & !trainee | @8002"
[[modes]]
name = "storm"
queues = [{ id = "loans", steps = [{ after_s = 1, need = "gld" }] }, { id = "platinum" }]
"""


def test_a_need_that_no_agent_can_ever_meet_is_a_warning(tmp_path):
    """Of a queue, of a step, of a reserve; a training seat serves nobody; a mode says it once."""
    path = write(tmp_path, UNMET + AGENTS)
    assert [(warning.path, warning.rule) for warning in read(path, {}).warnings] == [
        (where, f"{need!r} is met by no agent: whoever needs it waits in vain")
        for where, need in (
            ("queues[0].steps[0].need", "lons"),
            ("queues[0].reserve.need", "gold>=2"),
            ("queues[1].need", "platinum"),
            ("modes[0].queues[0].steps[0].need", "gld"),
        )
    ]


def test_a_router_without_agents_is_not_warned_of_each_queue(tmp_path):
    assert read(write(tmp_path, UNMET), {}).warnings == ()
