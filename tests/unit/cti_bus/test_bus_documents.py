import msgspec
import pytest

from cti.bus.documents import StateDocuments
from cti.record.cloudevents import AsOf
from cti.view import AgentNow, CallNow, CallStage, RouterNow, StateView
from routing import events as e
from routing.config import AgentSpec, RoutingConfig
from routing.transfers.messages import CallTransferred, Connection
from tests.worlds.record.history import CONFIG, NOON_US, History, agent_state, encoder, made

QUEUE = {"call_id": "a1-1.1", "request_no": 1, "queue_id": "loans"}
OFFER = {**QUEUE, "agent_id": "8001", "offer_id": 1}


class Told:
    """Documents of a view that follows what is said."""

    def __init__(self, config=CONFIG):
        self.history = History()
        self.view = StateView(config)
        self.encoder = encoder(self.view.directory)
        self.documents = StateDocuments(self.view, self.encoder)

    def say(self, kind, **given):
        self.apply(made(kind, **given))

    def apply(self, event):
        self.view.apply(self.history.say(event))

    def configure(self, **given):
        self.view.configure(msgspec.structs.replace(CONFIG, **given))
        self.encoder.directory = self.view.directory

    def agent(self, agent_id="8001"):
        return msgspec.json.decode(self.documents.agent(agent_id).payload)["data"]

    def queue(self, queue_id="loans"):
        return msgspec.json.decode(self.documents.queue(queue_id).payload)["data"]

    def removed(self):
        """What is due is said; the topics that are left."""
        for agent_id in list(self.documents.changed_agents):
            self.documents.agent(agent_id)
        for queue_id in list(self.documents.changed_queues):
            self.documents.queue(queue_id)
        found = []
        while message := self.documents.removal():
            assert message.payload == b""
            found.append(message.topic)
        return found


def figures(queue):
    return queue["waiting"], queue["offered"], queue["talking"]


def test_everyone_has_a_document_from_the_beginning():
    documents = Told().documents
    assert list(documents.changed_agents) == ["8001", "8002"]
    assert list(documents.changed_queues) == ["loans", "cards"]


def test_a_document_is_a_cloud_event_of_its_own():
    told = Told()
    told.apply(agent_state("8002", "ready"))
    message = told.documents.agent("8002")
    event = msgspec.json.decode(message.payload)
    assert message.topic == "cti/v1/west/agent/8002/state"
    assert (event["type"], event["id"]) == ("cti.agentState", "n1-7-1-agent-8002")
    assert (event["seq"], event["epoch"], event["employer"]) == ("1", 7, "acme")


def test_an_agents_document_follows_his_state():
    told = Told()
    told.say(e.AgentLoggedOn, agent_id="8001", device="8001-phone")
    told.apply(agent_state("8001", "notReady", reason="meal"))
    told.apply(agent_state("8001", "notReady", reason="meal", pending="ready"))
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
        told.apply(agent_state(agent_id, state))
    assert (told.queue("loans")["agents_logged_on"], told.queue("loans")["agents_ready"]) == (2, 1)
    assert (told.queue("cards")["agents_logged_on"], told.queue("cards")["agents_ready"]) == (1, 1)


def test_a_ready_agent_with_a_dead_phone_does_not_count_as_ready():
    told = Told()
    told.apply(agent_state("8001", "ready"))
    told.say(e.DeviceChanged, agent_id="8001", reachable=False)
    assert (told.agent()["reachable"], told.queue()["agents_ready"]) == (False, 0)
    told.say(e.DeviceChanged, agent_id="8001", reachable=True)
    assert told.queue()["agents_ready"] == 1


def test_a_new_configuration_removes_what_left_and_recounts():
    told = Told()
    told.apply(agent_state("8001", "ready"))
    told.configure(queues=CONFIG.queues[1:], agents=CONFIG.agents[:1])
    assert told.removed() == ["cti/v1/west/agent/8002/state", "cti/v1/main/queue/loans/state"]
    assert told.queue("cards")["agents_ready"] == 1


def test_an_agent_who_moves_to_another_site_leaves_no_document_behind():
    told = Told()
    told.configure(agents=(AgentSpec("8001", "8001", site="north"), CONFIG.agents[1]))
    assert told.removed() == ["cti/v1/main/agent/8001/state"]
    assert told.documents.agent("8001").topic == "cti/v1/north/agent/8001/state"


def test_who_moves_away_and_back_before_it_is_said_keeps_the_document():
    told = Told()
    told.configure(agents=(AgentSpec("8001", "8001", site="north"), CONFIG.agents[1]))
    told.documents.agent("8001")
    told.configure()
    assert told.removed() == ["cti/v1/north/agent/8001/state"]


def test_who_left_the_configuration_while_busy_keeps_the_document_until_they_are_gone():
    told = Told()
    told.apply(agent_state("8001", "busy"))
    told.say(e.CallQueued, **QUEUE)
    told.configure(agents=(), queues=())
    assert told.removed() == ["cti/v1/west/agent/8002/state", "cti/v1/main/queue/cards/state"]
    assert figures(told.queue()) == (1, 0, 0)
    told.apply(agent_state("8001", "null"))
    told.say(e.CallCleared, **QUEUE)
    assert told.removed() == ["cti/v1/main/agent/8001/state", "cti/v1/main/queue/loans/state"]
    assert not told.documents.changed_agents
    assert not told.documents.changed_queues


def test_what_the_recovered_core_knew_and_the_new_configuration_does_not_is_removed():
    told = Told(RoutingConfig(agents=CONFIG.agents))
    told.configure(queues=(), agents=())
    assert told.removed() == ["cti/v1/main/agent/8001/state", "cti/v1/west/agent/8002/state"]


STAGES = (CallStage.WAITING, CallStage.RINGING, CallStage.TALKING, CallStage.HELD)


def test_after_a_start_the_cores_records_are_the_beginning():
    told = Told()
    agent = AgentNow("8001", e.AgentState.WORKING_AFTER_CALL, since_us=5, until_us=99)
    calls = [
        CallNow(f"a1-{n}.{n}", "loans", "a1", stage, NOON_US + n, NOON_US)
        for n, stage in enumerate((*STAGES, CallStage.RELEASED), 1)
    ]
    told.view.reset(RouterNow(AsOf(8, 500, NOON_US), [agent], calls, {}, [], []))
    assert figures(told.queue()) == (1, 1, 2)  # held is talking, released is nowhere
    assert told.queue()["longest_waiting_since_us"] == NOON_US + 1
    assert told.queue()["agents_logged_on"] == 1
    assert (told.agent()["state"], told.agent()["until_us"]) == ("workingAfterCall", 99)
    event = msgspec.json.decode(told.documents.queue("loans").payload)
    assert (event["epoch"], event["seq"]) == (8, "500")


def test_who_is_to_be_called_back_waits_and_is_not_the_one_who_waits_longest():
    told = Told()
    told.say(e.CallQueued, **QUEUE, first_queued_us=NOON_US - 9)
    told.say(e.CallQueued, **{**QUEUE, "call_id": "a1-2.2"}, first_queued_us=NOON_US - 5)
    told.say(e.CallbackBooked, **QUEUE)
    assert (told.queue()["waiting"], told.queue()["callbacks"]) == (2, 1)
    assert told.queue()["longest_waiting_since_us"] == NOON_US - 5


@pytest.mark.parametrize(
    ("connection", "expected"),
    [
        (Connection.QUEUED, (1, 0, 0)),
        (Connection.ALERTING, (0, 1, 0)),
        (Connection.CONNECTED, (0, 0, 1)),
        (Connection.HOLD, (0, 0, 1)),
    ],
)
def test_a_customer_who_is_handed_on_counts_where_they_stand(connection, expected):
    told = Told()
    told.say(e.CallQueued, **QUEUE)
    told.say(e.OfferMade, **OFFER)
    told.say(e.CallEstablished, **OFFER)
    told.say(e.ConnectionCleared, **QUEUE, by=e.ClearedBy.TRANSFER)
    assert figures(told.queue()) == (0, 0, 0)  # a phone's own REFER is followed by nothing
    told.say(
        CallTransferred, call_id=QUEUE["call_id"], queue_id="cards", to_agent="8002",
        connection=connection,
    )  # fmt: skip
    assert figures(told.queue("loans")) == (0, 0, 0)
    assert figures(told.queue("cards")) == expected
    assert told.agent("8002")["call_id"] == QUEUE["call_id"]


def test_what_ends_is_forgotten():
    told = Told()
    for number in range(100):
        given = {**OFFER, "call_id": f"a1-{number}.1"}
        told.say(e.OfferMade, **given)
        told.say(e.CallCleared, call_id=given["call_id"], request_no=1, queue_id="loans")
    assert not told.view.live_calls
    assert figures(told.queue()) == (0, 0, 0)
