"""Managers that are there and no good: mute, fickle, or with their own idea of a login."""

import pytest

from cti.ami import client as client_module
from cti.ami.encoder import encode_event
from cti.ami.login import LoginState
from cti.ami.messages import action, event
from tests.eventually import eventually
from tests.worlds.ami.scripted_asterisk import (
    SECRET,
    Connection,
    asterisk,
    challenge,
    client_of,
    ignored,
    linked,
    login,
)


class Asked:
    """Stands in for the back-off: notes what it is asked, and lets the client come back soon."""

    def __init__(self):
        self.states = []
        self.failures = []

    def __call__(self, state, failure_count):
        self.states.append(state)
        self.failures.append(failure_count)
        return 1_000


async def test_one_that_tells_and_never_answers_is_dropped():
    async with linked(ping_s=0.01, dead_after_s=60, mute_after_s=0.1) as link:
        link.server.scripts["Ping"] = ignored

        def told_and_dropped():
            if link.server.line.is_open:
                link.server.line.tell("Hold")
            return link.heard.downs

        await eventually(told_and_dropped)
        assert link.heard.downs[0].startswith("tells, but answers nothing for")
        assert "Hold" in link.heard.names


async def test_a_flood_of_events_keeps_no_answer_back():
    """Twenty thousand that somebody wants, in one go, and the answer behind them."""
    heard = []
    async with linked(on_event=heard.append, ping_s=60) as link:
        line = link.server.line
        flood = encode_event(event("Hangup", Uniqueid="1.1", Cause="16")) * 20_000

        def flooded(connection, order):
            line.say(flood)
            connection.answer(order)

        link.server.scripts["CoreStatus"] = flooded
        assert (await link.client.request(action("CoreStatus"))).success
        assert sum(each.name == "Hangup" for each in heard) == 20_000
        assert not link.heard.downs


async def test_one_that_answers_and_has_nothing_to_tell_is_kept():
    async with linked(ping_s=0.01, dead_after_s=60, mute_after_s=0.1) as link:
        await eventually(lambda: len(link.server.named("Ping")) > 30)
        assert not link.heard.downs


async def test_an_error_is_an_answer():
    """An Asterisk that is about to restart refuses every action, Ping included."""
    async with linked(ping_s=0.01, dead_after_s=60, mute_after_s=0.1) as link:
        link.server.scripts["Ping"] = lambda line, order: line.answer(
            order, False, "Asterisk is shutting down"
        )
        await eventually(lambda: len(link.server.named("Ping")) > 30)
        assert not link.heard.downs


async def test_back_off_grows_while_nobody_is_there():
    asked = Asked()
    async with linked(retry_us=asked) as link:
        await link.server.stop()
        await eventually(lambda: len(asked.failures) >= 3)
        await link.server.start()
        await eventually(lambda: link.client.is_up)
        assert asked.failures == list(range(len(asked.failures)))


async def test_back_off_grows_when_each_login_is_followed_by_a_hang_up():
    def fickle(connection, order):
        login(connection, order)
        connection.transport.close()

    asked = Asked()
    async with asterisk() as server:
        server.scripts["Login"] = fickle
        async with client_of(server, is_waited_for=False, retry_us=asked) as link:
            await eventually(lambda: len(asked.failures) >= 8)
            assert link.heard.ups >= 7
            assert asked.failures[:8] == list(range(8))


@pytest.mark.parametrize(("proven_us", "failures"), [(0, [0, 0]), (60_000_000, [0, 1])])
async def test_back_off_begins_anew_after_a_link_that_proved_itself(
    monkeypatch, proven_us, failures
):
    monkeypatch.setattr(client_module, "PROVEN_US", proven_us)
    asked = Asked()
    async with linked(retry_us=asked, ping_s=0.01) as link:
        for round_number in (1, 2):
            before = len(link.server.named("Ping"))
            await eventually(lambda count=before: len(link.server.named("Ping")) > count + 2)
            link.server.line.transport.abort()
            await eventually(lambda count=round_number: len(asked.failures) == count)
            await eventually(lambda count=round_number: link.heard.ups == count + 1)
        assert asked.failures == failures


async def test_the_secret_is_proved_and_not_said():
    async with linked(retry_us=Asked()) as link:
        assert SECRET.encode() not in link.server.received
        link.server.line.transport.abort()
        await eventually(lambda: link.heard.ups == 2)
        assert [order.get("AuthType") for order in link.server.named("Login")] == ["MD5", "MD5"]


async def test_a_manager_that_takes_nothing_but_a_challenge():
    def only_md5(connection, order):
        if order.get("AuthType") != "MD5":
            connection.answer(order, False, "Authentication failed")
        else:
            login(connection, order)

    async with asterisk() as server:
        server.scripts["Login"] = only_md5
        async with client_of(server) as link:
            assert (await link.client.request(action("CoreStatus"))).success


@pytest.mark.parametrize(
    "answer", [(False, "Permission denied"), (False, "Invalid/unknown command"), (True, "done")]
)
async def test_a_manager_that_knows_no_challenge_is_told_the_secret(answer):
    async with asterisk() as server:
        server.scripts["Challenge"] = lambda line, order: line.answer(order, *answer)
        async with client_of(server):
            (order,) = server.named("Login")
            assert order.get("Secret") == SECRET


@pytest.mark.parametrize("message", ["Login Already In Use", "Asterisk is shutting down"])
@pytest.mark.parametrize("refused", ["Challenge", "Login"])
async def test_a_refusal_that_passes_by_itself_is_tried_again_soon(message, refused):
    def refuse(connection, order):
        connection.answer(order, False, message)
        connection.transport.close()

    asked = Asked()
    async with asterisk() as server:
        server.scripts[refused] = refuse
        async with client_of(server, is_waited_for=False, retry_us=asked) as link:
            await eventually(lambda: len(asked.states) >= 2)
            assert set(asked.states) == {LoginState.WAITING}
            assert link.client.failure == f"login refused: {message}"
            if refused == "Challenge":
                assert not server.named("Login")
            server.scripts |= {"Challenge": challenge, "Login": login}
            await eventually(lambda: link.client.is_up)


async def test_two_answers_to_one_login_are_one_too_many_and_no_more():
    def twice(connection: Connection, order):
        login(connection, order)
        login(connection, order)

    async with asterisk() as server:
        server.scripts["Login"] = twice
        async with client_of(server) as link:
            await eventually(lambda: link.client.counters.late_answers == 1)
            assert (link.heard.ups, link.heard.downs) == (1, [])


@pytest.mark.parametrize("version", ["1.0", "1.1", "2.10.6", "11.0.0", "99.0.0-rc1", ""])
async def test_the_banner_of_any_version_will_do(version):
    async with asterisk() as server:
        server.greeting = f"Asterisk Call Manager/{version}\r\n".encode()
        async with client_of(server) as link:
            assert link.client.is_up


async def test_who_is_pinged_seldom_has_longer_to_answer():
    """An observer that asks for nothing is not dropped for its own silence."""
    async with linked(ping_s=0.1, dead_after_s=60, mute_after_s=0.05) as link:
        await eventually(lambda: len(link.server.named("Ping")) >= 3)
        assert not link.heard.downs
