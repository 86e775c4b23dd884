"""Which tests belong to which room: `make test ROOM=gateway` runs those, and only those.

A test belongs to the rooms that its file names (`pytestmark = pytest.mark.room("bus", "record")`),
else to that of its folder: `unit/cti_gateway` is gateway's. The names of rooms are those of the
folders of the house. A test of no room, or of one that does not exist, is an error at once.
"""

from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
HOUSE = TESTS.parent

# {folder of tests: room}, the longest match counts; `unit/cti_X` is X's by itself.
FOLDERS = {
    "architecture": "tests",
    "asterisk": "asterisk-config",
    "centre": "centre",
    "centre/cli": "centre",
    "centre/contracts": "contracts",
    "centre/accounts": "accounts",
    "centre/people": "people",
    "centre/store": "store",
    "centre/web": "web",
    "complaints": "routing",
    "contract": "gateway",
    "deploy": "deploy",
    "integration": "cti",
    "property": "routing",
    "scenarios": "routing",
    "theory": "routing",
    "unit/cti": "cti",
    "unit/routing": "routing",
    "unit/simulators": "simulators",
    "unit/tests": "tests",
}


@cache
def rooms() -> set[str]:
    """Every room of the house; `cti` alone stands for the files right in it."""
    top = {"asterisk-config", "benchmarks", "centre", "cti", "deploy", "routing", "simulators"}
    inner = {
        path.parent.name
        for room in ("cti", "centre")
        for path in HOUSE.glob(f"{room}/*/__init__.py")
    }
    return {"tests", *top, *inner}


@cache
def rooms_of(path: Path, named: tuple[str, ...] = ()) -> set[str]:
    """The rooms of a file of tests; `named` are those that it names itself."""
    folder = path.relative_to(TESTS).parent.as_posix()
    if named:
        found = set(named)
    elif folder.startswith("unit/cti_"):
        found = {folder.removeprefix("unit/cti_")}
    else:
        found = {FOLDERS[folder]} if folder in FOLDERS else set()
    where = f"{path.relative_to(HOUSE)}"
    if not found:
        raise pytest.UsageError(f"{where} belongs to no room: see tests/rooms.py")
    if unknown := found - rooms():
        raise pytest.UsageError(f"{where} is of {sorted(unknown)}: there is no such room")
    return found


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--room", default="", metavar="ROOM[,ROOM]", help="only tests of these rooms")


def pytest_configure(config: pytest.Config) -> None:
    wanted = _wanted(config)
    if unknown := wanted - rooms():
        known = ", ".join(sorted(rooms()))
        raise pytest.UsageError(f"no room {sorted(unknown)}; there are: {known}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    wanted, kept, left_out = _wanted(config), [], []
    for item in items:
        named = tuple(name for mark in item.iter_markers("room") for name in mark.args)
        of = rooms_of(item.path, named)
        (kept if not wanted or of & wanted else left_out).append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept


def _wanted(config: pytest.Config) -> set[str]:
    return {name for name in config.getoption("--room").split(",") if name}
