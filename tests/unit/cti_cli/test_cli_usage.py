"""What may be typed, and the commands that need no daemon."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from cti.cli.words import language
from tests.worlds.config.files import GOOD, write


@pytest.mark.parametrize(
    "words",
    ["", "nonsense", "agent", "agent 8001", "agent 8001 dance", "calls --limit 0", "config",
     "calls --limit x", "events --after -1", "status --lang fr", "status extra",
     "agent 8001 ready --reason x", "agent 8001 group", "agent 8001 group loans", "queue loans",
     "agent 8001 group loans maybe", "queue loans shut", "mode storm", "explain",
     "config stage", "config apply", "config rollback now", "agent 8001 ready --override"],
)  # fmt: skip
def test_wrong_usage_is_two(cti, words):
    code, out, err = cti(*words.split())
    assert (code, out) == (2, "")
    assert err.startswith("usage: cti")


@pytest.mark.parametrize(
    "words",
    ["", "serve", "agent 8001 not-ready", "agent 8001 group", "events", "config check", "queue",
     "config apply", "mode", "explain"],
)  # fmt: skip
def test_help_helps(cti, words):
    code, out, _ = cti(*words.split(), "--help")
    assert code == 0
    assert out.startswith("usage: cti")


def test_the_help_has_examples_and_exit_codes(cti):
    out = cti("--help")[1]
    assert "cti agent 8001 log-on" in out
    assert "3 daemon not reachable" in out


def test_the_version(cti):
    assert cti("--version")[1].startswith("cti ")


def test_it_runs_as_a_module():
    command = [sys.executable, "-m", "cti", "--version"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout.startswith("cti ")


def test_a_reader_that_goes_away_is_no_error(daemon):
    code = "from cti.cli.main import main; raise SystemExit(main(['agents', '--json']))"
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", code], stdout=pipe, stderr=pipe) as done:
        done.stdout.close()
        errors = done.stderr.read()
    assert done.returncode == 0
    assert errors == b""


# --- config check ---------------------------------------------------------------------------------


def test_a_good_configuration(cti, cti_json, tmp_path):
    path = str(write(tmp_path, GOOD))
    code, out, err = cti("config", "check", path)
    assert (code, err) == (0, "")
    assert out.startswith("ok: 1 Asterisk, 1 queues, 1 agents; data in ")
    assert cti_json("config", "check", path) == (0, {"ok": True, "problems": [], "warnings": []})


def test_a_bad_configuration(cti, cti_json, tmp_path):
    path = str(write(tmp_path, "nod = 1\nslice_s = 99"))
    code, out, err = cti("config", "check", path)
    assert (code, out) == (1, "")
    assert err.splitlines() == [
        "2 problems in the configuration:",
        f"  {path}: nod: unknown key; did you mean node?",
        f"  {path}: slice_s: must be 1 to 25 seconds, not 99",
    ]
    code, found = cti_json("config", "check", path)
    assert (code, found["ok"]) == (1, False)
    assert found["problems"][1] == {
        "where": path,
        "path": "slice_s",
        "rule": "must be 1 to 25 seconds, not 99",
    }


def test_a_warning_is_no_problem(cti, tmp_path):
    path = write(tmp_path, GOOD)
    path.chmod(0o644)
    code, _, err = cti("config", "check", str(path))
    assert code == 0
    assert err.startswith("warning: ")


def test_without_a_file_the_environment_is_checked(cti, monkeypatch):
    assert cti("config", "check")[0] == 0
    monkeypatch.setenv("CTI_LOG__LEVL", "debug")
    code, _, err = cti("config", "check")
    assert code == 1
    assert "environment CTI_LOG__LEVL: log.levl: unknown key; did you mean level?" in err


@pytest.mark.parametrize("words", ["serve", "asterisk check", "status"])
def test_every_command_says_what_is_wrong_with_the_configuration(cti, tmp_path, words):
    path = write(tmp_path, "nod = 1")
    code, _, err = cti(*words.split(), "--config", str(path))
    assert code == 1
    assert "nod: unknown key; did you mean node?" in err


@pytest.mark.parametrize(("text", "name"), [("", ""), (GOOD, "a7")])
def test_an_asterisk_that_is_not_configured_cannot_be_checked(cti, tmp_path, text, name):
    path = str(write(tmp_path, text))
    code, _, err = cti("asterisk", "check", *([name] if name else []), "--config", path)
    assert code == 1
    assert "no such Asterisk" in err


# --- language -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "environ", "is_"),
    [
        (None, {}, "en"),
        (None, {"LANG": "zh_CN.UTF-8"}, "zh"),
        (None, {"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        (None, {"LANG": "C", "LC_MESSAGES": "zh_TW"}, "zh"),
        (None, {"LC_ALL": "", "LANG": "zh_CN"}, "zh"),
        ("en", {"LANG": "zh_CN.UTF-8"}, "en"),
        ("zh", {}, "zh"),
    ],
)
def test_the_language_is_that_of_the_locale(wanted, environ, is_):
    assert language(wanted, environ) == is_


def test_findings_can_be_read_back(cti, tmp_path):
    path = str(write(tmp_path, '"a\\u001b" = 1'))
    _, out, _ = cti("config", "check", path, "--json")
    assert "\x1b" not in msgspec.json.decode(out)["problems"][0]["path"]
    assert Path(path).exists()
