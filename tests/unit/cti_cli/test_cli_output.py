"""Pipes, narrow terminals, terminals without Chinese: nothing is cut, nothing ends in a trace."""

import argparse
import os
import re
import subprocess
import sys

import msgspec
import pytest

from cti.cli.main import main
from cti.cli.output import without_chinese
from cti.cli.parser import parser
from routing import commands as c
from routing.config import AgentSpec, QueueSpec, RoutingConfig
from tests.worlds.cli.running import Running

LONG_QUEUE = "queue-" + "q" * 50
LONG_CALL = "a1-" + "1" * 60
LONG_AGENT = "agent-" + "a" * 40
CONFIG = RoutingConfig(
    queues=(QueueSpec(LONG_QUEUE),),
    agents=(AgentSpec(LONG_AGENT, "d" * 40),),
    pbxs=("a1",),
)


@pytest.fixture
def daemon(tmp_path):
    running = Running(tmp_path / "cti.sock", CONFIG)
    running.do(lambda: running.router.arrives(LONG_CALL, LONG_QUEUE))
    running.do(lambda: running.router.ready(LONG_AGENT))
    yield running
    running.stop()


def cti(daemon, *words, columns="", **environ):
    """A process of its own, its output a pipe: code, output, errors, as bytes."""
    kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LANG")}
    kept |= {"CTI_SOCKET": str(daemon.path), "LANG": "C.UTF-8"} | environ
    kept |= {"COLUMNS": columns} if columns else {}
    command = [sys.executable, "-m", "cti", *words]
    done = subprocess.run(command, capture_output=True, env=kept, check=False)
    return done.returncode, done.stdout, done.stderr


SHOWN = {
    "status": [LONG_QUEUE],
    "queues": [LONG_QUEUE],
    "agents": [LONG_AGENT, "d" * 40, LONG_CALL],
    "calls": [LONG_CALL, LONG_QUEUE, LONG_AGENT],
}


@pytest.mark.parametrize("word", SHOWN)
def test_a_pipe_gets_whole_rows_one_a_line(daemon, word):
    code, out, _ = cti(daemon, word)
    assert code == 0
    for name in SHOWN[word]:
        assert any(name in line for line in out.decode().splitlines()), name


@pytest.mark.parametrize("columns", ["40", "80"])
@pytest.mark.parametrize("word", SHOWN)
def test_a_narrow_terminal_folds_and_cuts_nothing(daemon, word, columns):
    _, out, _ = cti(daemon, word, columns=columns)
    lines = out.decode().splitlines()
    assert max(map(len, lines)) <= int(columns)
    assert "…" not in out.decode()
    # A name goes down its column: all its letters are there, in as many lines as it takes.
    for name in SHOWN[word]:
        assert out.decode().count(name[-1]) >= name.count(name[-1])


SAID = [
    "status", "queues", "agents", "calls", "health", "events", f"explain {LONG_CALL}", "watch",
    "watch --once", "config show", f"agent {LONG_AGENT} not-ready --reason break",
    f"queue {LONG_QUEUE} close", "agent 9999 ready", "config rollback", "mode storm on",
    "--help", "agent --help", "events --help", "nonsense", "config check",
    "asterisk check",
]  # fmt: skip


# One process for all, since starting one takes most of a second here.
EACH = """
import sys
from cti.cli.main import main
for words in sys.argv[1:]:
    try:
        code = main(words.split())
    except SystemExit as end:
        code = end.code
    print(f"== {code} {words}", flush=True)
    print(f"== {words}", file=sys.stderr, flush=True)
"""


@pytest.mark.parametrize("lang", ["zh_CN.UTF-8", "C"])
def test_a_terminal_without_chinese_gets_english_and_no_trace(daemon, lang):
    kept = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    kept |= {"CTI_SOCKET": str(daemon.path), "LANG": lang, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [sys.executable, "-c", EACH, *SAID], capture_output=True, env=kept, check=True
    )
    said = (done.stdout + done.stderr).decode("ascii")
    assert "Traceback" not in said
    assert "\\u" not in said
    codes = re.findall(r"(?m)^== (\d) (.*)$", done.stdout.decode())
    assert [words for _, words in codes] == SAID
    assert {code for code, _ in codes} == {"0", "1", "2"}


def test_chinese_that_was_asked_for_is_escaped(daemon):
    code, out, _ = cti(daemon, "status", "--lang", "zh", PYTHONIOENCODING="ascii")
    assert code == 0
    assert b"\\u6b63\\u5e38" in out  # 正常


def test_gbk_says_chinese_and_look_alikes_of_what_it_lacks(daemon):
    code, out, err = cti(daemon, "watch", "--lang", "zh", PYTHONIOENCODING="gbk")
    assert (code, err) == (0, b"")
    assert "已运行" in out.decode("gbk")


def test_the_english_half_of_what_is_said_in_both():
    assert without_chinese("start the daemon 启动守护进程") == "start the daemon"
    assert without_chinese("exit codes 退出码: 0 done") == "exit codes: 0 done"
    assert without_chinese("plain") == "plain"


def run_in_shell(daemon, line):
    environ = {**os.environ, "CTI_SOCKET": str(daemon.path), "LANG": "C.UTF-8"}
    command = line.replace("cti ", f"{sys.executable} -m cti ", 1)
    return subprocess.run(["sh", "-c", command], env=environ, capture_output=True, check=False)


def test_a_full_disk_is_said_and_no_success(daemon):
    done = run_in_shell(daemon, "cti agents --json >/dev/full")
    assert done.returncode == 1
    assert done.stderr.decode().startswith("cti: cannot write: [Errno 28]")
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_a_stream_that_was_closed_beforehand_is_no_trouble(daemon, closed):
    done = run_in_shell(daemon, f"cti status {closed}")
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr


# --- what is offered is not refused ---------------------------------------------------------------


def commands(made, words=()):
    """Every command with its own parser."""
    inner = [each for each in made._actions if isinstance(each, argparse._SubParsersAction)]
    if not inner:
        yield words, made
    for each in inner:
        for name, sub in each.choices.items():
            yield from commands(sub, (*words, name))


COMMANDS = dict(commands(parser()))
VALUES = {
    "agent_id": LONG_AGENT, "queue_id": LONG_QUEUE, "call_id": LONG_CALL, "file": "x.toml",
    "name": "storm", "switch": "on", "verb": "open", "group": "loans", "digits": "1",
}  # fmt: skip


def offers(name):
    return [words for words, made in COMMANDS.items() if name in made._option_string_actions]


def typed(words):
    """The command with something for each place that wants it."""
    line = []
    for word in words:
        line.append(word)
        if len(line) == 1 and word in ("agent", "call"):
            line.append(VALUES[f"{word}_id"])
    places = [each for each in COMMANDS[words]._actions if not each.option_strings]
    return [*line, *(VALUES[each.dest] for each in places if each.required and each.dest != "verb"),
            *(["open"] if words == ("queue",) else [])]  # fmt: skip


IN_HOUSE = [  # not of another program: tests/asterisk, tests/centre
    words for words in offers("--json") if words[0] not in ("asterisk", "centre", "user")
]


@pytest.mark.parametrize("words", IN_HOUSE, ids=" ".join)
def test_every_command_that_offers_json_gives_json(daemon, words, monkeypatch, capsys):
    monkeypatch.setenv("CTI_SOCKET", str(daemon.path))
    line = [*typed(words), "--json"]
    if words == ("agent", "not-ready"):
        line += ["--reason", "break"]
    if words == ("call", "transfer"):
        line += ["--to-agent", "8002"]
    assert main(line) in (0, 1)
    documents = capsys.readouterr().out.splitlines()
    assert documents
    for document in documents:
        msgspec.json.decode(document)


def test_the_screen_offers_no_json():
    assert ("watch",) not in offers("--json")
    assert ("status",) in offers("--json")


def test_what_cannot_have_a_language_offers_none():
    assert ("serve",) not in offers("--lang")


# --- times ----------------------------------------------------------------------------------------


def test_every_time_that_is_shown_has_its_offset(daemon):
    daemon.do(lambda: daemon.router.do(c.CallerHungUp(LONG_CALL)))
    for word in ("status", "queues", "events", "watch"):
        _, out, _ = cti(daemon, word, TZ="America/New_York")
        text = out.decode()
        dated = re.findall(r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d(\S*)", text)
        assert all(offset == "+08:00" for offset in dated), text
        assert "+08:00" in text, word
