"""The story of a call that was transferred in every way, in words; and its messages as JSON."""

from pathlib import Path

import msgspec
import pytest

from routing import commands as c
from routing.commands import Command, OfferOutcome
from routing.events import Event
from routing.explain import explain
from routing.ids import contact_of
from tests.worlds.routing.transfer_desk import Desk

HERE = Path(__file__).parent


class Recorder(Desk):
    """Remembers when what was told."""

    def __init__(self):
        self.history: list[tuple[int, Event]] = []
        self.journal: list[c.Stamped] = []
        super().__init__()

    def do(self, command):
        self.journal.append(c.Stamped(self.core.seq + 1, self.now_us, command))
        events = super().do(command)
        self.history += [(self.now_us, event) for event in events]
        return events


def every_way() -> Recorder:
    """Consulted, late, joined and left; then single-step, rejected and recalled; then cancelled."""
    desk = Recorder()
    desk.ready("cat")
    desk.wait(20)
    desk.start("consult", "cards")
    desk.wait(2)
    desk.answer("cat")
    desk.wait(10)
    desk.complete()
    desk.wait(5)
    desk.join()
    desk.conferenced()
    desk.wait(3)
    desk.complete()
    desk.wait(30)
    desk.ready("dan")
    desk.start("singleStep", "dan", by="cat")
    desk.fail("dan", OfferOutcome.REJECTED)
    desk.wait(7)
    desk.answer("cat")
    desk.wait(5)
    desk.start("blind", "dan", by="cat")
    desk.cancel()
    desk.hang_up("c1")
    return desk


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_story_in_words(lang):
    """With its consultations, which are told as asides."""
    mine = [
        (at_us, event)
        for at_us, event in every_way().history
        if contact_of(getattr(event, "call_id", "")) == "c1"
    ]
    golden = (HERE / f"transfer_story_{lang}.txt").read_text(encoding="utf-8").splitlines()
    assert explain(mine, lang) == golden


@pytest.mark.parametrize("kind", ["commands", "events"])
def test_every_message_survives_json(kind):
    """The journal and the event log hold them."""
    desk = every_way()
    messages = [s.command for s in desk.journal] if kind == "commands" else desk.told
    union = Command if kind == "commands" else Event
    data = msgspec.json.encode(messages)
    assert msgspec.json.decode(data, type=list[union]) == messages


def test_the_same_journal_gives_the_same_story():
    """… on an engine that read it from JSON."""
    desk, other = every_way(), Desk()
    data = msgspec.json.encode(desk.journal)
    core = type(other.core)(other.config)
    told = [
        event
        for stamped in msgspec.json.decode(data, type=list[c.Stamped])
        for event in core.handle(stamped)
    ]
    assert told == [event for _, event in desk.history]
