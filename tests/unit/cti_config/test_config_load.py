"""Where values come from, and which of them wins."""

import pytest

from cti.config import ConfigError, Settings, load, read
from tests.worlds.config.files import GOOD, good, problems, write


def test_without_a_file_the_defaults_hold():
    assert good(None) == Settings()


def test_a_file_says_what_differs(tmp_path):
    settings = good(write(tmp_path))
    assert settings.node == "n1"
    assert settings.asterisks[0].ami_port == 5038
    assert settings.asterisks[0].secret.reveal() == "ami-secret-1"
    assert settings.agents[0].skills == {"loans": 2, "english": 1}


def test_paths_follow_the_data_directory_unless_they_are_given(tmp_path):
    settings = good(write(tmp_path, 'data_dir = "/d"'))
    assert str(settings.control_path) == "/d/cti.sock"
    assert str(settings.event_log_path) == "/d/events.db"
    settings = good(write(tmp_path, '[control]\nsocket = "/run/x"\n[event_log]\npath = "/e.db"'))
    assert (str(settings.control_path), str(settings.event_log_path)) == ("/run/x", "/e.db")


def test_files_of_conf_d_are_read_in_the_order_of_their_names_and_the_last_one_wins(tmp_path):
    path = write(tmp_path, GOOD, b='node = "b"', a='node = "a"\nsite = "s"')
    settings = good(path)
    assert (settings.node, settings.site) == ("b", "s")


def test_arrays_of_tables_of_all_files_are_joined(tmp_path):
    more = '[[agents]]\nid = "8002"\ndevice = "8002"\n'
    path = write(tmp_path, GOOD, more=more)
    assert [agent.id for agent in good(path).agents] == ["8001", "8002"]


def test_tables_of_two_files_are_merged(tmp_path):
    path = write(tmp_path, GOOD + "[log]\nlevel = 'debug'\n", more="[log]\nformat = 'json'\n")
    assert (good(path).log.level, good(path).log.format) == ("debug", "json")


def test_what_editors_leave_behind_is_not_read(tmp_path):
    path = write(tmp_path, GOOD)
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / ".x.toml").write_text("broken =", encoding="utf-8")
    (tmp_path / "conf.d" / "x.toml~").write_text("broken =", encoding="utf-8")
    assert good(path).node == "n1"


@pytest.mark.parametrize(
    ("name", "text", "read_back"),
    [
        ("CTI_NODE", "n9", lambda s: s.node),
        ("CTI_BUS__PORT", 1884, lambda s: s.bus.port),
        ("CTI_BUS__EMBEDDED", False, lambda s: s.bus.embedded),
        ("CTI_JOURNAL__SYNC_S", 0.5, lambda s: s.journal.sync_s),
        ("CTI_ASTERISKS__A1__HOST", "pbx", lambda s: s.asterisks[0].host),
        ("CTI_ASTERISKS__0__HOST", "pbx", lambda s: s.asterisks[0].host),
        ("CTI_AGENTS__8001__SKILLS__LOANS", 5, lambda s: s.agents[0].skills["loans"]),
        ("CTI_QUEUES__LOANS__STRATEGY", "bestSkill", lambda s: s.queues[0].strategy.value),
    ],
)
def test_the_environment_wins(tmp_path, name, text, read_back):
    assert read_back(good(write(tmp_path), **{name: str(text)})) == text


def test_lists_in_the_environment_are_separated_by_commas(tmp_path):
    settings = good(write(tmp_path), CTI_AGI__ALLOWED="10.0.0.0/8, 127.0.0.1/32")
    assert settings.agi.allowed == ("10.0.0.0/8", "127.0.0.1/32")


def test_the_environment_can_add_an_entry_by_its_number(tmp_path):
    environ = {"CTI_ASTERISKS__1__NAME": "a2", "CTI_ASTERISKS__1__HOST": "h"}
    environ["CTI_ASTERISKS__1__SECRET"] = "another-secret"
    settings = good(write(tmp_path), **environ)
    assert [asterisk.name for asterisk in settings.asterisks] == ["a1", "a2"]


def test_an_entry_that_is_not_there_cannot_be_changed(tmp_path):
    with pytest.raises(ConfigError, match="CTI_ASTERISKS__A7__HOST: no entry a7 in asterisks"):
        good(write(tmp_path), CTI_ASTERISKS__A7__HOST="h")


@pytest.mark.parametrize("name", ["CTI_NODE__X", "CTI_ASTERISKS", "CTI_ASTERISKS__A1", "CTI_LOG"])
def test_variables_that_fit_no_place_are_errors(tmp_path, name):
    with pytest.raises(ConfigError, match=name):
        good(write(tmp_path), **{name: "x"})


def test_variables_of_the_command_and_of_others_are_left_alone(tmp_path):
    assert good(write(tmp_path), CTI_CONFIG="x", CTI_SOCKET="y", PATH="z").node == "n1"


def test_a_secret_can_be_kept_in_a_file_of_its_own(tmp_path):
    (tmp_path / "s").write_text("from-a-file-1\n", encoding="utf-8")
    (tmp_path / "s").chmod(0o600)
    named = GOOD.replace('secret = "ami-secret-1"', f'secret_file = "{tmp_path}/s"')
    assert good(write(tmp_path, named)).asterisks[0].secret.reveal() == "from-a-file-1"
    by_name = {"CTI_ASTERISKS__A1__SECRET_FILE": f"{tmp_path}/s"}
    assert good(write(tmp_path), **by_name).asterisks[0].secret.reveal() == "from-a-file-1"


def test_the_environment_takes_the_place_of_a_secret_file(tmp_path):
    named = GOOD.replace('secret = "ami-secret-1"', 'secret_file = "/nowhere"')
    environ = {"CTI_ASTERISKS__A1__SECRET": "by-environment"}
    assert good(write(tmp_path, named), **environ).asterisks[0].secret.reveal() == "by-environment"


def test_a_secret_is_said_once(tmp_path):
    both = GOOD.replace('secret = "ami', 'secret_file = "/x"\nsecret = "ami')
    assert problems(write(tmp_path, both)) == {
        "asterisks[0].secret_file": "give secret or secret_file, not both"
    }


def test_a_secret_file_that_cannot_be_read_is_said_once(tmp_path):
    named = GOOD.replace('secret = "agi-secret-0123456789"', 'secret_file = "/nowhere"')
    assert problems(write(tmp_path, named)) == {
        "agi.secret_file": "'/nowhere' cannot be read: No such file or directory"
    }


def test_a_secret_in_a_file_that_everyone_can_read_is_a_warning(tmp_path):
    path = write(tmp_path)
    assert read(path, {}).warnings == ()
    path.chmod(0o644)
    (warning,) = read(path, {}).warnings
    assert (warning.path, warning.where) == ("asterisks[0].secret", str(path))
    assert "chmod" in warning.rule


def test_a_readable_file_without_secrets_is_no_warning(tmp_path):
    path = write(tmp_path, 'node = "n"')
    path.chmod(0o644)
    assert read(path, {}).warnings == ()


def test_load_logs_the_warnings(tmp_path, caplog):
    path = write(tmp_path)
    path.chmod(0o604)
    load(path, {})
    assert len(caplog.records) == 1
