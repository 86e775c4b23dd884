"""How far a right reaches."""

import itertools

import pytest

from centre.contracts.rights import Holding, Place, Principal, Scope, clash, is_within, parse_scope

HERE = Place(person="p1", team="loans", unit="retail", employer="own", queues=("q1", "q2"))


@pytest.mark.parametrize(
    ("scope", "reaches"),
    [
        ("all", True), ("self", True), ("team:loans", True), ("team:cards", False),
        ("unit:retail", True), ("unit:x", False), ("employer:own", True), ("employer:y", False),
        ("queue:q2", True), ("queue:q3", False),
    ],
)  # fmt: skip
def test_a_scope_reaches_what_it_holds(scope, reaches):
    assert parse_scope(scope).reaches(HERE, "p1") is reaches
    assert str(parse_scope(scope)) == scope


@pytest.mark.parametrize("text", ["", "team", "team:", "all:x", "self:p1", "everybody", "TEAM:x"])
def test_what_is_no_scope(text):
    assert parse_scope(text) is None


def test_nowhere_is_in_no_scope_but_all():
    nowhere = Place()
    for kind in ("self", "team", "unit", "employer", "queue"):
        assert not Scope(kind, "").reaches(nowhere, "")


def test_a_right_of_one_grant_does_not_reach_as_far_as_another():
    who = Principal(
        name="8002",
        person="p2",
        holdings=(
            Holding(frozenset({"a"}), Scope("team", "loans")),
            Holding(frozenset({"b"}), Scope("all")),
        ),
    )
    there = Place(person="p9", team="cards")
    assert (who.may("a", HERE), who.may("a", there), who.may("b", there)) == (True, False, True)
    assert not who.may("c", HERE)


def test_a_forbidden_pair_that_is_held_all_the_same_is_worth_nothing():
    """Granted before the rule was written: checked at the act, too."""
    both = (Holding(frozenset({"a", "b", "c"}), Scope("all")),)
    who = Principal(name="8002", holdings=both, forbidden=(("a", "b"),))
    assert [who.may(right, HERE) for right in "abc"] == [False, False, True]


def test_clash_and_within():
    assert clash(["a", "c"], (("a", "b"), ("c", "a"))) == ("c", "a")
    assert clash(["a"], (("a", "b"),)) is None
    team, all_ = Scope("team", "loans"), Scope("all")
    found = [
        is_within(inner, [outer]) for inner, outer in itertools.product((team, all_), repeat=2)
    ]
    assert found == [True, True, False, True]
