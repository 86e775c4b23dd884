import dataclasses

import msgspec

from cti.bus.board import StateBoard
from cti.record.cloudevents import AsOf
from cti.record.directory import AgentCard, Directory
from cti.record.topics import Subject
from routing import events as e
from routing.agent import Agent
from routing.call import Call, CallState
from routing.config import AgentSpec
from tests.worlds.record.history import DIRECTORY, NOON_US, History, agent_state, encoder, made

QUEUE = {"call_id": "a1-1.1", "request_no": 1, "queue_id": "loans"}
OFFER = {**QUEUE, "agent_id": "8001", "offer_id": 1}


class Told:
    """A board that follows what is said."""

    def __init__(self, directory=DIRECTORY):
        self.history = History()
        self.board = StateBoard(encoder(directory))

    def say(self, kind, **given):
        self.board.apply(self.history.say(made(kind, **given)))

    def agent(self, agent_id="8001"):
        return self._document(Subject.AGENT, agent_id)

    def queue(self, queue_id="loans"):
        return self._document(Subject.QUEUE, queue_id)

    def _document(self, *key):
        return msgspec.json.decode(self.board.document(key)[1])["data"]


def figures(queue):
    return queue["waiting"], queue["offered"], queue["talking"]


def test_everyone_has_a_document_from_the_beginning():
    board = Told().board
    assert [name for _, name in board.changed_agents] == ["8001", "8002"]
    assert [name for _, name in board.changed_queues] == ["loans", "cards"]


def test_a_document_is_a_cloud_event_of_its_own():
    told = Told()
    told.board.apply(told.history.say(agent_state("8002", "ready")))
    topic, body = told.board.document((Subject.AGENT, "8002"))
    event = msgspec.json.decode(body)
    assert topic == "cti/v1/west/agent/8002/state"
    assert (event["type"], event["id"]) == ("cti.agentState", "n1-7-1-agent-8002")
    assert (event["seq"], event["epoch"], event["employer"]) == ("1", 7, "acme")


def test_an_agents_document_follows_his_state():
    told = Told()
    told.say(e.AgentLoggedOn, agent_id="8001", device="8001-phone")
    told.board.apply(told.history.say(agent_state("8001", "notReady", reason="meal")))
    told.board.apply(
        told.history.say(agent_state("8001", "notReady", reason="meal", pending="ready"))
    )
    assert told.agent() == {
        "agent_id": "8001",
        "state": "notReady",
        "since_us": NOON_US + 2000,  # not moved by the second event: the state is the same
        "reason": "meal",
        "pending": "ready",
        "until_us": 0,
        "call_id": "",
        "device": "8001-phone",
        "reachable": True,
        "queues": ["loans", "cards"],
    }


def test_a_queues_document_follows_its_calls():
    told = Told()
    told.say(e.CallQueued, **QUEUE, first_queued_us=NOON_US - 5)
    told.say(e.CallQueued, **{**QUEUE, "call_id": "a1-2.2"}, first_queued_us=NOON_US - 9)
    assert figures(told.queue()) == (2, 0, 0)
    assert told.queue()["longest_waiting_since_us"] == NOON_US - 9
    told.say(e.OfferMade, **OFFER)
    assert figures(told.queue()) == (1, 1, 0)
    told.say(e.OfferEnded, **OFFER)
    told.say(e.CallQueued, **QUEUE, first_queued_us=NOON_US - 5)
    assert figures(told.queue()) == (2, 0, 0)
    told.say(e.OfferMade, **OFFER)
    told.say(e.CallEstablished, **OFFER)
    assert figures(told.queue()) == (1, 0, 1)
    told.say(e.ConnectionCleared, **QUEUE)
    told.say(e.CallCleared, **QUEUE)
    told.say(e.CallCleared, **{**QUEUE, "call_id": "a1-2.2"})
    assert figures(told.queue()) == (0, 0, 0)
    assert told.queue()["longest_waiting_since_us"] == 0


def test_who_is_being_rung_for_still_waits():
    told = Told()
    decision = made(e.Decision, waited_us=400)
    told.say(e.OfferMade, **OFFER, decision=decision)
    assert told.queue()["longest_waiting_since_us"] == NOON_US + 1000 - 400


def test_a_call_that_changes_queue_counts_in_one():
    told = Told()
    told.say(e.CallQueued, **QUEUE)
    told.say(e.CallDiverted, **QUEUE, to_queue="cards")
    told.say(e.CallQueued, **{**QUEUE, "queue_id": "cards"})
    assert figures(told.queue("loans")) == (0, 0, 0)
    assert figures(told.queue("cards")) == (1, 0, 0)


def test_ready_agents_count_in_each_queue_they_serve():
    told = Told()
    for agent_id, state in (("8001", "ready"), ("8002", "notReady")):
        told.board.apply(told.history.say(agent_state(agent_id, state)))
    assert (told.queue("loans")["agents_logged_on"], told.queue("loans")["agents_ready"]) == (2, 1)
    assert (told.queue("cards")["agents_logged_on"], told.queue("cards")["agents_ready"]) == (1, 1)


def test_a_ready_agent_with_a_dead_phone_does_not_count_as_ready():
    told = Told()
    told.board.apply(told.history.say(agent_state("8001", "ready")))
    told.say(e.DeviceChanged, agent_id="8001", reachable=False)
    assert (told.agent()["reachable"], told.queue()["agents_ready"]) == (False, 0)
    told.say(e.DeviceChanged, agent_id="8001", reachable=True)
    assert told.queue()["agents_ready"] == 1


def test_a_new_configuration_removes_what_left_and_recounts():
    told = Told()
    told.board.apply(told.history.say(agent_state("8001", "ready")))
    told.board.use(
        Directory(agents={"8001": AgentCard("own", "main", ("cards",))}, queues=("cards",))
    )
    assert list(told.board.gone) == [
        "cti/v1/west/agent/8002/state",
        "cti/v1/main/queue/loans/state",
    ]
    assert told.queue("cards")["agents_ready"] == 1


def test_an_agent_who_moves_to_another_site_leaves_no_document_behind():
    told = Told()
    told.board.use(
        Directory(agents={**DIRECTORY.agents, "8001": AgentCard("own", "north")}, queues=("loans",))
    )
    assert "cti/v1/main/agent/8001/state" in told.board.gone
    assert told.board.document((Subject.AGENT, "8001"))[0] == "cti/v1/north/agent/8001/state"


def test_who_left_the_configuration_while_busy_keeps_his_document_until_he_is_gone():
    told = Told()
    told.board.apply(told.history.say(agent_state("8001", "busy")))
    told.say(e.CallQueued, **QUEUE)
    told.board.use(Directory())
    assert "cti/v1/main/agent/8001/state" not in told.board.gone
    assert figures(told.queue()) == (1, 0, 0)
    told.board.apply(told.history.say(agent_state("8001", "null")))
    told.say(e.CallCleared, **QUEUE)
    assert {"cti/v1/main/agent/8001/state", "cti/v1/main/queue/loans/state"} <= set(told.board.gone)
    assert not told.board.changed_agents
    assert not told.board.changed_queues


def some_call(number, state):
    given = {
        "call_id": f"a1-{number}.{number}",
        "number": number,
        "queue_id": "loans",
        "first_queued_us": NOON_US + number,
        "state": state,
    }
    needed = {
        field.name: ""
        for field in dataclasses.fields(Call)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    }
    return Call(**needed | given)


def test_after_a_start_the_cores_records_are_the_beginning():
    told = Told()
    spec = AgentSpec("8001", "8001")
    agent = Agent("8001", spec, shown=e.AgentState.WORKING_AFTER_CALL, shown_since_us=5,
                  work_until_us=99, device="8001")  # fmt: skip
    calls = [some_call(n, state) for n, state in enumerate(CallState)]
    told.board.restore([agent], calls, AsOf(8, 500, NOON_US))
    assert figures(told.queue()) == (2, 1, 2)  # out of sight still waits, held is talking
    assert told.queue()["agents_logged_on"] == 1
    assert (told.agent()["state"], told.agent()["until_us"]) == ("workingAfterCall", 99)
    event = msgspec.json.decode(told.board.document((Subject.QUEUE, "loans"))[1])
    assert (event["epoch"], event["seq"]) == (8, "500")


def test_what_ends_is_forgotten():
    told = Told()
    for number in range(100):
        given = {**OFFER, "call_id": f"a1-{number}.1"}
        told.say(e.OfferMade, **given)
        told.say(e.CallCleared, call_id=given["call_id"], request_no=1, queue_id="loans")
    assert not told.board._calls
    assert figures(told.queue()) == (0, 0, 0)
