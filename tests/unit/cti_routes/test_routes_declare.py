"""Signatures that cannot be served are refused when the program starts."""

import msgspec
import pytest

from cti.routes.declare import PUBLIC, route, routes_of


class Loose(msgspec.Struct):
    a: int = 0


class Outer(msgspec.Struct, forbid_unknown_fields=True):
    inner: list[Loose] = []


class Answer(msgspec.Struct):
    a: int


def refused(handler, says):
    with pytest.raises(TypeError, match=says):
        routes_of(handler)


def test_a_body_must_refuse_unknown_fields_down_to_its_leaves():
    @route("POST", "/a", needs=PUBLIC)
    async def a(body: Outer) -> Answer:
        """A."""

    refused(a, "Loose must have forbid_unknown_fields")


def test_every_part_of_the_path_is_an_argument():
    @route("GET", "/a/{b}", needs=PUBLIC)
    async def a() -> Answer:
        """A."""

    refused(a, "no argument for b")


def test_a_handler_says_what_it_does():
    @route("GET", "/a", needs=PUBLIC)
    async def a() -> Answer:
        pass

    refused(a, "no docstring")


def test_two_routes_have_two_names():
    @route("GET", "/a", needs=PUBLIC)
    async def a() -> Answer:
        """A."""

    with pytest.raises(TypeError, match="two routes"):
        routes_of(a, a)


def test_methods_and_keys():
    with pytest.raises(TypeError, match="GET"):
        route("get", "/a", needs=PUBLIC)
    with pytest.raises(TypeError, match="second time"):
        route("POST", "/a", needs=PUBLIC, once=True, produces="text/csv")
