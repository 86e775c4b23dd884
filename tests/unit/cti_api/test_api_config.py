"""The configuration over the control socket: seen, applied, taken back, refused."""

import msgspec
import pytest

from cti.dispatcher import CommandHeld, RouterStopped
from routing.config import RoutingConfig
from tests.worlds.api.router import Router
from tests.worlds.config.files import BASE, LOUDER, write


@pytest.fixture
def router():
    return Router(RoutingConfig())


@pytest.fixture
def file(tmp_path):
    folder = tmp_path / "etc"
    folder.mkdir()

    def written(text):
        return {"file": str(write(folder, text))}

    return written


async def test_a_file_is_staged_applied_and_rolled_back(router, http, file):
    first = await http.post("config/apply", file(BASE))
    assert (first["applied"], first["version"]) == (True, 1)
    staged = await http.post("config/stage", file(LOUDER))
    assert (staged["applied"], staged["version"]) == (False, 2)
    assert staged["changes"] == ["queue loans changed"]
    assert staged["details"] == ["queues.loans.priority: 0 → 7"]
    assert (await http.get("config"))["version"] == 1
    applied = await http.post("config/apply", file(LOUDER) | {"id": staged["id"]})
    assert applied == staged | {"applied": True}
    shown = await http.get("config")
    assert (shown["version"], shown["previous_version"]) == (2, 1)
    assert shown["config"]["queues"][0]["priority"] == 7
    back = await http.post("config/rollback", {})
    assert (back["version"], back["details"]) == (1, ["queues.loans.priority: 7 → 0"])
    shown = await http.get("config")
    assert (shown["version"], shown["previous_version"]) == (1, 2)
    assert (await http.get("status"))["config_version"] == 1


async def test_what_is_shown_can_be_read_as_the_cores_own(router, http, file):
    await http.post("config/apply", file(LOUDER))
    shown = await http.get("config")
    assert msgspec.convert(shown["config"], RoutingConfig) == router.engine.base
    assert (shown["site"], shown["modes"]) == ("main", {})


async def test_an_applied_queue_and_agent_are_on_the_screen(http, file):
    await http.post("config/apply", file(BASE))
    assert [row["queue_id"] for row in (await http.get("queues"))["queues"]] == ["loans"]
    assert [row["agent_id"] for row in (await http.get("agents"))["agents"]] == ["8001"]


@pytest.mark.parametrize("verb", ["stage", "apply"])
async def test_mistakes_are_named_with_file_path_and_rule(router, http, file, verb):
    body = file("nod = 1\n[[queues]]\nid = 'a b'")
    status, media_type, problem = await http("POST", f"config/{verb}", body)
    assert (status, media_type) == (422, "application/problem+json")
    assert problem["type"] == "urn:cti:problem:bad-config"
    assert problem["detail"] == "2 problems in the configuration"
    assert problem["errors"] == [
        {"field": "nod", "rule": "unknown key; did you mean node?", "where": body["file"]},
        {
            "field": "queues[0].id",
            "rule": "must be 1 to 64 of A-Z a-z 0-9 _ -, not 'a b'",
            "where": body["file"],
        },
    ]
    assert router.events == []


async def test_a_file_that_cannot_be_read_is_a_mistake_too(http, tmp_path):
    status, _, problem = await http("POST", "config/stage", {"file": str(tmp_path / "no.toml")})
    assert status == 422
    assert problem["errors"][0]["rule"] == "cannot be read: No such file or directory"


async def test_mistakes_have_an_end(http, file):
    text = "".join(f"[[queues]]\nid = 'a {n}'\n" for n in range(1500))
    status, _, problem = await http("POST", "config/stage", file(text))
    assert (status, problem["detail"]) == (422, "1500 problems in the configuration")
    assert len(problem["errors"]) == 1000


async def test_what_the_core_would_refuse_is_said_and_refused(router, http, file):
    await http.post("config/apply", file(BASE))
    router.ready("8001")
    other = file(BASE.replace("8001", "8002"))
    staged = await http.post("config/stage", other)
    assert staged["hindrances"] == ["agent 8001 is not in it and is signed in"]
    status, _, problem = await http("POST", "config/apply", other)
    assert (status, problem["code"]) == (409, "badConfig")
    assert problem["detail"] == "agent 8001 is not in it and is signed in"
    assert router.engine.base.version == 1


async def test_another_change_than_the_staged_one_is_refused(http, file):
    staged = await http.post("config/stage", file(BASE))
    body = file(LOUDER) | {"id": staged["id"]}
    status, _, problem = await http("POST", "config/apply", body)
    assert (status, problem["code"]) == (409, "stale")


async def test_there_may_be_nothing_to_go_back_to(http, file):
    for text in ("", BASE):
        if text:
            await http.post("config/apply", file(text))
        status, _, problem = await http("POST", "config/rollback")
        assert (status, problem["code"]) == (409, "noPreviousConfig")


async def test_a_router_that_stops_or_holds_the_command_back(router, http, file):
    errors = [(RouterStopped("it is stopping"), 503, "stopped"), (CommandHeld("x"), 409, "refused")]
    await http.post("config/apply", file(BASE))
    await http.post("config/apply", file(LOUDER))
    for error, wanted, name in errors:

        def refuse(_command, error=error):
            raise error

        router.do = refuse
        for verb, body in (("apply", file(BASE)), ("rollback", {})):
            status, _, problem = await http("POST", f"config/{verb}", body)
            assert (status, problem["type"]) == (wanted, f"urn:cti:problem:{name}")


@pytest.mark.parametrize(
    ("verb", "body", "field"),
    [
        ("stage", {}, "file"),
        ("stage", {"file": "cti.toml"}, "file"),
        ("stage", {"file": "/a\nb"}, "file"),
        ("stage", {"file": "/a\0b"}, "file"),
        ("stage", {"file": "/" + "x" * 4096}, "file"),
        ("stage", {"file": "/x", "id": "1"}, "id"),
        ("apply", {"file": 3}, "file"),
        ("apply", {"file": "/x", "id": "a b"}, "id"),
        ("rollback", {"by": "somebody"}, "by"),
        ("rollback", {"to": 3}, "to"),
    ],
)
async def test_questions_that_make_no_sense_are_refused(router, http, verb, body, field):
    status, _, problem = await http("POST", f"config/{verb}", body)
    assert status == 400
    assert field in [error["field"] for error in problem["errors"]]
    assert router.events == []


async def test_warnings_come_along(http, file):
    text = BASE.replace('id = "loans"', 'id = "loans"\nallocation = { x = 100 }')
    staged = await http.post("config/stage", file(text))
    (warning,) = staged["warnings"]
    assert warning["field"] == "queues[0].allocation.x"
    assert warning["where"].endswith("cti.toml")
