"""What is said on the bus is what docs/events/schemas.json says, no more and no less."""

from pathlib import Path
from typing import get_args

import msgspec
import pytest
from jsonschema import Draft7Validator

from routing import events as e
from routing.engine import RoutingEngine
from tests.scenarios.language import read_file
from tests.scenarios.transfer_words import TransferPlayer
from tests.worlds.record.history import History, agent_state, call_life, encoder, made
from tests.worlds.record.schemas import ANY, SCHEMAS, problems

FOLDER = Path(__file__).parents[2] / "scenarios"
SCENARIOS = [s for path in sorted(FOLDER.rglob("*.txt")) for s in read_file(path)]


def said(events):
    speaker = encoder()
    return [msgspec.json.decode(speaker.record(it).body) for it in History().say_all(events)]


def test_the_schemas_are_schemas():
    Draft7Validator.check_schema(SCHEMAS)


@pytest.mark.parametrize("kind", get_args(e.Event), ids=lambda kind: kind.__name__)
def test_an_event_of_each_class(kind):
    [event] = said([made(kind)])
    assert problems(event) == []
    assert ANY.is_valid(event)


def test_each_state_of_an_agent_and_a_phone():
    events = [agent_state("8001", state) for state in e.AgentState]
    events += [made(e.DeviceChanged, agent_id="8001", reachable=up) for up in (True, False)]
    assert [problems(event) for event in said([*events, *call_life()])] == [[]] * 20


def test_an_event_that_was_set_aside():
    [event] = said([made(e.CallQueued, call_id="a1-1.1", caller=object())])
    assert event["type"] == "cti.eventSetAside"
    assert problems(event) == []


def test_what_real_engines_say_in_all_scenarios():
    seen = set()
    for scenario in SCENARIOS:
        player = TransferPlayer(scenario, RoutingEngine)
        player.begin()
        events = said([event for row in scenario.rows for event in player.events_of(row)])
        for event in events:
            seen.add(event["type"])
            assert problems(event) == [], (scenario.name, event)
    assert {"cti.delivered", "cti.transferred", "cti.callbackBooked", "cti.agentReady"} <= seen
    assert len(seen) > 25


@pytest.mark.parametrize(
    "spoil",
    [
        lambda event: event["data"].pop("caller"),
        lambda event: event["data"].update(offer_id="1"),
        lambda event: event.update(seq=3),
        lambda event: event.update(type="cti.established"),
        lambda event: event["data"].update(extra=1),
        lambda event: event.pop("subject"),
    ],
)
def test_what_is_wrong_is_found(spoil):
    [event] = said([call_life()[3]])
    assert problems(event) == []
    spoil(event)
    assert problems(event)
