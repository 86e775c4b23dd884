"""An AGI server that decides nothing: one phone after the other, as fast as a socket goes."""

import socket
import threading
from collections.abc import Sequence
from itertools import cycle
from typing import Self

EPOCH = "7"
RING_S = 15
FIRST_OFFER = 41


class ReadyAnswer:
    """Listens while it is entered; one thread, since the calls come one after the other."""

    def __init__(self, port: int, endpoints: Sequence[str]) -> None:
        self._port = port
        self._next = cycle(endpoints)
        self._offers = FIRST_OFFER
        self._listening: socket.socket | None = None

    def __enter__(self) -> Self:
        self._listening = socket.create_server(("127.0.0.1", self._port))
        threading.Thread(target=self._serve, args=(self._listening,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._listening is not None:
            self._listening.shutdown(socket.SHUT_RDWR)
            self._listening.close()

    def _serve(self, listening: socket.socket) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:  # closed: the measuring is over
                return
            with connection:
                self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        question = b""
        while b"\n\n" not in question:
            received = connection.recv(8192)
            if not received:
                return
            question += received
        answer = f"after*{EPOCH}" if b"/returned" in question else self._deliver()
        connection.sendall(f'SET VARIABLE CTI_NEXT "{answer}"\n'.encode())
        connection.recv(1024)  # "200 result=1"

    def _deliver(self) -> str:
        self._offers += 1
        return f"deliver*{EPOCH}*{self._offers}*{RING_S}*{next(self._next)}"
