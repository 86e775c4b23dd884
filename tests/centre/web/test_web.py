"""The interface over real HTTP: every route by everybody, and what goes wrong."""

import asyncio

import pytest

from centre.app import RIGHTS
from cti.routes.declare import PUBLIC, SIGNED_IN
from tests.worlds.centre.house import PASSWORD, PEOPLE

BAD = ("a\r\nX: y", "${HANGUP()}", "<script>", "\x00", "x" * 2000, "../../etc", "' OR 1=1 --")


async def token_of(house, agent_id):
    status, body, _ = await house.asks(
        "POST", "/v1/sign-in", json={"agent_id": agent_id, "password": PASSWORD}
    )
    assert status == 200, body
    return body["token"]


async def test_a_day_of_an_administrator(house):
    token = await token_of(house, "9001")
    new = {"agent_id": "8100", "name": "周芷若", "team": "loans"}
    status, person, headers = await house.asks("POST", "/v1/people", token, json=new)
    assert (status, person["unit"], headers["ETag"]) == (201, "retail", '"1"')
    at = "/v1/people/8100"
    status, given, _ = await house.asks("POST", f"{at}/password", token, json={"reason": "new"})
    assert status == 200
    edit = {"json": {"name": "周芷若", "team": "cards"}, "headers": {"If-Match": '"1"'}}
    assert (await house.asks("PUT", at, token, **edit))[0] == 200
    status, body, _ = await house.asks("PUT", at, token, **edit)
    assert (status, body["type"]) == (412, "urn:cti:problem:changed")
    status, body, _ = await house.asks("PUT", at, token, json=edit["json"])
    assert status == 428

    signed = {"agent_id": "8100", "password": given["password"]}
    status, me, headers = await house.asks("POST", "/v1/sign-in", json=signed)
    assert (status, me["must_change"]) == (200, True)
    assert "HttpOnly; SameSite=Strict; Secure" in headers["Set-Cookie"]
    status, body, _ = await house.asks("GET", "/v1/people", me["token"])
    assert (status, body["code"]) == (403, "mustChangePassword")
    change = {"present": given["password"], "new": PASSWORD}
    assert (await house.asks("PUT", "/v1/me/password", me["token"], json=change))[0] == 204

    gone = {"reason": "离职"}
    assert (await house.asks("POST", f"{at}/disable", token, json=gone))[0] == 200
    assert (await house.asks("GET", "/v1/me", me["token"]))[0] == 401
    status, body, _ = await house.asks("GET", f"{at}/history", token)
    assert (status, body["detail"]) == (403, "history.read")
    auditor = await token_of(house, "9003")
    lines = (await house.asks("GET", f"{at}/history", auditor))[1]
    assert [line["act"] for line in lines] == ["created", "changed", "disabled"]
    assert {line["who"] for line in lines} == {"9001"}
    assert (await house.asks("POST", "/v1/sign-out", token))[0] == 204
    assert (await house.asks("GET", "/v1/me", token))[0] == 401


async def test_role_by_route_by_scope(house):
    """Every route by everybody on a person inside and outside of their scope: without the right
    that the route names nobody gets in, and with it only where it reaches.
    """
    names = {each.declared.needs for each in house.centre.routes} - {PUBLIC, SIGNED_IN}
    assert names == set(RIGHTS)
    tried = 0
    for agent_id in PEOPLE:
        token = await token_of(house, agent_id)
        known = await house.centre.sessions.known(token, "127.0.0.1")
        for each in house.centre.routes:
            for whom in ("8001", "8003"):
                path = each.declared.path.replace("{agent_id}", whom).replace("{code}", "x")
                if each.name in ("signOut", "signIn"):
                    continue
                headers = {"If-Match": '"999"'} if each.declared.if_match else {}
                send = {} if each.body is None else {"json": {}}
                method = each.declared.method
                status, body, _ = await house.asks(method, path, token, headers=headers, **send)
                tried += 1
                needs = each.declared.needs
                has = needs in (PUBLIC, SIGNED_IN) or bool(known.principal.scopes(needs))
                assert (status == 403) is not has or status == 404, (agent_id, path, body)
                if method == "GET" and "{agent_id}" in each.declared.path and has:
                    inside = await house.centre.people.person(everybody(), whom)
                    reaches = known.principal.may(needs, inside.place)
                    assert status == (200 if reaches else 404), (agent_id, path, body)
    assert tried > 200


def everybody():
    from tests.worlds.centre.house import operator

    return operator()


async def test_every_route_wants_somebody(house):
    for each in house.centre.routes:
        if each.declared.needs != PUBLIC:
            path = each.declared.path.replace("{agent_id}", "8001").replace("{code}", "x")
            assert (await house.asks(each.declared.method, path))[0] == 401, path


async def test_every_wrong_field_at_once_and_bad_characters(house):
    token = await token_of(house, "9001")
    wrong = {"agent_id": "a b", "name": "", "team": 5, "employer": "own", "boss": True}
    status, body, _ = await house.asks("POST", "/v1/people", token, json=wrong)
    fields = {each["field"] for each in body["errors"]}
    assert (status, fields) == (400, {"agent_id", "name", "team", "boss"})
    for bad in BAD:
        send = {"agent_id": bad, "name": "x"}
        assert (await house.asks("POST", "/v1/people", token, json=send))[0] == 400, bad
        sign = {"agent_id": "8001", "password": bad, "seat": bad}
        assert (await house.asks("POST", "/v1/sign-in", json=sign))[0] == 400, bad
    for bad in ("a\r\nX: y", "\x00", "x" * 2000):
        send = {"agent_id": "8200", "name": bad}
        assert (await house.asks("POST", "/v1/people", token, json=send))[0] == 400, bad
    texts = ("<script>alert(1)</script>", "${HANGUP()}", "' OR 1=1 --")  # text stays text
    for number, name in enumerate(texts):
        send = {"agent_id": f"820{number}", "name": name}
        assert (await house.asks("POST", "/v1/people", token, json=send))[1]["name"] == name


async def test_the_document_has_every_route(house):
    status, body, _ = await house.asks("GET", "/v1/openapi")
    assert (status, body["openapi"]) == (200, "3.1.0")
    there = {(m.upper(), path) for path, each in body["paths"].items() for m in each}
    assert there >= {(e.declared.method, e.declared.path) for e in house.centre.routes}


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
async def test_a_database_that_is_away_is_said_and_comes_back(house, postgres):
    token = await token_of(house, "9001")
    postgres.down()
    try:
        status, body, headers = await house.asks("GET", "/v1/people", token)
    finally:
        postgres.up()
    assert (status, body["code"], headers["Retry-After"]) == (503, "storeAway", "2")
    assert "paidui-pg" not in str(body)
    assert (await house.asks("GET", "/v1/people", token))[0] == 200


async def test_fifty_at_once_get_their_answers(house):
    token = await token_of(house, "9001")
    answers = await asyncio.gather(*(house.asks("GET", "/v1/people", token) for _ in range(50)))
    assert {status for status, _, _ in answers} == {200}


async def test_a_repeated_key_acts_once(house):
    token = await token_of(house, "9001")
    new = {"agent_id": "8300", "name": "x"}
    for status, key in ((201, "k1"), (201, "k1"), (409, "k2")):
        headers = {"Idempotency-Key": key}
        answer = await house.asks("POST", "/v1/people", token, json=new, headers=headers)
        assert answer[0] == status


async def test_a_stolen_session_does_not_find_the_password(house):
    token = await token_of(house, "8001")
    guess = {"present": "wrong-password", "new": "another-good-one"}
    codes = [(await house.asks("PUT", "/v1/me/password", token, json=guess))[0] for _ in range(6)]
    assert codes == [401, 401, 401, 401, 429, 429]
