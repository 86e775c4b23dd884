import asyncio

import msgspec
import pytest

from cti.bus.documents import StateDocuments
from cti.bus.publisher import Publisher, PublisherSettings
from cti.clock import SystemClock
from cti.record.subscription import Feed
from cti.view import StateView
from routing import events as e
from tests.eventually import eventually, time_passes
from tests.worlds.bus.memory_link import MemoryBroker
from tests.worlds.record.history import CONFIG, History, Log, agent_state, encoder, made

ROUTER = "cti/v1/main/router/n1/state"


PROMPT = {"queue_state_every_s": 0, "backoff_min_s": 0.001, "gather_s": 0}


class Desk:
    """A publisher, the broker it speaks to and the log behind it."""

    def __init__(self, position=0, newest=0, memory=10_000, catch_up=lambda: None, **settings):
        self.broker = MemoryBroker()
        self.log = Log()
        self.encoder = encoder()
        self.view = StateView(CONFIG)
        self.feed = Feed(self.encoder.record, self.log.read_after, newest=newest, capacity=memory)
        self.history = History(seq=newest)
        self.marks = []
        self.start = (7, position)
        self.publisher = Publisher(
            self.broker, self.encoder, StateDocuments(self.view, self.encoder), SystemClock(),
            self.feed, self.marks.append, PublisherSettings(**PROMPT | settings),
            catch_up=catch_up,
        )  # fmt: skip

    async def __aenter__(self):
        await self.publisher.start(*self.start)
        return self

    async def __aexit__(self, *_):
        self.broker.frozen = False
        self.broker.acknowledge()
        await self.publisher.close(1)

    def say(self, event):
        envelope = self.history.say(event)
        self.log.records.append(self.encoder.record(envelope))
        self.view.apply(envelope)
        self.feed.offer_all([envelope])

    def say_calls(self, count):
        for _ in range(count):
            call_id = f"a1-{self.history.seq % 3}"
            self.say(made(e.CallQueued, call_id=call_id, request_no=1, queue_id="loans"))

    def events(self):
        """`seq` of the events that arrived, in order."""
        return [
            int(msgspec.json.decode(payload)["seq"])
            for topic, payload, _ in self.broker.messages
            if topic.endswith("/event")
        ]

    def queue(self, queue_id):
        retained = self.broker.retained[f"cti/v1/main/queue/{queue_id}/state"]
        return msgspec.json.decode(retained)["data"]

    def router(self):
        retained = self.broker.retained.get(ROUTER)
        return retained and msgspec.json.decode(retained)["data"]["state"]


async def test_events_are_published_in_order_and_marked():
    async with Desk() as desk:
        desk.say_calls(100)
        await eventually(lambda: desk.publisher.position == 100)
        assert desk.events() == list(range(1, 101))
        assert desk.marks[-1] == 100
        counters = desk.publisher.counters
        assert (counters.published, counters.behind) == (100, 0)
        assert counters.connected


async def test_offer_never_waits_for_a_broker():
    desk = Desk()
    desk.broker.refuses = True
    async with desk:
        desk.say_calls(300)
        assert desk.publisher.counters.behind == 300
        await eventually(lambda: desk.publisher.counters.link_failures > 2)
        desk.broker.refuses = False
        await eventually(lambda: desk.publisher.position == 300, 30)
    assert desk.events() == list(range(1, 301))


async def test_no_more_than_the_window_is_under_way():
    desk = Desk(window=8)
    async with desk:
        await eventually(lambda: len(desk.broker.retained) == 5)
        desk.broker.frozen = True
        desk.say_calls(50)
        await eventually(lambda: desk.publisher.counters.in_flight == 8)
        await time_passes(0.01)
        assert desk.broker.peak == 8


async def test_a_cut_link_is_made_again_and_nothing_is_missing():
    desk = Desk(window=8)
    async with desk:
        for _ in range(20):
            desk.say_calls(15)
            await time_passes(0.001)
            desk.broker.cut()
        await eventually(lambda: desk.publisher.position == 300)
        assert desk.publisher.counters.reconnects >= 1
    seen = desk.events()
    assert sorted(set(seen)) == list(range(1, 301))
    news, last = [], 0
    for seq in seen:
        if seq > last:  # what a reader does: drop what is not above the last
            news.append(seq)
            last = seq
    assert news == list(range(1, 301))


async def test_a_cut_ends_what_is_under_way_at_once():
    async with Desk() as desk:
        await eventually(lambda: len(desk.broker.retained) == 5)
        desk.broker.frozen = True
        desk.say_calls(3)
        await eventually(lambda: desk.publisher.counters.in_flight >= 3)
        desk.broker.frozen = False
        desk.broker.cut()
        await eventually(lambda: desk.publisher.position == 3)
        assert desk.events() == [1, 2, 3, 1, 2, 3]


async def test_a_long_outage_is_made_good_from_the_log():
    desk = Desk(memory=10)
    desk.broker.refuses = True
    async with desk:
        desk.say_calls(600)
        assert desk.publisher.counters.lagging
        assert len(desk.feed) == 10
        desk.broker.refuses = False
        await eventually(lambda: desk.publisher.position == 600, 30)
        assert not desk.publisher.counters.lagging
    assert desk.events() == list(range(1, 601))


async def test_a_log_that_cannot_be_read_is_asked_again():
    desk = Desk(memory=10)
    desk.broker.refuses = True
    async with desk:
        desk.say_calls(50)
        desk.log.error = OSError("disk")
        desk.broker.refuses = False
        await eventually(lambda: desk.publisher.counters.log_failures > 1)
        assert desk.publisher.counters.connected
        desk.log.error = None
        await eventually(lambda: desk.publisher.position == 50)
    assert desk.events() == list(range(1, 51))


async def test_after_a_start_it_goes_on_where_the_last_run_ended():
    desk = Desk(position=6, newest=10)
    past = History()
    for _ in range(10):
        desk.log.records.append(desk.encoder.record(past.say(made(e.ConfigApplied))))
    async with desk:
        await eventually(lambda: desk.publisher.position == 10)
        desk.say_calls(1)
        await eventually(lambda: desk.publisher.position == 11)
    assert desk.events() == [7, 8, 9, 10, 11]


async def test_all_state_is_said_before_the_events():
    desk = Desk()
    desk.broker.refuses = True
    async with desk:
        desk.say(agent_state("8001", "ready"))
        desk.broker.refuses = False
        await eventually(lambda: desk.publisher.position == 1)
        topics = [topic for topic, _, _ in desk.broker.messages]
    assert topics[:6] == [
        ROUTER,
        "cti/v1/main/agent/8001/state",
        "cti/v1/west/agent/8002/state",
        "cti/v1/main/queue/loans/state",
        "cti/v1/main/queue/cards/state",
        "cti/v1/main/agent/8001/event",
    ]
    assert all(retain == topic.endswith("/state") for topic, _, retain in desk.broker.messages)


async def test_a_broker_that_forgot_everything_is_told_again():
    async with Desk() as desk:
        desk.say(agent_state("8001", "ready"))
        await eventually(lambda: desk.publisher.position == 1)
        desk.broker.retained.clear()
        desk.broker.cut()
        await eventually(lambda: len(desk.broker.retained) == 5)
        state = msgspec.json.decode(desk.broker.retained["cti/v1/main/agent/8001/state"])["data"]
        assert state["state"] == "ready"


async def test_only_the_newest_state_is_sent():
    desk = Desk(window=2)
    async with desk:
        await eventually(lambda: len(desk.broker.retained) == 5)
        desk.broker.frozen = True
        desk.broker.messages.clear()
        for state in ("ready", "notReady") * 50:
            desk.say(agent_state("8001", state))
        await eventually(lambda: desk.publisher.counters.in_flight == 2)
        desk.broker.frozen = False
        desk.broker.acknowledge()
        await eventually(lambda: desk.publisher.position == 100)
        documents = [m for m in desk.broker.messages if m[0] == "cti/v1/main/agent/8001/state"]
        assert len(documents) <= 3
        assert msgspec.json.decode(documents[-1][1])["data"]["state"] == "notReady"


async def test_queues_are_said_in_batches():
    desk = Desk(queue_state_every_s=0.05)
    async with desk:
        await eventually(lambda: len(desk.broker.retained) == 5)
        desk.broker.messages.clear()
        desk.say(made(e.CallQueued, call_id="a1-1", request_no=1, queue_id="loans"))
        desk.say(made(e.CallQueued, call_id="a1-2", request_no=1, queue_id="loans"))
        await eventually(
            lambda: any("queue/loans" in topic for topic, _, _ in desk.broker.messages)
        )
        documents = [m for m in desk.broker.messages if m[0] == "cti/v1/main/queue/loans/state"]
        assert [msgspec.json.decode(body)["data"]["waiting"] for _, body, _ in documents] == [2]


async def test_a_view_that_is_told_later_is_brought_up_to_date_before_a_document_is_said():
    untold = []
    desk = Desk(catch_up=lambda: [desk.view.apply(untold.pop(0)) for _ in list(untold)])
    async with desk:
        await eventually(lambda: len(desk.broker.retained) == 5)
        envelope = desk.history.say(made(e.CallQueued, call_id="a1-1", request_no=1,
                                         queue_id="loans"))  # fmt: skip
        desk.log.records.append(desk.encoder.record(envelope))
        untold.append(envelope)
        desk.feed.offer_all([envelope])
        await eventually(lambda: desk.queue("loans")["waiting"] == 1)
        assert not untold


async def test_what_left_the_configuration_is_removed_from_the_broker():
    async with Desk() as desk:
        await eventually(lambda: len(desk.broker.retained) == 5)
        desk.view.configure(msgspec.structs.replace(CONFIG, agents=CONFIG.agents[:1]))
        desk.encoder.directory = desk.view.directory
        desk.say(made(e.ConfigApplied))
        await eventually(lambda: "cti/v1/west/agent/8002/state" not in desk.broker.retained)
        assert len(desk.broker.retained) == 4


async def test_a_message_that_no_broker_takes_is_passed_over():
    desk = Desk()
    desk.broker.hates = "cti/v1/main/call/a1-1/event"
    async with desk:
        desk.say_calls(9)
        await eventually(lambda: desk.publisher.position == 9)
        assert desk.publisher.counters.unpublishable == 3
    assert desk.events() == [1, 3, 4, 6, 7, 9]


async def test_more_messages_than_the_window_that_turn_out_unwritable_do_not_stop_it():
    """Each of them has taken a place among those under way, and has to give it back."""
    desk = Desk(window=4)
    desk.broker.chokes_on = "cti/v1/main/call/a1-1/event"
    async with desk:
        desk.say_calls(60)
        await eventually(lambda: desk.publisher.position == 60)
        counters = desk.publisher.counters
        assert (counters.unpublishable, counters.in_flight, counters.connects) == (20, 0, 1)
    assert desk.events() == [seq for seq in range(1, 61) if (seq - 1) % 3 != 1]


async def test_an_event_without_a_form_is_published_as_set_aside_over_the_same_link():
    async with Desk() as desk:
        await eventually(lambda: desk.publisher.counters.connected)
        desk.say(made(e.DeviceChanged, agent_id="8001", reachable=object()))
        desk.say_calls(3)
        await eventually(lambda: desk.publisher.position == 4)
        assert desk.publisher.counters.connects == 1
    kinds = [msgspec.json.decode(payload)["type"] for topic, payload, _ in desk.broker.messages
             if topic.endswith("/event")]  # fmt: skip
    assert kinds[0] == "cti.eventSetAside"
    assert len(kinds) == 4


async def test_under_load_messages_leave_together():
    desk = Desk(gather_s=0.05)
    async with desk:
        await eventually(lambda: len(desk.broker.retained) == 5)
        for _ in range(5):
            desk.say_calls(1)
            await asyncio.sleep(0)
        assert len(desk.events()) <= 1
        await eventually(lambda: desk.events() == [1, 2, 3, 4, 5])


async def test_the_router_says_when_it_runs_and_when_it_stops():
    desk = Desk()
    async with desk:
        await eventually(lambda: desk.router() == "running")
        desk.say_calls(40)
    assert desk.router() == "stopped"
    assert desk.events() == list(range(1, 41))
    assert desk.broker.messages[-1][0] == ROUTER, "its last word, after everything else"


async def test_the_will_carries_the_epoch():
    async with Desk() as desk:
        await eventually(lambda: desk.router() == "running")
        desk.broker.refuses = True
        desk.broker.cut()
        await eventually(lambda: desk.router() == "lost")
        assert msgspec.json.decode(desk.broker.retained[ROUTER])["epoch"] == 7


@pytest.mark.parametrize(
    ("proven_s", "expected"), [(60, [1, 2, 4, 8, 16]), (1e-9, [1, 1, 1, 1, 1])]
)
async def test_the_pause_grows_until_a_link_has_lasted(proven_s, expected):
    """A broker that takes each connection and hangs up is not called all the time."""
    desk, pauses = Desk(backoff_max_s=proven_s), []
    pause = desk.publisher._pause

    async def noted(delay_s):
        pauses.append(round(delay_s * 1000))
        await pause(0)

    desk.publisher._pause = noted
    async with desk:
        for number in range(1, 7):
            await eventually(lambda links=number: desk.broker.links >= links)
            desk.broker.cut()
        await eventually(lambda: len(pauses) >= 6)
    assert pauses[:5] == expected


async def test_close_without_a_broker_returns_at_once():
    desk = Desk(backoff_min_s=60)
    desk.broker.refuses = True
    await desk.publisher.start(*desk.start)
    desk.say_calls(5)
    await eventually(lambda: desk.publisher.counters.link_failures)
    await asyncio.wait_for(desk.publisher.close(30), 5)
    assert desk.publisher.counters.behind == 5


async def test_close_gives_up_on_a_broker_that_does_not_answer():
    desk = Desk(window=4)
    await desk.publisher.start(*desk.start)
    await eventually(lambda: desk.router() == "running")
    desk.broker.frozen = True
    desk.say_calls(50)
    await asyncio.wait_for(desk.publisher.close(0.1), 5)
    assert desk.router() == "lost", "it could not say good-bye, so its will speaks"


async def test_close_before_start_and_twice():
    desk = Desk()
    await desk.publisher.close()
    await desk.publisher.start(*desk.start)
    await desk.publisher.close()
    await desk.publisher.close()


async def test_a_defect_does_not_end_the_publisher(monkeypatch):
    desk = Desk()
    row = desk.view.agent
    monkeypatch.setattr(desk.view, "agent", lambda agent_id: 1 / 0)
    async with desk:
        await eventually(lambda: desk.publisher.counters.link_failures > 1)
        monkeypatch.setattr(desk.view, "agent", row)
        desk.say_calls(2)
        await eventually(lambda: desk.publisher.position == 2)


@pytest.mark.parametrize("window", [1, 2, 32])
async def test_order_is_kept_whatever_the_window(window):
    desk = Desk(window=window)
    async with desk:
        for _ in range(30):
            desk.say_calls(10)
            await asyncio.sleep(0)
        await eventually(lambda: desk.publisher.position == 300)
    assert desk.events() == list(range(1, 301))
