"""Ports that are free now, for servers that are started a moment later.

All lie below the ephemeral range, so that no outgoing connection of anybody takes one meanwhile.
Each process has blocks of its own, which it holds by locked files until it ends: two test runs, or
two workers of one, are never given the same port. What others have taken is passed over.
"""

from __future__ import annotations

import fcntl
import itertools
import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

MEDIA = range(6_000, 10_000)  # SIPp
RTP = range(10_000, 26_000)  # Asterisk
LISTEN = range(26_000, 32_000)

BLOCK = 200
"""Ports in a block: more than a test uses at once, and 30 processes find room for servers."""

MEDIA_STEP = 8
"""From one SIPp's ports for sound to those of the next."""

LEASES = Path(tempfile.gettempdir()) / f"paidui-ports-{os.getuid()}"


class Lease:
    """Blocks of a range that are ours as long as this process lives."""

    def __init__(self, ports: range, folder: Path = LEASES) -> None:
        self._ports = ports
        self._folder = folder
        self._files: list[int] = []  # open: the kernel lets go of the locks when we end
        self._round: Iterator[int] | None = None

    def numbers(self, step: int = 1) -> Iterator[int]:
        """Every `step`th port of our block, each once, from where the last call stopped."""
        if self._round is None:
            block = self._take_block()
            self._round = itertools.cycle(range(block.start, block.stop, step))
        return itertools.islice(self._round, BLOCK // step)

    def another(self) -> None:
        """All ports of our block are in use, by processes that have outlived their test: go on in
        the next block. Raises OSError when there is none.
        """
        self._round = None

    def _take_block(self) -> range:
        self._folder.mkdir(parents=True, exist_ok=True)
        for start in range(self._ports.start, self._ports.stop - BLOCK + 1, BLOCK):
            file = os.open(self._folder / str(start), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC)
            with suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._files.append(file)
                return range(start, start + BLOCK)
            os.close(file)
        raise OSError(f"no free block of ports in {self._ports}: {self._folder} has them all")


_listen, _media = Lease(LISTEN), Lease(MEDIA)
_rtp = itertools.count(os.getpid())


def free_port(kind: int = socket.SOCK_DGRAM) -> int:
    """A port on 127.0.0.1 that nobody uses; `kind` is SOCK_STREAM or SOCK_DGRAM."""
    return first_fit(_listen, 1, lambda port: is_free(port, kind))


def media_port() -> int:
    """A port for SIPp's sound: it opens this one and the one two above."""
    return first_fit(_media, MEDIA_STEP, lambda port: all(is_free(port + n) for n in range(4)))


def first_fit(lease: Lease, step: int, fits: Callable[[int], bool]) -> int:
    """The next port that fits, of our block or of another one. Raises OSError when none does."""
    while True:
        for port in lease.numbers(step):
            if fits(port):
                return port
        lease.another()


def is_free(port: int, kind: int = socket.SOCK_DGRAM) -> bool:
    """Whether a port on 127.0.0.1 can be bound."""
    with socket.socket(socket.AF_INET, kind) as probe:
        # As servers do: a port whose last connection has just ended counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, kind == socket.SOCK_STREAM)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def rtp_range(size: int) -> range:
    """A block of `size` ports.

    Blocks of several instances may meet when many run: Asterisk then tries the next port.
    """
    blocks = max(1, len(RTP) // size)
    start = RTP.start + next(_rtp) % blocks * size
    return range(start, start + size)
