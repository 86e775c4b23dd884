"""Each manager user has what it needs and nothing more, or gets a red line: the rules alone."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from cti.cli.check.facts import CHECK, CLASS_OF, ORIGINATE, ROUTER, User, Verdict
from cti.cli.check.rights import others, too_few, too_many
from cti.cli.check.words import finding

pytestmark = pytest.mark.room("cli")

USERS = [ROUTER, CHECK, ORIGINATE]


def verdicts(user: User, allowed: Collection[str]) -> list[Verdict]:
    if user is ROUTER:
        return [too_few(allowed), too_many(allowed)]
    return [others("check rights" if user is CHECK else "originate rights", user, allowed)]


def red(user: User, allowed: Collection[str]) -> list[str]:
    """What the red lines found; each has a next step in both languages."""
    found = [finding(verdict, "en") for verdict in verdicts(user, allowed) if verdict.step]
    chinese = [finding(verdict, "zh") for verdict in verdicts(user, allowed) if verdict.step]
    assert all(each.next_step for each in (*found, *chinese))
    return [each.found for each in found]


@pytest.mark.parametrize("user", USERS, ids=lambda user: user.template)
def test_each_user_has_what_it_needs_and_nothing_more(user: User) -> None:
    assert red(user, user.needs) == []
    for name in user.needs:
        assert red(user, frozenset(user.needs) - {name}) == [f"missing: {name}"]
    for name, kind in CLASS_OF.items():
        if kind not in user.classes:
            assert red(user, {*user.needs, name}) == [f"write = {kind}"]


def test_where_the_router_begins_no_calls_no_user_is_asked_for() -> None:
    found = finding(others("originate rights", ORIGINATE, None), "en")
    assert (found.ok, found.found) == (True, "not used")
