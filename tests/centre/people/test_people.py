"""Teams and people, on both databases: versions, history, who sees whom."""

import asyncio
import itertools

import pytest
from sqlalchemy import select

from centre.contracts.rights import Holding, Place, Principal, Scope
from centre.people import rows
from centre.people.model import PersonEdit, PersonIn, TeamEdit, TeamIn, Why
from cti.routes.declare import Asked
from cti.routes.problem import ApiError
from tests.worlds.centre.house import PEOPLE, operator


def who(right_scopes, person=""):
    holdings = tuple(Holding(frozenset(rights), scope) for rights, scope in right_scopes)
    return Asked(Principal(name="x", person=person, holdings=holdings))


async def refused(doing):
    with pytest.raises(ApiError) as error:
        await doing
    return error.value.kind.name


async def test_a_change_names_the_version_that_it_has_seen(house):
    people, asked = house.centre.people, operator()
    await people.person(asked, "8001")
    asked.if_match = asked.headers["ETag"].strip('"')
    edit = PersonEdit(name="李雷", team="cards")
    changed = await people.change_person(asked, "8001", edit)
    assert (changed.name, changed.team, changed.rev) == ("李雷", "cards", 2)
    again = PersonEdit(name="韩梅", team="cards")
    assert await refused(people.change_person(asked, "8001", again)) == "changed"
    team = TeamEdit(name="贷款", unit="retail")
    asked.if_match = "7"
    assert await refused(people.change_team(asked, "loans", team)) == "changed"


async def test_two_changes_at_once_are_one(house):
    def change(name):
        asked = operator()
        asked.if_match = "1"
        return house.centre.people.change_person(asked, "8001", PersonEdit(name=name, team="loans"))

    answers = await asyncio.gather(*(change(f"n{n}") for n in range(8)), return_exceptions=True)
    assert sum(not isinstance(each, Exception) for each in answers) == 1
    assert {each.kind.name for each in answers if isinstance(each, ApiError)} == {"changed"}


async def test_the_history_gives_the_row(house):
    people, asked = house.centre.people, operator()
    asked.if_match = "1"
    await people.change_person(asked, "8001", PersonEdit(name="李雷", employer="helpers"))
    await people.disable(asked, "8001", Why(reason="离职"))
    lines = await people.history(asked, "8001")
    row = {}
    for line in lines:
        assert all(row.get(name) == before for name, (before, _) in line.changes.items())
        row |= {name: after for name, (_, after) in line.changes.items()}
    person = await people.person(asked, "8001")
    for name in ("id", "agent_id", "name", "team", "employer", "active"):
        assert row[name] == getattr(person, name)
    assert [(line.act, line.reason, line.who) for line in lines] == [
        ("created", "", "os:test"), ("changed", "", "os:test"), ("disabled", "离职", "os:test"),
    ]  # fmt: skip


async def test_what_is_there_already_and_what_is_not_there(house):
    people, asked = house.centre.people, operator()
    twice = PersonIn(agent_id="8001", name="x")
    assert await refused(people.add_person(asked, twice)) == "taken"
    assert await refused(people.add_team(asked, TeamIn(code="loans", name="x"))) == "taken"
    nowhere = PersonIn(agent_id="8009", name="x", team="nowhere")
    assert await refused(people.add_person(asked, nowhere)) == "bad-field"
    for doing in (people.person(asked, "7777"), people.disable(asked, "7777", Why(reason="x"))):
        assert await refused(doing) == "not-found"


async def test_pages_hold_everybody_once(house):
    found, after = [], ""
    while True:
        page = await house.centre.people.people(operator(), after, 4)
        found += [each.agent_id for each in page.items]
        if not (after := page.next):
            break
    assert found == list(PEOPLE)


async def everybody(house):
    async with house.store.read() as connection:
        return await rows.members(connection, operator().principal, "", 100)


SCOPES = [
    Scope("all"), Scope("self"), Scope("team", "loans"), Scope("team", "cards"),
    Scope("unit", "retail"), Scope("employer", "own"), Scope("employer", "helpers"),
    Scope("queue", "q1"), Scope("team", "' OR 1=1 --"),
]  # fmt: skip


async def test_a_list_shows_exactly_those_whom_one_may_see(house):
    all_ = await everybody(house)
    me = next(each.id for each in all_ if each.agent_id == "8001")
    for pair in itertools.combinations(SCOPES, 2):
        asked = who([({"people.read"}, scope) for scope in pair], me)
        page = await house.centre.people.people(asked, "", 200)
        seen = {each.agent_id for each in page.items}
        may = {p.agent_id for p in all_ if asked.principal.may("people.read", p.place)}
        assert seen == may, pair
        for person in all_:
            shown = house.centre.people.person(asked, person.agent_id)
            if person.agent_id in may:
                await shown
            else:
                assert await refused(shown) == "not-found"


async def test_a_leader_takes_nobody_from_elsewhere_and_gives_nobody_away(house):
    loans = Scope("team", "loans")
    asked = who([({"people.read"}, Scope("all")), ({"people.write"}, loans)])
    asked.if_match = "1"
    people = house.centre.people
    steal = PersonEdit(name="x", team="loans", employer="helpers")
    assert await refused(people.change_person(asked, "8003", steal)) == "not-allowed"
    away = PersonEdit(name="x", team="cards")
    assert await refused(people.change_person(asked, "8001", away)) == "not-allowed"
    elsewhere = PersonIn(agent_id="8010", name="x", team="cards")
    assert await refused(people.add_person(asked, elsewhere)) == "not-allowed"
    await people.add_person(asked, PersonIn(agent_id="8010", name="x", team="loans"))


async def test_nobody_disables_themselves(house):
    me = (await house.centre.people.person(operator(), "9001")).id
    asked = who([({"people.read", "people.disable"}, Scope("all"))], me)
    why = Why(reason="x")
    assert await refused(house.centre.people.disable(asked, "9001", why)) == "not-allowed"
    await house.centre.people.disable(asked, "9002", why)
    async with house.store.read() as connection:
        active = select(rows.PEOPLE.c.active).where(rows.PEOPLE.c.agent_id == "9002")
        assert await connection.scalar(active) is False


def test_a_place_says_where_somebody_belongs():
    assert Place() == Place(person="", team="", unit="", employer="", queues=())


async def test_two_do_not_type_into_one_form(house):
    people = house.centre.people
    everywhere = ({"people.read", "people.write"}, Scope("all"))
    li, wang = who([everywhere]), who([everywhere])
    wang.principal = Principal(name="y", holdings=wang.principal.holdings)
    assert (await people.begin_editing(li, "8001")).who == "x"
    with pytest.raises(ApiError) as error:
        await people.begin_editing(wang, "8001")
    assert (error.value.kind.name, error.value.problem.subject) == ("being-edited", "x")
    await people.begin_editing(wang, "8002")  # another one is free
    house.now_us += 40_000_000
    await people.begin_editing(li, "8001")  # said again: it goes on
    house.now_us += 40_000_000
    assert await refused(people.begin_editing(wang, "8001")) == "being-edited"
    await people.end_editing(wang, "8001")  # not theirs to end
    assert await refused(people.begin_editing(wang, "8001")) == "being-edited"
    await people.end_editing(li, "8001")
    assert (await people.begin_editing(wang, "8001")).who == "y"
    house.now_us += 60_000_000
    assert (await people.begin_editing(li, "8001")).who == "x"  # not said again: over


async def test_many_who_open_one_form_at_once_are_one(house):
    def open_form(number):
        holdings = (Holding(frozenset({"people.read", "people.write"}), Scope("all")),)
        asked = Asked(Principal(name=f"n{number}", holdings=holdings))
        return house.centre.people.begin_editing(asked, "8001")

    answers = await asyncio.gather(*(open_form(n) for n in range(12)), return_exceptions=True)
    assert sum(not isinstance(each, Exception) for each in answers) == 1
