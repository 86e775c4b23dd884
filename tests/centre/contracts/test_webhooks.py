"""Webhooks: the signature, tries and their order, where they may go, and servers that misbehave."""

import asyncio
import socket
from contextlib import asynccontextmanager
from ipaddress import ip_network

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver

from centre.contracts.webhooks.addresses import may_go_to, url_fault
from centre.contracts.webhooks.post import ANSWER_BYTES, Poster
from centre.contracts.webhooks.retries import (
    GAPS_S,
    SECOND_US,
    TRIES,
    Verdict,
    Waiting,
    next_try_us,
    ready,
    verdict,
)
from centre.contracts.webhooks.signature import headers, is_ours, secret_key

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + "A" * 40
MESSAGE, AT_S, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
LOOPBACK = [ip_network("127.0.0.0/8")]


def test_the_signature_is_that_of_the_published_example():
    found = headers(MESSAGE, AT_S, BODY, [SECRET])
    assert found["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_either_of_two_live_secrets_is_enough_and_a_change_is_seen():
    given = headers(MESSAGE, AT_S, BODY, [SECRET, OTHER])
    for known in (SECRET, OTHER):
        assert is_ours(given, BODY, [known], AT_S + 299)
    assert not is_ours(given, BODY, ["whsec_" + "B" * 40], AT_S)
    assert not is_ours(given, BODY + b" ", [SECRET], AT_S)
    assert not is_ours(given, BODY, [SECRET], AT_S + 301)
    assert not is_ours(given | {"webhook-id": "msg_2"}, BODY, [SECRET], AT_S)
    assert not is_ours(given | {"webhook-timestamp": str(AT_S + 1)}, BODY, [SECRET], AT_S)
    assert not is_ours({}, BODY, [SECRET], AT_S)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_AAAA", "whsec_???", "whsec_" + "A" * 92])
def test_a_weak_secret_is_refused_and_not_repeated(secret):
    with pytest.raises(ValueError, match="24 to 64") as told:
        secret_key(secret)
    assert len(secret) <= 6 or secret not in str(told.value)


@pytest.mark.parametrize("message_id", ["", "a.b", "a b", "号"])
def test_an_id_that_would_blur_the_signature_is_refused(message_id):
    with pytest.raises(ValueError, match="id of a webhook"):
        headers(message_id, AT_S, BODY, [SECRET])


def test_eight_tries_end_within_a_day():
    for message_id in map(str, range(200)):
        at_us = 0
        for tries in range(1, TRIES):
            assert verdict(503, tries) is Verdict.AGAIN
            later_us = next_try_us(message_id, tries, at_us)
            assert later_us - at_us >= GAPS_S[tries - 1] * SECOND_US
            at_us = later_us
        assert at_us < 24 * 3600 * SECOND_US
    assert TRIES == 8
    assert len({next_try_us(str(n), 5, 0) for n in range(200)}) > 50


@pytest.mark.parametrize(
    ("status", "tries", "found"),
    [(200, 1, "delivered"), (204, 8, "delivered"), (301, 1, "again"), (404, 7, "again"),
     (500, 8, "dead"), (None, 1, "again"), (None, 8, "dead"), (410, 1, "gone")],
)  # fmt: skip
def test_what_an_answer_means(status, tries, found):
    assert verdict(status, tries) == found


def test_a_receiver_may_ask_for_time_but_not_for_ever():
    assert next_try_us("m", 1, 0, 600) >= 600 * SECOND_US
    assert next_try_us("m", 1, 0, 10**6) < 12 * 3600 * SECOND_US


def test_messages_of_one_key_keep_their_order_and_others_pass():
    first, second = Waiting(1, "e", "T1", 100), Waiting(2, "e", "T1", 0)
    other, elsewhere = Waiting(3, "e", "T2", 0), Waiting(4, "f", "T1", 0)
    assert ready([elsewhere, second, other, first], 50) == [other, elsewhere]
    assert ready([elsewhere, second, other, first], 100) == [first, other, elsewhere]


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
     "0.0.0.0", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%eth0",
     "fc00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1",
     "2002:7f00:1::", "localhost", ""],
)  # fmt: skip
def test_addresses_that_a_webhook_never_goes_to_unless_listed(address):
    assert not may_go_to(address)


def test_public_and_listed_addresses():
    assert may_go_to("8.8.8.8")
    assert may_go_to("2001:4860:4860::8888")
    assert may_go_to("10.1.2.3", [ip_network("10.1.0.0/16")])
    assert may_go_to("::ffff:10.1.2.3", [ip_network("fc00::/7"), ip_network("10.1.0.0/16")])


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://crm.example.com/hook?x=1", True), ("https://8.8.8.8/", True),
        ("http://127.0.0.1:9/x", True), ("https://127.0.0.1/", True),
        ("http://crm.example.com/", False), ("http://8.8.8.8/", False),
        ("https://user:pw@crm.example.com/", False), ("https://crm.example.com/#x", False),
        ("https:///x", False), ("https://crm.example.com:0/", False), ("file:///etc/passwd", False),
        ("https://10.0.0.1/", False), ("https://[::1]/", False), ("https://a b/", False),
        ("https://crm.example.com:99999/", False), ("https://银行.cn/", False),
        ("https://a/\r\nx", False), ("https://[x/", False), ("https://a/" + "x" * 2000, False),
    ],
)  # fmt: skip
def test_urls_of_endpoints(url, good):
    assert (url_fault(url, LOOPBACK) == "") is good


@asynccontextmanager
async def server(behave):
    """A real server that does to each connection what `behave(reader, writer)` does."""

    async def one(reader, writer):
        try:
            await reader.readuntil(b"\r\n\r\n")
            await behave(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    running = await asyncio.start_server(one, "127.0.0.1", 0)
    async with running:
        yield f"http://127.0.0.1:{running.sockets[0].getsockname()[1]}/hook"


@asynccontextmanager
async def poster(timeout_s=5.0, listed=LOOPBACK, names=None):
    client = Poster(listed, timeout_s, names)
    try:
        yield client
    finally:
        await client.close()


def says(answer: bytes):
    async def behave(_, writer):
        writer.write(answer)
        await writer.drain()

    return behave


async def test_a_message_arrives_whole_and_signed():
    seen = []

    async def receive(request):
        seen.append((dict(request.headers), await request.read()))
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/hook", receive)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        async with poster() as client:
            signed = headers(MESSAGE, AT_S, BODY, [SECRET])
            found = await client.post(f"http://127.0.0.1:{port}/hook", signed, BODY)
    finally:
        await runner.cleanup()
    assert found.status == 204
    given = {name.lower(): value for name, value in seen[0][0].items()}
    assert seen[0][1] == BODY
    assert given["content-type"] == "application/cloudevents+json"
    assert is_ours(given, seen[0][1], [SECRET], AT_S)


@pytest.mark.parametrize(
    ("answer", "status", "after"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", 200, 0),
        (b"HTTP/1.1 503 x\r\nretry-after: 120\r\ncontent-length: 0\r\n\r\n", 503, 120),
        (b"HTTP/1.1 503 x\r\nretry-after: soon\r\ncontent-length: 0\r\n\r\n", 503, 0),
        (b"HTTP/1.1 302 x\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n", 302, 0),
        (b"SSH-2.0-OpenSSH_9\r\n\r\n", None, 0),
        (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100_000 + b"\r\n\r\n", None, 0),
        (b"", None, 0),
    ],
)
async def test_servers_that_answer_well_badly_or_not_at_all(answer, status, after):
    async with server(says(answer)) as url, poster() as client:
        found = await client.post(url, {}, BODY)
    assert (found.status, found.retry_after_s) == (status, after)
    assert status is not None or found.text


async def test_an_answer_without_end_is_cut():
    async def endless(_, writer):
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"1000\r\n" + b"x" * 4096 + b"\r\n")
            await writer.drain()

    async with server(endless) as url, poster() as client:
        found = await client.post(url, {}, BODY)
    assert found.status == 200
    assert 0 < len(found.text) <= ANSWER_BYTES


async def test_a_server_that_keeps_us_waiting_is_left_in_time():
    left = asyncio.Event()

    async def slow(reader, writer):
        writer.write(b"HTTP/1.1 200 OK\r\n")  # the head never ends
        await reader.read(len(BODY))
        await reader.read()
        left.set()

    async with server(slow) as url, poster(timeout_s=0.2) as client:
        found = await client.post(url, {}, BODY)
        await left.wait()
    assert found.status is None
    assert "in time" in found.text


async def test_a_server_that_is_gone_is_an_answer_too():
    async with server(says(b"")) as url:
        pass
    async with poster() as client:
        found = await client.post(url, {}, BODY)
    assert found.status is None
    assert "Connect" in found.text


class Names(AbstractResolver):
    """A name server that gives other addresses each time."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), 0

    async def resolve(self, host, port=0, family=socket.AF_UNSPEC):
        self.asked += 1
        return [
            {"hostname": host, "host": address, "port": port, "family": socket.AF_INET,
             "proto": 0, "flags": socket.AI_NUMERICHOST}
            for address in self.answers.pop(0)
        ]  # fmt: skip

    async def close(self):
        pass


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["8.8.8.8", "169.254.169.254"]])
async def test_a_name_that_leads_into_our_network_is_refused(addresses):
    names = Names(addresses)
    async with poster(listed=(), names=names) as client:
        found = await client.post("https://evil.example.com/", {}, BODY)
    assert found.status is None
    assert "not public" in found.text
    assert names.asked == 1


async def test_each_try_looks_at_the_name_anew_and_connects_where_it_looked():
    """Rebinding: allowed at first, ours at the second look. There is one look a try."""
    called = []

    async def behave(reader, writer):
        called.append(1)

    async with server(behave) as url:
        port = url.rsplit(":", 1)[1].split("/")[0]
        names = Names(["127.0.0.1"], ["192.168.0.1"])
        async with poster(names=names) as client:  # 127/8 is listed, 192.168 is not
            first = await client.post(f"https://rebind.example.com:{port}/", {}, BODY)
            second = await client.post(f"https://rebind.example.com:{port}/", {}, BODY)
    assert names.asked == 2
    assert "not public" not in first.text
    assert "not public" in second.text
    assert called == []  # the server speaks no TLS: nothing was said to it in clear
