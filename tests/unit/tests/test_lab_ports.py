"""Two processes are never given the same port."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab.ports import BLOCK, LISTEN, Lease, first_fit, free_port

PORTS = range(100, 100 + 2 * BLOCK)

HOLD = f"""
import sys
from pathlib import Path
from tests.lab.ports import Lease
lease = Lease(range(100, 100 + 2 * {BLOCK}), Path(sys.argv[1]))
print(next(lease.numbers()), flush=True)
sys.stdin.read()
"""


def test_each_process_has_a_block_of_its_own_until_it_ends(tmp_path):
    with subprocess.Popen(
        (sys.executable, "-c", HOLD, str(tmp_path)), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert int(other.stdout.readline()) == PORTS.start
        mine = Lease(PORTS, tmp_path)
        assert next(mine.numbers()) == PORTS.start + BLOCK
        with pytest.raises(OSError, match="no free block"):
            next(Lease(PORTS, tmp_path).numbers())
        other.communicate()
    assert next(Lease(PORTS, tmp_path).numbers()) == PORTS.start


def test_a_port_comes_again_only_after_all_others_of_the_block(tmp_path):
    lease = Lease(PORTS, tmp_path)
    taken = [next(lease.numbers()) for _ in range(BLOCK + 1)]
    assert len(set(taken[:BLOCK])) == BLOCK
    assert taken[BLOCK] == taken[0]


def test_a_block_whose_ports_are_all_in_use_is_left_for_the_next(tmp_path):
    second = PORTS.start + BLOCK
    lease = Lease(PORTS, tmp_path)
    assert first_fit(lease, 8, lambda port: port >= second) == second
    assert first_fit(lease, 8, lambda port: port >= second) == second + 8
    with pytest.raises(OSError, match="no free block"):
        first_fit(lease, 8, lambda _: False)


def test_ports_are_below_those_of_outgoing_connections():
    ephemeral = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text("utf-8").split()
    assert int(ephemeral[0]) >= LISTEN.stop
    assert len({free_port() for _ in range(20)}) == 20
