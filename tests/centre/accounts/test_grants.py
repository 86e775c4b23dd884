"""Roles are given within scopes, by those who may, and never two that exclude each other."""

import asyncio

import pytest

from centre.accounts.model import Because, GrantIn
from cti.routes.declare import Asked
from cti.routes.problem import ApiError
from tests.worlds.centre.house import operator


async def as_(house, agent_id):
    _, known = await house.sign_in(agent_id)
    return Asked(known.principal)


async def refused(doing):
    with pytest.raises(ApiError) as error:
        await doing
    return error.value.kind.name


async def test_the_security_administrator_gives_and_takes(house):
    asked, accounts = await as_(house, "9002"), house.centre.accounts
    made = await house.grant("8001", "leader", "team:loans", asked)
    assert (made.role, made.scope) == ("leader", "team:loans")
    assert await refused(house.grant("8001", "leader", "team:loans", asked)) == "taken"
    given = GrantIn(role="leader", scope="team:loans", reason="over")
    assert [each.role for each in await accounts.revoke(asked, "8001", given)] == ["agent"]
    assert await refused(accounts.revoke(asked, "8001", given)) == "not-found"


@pytest.mark.parametrize(
    ("who", "whom", "role", "scope", "named"),
    [
        ("9001", "8001", "leader", "all", "not-allowed"),  # administrators give no roles
        ("9002", "9002", "leader", "all", "not-allowed"),  # nobody to themselves
        ("9002", "9003", "administrator", "all", "not-together"),
        ("9002", "8001", "boss", "all", "bad-field"),
        ("9002", "7777", "agent", "self", "not-found"),
        ("8001", "8003", "agent", "self", "not-found"),  # whom they may not see
    ],
)
async def test_what_is_refused(house, who, whom, role, scope, named):
    assert await refused(house.grant(whom, role, scope, await as_(house, who))) == named


async def test_nobody_gives_more_than_they_have(house):
    await house.grant("8002", "security", "team:loans")
    asked = await as_(house, "8002")
    assert await refused(house.grant("8001", "leader", "all", asked)) == "not-allowed"
    assert await refused(house.grant("8003", "leader", "team:loans", asked)) == "not-found"
    await house.grant("8001", "leader", "team:loans", asked)


async def test_two_that_exclude_each_other_do_not_both_get_in_at_once(house):
    answers = await asyncio.gather(
        house.grant("8001", "auditor", "all"), house.grant("8001", "security", "all"),
        return_exceptions=True,
    )  # fmt: skip
    assert sorted(isinstance(each, ApiError) for each in answers) == [False, True]


async def test_an_administrator_does_not_become_somebody_with_other_rights(house):
    """A new password for the auditor would be the auditor's rights."""
    asked, accounts = await as_(house, "9001"), house.centre.accounts
    for whom in ("9002", "9003"):
        assert await refused(accounts.reset(asked, whom, Because(reason="x"))) == "not-allowed"
    await accounts.reset(asked, "8002", Because(reason="x"))
    await accounts.reset(operator(), "9003", Because(reason="x"))
