"""Ports that are free now, for servers that are started a moment later.

All lie below the ephemeral range, so that no outgoing connection of anybody takes one meanwhile.
Each process begins elsewhere and goes on from there; what is taken is passed over.
"""

from __future__ import annotations

import itertools
import os
import socket

MEDIA = range(6_000, 10_000)  # SIPp
RTP = range(10_000, 26_000)  # Asterisk
LISTEN = range(26_000, 32_000)

_seed = os.getpid()
_listen = itertools.count(_seed * 37)
_media = itertools.count(_seed * 64)
_rtp = itertools.count(_seed)


def free_port(kind: int = socket.SOCK_DGRAM) -> int:
    """A port on 127.0.0.1 that nobody uses; `kind` is SOCK_STREAM or SOCK_DGRAM."""
    for number in itertools.islice(_listen, len(LISTEN)):
        port = LISTEN[number % len(LISTEN)]
        if is_free(port, kind):
            return port
    raise OSError("no free port left for a server")


def media_port() -> int:
    """A port for SIPp's sound: it opens this one and the one two above."""
    for number in itertools.islice(_media, len(MEDIA) // 8):
        port = MEDIA[number * 8 % len(MEDIA)]
        if all(is_free(port + step) for step in range(4)):
            return port
    raise OSError("no free port left for sound")


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
