"""The example file can be used as it is, and leaves nothing out."""

import tomllib
from pathlib import Path

import msgspec

from cti.config import (
    AgentSettings,
    AsteriskSettings,
    OverflowSettings,
    QueueSettings,
    Secret,
    Settings,
    StepSettings,
    load,
)

EXAMPLE = Path(__file__).parents[3] / "docs" / "cti.example.toml"
SECRETS = {
    "CTI_ASTERISKS__A1__SECRET": "ami-secret-1",
    "CTI_AGI__SECRET": "agi-secret-0123456789",
}


def test_it_can_be_loaded():
    settings = load(EXAMPLE, SECRETS)
    assert [queue.id for queue in settings.queues] == ["loans"]


def test_it_shows_the_defaults():
    shown = load(EXAMPLE, SECRETS)
    default = Settings()
    for name in ("bus", "event_log", "control", "metrics", "log", "journal", "policies", "limits"):
        assert getattr(shown, name) == getattr(default, name), name
    for name in ("node", "site", "data_dir", "slice_s"):
        assert getattr(shown, name) == getattr(default, name), name
    queue = QueueSettings(id="loans", need="loans")
    same = {"steps": (), "overflows": ()}
    assert msgspec.structs.replace(shown.queues[0], **same) == queue


def test_it_names_every_key():
    tree = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    places = [
        (Settings, tree | {"reasons": ()}),
        (AsteriskSettings, tree["asterisks"][0]),
        (QueueSettings, tree["queues"][0]),
        (StepSettings, tree["queues"][0]["steps"][0]),
        (OverflowSettings, tree["queues"][0]["overflows"][0]),
        (AgentSettings, tree["agents"][0]),
    ]
    for name, section in tree.items():
        kind = type(getattr(Settings(), name))
        if isinstance(section, dict):
            places.append((kind, section))
    for kind, section in places:
        known = {key.removesuffix("_file") for key in section}
        missing = set(kind.__struct_fields__) - known
        assert missing <= {"password"}, (kind, missing)


def test_a_secret_never_shows_itself():
    settings = load(EXAMPLE, SECRETS)
    for said in (repr(settings), str(settings), f"{settings.agi.secret}", repr(Secret("x"))):
        assert "secret-0123456789" not in said
        assert "ami-secret-1" not in said
