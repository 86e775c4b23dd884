"""The routes over real HTTP."""

import asyncio

import pytest

LI = {"X-Who": "li"}


async def asked(client, method, path, **more):
    headers = LI | more.pop("headers", {})
    async with client.request(method, path, headers=headers, **more) as answer:
        body = await answer.json(content_type=None) if await answer.read() else None
        return answer.status, body, answer.headers


async def test_created_listed_changed_forgotten(client):
    status, body, headers = await asked(client, "POST", "/v1/tickets", json={"title": "座席"})
    assert (status, body) == (201, {"id": 1, "title": "座席", "by": "li"})
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    status, body, _ = await asked(client, "GET", "/v1/tickets?closed=true&tag=a")
    assert (status, body["closed"], body["tags"]) == (200, True, ["a"])
    change = {"json": {"title": "t"}, "headers": {"If-Match": '"1"'}}
    status, _, headers = await asked(client, "PUT", "/v1/tickets/1", **change)
    assert (status, headers["ETag"]) == (200, '"2"')
    assert (await asked(client, "DELETE", "/v1/tickets/1"))[:2] == (204, None)


@pytest.mark.parametrize(
    ("method", "path", "more", "status", "name"),
    [
        ("GET", "/nowhere", {}, 404, "no-such-path"),
        ("TRACE", "/v1/tickets", {}, 405, "wrong-method"),
        ("HEAD", "/v1/tickets", {}, 405, ""),
        ("GET", "/v1/tickets", {"headers": {"X-Who": ""}}, 401, "not-signed-in"),
        ("GET", "/v1/tickets", {"headers": {"X-Who": "wu"}}, 403, "not-allowed"),
        ("GET", "/v1/tickets?limit=x", {}, 400, "bad-field"),
        ("POST", "/v1/tickets", {"data": b"{", "headers": {"Content-Type": "application/json"}},
         400, "bad-json"),
        ("POST", "/v1/tickets", {"data": {"title": "t"}}, 415, "not-json"),
        ("POST", "/v1/tickets", {"json": {"title": "x" * 66_000}}, 413, "too-large"),
        ("POST", "/v1/tickets", {"json": {"title": "t"}, "headers": {"Idempotency-Key": "a b"}},
         400, "bad-field"),
        ("PUT", "/v1/tickets/1", {"json": {"title": "t"}}, 428, "no-version"),
        ("PUT", "/v1/tickets/1", {"json": {"title": "t"}, "headers": {"If-Match": "1"}},
         400, "bad-field"),
        ("PUT", "/v1/tickets/9", {"json": {"title": "t"}, "headers": {"If-Match": '"1"'}},
         404, "unknown-ticket"),
        ("GET", "/v1/bug", {}, 500, "bug"),
    ],
)  # fmt: skip
async def test_every_error_is_a_problem_document(client, method, path, more, status, name):
    found, body, headers = await asked(client, method, path, **more)
    assert found == status
    assert headers["Content-Type"].startswith("application/problem+json")
    if name:
        assert body["type"] == f"urn:cti:problem:{name}"
        assert body["status"] == status
        assert "secret" not in str(body)
    if status == 405:
        assert headers["Allow"] == "GET,POST"


async def test_rights_are_asked_before_anything_is_read(client, room):
    status, _, _ = await asked(client, "POST", "/v1/tickets", data=b"{", headers={"X-Who": "wu"})
    assert status == 403


async def test_a_chunked_body_has_the_same_bound(client):
    async def chunks():
        for _ in range(70):
            yield b"x" * 1000

    status, body, _ = await asked(client, "POST", "/v1/tickets", data=chunks())
    assert (status, body["type"]) == (413, "urn:cti:problem:too-large")


async def test_a_body_that_does_not_come_is_not_waited_for(address, monkeypatch):
    monkeypatch.setattr("cti.routes.serving.BODY_S", 0.01)
    reader, writer = await asyncio.open_connection(*address)
    writer.write(
        b"POST /v1/tickets HTTP/1.1\r\nHost: x\r\nX-Who: li\r\nContent-Length: 10\r\n\r\n{"
    )
    head = await reader.readuntil(b"\r\n\r\n")
    assert b" 408 " in head.splitlines()[0]
    writer.close()
    await writer.wait_closed()


async def test_a_repeated_key_acts_once(client, room):
    room.gate = asyncio.Event()
    more = {"json": {"title": "t"}, "headers": {"Idempotency-Key": '"k-1"'}}
    both = [asyncio.ensure_future(asked(client, "POST", "/v1/tickets", **more)) for _ in range(2)]
    room.gate.set()
    answers = [await each for each in both]
    again = await asked(client, "POST", "/v1/tickets", **more)
    assert [answer[:2] for answer in (*answers, again)] == [answers[0][:2]] * 3
    assert len(room.made) == 1
    more["json"] = {"title": "other"}
    assert (await asked(client, "POST", "/v1/tickets", **more))[0] == 422


async def test_what_is_no_json_is_answered_by_the_handler(client):
    async with client.get("/v1/export") as answer:
        assert (answer.content_type, await answer.text()) == ("text/csv", "GET,1\n")
