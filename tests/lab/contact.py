"""One contact of an endpoint, registered by REGISTER with digest (RFC 3261, 22.4).

    with Contact(asterisk, "a8001", phones.port) as contact: ...

It says where a phone is, and is no phone: what answers there is SIPp's business. Leaving the block
takes the registration back, as a phone does that is switched off in good order.
"""

from __future__ import annotations

import re
import socket
import uuid
from hashlib import md5
from types import TracebackType
from typing import Self

from tests.lab.asterisk import LabAsterisk
from tests.lab.rootfs import LabError

ANSWER_S = 5.0
LIFE_S = 300


class Contact:
    """A place where `name` can be called: `port` on 127.0.0.1. Several may name one endpoint."""

    def __init__(self, asterisk: LabAsterisk, name: str, port: int) -> None:
        self.uri = f"sip:{name}@127.0.0.1:{port}"
        self._name = name
        self._password = next(each.password for each in asterisk.agents if each.name == name)
        self._registrar = ("127.0.0.1", asterisk.sip_port)
        self._call_id = uuid.uuid4().hex
        self._count = 0
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(ANSWER_S)

    def register(self, life_s: int = LIFE_S) -> None:
        """Be reachable there; `life_s` 0: no longer. LabError when Asterisk refuses."""
        status, answer = self._ask(life_s, "")
        if status == 401:
            status, answer = self._ask(life_s, self._credentials(answer))
        if status != 200:
            raise LabError(f"REGISTER of {self._name}: {answer.splitlines()[0]}")

    def leave(self) -> None:
        """The phone goes, and says so."""
        self.register(0)

    def __enter__(self) -> Self:
        """Register."""
        self.register()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close; after a failure nothing more is asked of an Asterisk that may be gone."""
        try:
            if kind is None:
                self.leave()
        finally:
            self._socket.close()

    def _ask(self, life_s: int, credentials: str) -> tuple[int, str]:
        self._count += 1
        host, port = self._socket.getsockname()
        lines = [
            "REGISTER sip:127.0.0.1 SIP/2.0",
            f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{uuid.uuid4().hex}",
            f"From: <sip:{self._name}@127.0.0.1>;tag={self._call_id[:8]}",
            f"To: <sip:{self._name}@127.0.0.1>",
            f"Call-ID: {self._call_id}",
            f"CSeq: {self._count} REGISTER",
            f"Contact: <{self.uri}>",
            f"Expires: {life_s}",
            "Max-Forwards: 70",
            *([credentials] if credentials else []),
            "Content-Length: 0",
        ]
        self._socket.sendto("\r\n".join([*lines, "", ""]).encode(), self._registrar)
        while True:
            try:
                answer = self._socket.recv(65536).decode(errors="replace")
            except TimeoutError:
                raise LabError(f"REGISTER of {self._name} was not answered") from None
            found = re.match(r"SIP/2\.0 (\d{3})", answer)
            if found and f"CSeq: {self._count} REGISTER" in answer and found[1] != "100":
                return int(found[1]), answer

    def _credentials(self, answer: str) -> str:
        challenge = re.search(r"^WWW-Authenticate: Digest (.*)$", answer, re.MULTILINE)
        fields = dict(re.findall(r'(\w+)="?([^",\r]*)"?', challenge[1] if challenge else ""))
        realm, nonce, uri = fields.get("realm", ""), fields.get("nonce", ""), "sip:127.0.0.1"
        mine = _md5(f"{self._name}:{realm}:{self._password}")
        count, cnonce = "00000001", uuid.uuid4().hex
        proof = _md5(f"{mine}:{nonce}:{count}:{cnonce}:auth:{_md5(f'REGISTER:{uri}')}")
        return (
            f'Authorization: Digest username="{self._name}", realm="{realm}", nonce="{nonce}", '
            f'uri="{uri}", response="{proof}", algorithm=MD5, qop=auth, nc={count}, '
            f'cnonce="{cnonce}", opaque="{fields.get("opaque", "")}"'
        )


def _md5(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()
