"""Decision records, and the story of a call in words: English and Chinese, held to golden files."""

from pathlib import Path

import pytest

from routing import commands as c
from routing import events as e
from routing.commands import OfferOutcome
from routing.config import Announcement, Boost, Limits, Overflow, Step, Strategy
from routing.explain import explain
from tests.worlds.routing.centre import Centre, S, agent, queue
from tests.worlds.routing.told import apply, decision, of, one

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


# --- the record ----------------------------------------------------------------------------------


def test_an_arriving_call_had_the_choice_among_agents():
    centre = Centre([queue("q")], [agent(name, "q") for name in ("a", "b", "c")])
    centre.ready("a", "b", "c")
    centre.not_ready("c")
    record = decision(centre.call("c1", "q"))
    assert (record.trigger, record.strategy, record.need) == ("arrived", "longestIdle", "q")
    assert [name for name, _ in record.candidates] == ["a", "b"]
    assert record.passed_over == (("c", "break"),)
    assert record.rivals == ()


def test_an_agent_who_comes_free_had_the_choice_among_calls():
    centre = Centre([queue("q"), queue("r", need="q", priority=5)], [agent("a", "q")])
    centre.call("c1", "q")
    centre.wait(2)
    centre.call("c2", "r")
    record = decision(centre.ready("a"))
    assert record.trigger == "agentReady"
    assert record.rivals == (("c2", 5), ("c1", 2))
    assert record.candidates == ()


def test_only_heads_of_lines_are_rivals():
    centre = Centre([queue("q")], [agent("a", "q")])
    for number in range(3):
        centre.call(f"c{number}", "q")
    assert decision(centre.ready("a")).rivals == (("c0", 0),)


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_records_are_bounded_and_the_bound_changes_no_choice(rows):
    team = [agent(name, "q") for name in "abcdef"]
    centre = Centre([queue("q")], team, limits=Limits(decision_rows=rows))
    centre.ready(*"abcdef")
    for name in "ab":
        centre.not_ready(name)
    record = decision(centre.call("c1", "q"))
    assert len(record.candidates) == rows
    assert len(record.passed_over) == rows
    assert centre.offer_of("c")
    for number in range(2, 8):
        centre.call(f"c{number}", "q", priority=number)
    record = decision(centre.do(c.SetAgentState("a", c.RequestedState.READY)))
    assert len(record.rivals) == rows


def test_looking_for_reasons_is_bounded_too():
    """Of many who are free only twice the rows are looked at for one who is not."""
    names = [f"{number:04}" for number in range(40)]
    centre = Centre([queue("q")], [agent(name, "q") for name in names])
    centre.ready(*names)
    centre.not_ready(names[7])
    centre.not_ready(names[8])
    record = decision(centre.call("c1", "q"))
    assert record.passed_over == ((names[7], "break"),), "the eighth is looked at, the ninth not"


def test_the_record_names_rules_step_and_version():
    centre = Centre(
        [queue("q", need="q>=2", steps=(Step(10 * S, "q"),))],
        [agent("a", "q")],
        boosts=(Boost("r-vip", "vip", 7),),
    )
    centre.ready("a")
    centre.call("c1", "q", tags=("vip",))
    apply(centre, boosts=(Boost("r-vip", "vip", 8),))
    record = decision(centre.wait(10))
    assert (record.step, record.rules, record.score, record.config_version) == (
        1,
        ("r-vip",),
        18,
        2,
    )
    assert (record.trigger, record.waited_us) == ("step1", 10 * S)


@pytest.mark.parametrize(
    ("outcome", "trigger"),
    [(outcome, str(outcome)) for outcome in list(OfferOutcome)[1:5]],
)
def test_after_a_failed_offer_the_trigger_says_how_it_failed(outcome, trigger):
    centre = Centre([queue("q")], [agent("a", "q"), agent("b", "q")])
    centre.ready("a", "b")
    centre.call("c1", "q")
    assert decision(centre.fail("a", outcome)).trigger == trigger


# --- the story in words --------------------------------------------------------------------------


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
        "+30.000s  left queue a (queueTimeOverflow) for b",
        "+30.000s  in line in queue b (queueTimeOverflow), 0 in front",
        "+31.000s  the caller hung up and will be called back, the place is kept",
        (
            "+40.000s  offer 1 to agent 8001 (agentReady): need anyone, step 0, longestIdle, "
            "score 40 after 40.0 s, configuration 1"
        ),
        "+40.000s    calls this agent could have had, highest score first: c1 (40)",
    ]
    assert centre.story("c1", "zh") == [
        "+0.000s  进入队列 a(arrived),前面 0 人",
        "+10.000s  播放 position,排在第 1 位",
        "+30.000s  离开队列 a(queueTimeOverflow),转往 b",
        "+30.000s  进入队列 b(queueTimeOverflow),前面 0 人",
        "+31.000s  客户预约回呼,保留排队位置",
        (
            "+40.000s  第 1 次派单给坐席 8001(agentReady):需求 不限,第 0 级,策略 longestIdle,"
            "得分 40,已等待 40.0 s,配置版本 1"
        ),
        "+40.000s    该坐席可接的其他来电:c1(40)",
    ]


@pytest.mark.parametrize(
    ("strategy", "en", "zh"),
    [
        ("longestIdle", "a (idle 7.5 s), b (idle 7.0 s)", "a(空闲 7.5 s), b(空闲 7.0 s)"),
        ("leastOccupied", "a (0.0 % occupied), b", "a(占用率 0.0 %), b"),
        ("fewestCalls", "a (0 calls), b", "a(已接 0 通), b"),
        ("bestSkill", "a (level 3), b (level 1)", "a(技能等级 3), b"),
        ("leastFlexible", "a (1 skills), b (2 skills)", "a(1 项技能), b"),
        ("roundRobin", "a (last had offer 0), b", "a(上次派单 0), b"),
        ("weighted", "a (0.0 offers by weight), b", "a(加权派单 0.0), b"),
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
    assert f"+0.000s    空闲坐席(优者在前):{zh}" in told[1][2]


def test_shares_of_time_and_weight_are_told_with_one_digit():
    from routing.explain import _PLAIN

    assert _PLAIN["leastOccupied"](128_999, 0) == "12.8 %"
    assert _PLAIN["weighted"](2_567_000, 0) == "2.5"


@pytest.mark.parametrize(
    ("to_queue", "to_extension", "en", "zh"),
    [
        ("b", "", "for b", "转往 b"),
        ("", "mailbox", "for mailbox", "转往 拨号方案"),
        ("", "", "for the dialplan", "转往 拨号方案"),
    ],
)
def test_where_a_call_went(to_queue, to_extension, en, zh):
    event = e.CallDiverted("c1", 1, "a", "a1", to_queue, "queueFull", 0, to_extension)
    assert explain([(0, event)]) == [f"+0.000s  left queue a (queueFull) {en}"]
    assert explain([(0, event)], "zh") == [f"+0.000s  离开队列 a(queueFull),{zh}"]


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
        "+0.000s  over: abandoned",
        "+2.001s  relaxed to step 1 after 0.0 s: needs anyone now",
    ]


def test_both_languages_tell_of_the_same_kinds_of_events():
    from routing.explain import _EN, _ZH

    assert set(_EN) == set(_ZH)
