"""Every module of the centre has the shape that docs/module.md tells (DESIGN §10)."""

import ast
import re
import tomllib
from importlib import import_module

import pytest

from centre.app import RIGHTS
from centre.store.schema import METADATA
from tests.architecture.sources import ROOT, imported_names

CENTRE = ROOT / "centre"
MODULES = sorted(path.parent.name for path in CENTRE.glob("*/model.py"))
FILES = {"model.py", "rules.py", "rows.py", "api.py"}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def contract(words):
    every = PROJECT["tool"]["importlinter"]["contracts"]
    return next(each for each in every if words in each["name"])


def test_there_are_modules():
    assert {"people", "accounts"} <= set(MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_a_module_has_its_files_and_says_what_each_is_for(name):
    folder = CENTRE / name
    there = {path.name for path in folder.glob("*.py")}
    assert there >= FILES
    told = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8")))
    for path in folder.glob("[!_]*.py"):
        assert re.search(rf"(?m)^\s*{path.stem}\s", told), f"{name}/__init__.py leaves out {path}"


@pytest.mark.parametrize("name", MODULES)
def test_its_rules_are_under_the_contract_of_purity_and_it_stands_beside_the_others(name):
    assert f"centre.{name}.rules" in contract("rules and contracts are pure")["source_modules"]
    layers = contract("rooms of the centre")["layers"]
    (mine,) = [layer for layer in layers if name in layer.split(" | ")]
    assert set(MODULES) <= set(mine.split(" | "))


@pytest.mark.parametrize("name", MODULES)
def test_its_rights_have_words_and_are_built_in(name):
    rights = import_module(f"centre.{name}.model").RIGHTS
    assert rights
    assert rights.items() <= RIGHTS.items()
    for right, (zh, en) in rights.items():
        assert re.fullmatch(r"[a-z]+\.[a-z]+", right)
        assert re.search(r"[\u4e00-\u9fff]", zh)
        assert en.isascii()


@pytest.mark.parametrize("name", MODULES)
def test_only_its_rows_and_operations_know_a_database(name):
    for path in (CENTRE / name).glob("*.py"):
        knows = {each.partition(".")[0] for each in imported_names(path)}
        if path.stem in ("model", "rules"):
            assert not knows & {"sqlalchemy", "aiohttp", "asyncio"}, path


def test_every_row_that_people_own_has_a_version():
    """What is written by `add` and `change` alone; the rest is the program's own keeping."""
    without = {f"{each.name}" for each in METADATA.sorted_tables if "rev" not in each.c}
    assert without == {"history", "sessions", "tries", "editing"}
