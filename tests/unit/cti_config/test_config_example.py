"""The example file can be used as it is, and leaves nothing out."""

import tomllib

import msgspec

from cti.config import (
    AgentSettings,
    AnnouncementSettings,
    AsteriskSettings,
    BoostSettings,
    BreakCapSettings,
    CallDataSettings,
    ModeSettings,
    OverflowSettings,
    QueueSettings,
    ReserveSettings,
    Secret,
    Settings,
    StepSettings,
    read,
)
from tests.worlds.config.files import EXAMPLE, SECRETS


def test_it_can_be_loaded():
    loaded = read(EXAMPLE, SECRETS)
    assert [queue.id for queue in loaded.settings.queues] == ["loans"]
    assert loaded.warnings == ()


def test_it_shows_the_defaults():
    shown = read(EXAMPLE, SECRETS).settings
    default = Settings()
    for name in ("bus", "event_log", "control", "metrics", "log", "journal", "policies", "limits"):
        assert getattr(shown, name) == getattr(default, name), name
    for name in ("node", "site", "data_dir", "slice_s"):
        assert getattr(shown, name) == getattr(default, name), name
    queue = QueueSettings(id="loans", need="loans")
    same = {"steps": (), "overflows": (), "allocation": {}, "reserve": None, "announcements": ()}
    assert msgspec.structs.replace(shown.queues[0], **same) == queue
    agent = AgentSettings(id="8001", device="a8001", skills={"loans": 3, "english": 1})
    assert shown.agents[0] == agent


def test_its_mode_changes_only_what_it_names():
    shown = read(EXAMPLE, SECRETS).settings
    (queue,) = shown.modes[0].queues
    assert queue == msgspec.structs.replace(shown.queues[0], after_call_work_s=5.0)


def test_it_names_every_key():
    tree = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    places = [
        (Settings, tree | {"reasons": ()}),
        (AsteriskSettings, tree["asterisks"][0]),
        (QueueSettings, tree["queues"][0]),
        (StepSettings, tree["queues"][0]["steps"][0]),
        (OverflowSettings, tree["queues"][0]["overflows"][0]),
        (ReserveSettings, tree["queues"][0]["reserve"]),
        (AnnouncementSettings, tree["queues"][0]["announcements"][0]),
        (AgentSettings, tree["agents"][0]),
        (BoostSettings, tree["boosts"][0]),
        (BoostSettings, tree["modes"][0]["boosts"][0]),
        (BreakCapSettings, tree["break_caps"][0]),
        (ModeSettings, tree["modes"][0]),
        (CallDataSettings, tree["call_data"][0]),
    ]
    for name, section in tree.items():
        kind = type(getattr(Settings(), name))
        if isinstance(section, dict):
            places.append((kind, section))
    for kind, section in places:
        known = {key.removesuffix("_file") for key in section}
        missing = set(kind.__struct_fields__) - known
        assert missing <= {"password", "previous_secret", "originate_secret"}, (kind, missing)


def test_a_secret_never_shows_itself():
    settings = read(EXAMPLE, SECRETS).settings
    for said in (repr(settings), str(settings), f"{settings.agi.secret}", repr(Secret("x"))):
        assert "secret-0123456789" not in said
        assert "ami-secret-1" not in said
