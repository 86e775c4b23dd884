"""The surface of the core keeps its promises, and nobody reaches past it."""

import ast

import pytest

from routing import commands, control, engine, events, legs
from routing.message import Message
from routing.transfers import messages as transfer_messages
from tests.architecture.sources import ROOT, module_name, sources
from tests.architecture.surface import RECORDED, lines

# What other rooms may import of `routing`; `call`, `offer`, `agent`, `phone`: to read live records.
PUBLIC = {
    "routing",
    "routing.agent",
    "routing.calendar.clock",
    "routing.calendar.dates",
    "routing.calendar.model",
    "routing.calendar.reading",
    "routing.call",
    "routing.commands",
    "routing.config",
    "routing.control",
    "routing.config_check",
    "routing.data",
    "routing.engine",
    "routing.events",
    "routing.explain",
    "routing.ids",
    "routing.invariants",
    "routing.index.needs",
    "routing.legs",
    "routing.offer",
    "routing.phone",
    "routing.index.predicates",
    "routing.refusals",
    "routing.snapshot",
    "routing.transfers.transfer",
    "routing.transfers.messages",
    "routing.verbs.allowed",
}


def test_nothing_that_was_promised_has_gone_or_changed():
    """Journals of yesterday are read tomorrow: fields stay, and new ones can be left out."""
    promised = set(RECORDED.read_text(encoding="utf-8").splitlines())
    present = set(lines())
    assert not promised - present, "if it was never released: python -m tests.architecture.surface"
    known = {line.split(".")[0] for line in promised if "." in line}
    added = {line for line in present - promised if line.endswith(" required")}
    broken = sorted(line for line in added if line.split(".")[0] in known)
    assert not broken, "a new field of an old message needs a default"


def test_every_message_is_in_its_union_and_every_command_has_a_handler():
    messages = {
        thing
        for module in (commands, control, events, legs, transfer_messages)
        for thing in vars(module).values()
        if isinstance(thing, type)
        and issubclass(thing, Message)
        and thing.__module__ == module.__name__
    }
    asked, told = set(commands.Command.__args__), set(events.Event.__args__)
    assert messages == asked | told
    assert not asked & told
    assert set(engine.HANDLERS) == asked


@pytest.mark.parametrize("path", sources("cti", "simulators", "centre"), ids=module_name)
def test_other_rooms_use_the_public_surface_of_routing(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "routing":
            where = f"{path.relative_to(ROOT)}:{node.lineno}"
            assert node.module in PUBLIC, f"{where} reaches into {node.module}"
            private = [alias.name for alias in node.names if alias.name.startswith("_")]
            assert not private, f"{where} takes {private}"


def written_of_an_engine(source: str) -> list[int]:
    """Lines that assign to an attribute of something that is called an engine or a core."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute)
        and not isinstance(node.ctx, ast.Load)
        and ast.unparse(node.value).split(".")[-1] in {"engine", "core"}
    ]


@pytest.mark.parametrize("path", sources("cti", "simulators", "centre"), ids=module_name)
def test_nothing_but_a_command_changes_an_engine(path):
    """What is written past the journal no replay comes to."""
    assert not written_of_an_engine(path.read_text(encoding="utf-8"))


def test_a_write_to_an_engine_is_found():
    assert written_of_an_engine("self.engine.event_seq = 7")
    assert written_of_an_engine("engine.calls += 1\ndel core.calls")
    assert not written_of_an_engine("self.engine = engine\nseq = engine.seq")
