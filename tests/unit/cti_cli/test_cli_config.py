"""The configuration of a running daemon, from the command line."""

from pathlib import Path

import pytest

from cti.config import load, routing_config
from routing.config import RoutingConfig
from tests.worlds.cli.running import Running
from tests.worlds.config.files import BASE, LOUDER, write


@pytest.fixture
def daemon(tmp_path, monkeypatch):
    running = Running(tmp_path / "cti.sock", RoutingConfig())
    monkeypatch.setenv("CTI_SOCKET", str(running.path))
    yield running
    running.stop()


@pytest.fixture
def file(tmp_path):
    (tmp_path / "etc").mkdir()
    return lambda text: str(write(tmp_path / "etc", text))


def test_from_staging_to_rolling_back(daemon, cti, file):
    assert cti("config", "apply", file(BASE))[0] == 0
    code, out, err = cti("config", "stage", file(LOUDER))
    assert (code, err) == (0, "")
    head, *changes, following = out.splitlines()
    assert head == "config 2 would change"
    assert changes == ["  queue loans changed", "    queues.loans.priority: 0 → 7"]
    assert following.startswith(f"next: cti config apply {file(LOUDER)} --staged 1-")
    assert daemon.router.engine.base.version == 1
    code, out, _ = cti(*following.split()[2:])
    assert (code, out.splitlines()) == (0, ["config 2 is in force", *changes])
    code, out, _ = cti("config", "rollback", "--lang", "zh")
    assert out.splitlines()[::2] == ["配置版本 1 已生效", "    queues.loans.priority: 7 → 0"]
    assert daemon.router.engine.base.version == 1


def test_json_is_the_answer_as_it_came(daemon, cti_json, file):
    code, document = cti_json("config", "stage", file(BASE))
    assert (code, document["applied"], document["version"]) == (0, False, 1)
    code, document = cti_json("config", "apply", file(BASE))
    assert (code, document["applied"]) == (0, True)
    cti_json("config", "apply", file(LOUDER))
    code, document = cti_json("config", "rollback")
    assert (code, document["changes"]) == (0, ["queue loans changed"])


def test_a_file_may_be_named_from_where_one_is(daemon, cti, file, monkeypatch, tmp_path):
    file(BASE)
    monkeypatch.chdir(tmp_path / "etc")
    assert cti("config", "apply", "cti.toml")[0] == 0


def test_a_file_that_changes_nothing(daemon, cti, file):
    cti("config", "apply", file(BASE))
    assert cti("config", "stage", file(BASE))[1].splitlines() == [
        "config 1 would change",
        "  nothing",
    ]


def test_mistakes_are_told_as_config_check_tells_them(daemon, cti, cti_json, file):
    path = file("nod = 1\n[[queues]]\nid = 'a b'")
    for verb in ("stage", "apply"):
        assert cti("config", verb, path) == cti("config", "check", path)
    code, document = cti_json("config", "stage", path)
    assert (code, len(document["errors"])) == (1, 2)


def test_what_is_in_the_way_is_a_finding(daemon, cti, cti_json, file):
    cti("config", "apply", file(BASE))
    daemon.do(lambda: daemon.router.ready("8001"))
    path = file(BASE.replace("8001", "8002"))
    code, out, _ = cti("config", "stage", path)
    assert code == 1
    assert "not possible now:\n  agent 8001 is not in it and is signed in\n" in out
    code, out, err = cti("config", "apply", path)
    assert (code, out) == (1, "")
    assert err == "cti: badConfig: agent 8001 is not in it and is signed in\n"
    assert cti_json("config", "stage", path)[0] == 1


def test_what_needs_a_restart_is_named(daemon, cti, file):
    out = cti("config", "apply", file("[agi]\nport = 9\n" + BASE))[1]
    assert out.endswith("needs a restart:\n  agi.port: 4573 → 9\n")


def test_warnings_go_to_standard_error(daemon, cti, file):
    path = file(BASE.replace('id = "loans"', 'id = "loans"\nallocation = { x = 100 }'))
    err = cti("config", "stage", path)[2]
    assert err.startswith(f"warning: {path}: queues[0].allocation.x: no agent has this employer")


def test_a_change_that_is_no_longer_what_was_staged(daemon, cti, file):
    code, _, err = cti("config", "apply", file(BASE), "--staged", "1-0")
    assert (code, err.split(":")[1]) == (1, " stale")
    assert cti("config", "apply", file(BASE), "--staged", "a b")[0] == 2


def test_what_is_in_force_can_be_kept_as_a_file(daemon, cti, file):
    cti("config", "apply", file(LOUDER + "[[modes]]\nname = 'storm'\n"))
    cti("mode", "storm", "on")
    code, out, _ = cti("config", "show")
    assert code == 0
    assert out.startswith('# config 1, modes on: storm\n[[queues]]\nid = "loans"\npriority = 7\n')
    path = file(out)
    assert routing_config(load(Path(path), {})) == daemon.router.engine.base
    assert cti("config", "stage", path)[1].endswith("  nothing\n")


def test_before_the_first_configuration_nothing_is_shown(daemon, cti, cti_json):
    assert cti("config", "show")[1] == "# config 1, modes on: none\n"
    code, document = cti_json("config", "show")
    assert (code, document["previous_version"]) == (0, 0)
    assert cti("config", "rollback")[0] == 1
