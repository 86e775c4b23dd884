"""One try of one message over HTTP. Knows nothing of rows: it takes bytes and says what came back.

The name is looked up once per try, each address it has is checked, and the connection goes to
these very addresses: a name that points elsewhere a moment later (DNS rebinding) gains nothing.
Redirects are not followed, a proxy of the environment is not used, cookies are not kept.
"""

import asyncio
import socket
from collections.abc import Mapping
from typing import Final

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult

from centre.contracts.webhooks.addresses import Networks, may_go_to, url_fault

TIMEOUT_S: Final = 15
"""For all of a try; the Standard Webhooks specification recommends 15 to 30 s."""

ANSWER_BYTES: Final = 1024
"""So much of an answer is kept for the person who looks into a failure."""


class Answer(msgspec.Struct, frozen=True):
    """What a try came to: a status, or None and why there was none."""

    status: int | None
    text: str = ""
    retry_after_s: int = 0


class Refused(OSError):  # noqa: N818  # says what was done
    """The name leads to an address that webhooks may not go to."""


class CheckedResolver(AbstractResolver):
    """Looks a name up and gives out only addresses that have passed."""

    def __init__(self, listed: Networks, names: AbstractResolver | None = None) -> None:
        self._listed = listed
        self._names = names or aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """All addresses, or Refused if one of them is not allowed."""
        found = await self._names.resolve(host, port, family)
        if not all(may_go_to(each["host"], self._listed) for each in found):
            raise Refused("the name leads to an address that is not public and not listed")
        return found

    async def close(self) -> None:
        """Ends what the look-up keeps."""
        await self._names.close()


class Poster:
    """The client for webhooks: one for the program, `close` at its end."""

    def __init__(
        self,
        listed: Networks = (),
        timeout_s: float = TIMEOUT_S,
        names: AbstractResolver | None = None,
    ) -> None:
        self._listed = listed
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=CheckedResolver(listed, names),
                use_dns_cache=False,
                force_close=True,
                limit=20,
                limit_per_host=2,
            ),
            timeout=aiohttp.ClientTimeout(total=timeout_s),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
        )

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """One try; whatever the other side does, it is an Answer and in time."""
        if fault := url_fault(url, self._listed):
            return Answer(None, f"refused: {fault}")
        sent = {"content-type": "application/cloudevents+json", **headers}
        try:
            async with self._session.post(
                url, data=body, headers=sent, allow_redirects=False
            ) as answer:
                text = await answer.content.read(ANSWER_BYTES)
                after = answer.headers.get("retry-after", "")
                return Answer(
                    answer.status,
                    text.decode("utf-8", "replace"),
                    int(after) if after.isascii() and after.isdigit() and len(after) < 7 else 0,
                )
        except TimeoutError:
            return Answer(None, "no answer in time")
        except (aiohttp.ClientError, OSError, asyncio.IncompleteReadError, ValueError) as error:
            cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
            return Answer(None, f"{type(error).__name__}: {cause}"[:ANSWER_BYTES])

    async def close(self) -> None:
        """Ends what is under way."""
        await self._session.close()
