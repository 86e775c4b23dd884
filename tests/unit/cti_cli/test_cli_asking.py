"""Commands that ask a running daemon: what they print, and their exit codes."""

import socket

import msgspec
import pytest

from cti.cli import ask
from cti.cli.client import Client
from cti.cli.words import Words
from cti.watch.check import Check
from routing import commands as c

QUESTIONS = ["status", "queues", "agents", "calls", "health"]


def busy(router):
    router.ready("8001", "8002")
    router.arrives("a1-1.1")
    router.rings()
    router.answers()
    router.arrives("a1-1.2")
    router.rings()
    router.arrives("a1-1.3", "cards")
    router.do(c.LogOnAgent("8003"))
    router.do(c.SetAgentState("8003", c.RequestedState.NOT_READY, "meal"))


def test_status_shows_router_and_queues(daemon, cti):
    daemon.do(lambda: busy(daemon.router))
    code, out, err = cti("status")
    assert (code, err) == (0, "")
    for said in ("n1 @ main", "healthy", "a1 up", "meal 1", "loans", "cards", "SL-B ≤20 s"):
        assert said in out


def test_the_same_in_chinese(daemon, cti, monkeypatch):
    daemon.do(lambda: busy(daemon.router))
    for said in (cti("status", "--lang", "zh")[1], _with(monkeypatch, cti)):
        for word in ("正常", "用餐 1", "等待", "服务水平", "100.00 %"):
            assert word in said


def _with(monkeypatch, cti):
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    return cti("status")[1]


def test_agents_and_calls(daemon, cti):
    daemon.do(lambda: busy(daemon.router))
    out = cti("agents")[1]
    shown = [line.split()[:2] for line in out.splitlines() if line.strip().startswith("800")]
    assert shown == [["8001", "Busy"], ["8002", "Reserved"], ["8003", "Not"]]
    assert "meal" in out
    out = cti("calls")[1]
    assert "138****5678" in out
    assert "13812345678" not in out
    assert "Talking" in out


@pytest.mark.parametrize("question", QUESTIONS)
def test_json_is_the_answer_as_it_came(daemon, cti_json, question):
    code, document = cti_json(question)
    assert code == 0
    client = Client(daemon.path)
    getattr(client, question)(*((100,) if question == "calls" else ()))
    assert document == msgspec.json.decode(client.last)


def test_a_failing_check_is_a_finding(daemon, cti):
    daemon.router.checks.append(Check("journal", ok=False, detail="disk full\x1b[2J"))
    code, out, _ = cti("health")
    assert code == 1
    assert "BAD  journal: disk full\\x1b[2J" in out
    assert "unhealthy" in cti("status")[1]


# --- orders ---------------------------------------------------------------------------------------


def test_an_agent_through_a_day(daemon, cti):
    said = [
        cti("agent", "8001", *words.split())[:2]
        for words in (
            "log-on --device phone-7",
            "ready",
            "ready",
            "not-ready --reason break",
            "log-off",
        )
    ]
    assert said == [
        (0, "8001 Not ready (just signed in): done\n"),
        (0, "8001 Ready: done\n"),
        (0, "8001 Ready: so already\n"),
        (0, "8001 Not ready (break): done\n"),
        (0, "8001 Signed out: done\n"),
    ]


def test_what_is_asked_for_during_a_call_comes_later(daemon, cti):
    daemon.do(lambda: busy(daemon.router))
    code, out, _ = cti("agent", "8001", "not-ready", "--reason", "meal")
    assert (code, out) == (0, "8001 Busy: applies when the present work is over\n")


def test_after_call_work_is_over(daemon, cti):
    daemon.do(lambda: busy(daemon.router))
    daemon.do(lambda: daemon.router.hangs_up("a1-1.1"))
    assert cti("agent", "8001", "work-done")[0] == 0


def test_a_refusal_says_its_code_and_is_no_success(daemon, cti, cti_json):
    code, out, err = cti("agent", "9999", "log-on")
    assert (code, out) == (1, "")
    assert err == "cti: unknownAgent: no agent of this id is configured\n"
    code, document = cti_json("agent", "8001", "ready")
    assert (code, document["code"]) == (1, "notLoggedOn")


@pytest.mark.parametrize("agent", ["8001\r\nX: y", "${X}", "a b", "../8001", "座席", "x" * 65])
def test_a_hostile_agent_is_wrong_usage(daemon, cti, agent):
    code, _, err = cti("agent", agent, "log-on")
    assert code == 2
    assert "agent_id: must be 1 to 64 of" in err
    assert daemon.router.events == []


@pytest.mark.parametrize("value", ["a\nb", "${X}", "x" * 65])
def test_a_hostile_option_is_wrong_usage(daemon, cti, value):
    code, _, err = cti("agent", "8001", "not-ready", "--reason", value)
    assert code == 2
    assert "reason: must be at most 64 of" in err


# --- events ---------------------------------------------------------------------------------------


def test_the_last_events(daemon, cti):
    daemon.do(lambda: busy(daemon.router))
    code, out, _ = cti("events", "--limit", "3")
    assert code == 0
    lines = out.splitlines()
    assert len(lines) == 3
    assert lines[-1].endswith("meal")
    assert int(lines[-1].split()[0]) == len(daemon.router.events)


def test_events_after_a_number_in_json_are_one_cloudevent_a_line(daemon, cti):
    daemon.do(lambda: busy(daemon.router))
    _, out, _ = cti("events", "--after", "2", "--limit", "5", "--json")
    events = [msgspec.json.decode(line) for line in out.splitlines()]
    assert [event["seq"] for event in events] == ["3", "4", "5", "6", "7"]
    assert all(event["specversion"] == "1.0" for event in events)


def test_more_events_than_fit_a_page(daemon, cti, monkeypatch):
    monkeypatch.setattr(ask, "PAGE", 2)
    daemon.do(lambda: busy(daemon.router))
    _, out, _ = cti("events", "--after", "0", "--limit", "100")
    assert len(out.splitlines()) == len(daemon.router.events)


def test_events_are_followed_as_they_come_and_over_an_absence_of_the_daemon(daemon, capsys):
    waits = []

    def wait(_seconds):
        waits.append(1)
        if len(waits) == 1:
            daemon.do(lambda: daemon.router.arrives("c1", "cards"))
        elif len(waits) == 2:
            daemon.stop()
        elif len(waits) == 4:
            raise KeyboardInterrupt

    following = ask.follow(Client(daemon.path), 0, wait, Words("en"))
    assert msgspec.json.decode(next(following))["type"] == "cti.queued"
    with pytest.raises(KeyboardInterrupt):
        next(following)
    assert capsys.readouterr().err.count("waiting for it") == 1


# --- no daemon ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [*QUESTIONS, "watch", "events", "agent 8001 ready", "queue loans close", "mode storm on",
     "agent 8001 last-call", "explain a1-1", "config show",
     "config rollback", "config stage x", "config apply x"],
)  # fmt: skip
def test_without_a_daemon_the_next_step_is_said(cti, words):
    code, out, err = cti(*words.split())
    assert (code, out) == (3, "")
    assert "there is no socket var/cti.sock" in err
    assert "next: cti serve" in err


def test_the_same_in_chinese_without_a_daemon(cti):
    code, _, err = cti("status", "--lang", "zh")
    assert code == 3
    assert err.startswith("cti: 没有套接字 var/cti.sock\n下一步: ")


def test_a_refusal_in_chinese_keeps_its_code(daemon, cti):
    assert cti("agent", "9999", "log-on", "--lang", "zh")[2] == "cti: unknownAgent: 没有这个座席\n"


def test_health_in_chinese(daemon, cti):
    daemon.router.checks.append(Check("journal", ok=False, detail="disk full"))
    assert "异常  指令日志: disk full" in cti("health", "--lang", "zh")[1]


def test_a_daemon_that_is_gone(daemon, cti):
    assert cti("status")[0] == 0
    daemon.stop()
    assert cti("status")[0] == 3


def test_a_socket_on_which_nobody_listens(cti, tmp_path):
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(tmp_path / "s"))
        code, _, err = cti("status", "--socket", str(tmp_path / "s"))
    assert code == 3
    assert "nobody listens" in err


@pytest.mark.parametrize(
    "answer",
    [b"", b"SSH-2.0-x\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
     b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{}", b"HTTP/1.1 500 X\r\n\r\noops"],
)  # fmt: skip
def test_a_stranger_on_the_socket(cti, tmp_path, answer):
    import threading

    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        server.listen()

        def serve():
            with server.accept()[0] as connection:
                connection.recv(4096)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        code, _, err = cti("status", "--socket", str(tmp_path / "s"))
        thread.join()
    assert code == 3
    assert err.startswith("cti: ")


def test_where_the_daemon_is_can_come_from_its_configuration(daemon, cti, tmp_path, monkeypatch):
    monkeypatch.delenv("CTI_SOCKET")
    (tmp_path / "cti.toml").write_text(f'[control]\nsocket = "{daemon.path}"', encoding="utf-8")
    assert cti("status", "--config", str(tmp_path / "cti.toml"))[0] == 0
    monkeypatch.setenv("CTI_CONFIG", str(tmp_path / "cti.toml"))
    assert cti("status")[0] == 0
