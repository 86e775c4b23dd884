"""Ports that are free now, for servers that are started a moment later.

The kernel hands out ephemeral ports in turn, so one that was just released is not given out again
soon. Blocks for RTP lie below the ephemeral range, where no outgoing connection gets in the way.
"""

from __future__ import annotations

import itertools
import os
import socket

FIRST_RTP, LAST_RTP = 10_000, 31_999

_blocks = itertools.count(os.getpid())


def free_port(kind: int = socket.SOCK_DGRAM) -> int:
    """A port on 127.0.0.1 that nobody uses; `kind` is SOCK_STREAM or SOCK_DGRAM."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def rtp_range(size: int) -> range:
    """A block of `size` ports.

    Blocks of several instances may meet when many run: Asterisk then tries the next port.
    """
    blocks = max(1, (LAST_RTP - FIRST_RTP + 1) // size)
    start = FIRST_RTP + next(_blocks) % blocks * size
    return range(start, start + size)
