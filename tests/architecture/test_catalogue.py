"""docs/events is that of the types, and has words for all of it in two languages."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from docs.catalogue.entries import entries, fields_of, meaning, minor, words  # noqa: E402
from docs.catalogue.schemas import STRUCTS  # noqa: E402

FOLDER = ROOT / "docs" / "events"


def test_the_catalogue_is_current():
    done = subprocess.run(
        [sys.executable, "-m", "docs.catalogue", "--check"], cwd=ROOT, check=False
    )
    assert done.returncode == 0, "run: python -m docs.catalogue"


def test_the_control_interface_is_described_as_it_is():
    done = subprocess.run(
        [sys.executable, "-m", "docs.control_api", "--check"], cwd=ROOT, check=False
    )
    assert done.returncode == 0, "run: python -m docs.control_api"


@pytest.mark.parametrize("name", STRUCTS)
def test_every_event_and_field_has_its_words_in_both_languages(name):
    title, when = words()["events"][name]
    assert chinese(title)
    assert chinese(when)
    for field in fields_of(STRUCTS[name]):
        english, other = meaning(name, field.name)
        assert english.isprintable()
        assert not chinese(english)
        assert other


def test_no_words_are_of_something_that_is_gone():
    fields = {(name, field.name) for name, kind in STRUCTS.items() for field in fields_of(kind)}
    names = {field for _, field in fields} | {f"{name}.{field}" for name, field in fields}
    assert set(words()["events"]) == set(STRUCTS)
    assert set(words()["fields"]) <= names


def test_names_on_the_bus_are_said_once():
    names = [name for entry in entries() for name in entry.types]
    assert len(set(names)) == len(names)


def test_a_field_that_is_added_makes_another_version():
    class Part(msgspec.Struct):
        old: int
        new: int = 0

    class Whole(msgspec.Struct):
        part: Part
        other: int = 0

    assert minor(Part) == 1
    assert minor(Whole) == 2


@pytest.mark.parametrize("file", ["asyncapi.json", "schemas.json"])
def test_every_reference_leads_somewhere(file):
    document = msgspec.json.decode((FOLDER / file).read_bytes())
    references = list(references_in(document))
    assert len(references) > 100
    for reference in references:
        at = document
        assert reference.startswith("#/")
        for step in reference[2:].split("/"):
            at = at[step]
        assert at


def test_asyncapi_has_what_version_3_asks_for():
    document = msgspec.json.decode((FOLDER / "asyncapi.json").read_bytes())
    assert document["asyncapi"] == "3.0.0"
    for channel in document["channels"].values():
        named = {level[1:-1] for level in channel["address"].split("/") if level[0] == "{"}
        assert named == set(channel["parameters"])
        assert channel["messages"]
    told = [op["channel"]["$ref"].split("/")[-1] for op in document["operations"].values()]
    assert sorted(told) == sorted(document["channels"])
    assert {op["action"] for op in document["operations"].values()} == {"send"}


def references_in(value):
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        value = value.values()
    elif not isinstance(value, list):
        return
    for item in value:
        yield from references_in(item)


def chinese(text):
    return any("\u4e00" <= letter <= "\u9fff" for letter in text)


def test_the_table_of_acts_is_current():
    done = subprocess.run([sys.executable, "-m", "docs.acts", "--check"], cwd=ROOT, check=False)
    assert done.returncode == 0, "run: python -m docs.acts"
