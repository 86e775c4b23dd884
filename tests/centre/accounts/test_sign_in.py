"""Signing in, on both databases: who gets in, who waits, and that there is one session."""

import asyncio
import logging
from collections import Counter

import msgspec
import pytest
from sqlalchemy import event, func, select

from centre.accounts import rows, rules, secrets
from centre.accounts.model import Because, Confirm, NewPassword
from centre.accounts.totp import STEP_US, code_at
from centre.people.model import Why
from centre.store.errors import StoreBusyError
from cti.routes.declare import Asked
from cti.routes.problem import ApiError
from tests.worlds.centre.house import DESK, PASSWORD, operator

BAD = "not-the-password"


async def refused(doing):
    with pytest.raises(ApiError) as error:
        await doing
    return error.value.kind.name, error.value.problem.code


async def live(house):
    async with house.store.read() as connection:
        asked = select(func.count()).where(rows.SESSIONS.c.ended_us.is_(None))
        return await connection.scalar(asked)


async def test_a_one_time_password_has_to_be_changed(house):
    given = await house.one_time("8001")
    _, known = await house.sign_in("8001", given)
    assert known.must_change
    change = house.centre.accounts.change_password
    asked = Asked(known.principal)
    for new, field in (("short", "new"), (given, "new")):
        with pytest.raises(ApiError) as error:
            await change(asked, NewPassword(present=given, new=new))
        assert error.value.problem.errors[0].field == field
    wrong = NewPassword(present=BAD, new=PASSWORD)
    assert (await refused(change(asked, wrong)))[1] == "wrongPassword"
    await change(asked, NewPassword(present=given, new=PASSWORD))
    _, known = await house.sign_in("8001", take_over=True)
    assert not known.must_change
    assert (await refused(house.sign_in("8001", given)))[1] == "wrongPassword"


async def test_nobody_the_disabled_and_a_wrong_password_are_one_answer(house, monkeypatch):
    """And the same work: the hash of somebody else is checked where there is none."""
    await house.centre.people.disable(operator(), "8003", Why(reason="left"))
    checked = []
    verified = secrets._verified
    monkeypatch.setattr(secrets, "_verified", lambda *a: (checked.append(1), verified(*a))[1])
    answers = set()
    for agent_id, password in (("8001", BAD), ("8003", PASSWORD), ("7777", BAD)):
        with pytest.raises(ApiError) as error:
            await house.sign_in(agent_id, password)
        answers.add((str(error.value), error.value.kind.status, error.value.problem.code))
    assert len(answers) == 1
    assert len(checked) == 3


async def test_a_password_is_in_no_log_line_and_no_history(house, caplog):
    caplog.set_level(logging.DEBUG)
    given = await house.one_time("8001")
    await refused(house.sign_in("8001", BAD))
    async with house.store.read() as connection:
        every = (await connection.execute(select(rows.ACCOUNTS))).mappings().all()
        lines = [str(row) for row in await connection.execute(select(house_history()))]
    assert all("$argon2id$v=19$m=19456,t=2,p=1$" in row["password_hash"] for row in every)
    said = caplog.text + "".join(lines)
    assert not any(word in said for word in (given, PASSWORD, BAD, "argon2id$v"))
    assert any("***" in line for line in lines)


def house_history():
    from centre.store.history import HISTORY

    return HISTORY


async def test_wrong_passwords_slow_down_the_one_who_guesses_and_nobody_else(house):
    for _ in range(rules.FREE_TRIES):
        assert (await refused(house.sign_in("8001", BAD, "10.9.9.9")))[1] == "wrongPassword"
    with pytest.raises(ApiError) as error:
        await house.sign_in("8001", PASSWORD, "10.9.9.9")
    assert (error.value.kind.name, error.value.retry_s) == ("too-many", 1)
    await house.sign_in("8001")  # at their own desk
    house.now_us += rules.SECOND_US
    await house.sign_in("8001", PASSWORD, "10.9.9.9", take_over=True)


async def test_guesses_from_everywhere_lock_nobody_out_of_their_own_desk(house):
    await house.sign_in("8001", PASSWORD, DESK)
    codes = Counter()
    for number in range(rules.FREE_TRIES_FROM_ANYWHERE + 10):
        codes[(await refused(house.sign_in("8001", BAD, f"10.9.0.{number}")))[0]] += 1
    assert codes == {"not-signed-in": rules.FREE_TRIES_FROM_ANYWHERE, "too-many": 10}
    await house.sign_in("8001", PASSWORD, DESK, take_over=True)


async def test_a_hundred_guesses_in_one_instant_are_a_hundred_guesses(house):
    guesses = (house.sign_in("8001", BAD, "10.9.9.9") for _ in range(100))
    answers = await asyncio.gather(*guesses, return_exceptions=True)
    looked_at = [each for each in answers if isinstance(each, ApiError) and each.problem.code]
    assert 0 < len(looked_at) <= rules.FREE_TRIES
    assert {type(each) for each in answers} <= {ApiError, StoreBusyError}


async def test_a_hundred_double_sign_ins_at_once_are_one_session(house):
    answers = await asyncio.gather(
        *(house.sign_in("8001", source=f"10.1.1.{n}", seat="s1") for n in range(100)),
        return_exceptions=True,
    )
    inside = [each for each in answers if not isinstance(each, Exception)]
    assert len(inside) == 1
    told = {type(each) for each in answers if isinstance(each, Exception)}
    assert told <= {ApiError, StoreBusyError}
    assert await live(house) == 1


async def test_with_take_over_the_last_one_stays(house):
    answers = await asyncio.gather(
        *(house.sign_in("8001", source=f"10.1.1.{n}", take_over=True) for n in range(20)),
        return_exceptions=True,
    )
    assert any(not isinstance(each, Exception) for each in answers)
    assert await live(house) == 1


async def test_one_at_a_seat_and_one_session_of_a_person(house):
    first, _ = await house.sign_in("8001", seat="s1")
    assert (await refused(house.sign_in("8002", seat="s1")))[0] == "signed-in-already"
    assert (await refused(house.sign_in("8001", seat="s2")))[0] == "signed-in-already"
    await house.sign_in("8002", seat="s2")
    second, _ = await house.sign_in("8001", seat="s3", take_over=True)
    assert await house.centre.sessions.known(first, DESK) is None
    assert await house.centre.sessions.known(second, DESK)


async def test_who_is_disabled_may_do_nothing_at_once(house):
    token, _ = await house.sign_in("8001")
    await house.centre.people.disable(operator(), "8001", Why(reason="left"))
    assert await house.centre.sessions.known(token, DESK) is None
    assert await live(house) == 0
    await house.centre.people.enable(operator(), "8001", Why(reason="back"))
    assert await house.centre.sessions.known(token, DESK) is None
    await house.sign_in("8001")


@pytest.mark.parametrize(("minutes", "steps"), [(31, 1), (25, 32)])
async def test_a_session_ends_when_idle_and_after_a_shift(house, minutes, steps):
    token, _ = await house.sign_in("8001")
    for _ in range(steps - 1):
        house.now_us += minutes * rules.MINUTE_US
        known = await house.centre.sessions.known(token, DESK)
    house.now_us += minutes * rules.MINUTE_US
    known = await house.centre.sessions.known(token, DESK)
    assert known is None
    assert await live(house) == 0


async def test_a_new_password_by_somebody_else_ends_sessions_and_the_second_factor(house):
    token, known = await house.sign_in("8001")
    asked = Asked(known.principal)
    new = await house.centre.accounts.new_second_factor(asked)
    code = code_at(new.secret, house.now_us // STEP_US)
    confirm = Confirm(code=code, secret=new.secret, password=PASSWORD)
    await house.centre.accounts.confirm_second_factor(asked, confirm)
    await house.centre.accounts.reset(operator(), "8001", Because(reason="lost phone"))
    assert await house.centre.sessions.known(token, DESK) is None


async def test_the_second_factor_is_asked_for_and_a_code_is_good_once(house):
    _, known = await house.sign_in("8001")
    asked, accounts = Asked(known.principal), house.centre.accounts
    new = await accounts.new_second_factor(asked)
    confirm = Confirm(code="000000", secret=new.secret, password=PASSWORD)
    assert (await refused(accounts.confirm_second_factor(asked, confirm)))[0] == "bad-field"
    code = code_at(new.secret, house.now_us // STEP_US)
    confirm = msgspec.structs.replace(confirm, code=code)
    await accounts.confirm_second_factor(asked, confirm)
    assert (await refused(house.sign_in("8001")))[1] == "codeNeeded"
    assert (await refused(house.sign_in("8001", code=code, take_over=True)))[1] == "wrongCode"
    house.now_us += STEP_US
    later = code_at(new.secret, house.now_us // STEP_US)
    await house.sign_in("8001", code=later, take_over=True)
    assert (await refused(house.sign_in("8001", code=later, take_over=True)))[1] == "wrongCode"


async def test_more_sign_ins_than_can_be_looked_at_are_told_to_come_again(house, monkeypatch):
    monkeypatch.setattr(secrets, "WAITING_MOST", 0)
    assert (await refused(house.sign_in("8001", BAD)))[0] == "unavailable"


async def test_a_one_time_password_that_nobody_uses_ends(house):
    given = await house.one_time("8001")
    house.now_us += rules.ONE_TIME_US
    assert (await refused(house.sign_in("8001", given)))[1] == "wrongPassword"
    given = await house.one_time("8001")
    house.now_us += rules.ONE_TIME_US - 1
    await house.sign_in("8001", given)


async def test_the_database_is_asked_the_same_for_nobody_as_for_somebody(house):
    """From a new address, nobody can tell by the time whether an ID is somebody's."""
    await house.centre.people.disable(operator(), "8003", Why(reason="left"))
    asked = []
    engine = house.store._writer.sync_engine

    def hear(_connection, _cursor, statement, *_rest):
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", hear)
    heard = set()
    for number, agent_id in enumerate(("8001", "8003", "7777")):
        await refused(house.sign_in(agent_id, BAD, f"10.7.0.{number}"))
        heard.add(tuple(each for each in asked if "SAVEPOINT" not in each))
        asked.clear()
    event.remove(engine, "before_cursor_execute", hear)
    assert len(heard) == 1


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
async def test_no_question_of_a_sign_in_reads_a_table_from_end_to_end(house):
    """Sessions are kept for years, and guesses come by the thousand."""
    asked = []
    engine = house.store._writer.sync_engine

    def hear(_connection, _cursor, statement, values, *_rest):
        asked.append((statement, values))

    event.listen(engine, "before_cursor_execute", hear)
    await refused(house.sign_in("8001", BAD, "10.7.0.1"))
    await house.sign_in("8001")
    event.remove(engine, "before_cursor_execute", hear)
    plans = []
    async with house.store.read() as connection:
        for statement, values in asked:
            if statement.startswith(("SELECT", "UPDATE", "DELETE")):
                found = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
                plans += [(row[3], statement) for row in found]
    assert len(plans) > 10
    assert not [each for each in plans if each[0].startswith("SCAN")]
