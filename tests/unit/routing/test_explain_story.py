"""The story of a call in words: English and Chinese, held to golden files."""

import re
from pathlib import Path
from typing import get_args

import pytest

from routing import commands as c
from routing import events as e
from routing.commands import OfferOutcome
from routing.config import Announcement, Boost, Overflow, Step, Strategy
from routing.explain import chinese, english, explain
from routing.explain.story import PLAIN
from tests.worlds.routing.centre import Centre, S, agent, queue
from tests.worlds.routing.told import of, one

HERE = Path(__file__).parent


class Recorder(Centre):
    """A centre that remembers when each event happened."""

    def __init__(self, *args, **fields):
        super().__init__(*args, **fields)
        self.history: list[tuple[int, e.Event]] = []

    def do(self, command):
        events = super().do(command)
        self.history += [(self.now_us, event) for event in events]
        return events

    def story(self, call_id, lang="en"):
        """What is said of one call."""
        mine = [
            (at, event) for at, event in self.history if getattr(event, "call_id", "") == call_id
        ]
        return explain(mine, lang)


def relaxed_twice():
    """A loss report needs loans at level 3, and nobody free has that. After 20 s level 2 would do,
    after 40 s the back-ups are let in: one of them rejects, the next one answers.
    """
    centre = Recorder(
        [
            queue(
                "loans",
                need="loans>=3",
                steps=(Step(20 * S, "loans>=2"), Step(40 * S, "loans")),
                after_call_work_us=30 * S,
            )
        ],
        [
            agent("expert", "loans:3"),
            agent("primary", "loans:2"),
            agent("back-up-1", "loans:1", "cards:2"),
            agent("back-up-2", "loans:1"),
        ],
        boosts=(Boost("R-07 loss report", "loss", 500),),
    )
    centre.ready("expert")
    centre.call("other", "loans")
    centre.answer("expert")
    centre.ready("primary")
    centre.not_ready("primary", "meal")
    centre.ready("back-up-1", "back-up-2")
    centre.wait(5)
    centre.call("c1", "loans", caller="138", tags=("loss",))
    centre.wait(41)
    centre.do(c.OfferRinging(centre.offer_of("back-up-1")))
    centre.wait(2.5)
    centre.fail("back-up-1", OfferOutcome.REJECTED)
    centre.do(c.OfferRinging(centre.offer_of("back-up-2")))
    centre.wait(4)
    centre.do(c.OfferAnswered(centre.offer_of("back-up-2")))
    centre.wait(0.2)
    centre.do(c.LegsBridged(centre.offer_of("back-up-2")))
    centre.wait(95)
    centre.hang_up("c1")
    return centre


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_story_of_a_call_relaxed_twice_refused_by_one_and_answered_by_a_back_up(lang, capsys):
    """The golden file says what it must be."""
    centre = relaxed_twice()
    told = "\n".join(centre.story("c1", lang)) + "\n"
    print(told, end="")  # noqa: T201
    assert capsys.readouterr().out == told
    assert told == (HERE / f"story_{lang}.txt").read_text(encoding="utf-8")
    assert [event.step for event in of(centre.told, e.CallRelaxed)] == [1, 2]
    assert one(of(centre.told, e.CallEstablished)[1:], e.CallEstablished).agent_id == "back-up-2"


def eventful():
    """Whatever else can be told of a call."""
    centre = Recorder(
        [
            queue(
                "a",
                max_wait_us=30 * S,
                announcements=(Announcement("position", 10 * S, 0, "position"),),
                overflows=(Overflow("queueTimeOverflow", "b"),),
            ),
            queue("b", need="", overflows=(Overflow("queueFull", to_extension="mailbox"),)),
        ],
        [agent("8001", "x")],
    )
    centre.call("c1", "a")
    centre.wait(31)
    centre.do(c.BookCallback("c1", "13800138000"))
    centre.hang_up("c1")
    centre.wait(9)
    centre.ready("8001")
    return centre


def test_every_kind_of_event_has_its_words_in_both_languages():
    centre = eventful()
    assert centre.story("c1") == [
        "+0.000s  in line in queue a (arrived), 0 in front",
        "+10.000s  heard position, position 1",
        "+30.000s  left queue a (waited too long) for b",
        "+30.000s  in line in queue b (waited too long), 0 in front",
        "+31.000s  the caller hung up and will be called back, the place is kept",
        (
            "+40.000s  offer 1 to agent 8001 (an agent became ready): need anyone, step 0, "
            "longest idle, score 40 after 40.0 s, configuration 1"
        ),
        "+40.000s    calls this agent could have had, highest score first: c1 (40)",
    ]
    assert centre.story("c1", "zh") == [
        "+0.000s  进入队列 a（来电到达），前面 0 人",
        "+10.000s  播放 position，排在第 1 位",
        "+30.000s  离开队列 a（等待超时），转往队列 b",
        "+30.000s  进入队列 b（等待超时），前面 0 人",
        "+31.000s  客户已挂机，预约回呼，保留排队位置",
        (
            "+40.000s  第 1 次派单给座席 8001（座席就绪）：需求 不限，第 0 级，策略 最长空闲，"
            "得分 40，已等待 40.0 秒，配置版本 1"
        ),
        "+40.000s    该座席可接的其他来电（得分高者在前）：c1（40）",
    ]


@pytest.mark.parametrize(
    ("strategy", "en", "zh"),
    [
        ("longestIdle", "a (idle 7.5 s), b (idle 7.0 s)", "a（空闲 7.5 秒），b（空闲 7.0 秒）"),
        ("leastOccupied", "a (0.0 % occupied), b", "a（占用率 0.0 %），b"),
        ("fewestCalls", "a (0 calls), b", "a（已接 0 通），b"),
        ("bestSkill", "a (level 3), b (level 1)", "a（技能等级 3），b"),
        ("leastFlexible", "a (1 skills), b (2 skills)", "a（1 项技能），b"),
        ("roundRobin", "a (last had offer 0), b", "a（上次派单 0），b"),
        ("weighted", "a (0.0 offers by weight), b", "a（加权派单 0.0），b"),
    ],
)
def test_the_figure_that_ranked_the_agents_is_told_in_the_words_of_the_strategy(strategy, en, zh):
    line = queue("q", strategy=Strategy(strategy))
    centre = Recorder([line], [agent("a", "q:3"), agent("b", "q", "x")])
    centre.ready("a")
    centre.wait(0.5)
    centre.ready("b")
    centre.wait(7)
    centre.call("c1", "q")
    told = centre.story("c1"), centre.story("c1", "zh")
    assert f"+0.000s    free agents, best first: {en}" in told[0][2]
    assert f"+0.000s    空闲座席（优者在前）：{zh}" in told[1][2]


def test_shares_of_time_and_weight_are_told_with_one_digit():
    assert PLAIN["leastOccupied"](128_999) == "12.8 %"
    assert PLAIN["weighted"](2_567_000) == "2.5"


@pytest.mark.parametrize(
    ("to_queue", "to_extension", "en", "zh"),
    [
        ("b", "", "for b", "转往队列 b"),
        ("", "mailbox", "for mailbox", "转往分机 mailbox"),
        ("", "", "for the dialplan", "转往拨号方案"),
    ],
)
def test_where_a_call_went(to_queue, to_extension, en, zh):
    event = e.CallDiverted("c1", 1, "a", "a1", to_queue, "queueFull", 0, to_extension)
    assert explain([(0, event)]) == [f"+0.000s  left queue a (the queue is full) {en}"]
    assert explain([(0, event)], "zh") == [f"+0.000s  离开队列 a（队列已满），{zh}"]


def test_a_forecast_is_told_when_there_was_one():
    known = e.CallQueued("c1", 1, "a", "a1", "", 2, 0, 61_900_000, 99_000_000, "arrived")
    assert explain([(0, known)]) == [
        "+0.000s  in line in queue a (arrived), 2 in front, wait forecast 61.9 s"
    ]


def test_events_of_other_kinds_are_left_out_and_time_counts_from_the_first_line():
    told = explain(
        [
            (5 * S, e.TelephonyChanged("a1", "up")),
            (7 * S, e.CallCleared("c1", 1, "a", e.CallOutcome.ABANDONED, 0, 0)),
            (9 * S + 1_500, e.CallRelaxed("c1", 1, "a", 1, "", 0)),
        ]
    )
    assert told == [
        "+0.000s  over: the caller gave up",
        "+2.001s  relaxed to step 1 after 0.0 s: needs anyone now",
    ]


def test_both_languages_tell_of_the_same_kinds_of_events():
    assert set(english.TELL) == set(chinese.TELL)


def test_whatever_happens_to_a_call_is_told():
    """Every event that says of which request it is."""
    about_calls = {kind for kind in get_args(e.Event) if "request_no" in kind.__struct_fields__}
    assert about_calls == set(english.TELL)


def test_no_phone_is_said_to_ring_before_somebody_has_heard_it():
    """`CallDelivered` says that Asterisk dials; a dead phone is dialled, too."""
    centre = Recorder([queue("q")], [agent("a", "q")])
    centre.ready("a")
    centre.call("c1", "q")
    centre.do(c.OfferRinging(centre.offer_of("a")))
    centre.wait(1)
    centre.fail("a", OfferOutcome.UNREACHABLE)
    told, chinese_told = "\n".join(centre.story("c1")), "\n".join(centre.story("c1", "zh"))
    assert "a's phone is dialled" in told
    assert "rings" not in told
    assert "the phone could not be reached: it never rang" in told
    assert "正在拨打座席 a 的话机" in chinese_told
    assert "话机不可达，未振铃" in chinese_told


def test_hold_is_told_and_how_long_it_took():
    centre = Recorder([queue("q")], [agent("a", "q")])
    centre.ready("a")
    centre.call("c1", "q")
    centre.answer("a")
    centre.wait(5)
    centre.do(c.CallHeld("c1"))
    centre.wait(12)
    centre.do(c.CallRetrieved("c1"))
    centre.wait(3)
    centre.hang_up("c1")
    assert centre.story("c1")[-4:] == [
        "+5.000s  agent a puts the caller on hold",
        "+17.000s  agent a is back after 12.0 s of hold",
        (
            "+20.000s  agent a and the caller parted, ended by the caller, after 8.0 s, "
            "and 12.0 s on hold"
        ),
        "+20.000s  over: answered",
    ]
    assert centre.story("c1", "zh")[-4:] == [
        "+5.000s  座席 a 将客户置于保持",
        "+17.000s  座席 a 恢复通话，保持了 12.0 秒",
        "+20.000s  座席 a 与客户通话结束，结束方：客户，历时 8.0 秒，另保持 12.0 秒",
        "+20.000s  结束：已接听",
    ]


NAMES = ("Asterisk",)


@pytest.mark.parametrize("story", ["relaxed_twice", "eventful"])
def test_chinese_has_no_english_in_it_but_names(story):
    centre = {"relaxed_twice": relaxed_twice, "eventful": eventful}[story]()
    given = {"c1", "loans", "cards", "position", *centre.core.agents, *centre.core.queues}
    rules = {word for boost in centre.core.config.boosts for word in boost.rule_id.split()}
    for line in centre.story("c1", "zh"):
        left = set(re.findall(r"[A-Za-z][\w-]*", line.partition("  ")[2]))
        assert left <= given | rules | {*NAMES}, line
