"""Orders typed on a command line, and what is printed about them."""

import pytest

from routing import commands as c
from tests.worlds.api.hostile import HOSTILE
from tests.worlds.api.router import WITH_MODES
from tests.worlds.cli.running import Running


@pytest.fixture
def daemon(tmp_path, monkeypatch):
    running = Running(tmp_path / "cti.sock", WITH_MODES)
    monkeypatch.setenv("CTI_SOCKET", str(running.path))
    running.do(lambda: running.router.ready("8001", "8002"))
    yield running
    running.stop()


def said(cti, *lines):
    """Exit code and output of each."""
    return [cti(*line.split())[:2] for line in lines]


def test_a_queue_closes_and_opens(daemon, cti):
    lines = ("queue loans close", "queue loans close", "queue loans open")
    assert said(cti, *lines) == [
        (0, "loans closed: done\n"),
        (0, "loans closed: so already\n"),
        (0, "loans open: done\n"),
    ]
    cti("queue", "loans", "close")
    assert "loans closed" in cti("queues")[1]
    assert "loans 已关闭" in cti("queues", "--lang", "zh")[1]


def test_a_mode_goes_on_and_is_seen_everywhere(daemon, cti):
    assert said(cti, "mode storm on", "mode storm on") == [
        (0, "storm on: done\n"),
        (0, "storm on: so already\n"),
    ]
    status = cti("status")[1]
    assert [line.split()[-1] for line in status.splitlines() if "modes on" in line] == ["storm"]
    assert "▲ storm" in cti("watch", "--once")[1].splitlines()[0]
    assert said(cti, "mode storm off --lang zh") == [(0, "storm 已停用: 已生效\n")]
    assert "▲" not in cti("watch", "--once")[1]


def test_a_last_call(daemon, cti):
    lines = ("agent 8001 last-call", "agent 8001 last-call", "agent 8001 last-call --off")
    assert said(cti, *lines) == [
        (0, "8001 Ready, last call: done\n"),
        (0, "8001 Ready, last call: so already\n"),
        (0, "8001 Ready: done\n"),
    ]


def test_groups_of_an_agent(daemon, cti):
    lines = ("agent 8001 group loans off", "agent 8001 group loans off")
    assert said(cti, *lines, "agent 8001 group loans on") == [
        (0, "8001 Ready, not serving loans: done\n"),
        (0, "8001 Ready, not serving loans: so already\n"),
        (0, "8001 Ready: done\n"),
    ]
    cti("agent", "8001", "group", "loans", "off")
    assert "-loans" in cti("agents")[1]
    code, _, err = cti("agent", "8001", "group", "cards", "off")
    assert (code, err) == (1, "cti: unknownGroup: the agent does not have this skill\n")


def test_breaks_in_line(daemon, cti):
    assert said(
        cti,
        "agent 8001 not-ready --reason meal",
        "agent 8002 not-ready --reason meal",
        "agent 8002 not-ready --reason meal --override",
    ) == [
        (0, "8001 Not ready (meal): done\n"),
        (0, "8002 Ready, waits for meal (place 1): no room now, waiting in line\n"),
        (0, "8002 Not ready (meal): done\n"),
    ]
    cti("agent", "8002", "ready")
    cti("agent", "8002", "not-ready", "--reason", "meal")
    assert "waits for meal 1" in cti("agents")[1]
    assert "waiting for a break" in cti("status")[1]
    assert said(cti, "agent 8002 ready") == [(0, "8002 Ready: done\n")]


def test_a_call_back_is_seen_in_the_lists(daemon, cti):
    daemon.do(lambda: daemon.router.do(c.SetAgentState("8001", c.RequestedState.NOT_READY, "meal")))
    daemon.do(lambda: daemon.router.do(c.LogOffAgent("8002")))
    daemon.do(lambda: daemon.router.arrives("a1-1.7"))
    daemon.do(lambda: daemon.router.do(c.BookCallback("a1-1.7", "02112345678")))
    assert "Waiting, call-back" in cti("calls")[1]
    row = next(line for line in cti("queues")[1].splitlines() if line.strip().startswith("loans"))
    assert row.split()[:3] == ["loans", "1", "1"]


def test_what_may_be_asked_is_listed(daemon, cti):
    lines = cti("agent", "8001", "actions")[1].splitlines()
    assert "yes  ready" in lines
    assert "no   holdCall  unknownCall: no call of this id is in hand" in lines
    assert (
        "不可  holdCall  unknownCall: 没有这通来电"
        in cti("agent", "8001", "actions", "--lang", "zh")[1]
    )


def test_keys_to_a_call(daemon, cti):
    daemon.do(lambda: daemon.router.arrives("a1-1.7"))
    daemon.do(daemon.router.rings)
    daemon.do(daemon.router.answers)
    assert said(cti, "call a1-1.7 digits 95588#") == [(0, "a1-1.7 Talking: done\n")]
    assert daemon.router.sent == [("a1-1.7", "95588#")]
    code, _, err = cti("call", "a1-1.7", "retrieve", "--agent", "8001")
    assert (code, err.split(":")[1]) == (1, " callState")
    assert cti("call", "a1-1.7", "digits", "a")[0] == 2


def test_a_call_is_handed_on(daemon, cti):
    daemon.do(lambda: daemon.router.arrives("a1-1.7"))
    daemon.do(daemon.router.rings)
    daemon.do(daemon.router.answers)
    code, _, err = cti("call", "a1-1.7", "transfer", "--to-agent", "9999")
    assert (code, err) == (1, "cti: unknownAgent: no agent of this id is configured\n")
    assert cti("call", "a1-1.7", "transfer")[0] == 2
    assert cti("call", "a1-1.7", "transfer", "--to-agent", "8002", "--to-queue", "loans")[0] == 2
    line = "call a1-1.7 transfer --to-agent 8002 --no-answer queueToAgent"
    assert said(cti, line) == [(0, "a1-1.7 Calling: done\n")]


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("queue loans close", "queue"),
        ("mode storm on", "modes"),
        ("agent 8001 last-call", "agent"),
        ("agent 8001 group loans off", "agent"),
    ],
)
def test_json_is_the_answer_as_it_came(daemon, cti_json, line, key):
    code, document = cti_json(*line.split())
    assert code == 0
    assert document["changed"]
    assert key in document


@pytest.mark.parametrize("hostile", [*HOSTILE, "../x", "%00", "x" * 162])
@pytest.mark.parametrize(
    "words",
    [("queue", "{}", "close"), ("mode", "{}", "on"), ("agent", "8001", "group", "{}", "off"),
     ("explain", "{}"),
     ("queue", "loans", "close", "--by", "{}"), ("agent", "8001", "log-off", "--reason", "{}")],
)  # fmt: skip
def test_hostile_words_are_wrong_usage_and_reach_nothing(daemon, cti, words, hostile):
    if words == ("explain", "{}") and len(hostile) == 65:
        hostile = f"{hostile}$"  # 65 characters are no crime of a call's id
    before = len(daemon.router.events)
    code, out, err = cti(*(word.format(hostile) for word in words))
    assert (code, out) == (2, "")
    assert not set("\r\0") & set(err)
    assert len(daemon.router.events) == before


# --- explain --------------------------------------------------------------------------------------


def test_a_call_is_explained(daemon, cti, cti_json):
    daemon.do(lambda: daemon.router.arrives("a1-1.7"))
    daemon.do(daemon.router.rings)
    code, out, err = cti("explain", "a1-1.7")
    assert (code, err) == (0, "")
    head, *lines = out.splitlines()
    assert head == "2026-11-22 12:00:00+08:00  a1-1.7  Caller 138****5678  Queue loans"
    assert lines[0].startswith("+0.000s  in line in queue loans (arrived)")
    assert lines[-1] == "now: is being offered to agent 8001 for 0.0 s"
    assert "主叫 138****5678  队列 loans" in cti("explain", "a1-1.7", "--lang", "zh")[1]
    code, document = cti_json("explain", "a1-1.7")
    assert (code, [*document["lines"], *document["now"]]) == (0, lines)


def test_a_call_of_which_nothing_is_known(daemon, cti):
    code, out, err = cti("explain", "a1-9")
    assert (code, out, err) == (1, "", "cti: nothing is known of a1-9\n")


def test_a_story_that_is_not_whole_says_so(daemon, cti, monkeypatch):
    monkeypatch.setattr("cti.api.control.STORY_EVENTS", 1)
    daemon.do(lambda: daemon.router.arrives("a1-1.7"))
    code, _, err = cti("explain", "a1-1.7")
    assert (code, err) == (0, "cti: not all events of this call could be read\n")


def test_events_are_said_in_both_languages(daemon, cti):
    cti("mode", "storm", "on")
    cti("queue", "loans", "close")
    out = cti("events", "--limit", "3")[1]
    assert "queue switched  loans  closed" in out
    assert "mode  storm on" in out
    assert "预案  storm 启用" in cti("events", "--limit", "3", "--lang", "zh")[1]


def test_a_phone_that_cannot_be_called_is_said_where_somebody_signs_in_and_is_listed(daemon, cti):
    def report(state, pbx="a1"):
        device = daemon.router.engine.agents["8001"].spec.device
        daemon.do(lambda: daemon.router.do(c.DeviceReported(device, pbx, state)))
        return device

    device = report(c.DeviceState.UNREACHABLE)
    order = "agent 8001 last-call --off"
    assert said(cti, order) == [
        (0, f"8001 Ready, Phone {device} (phone unreachable): so already\n")
    ]
    report(c.DeviceState.MISSING)
    assert f"{device} (Asterisk has no such phone)" in cti("agents")[1]
    assert f"{device} (Asterisk 无此话机)" in cti("agents", "--lang", "zh")[1]
    report(c.DeviceState.REACHABLE, "a2")
    assert f"{device} (not at a1)" in cti("agents")[1]


def test_an_agent_whose_phone_is_spared_is_not_just_ready(daemon, cti):
    daemon.do(lambda: daemon.router.arrives("c1"))
    daemon.do(lambda: daemon.router.fails(c.OfferOutcome.REJECTED))
    assert "rejects calls, again in 0:05" in cti("agents")[1]
    assert "拒接来电" in cti("agents", "--lang", "zh")[1]


def test_a_phone_that_no_asterisk_has_is_refused_in_a_sentence(daemon, cti):
    daemon.router.phones["nosuchphone"] = {"a1": c.DeviceState.MISSING}
    cti("agent", "8001", "log-off")
    code, _, error = cti("agent", "8001", "log-on", "--device", "nosuchphone")
    assert (code, error) == (
        1, "cti: unknownDevice: there is no endpoint nosuchphone (asked: a1); see pjsip.conf\n"
    )  # fmt: skip
