"""Ports that are free now, for servers that are started a moment later.

The kernel hands out ephemeral ports in turn, so one that was just released is not given out again
soon. Blocks for RTP lie below the ephemeral range, where no outgoing connection gets in the way.
"""

from __future__ import annotations

import itertools
import os
import socket

FIRST_MEDIA, LAST_MEDIA = 6_000, 9_999
FIRST_RTP, LAST_RTP = 10_000, 31_999

_blocks = itertools.count(os.getpid())
_media = itertools.count(os.getpid() * 64)


def free_port(kind: int = socket.SOCK_DGRAM) -> int:
    """A port on 127.0.0.1 that nobody uses; `kind` is SOCK_STREAM or SOCK_DGRAM."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def media_port() -> int:
    """A port for SIPp's sound: it opens this one and the one two above."""
    for number in _media:
        port = FIRST_MEDIA + number * 8 % (LAST_MEDIA - FIRST_MEDIA - 8)
        if all(is_free(port + step) for step in range(4)):
            return port
    raise AssertionError  # the count has no end


def is_free(port: int) -> bool:
    """Whether a UDP port on 127.0.0.1 can be bound."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def rtp_range(size: int) -> range:
    """A block of `size` ports.

    Blocks of several instances may meet when many run: Asterisk then tries the next port.
    """
    blocks = max(1, (LAST_RTP - FIRST_RTP + 1) // size)
    start = FIRST_RTP + next(_blocks) % blocks * size
    return range(start, start + size)
