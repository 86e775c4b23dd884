"""The configuration in force, said as a file: read back, it is the same."""

import tomllib

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cti.config import Settings, load, routing_config
from cti.config.at_start import digest
from cti.config.from_routing import settings_of
from cti.config.to_toml import to_toml
from routing import config as r
from tests.worlds.config.files import EXAMPLE, FULL, GOOD, SECRETS, good, write


def read_back(folder, config, site="main"):
    """Through the text and the loader to the core again."""
    text = f'site = "{site}"\n{to_toml(settings_of(config, site))}'
    return routing_config(good(write(folder, text)), config.version)


def test_nothing_is_said_of_the_defaults():
    assert to_toml(Settings()) == ""
    assert to_toml(Settings(reasons=("tea",))) == 'reasons = ["tea"]\n'


@pytest.mark.parametrize("text", [GOOD, FULL], ids=["good", "full"])
def test_what_was_read_can_be_written_and_read_again(tmp_path, text):
    config = routing_config(good(write(tmp_path, text)))
    config = msgspec.structs.replace(config, pbxs=())
    assert read_back(tmp_path, config) == config


def test_the_example_can_be_written_and_read_again(tmp_path):
    config = msgspec.structs.replace(routing_config(load(EXAMPLE, SECRETS)), pbxs=())
    assert read_back(tmp_path, config) == config


def test_it_is_written_as_an_operator_would(tmp_path):
    said = to_toml(good(write(tmp_path, FULL)))
    assert said.startswith('[[queues]]\nid = "q"\nsl_points = 50\nsl_window_s = 7.5\n')
    assert '[queues.reserve]\nneed = "cards>=2"\nopen_at = 20\nclose_at = 5\n' in said
    assert '[[modes.queues]]\nid = "q"\nregain_s = 0\n' in said
    assert "ring_timeout_s" not in said


def test_a_policy_that_differs_in_one_field_is_said_as_it_is_read(tmp_path):
    busy = r.OutcomePolicy(gap_us=5 * r.SECOND_US, not_ready_after=2)
    config = r.RoutingConfig(policies=r.Policies(busy=busy, no_answer=r.OutcomePolicy(2_000_000)))
    assert read_back(tmp_path, config) == config


def test_a_mode_may_take_away_what_a_queue_has(tmp_path):
    base = r.QueueSpec("q", need="loans", announcements=(r.Announcement("x", 5),))
    mode = r.Mode("open", (r.QueueSpec("q", max_wait_us=5_000_000),))
    base = msgspec.structs.replace(base, announcements=(r.Announcement("x", 5_000_000),))
    config = r.RoutingConfig(queues=(base,), modes=(mode,))
    assert read_back(tmp_path, config) == config


def test_agents_of_the_routers_own_site_need_not_name_it(tmp_path):
    agents = (r.AgentSpec("1", "1", site="east"), r.AgentSpec("2", "2", site="west"))
    config = r.RoutingConfig(agents=agents)
    assert read_back(tmp_path, config, site="east") == config
    assert "east" not in to_toml(settings_of(config, "east"))


lengths_us = st.integers(1_000, 86_400_000_000)
names = st.text("abcXYZ019_-", min_size=1, max_size=8)
needs = st.sampled_from(("", "loans", "english>=3 & (loans | cards) & !trainee", "@8001"))
announcements = st.builds(
    r.Announcement,
    sound=st.text("ab9_-", min_size=1, max_size=5),
    after_us=lengths_us,
    every_us=st.just(0) | st.integers(1_000_000, 86_400_000_000),
    kind=st.sampled_from(("plain", "position", "wait")),
)


@st.composite
def queues(draw, queue_id):
    steps = sorted(draw(st.sets(lengths_us, max_size=3)))
    own = draw(st.integers(0, 100))
    return r.QueueSpec(
        queue_id,
        need=draw(needs),
        strategy=draw(st.sampled_from(r.Strategy)),
        priority=draw(st.integers(0, 1000)),
        ring_timeout_us=draw(st.integers(100_000, 600_000_000)),
        regain_us=draw(lengths_us),
        allocation=draw(st.sampled_from(((), (("own", own), ("b", 100 - own))))),
        announcements=tuple(draw(st.lists(announcements, max_size=2))),
        steps=tuple(r.Step(after_us, draw(needs)) for after_us in steps),
    )


@st.composite
def configs(draw):
    ids = draw(st.lists(names, min_size=1, max_size=3, unique=True))
    boost = r.Boost("b", draw(names), draw(st.integers(1, 10**6)), (ids[0],))
    return r.RoutingConfig(
        queues=tuple(draw(queues(queue_id)) for queue_id in ids),
        agents=(r.AgentSpec(draw(names), "d", ((draw(names), draw(st.integers(1, 1000))),)),),
        boosts=(boost,),
        modes=(r.Mode(draw(names), (draw(queues(ids[-1])),)),),
        limits=r.Limits(open_work_us=draw(lengths_us)),
    )


@given(configs())
@settings(max_examples=60, deadline=None)
def test_any_configuration_survives_the_way_through_a_file(tmp_path_factory, config):
    assert read_back(tmp_path_factory.mktemp("c"), config) == config


# --- the digest -----------------------------------------------------------------------------------


def test_the_digest_is_of_what_is_said_and_not_of_how(tmp_path):
    first = digest(good(write(tmp_path, GOOD)))
    same = [
        GOOD + "# a comment\n",
        GOOD.replace('host = "10.0.0.1"', 'host = "10.0.0.2"'),
        GOOD.replace("ami-secret-1", "another-secret"),
        GOOD.replace("loans = 2, english = 1", "english = 1, loans = 2"),
        GOOD + "[log]\nlevel = 'debug'\n",
        GOOD.replace('need = "loans"', 'need = "loans"\nring_timeout_s = 15.0'),
    ]
    assert {digest(good(write(tmp_path, text))) for text in same} == {first}
    other = [GOOD.replace("loans = 2", "loans = 3"), GOOD + "[limits]\ncalls = 5\n"]
    other += ["site = 'east'\n" + GOOD]
    assert first not in {digest(good(write(tmp_path, text))) for text in other}


def test_the_digest_follows_the_environment(tmp_path):
    path = write(tmp_path, GOOD)
    assert digest(good(path)) != digest(good(path, CTI_QUEUES__LOANS__PRIORITY="5"))


def test_the_text_is_toml_whatever_the_names_are():
    config = r.RoutingConfig(agents=(r.AgentSpec("1", 'a"b\\c', (("x y", 1),)),))
    (agent,) = tomllib.loads(to_toml(settings_of(config, "main")))["agents"]
    assert agent == {"id": "1", "device": 'a"b\\c', "skills": {"x y": 1}}
