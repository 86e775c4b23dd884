"""One question to Asterisk's SIP port for each phone: could you check its password?

A REGISTER without a password and without a Contact changes nothing: it asks. Asterisk answers 401,
which names what is to be proven; or 500 when the endpoint's `auth` names a section that is not
there (digest_check_auth finds none; measured, 22.10.1). Nothing else of AMI tells that without
rights that could also read the passwords (PJSIPShowAuths, AST_SORCERY).
"""

import asyncio
import re
import secrets
from collections.abc import Sequence
from typing import Final

BROKEN: Final = 500
ANSWER_S: Final = 1.0  # an answer takes some 1 ms in a local network
AT_ONCE: Final = 50
"""Questions under way: Asterisk's taskprocessors take far more, its neighbours need not notice."""


async def broken_auth(host: str, port: int, devices: Sequence[str]) -> frozenset[str] | None:
    """Those that Asterisk cannot check; None when it has answered nobody (UDP). Devices are names
    of endpoints, which the configuration holds to letters, digits and `_.-`.
    """
    if not (port and devices):
        return frozenset()
    loop = asyncio.get_running_loop()
    try:
        transport, answers = await loop.create_datagram_endpoint(_Answers, remote_addr=(host, port))
    except OSError:
        return None
    try:
        return await _ask_all(transport, answers, devices)
    finally:
        transport.close()


async def _ask_all(
    transport: asyncio.DatagramTransport, answers: "_Answers", devices: Sequence[str]
) -> frozenset[str] | None:
    for start in range(0, len(devices), AT_ONCE):
        asked = devices[start : start + AT_ONCE]
        for _ in range(2):  # a datagram may get lost
            for device in asked:
                if device not in answers.codes:
                    transport.sendto(_register(transport, device))
            if await answers.all_of(asked):
                break
        if not answers.codes:
            return None  # nobody there: no need to wait for each of them
    return frozenset(device for device, code in answers.codes.items() if code == BROKEN)


class _Answers(asyncio.DatagramProtocol):
    """{device: the code of the final answer}."""

    def __init__(self) -> None:
        self.codes: dict[str, int] = {}
        self._came = asyncio.Event()

    async def all_of(self, devices: Sequence[str]) -> bool:
        """Wait until each has its answer, or the time is up."""
        try:
            async with asyncio.timeout(ANSWER_S):
                while not all(device in self.codes for device in devices):
                    self._came.clear()
                    await self._came.wait()
        except TimeoutError:
            return False
        return True

    def datagram_received(self, data: bytes, addr: tuple[str | None, int]) -> None:  # noqa: ARG002
        """An answer, or somebody's noise."""
        text = data.decode(errors="replace")
        code = re.match(r"SIP/2\.0 (\d{3}) ", text)
        device = re.search(r"(?mi)^call-id: [0-9a-f]{16}\.([\w.-]{1,40})@cti-check\r$", text)
        if code and device and int(code[1]) >= 200:
            self.codes[device[1]] = int(code[1])
            self._came.set()

    def error_received(self, exc: Exception) -> None:
        """ICMP says that nobody is there: so does the silence."""


def _register(transport: asyncio.DatagramTransport, device: str) -> bytes:
    """RFC 3261, 10.2.3 (fetching bindings): the least that a REGISTER has to say."""
    host, port = transport.get_extra_info("peername")[:2]
    here, our_port = transport.get_extra_info("sockname")[:2]
    host, here = (f"[{each}]" if ":" in each else each for each in (host, here))
    lines = (
        f"REGISTER sip:{host}:{port} SIP/2.0",
        f"Via: SIP/2.0/UDP {here}:{our_port};branch=z9hG4bK{secrets.token_hex(8)};rport",
        "Max-Forwards: 70",
        f"From: <sip:{device}@{host}>;tag={secrets.token_hex(4)}",
        f"To: <sip:{device}@{host}>",
        f"Call-ID: {secrets.token_hex(8)}.{device}@cti-check",
        "CSeq: 1 REGISTER",
        "Content-Length: 0",
    )
    return "\r\n".join((*lines, "", "")).encode()
