"""Deadlines against a plain list: what is due, in which order, and how much is kept."""

from random import Random

import pytest

from routing.deadlines import DeadlineKind, Deadlines

KINDS = list(DeadlineKind)
SPANS_US = (0, 1, 1_000, 65_536, 65_537, 3_000_000, 600_000_000)
START_US = 1_800_000_000_000_000


class Plain:
    """(due, number, kind, subject) in a list."""

    def __init__(self):
        self.entries = []
        self.number = 0

    def set(self, kind, subject, due_us):
        self.cancel(kind, subject)
        self.number += 1
        self.entries.append((due_us, self.number, kind, subject))

    def cancel(self, kind, subject):
        self.entries = [each for each in self.entries if each[2:] != (kind, subject)]

    def due_us(self, kind, subject):
        return next((each[0] for each in self.entries if each[2:] == (kind, subject)), 0)

    def next_us(self):
        return min(self.entries)[0] if self.entries else None

    def pop_due(self, now_us):
        if not self.entries or min(self.entries)[0] > now_us:
            return None
        first = min(self.entries)
        self.entries.remove(first)
        return first[2:]


def one_step(rnd, both, now_us):
    kind, subject = rnd.choice(KINDS), rnd.choice((*"abcdefgh", 1, 2, 3))
    match rnd.randrange(8):
        case 0 | 1 | 2 | 3:
            due_us = now_us + rnd.choice(SPANS_US)
            for each in both:
                each.set(kind, subject, due_us)
        case 4 | 5:
            for each in both:
                each.cancel(kind, subject)
        case 6:
            assert both[0].pop_due(now_us) == both[1].pop_due(now_us)
        case _:
            assert both[0].next_us() == both[1].next_us()


def kept(deadlines):
    """Entries, dead ones among them, wherever they are."""
    return len(deadlines._near) + sum(map(len, deadlines._slots.values()))


@pytest.mark.parametrize("seed", range(20))
def test_they_agree_with_a_plain_list(seed):
    rnd, now_us = Random(seed), START_US
    both = [Deadlines(), Plain()]
    for _ in range(1_500):
        now_us += rnd.choice((0, 0, 1, 20_000, 70_000, 900_000))
        one_step(rnd, both, now_us)
        mine, plain = both
        assert len(mine) == len(plain.entries)
        assert kept(mine) <= 2 * len(mine) + 257
        assert mine.stored() == sorted(plain.entries, key=lambda entry: entry[1])
        kind, subject = rnd.choice(KINDS), rnd.choice("abcdefgh")
        assert mine.due_us(kind, subject) == plain.due_us(kind, subject)
        if rnd.random() < 0.01:
            both[0] = Deadlines()
            both[0].restore(mine.stored(), mine.number)
            assert both[0].number == plain.number


def test_what_is_set_again_and_again_is_kept_once():
    """Far from now, where nothing surfaces for a long time."""
    deadlines = Deadlines()
    for number in range(10_000):
        deadlines.set(DeadlineKind.WORK, "ann", START_US + number * 100_000)
    assert kept(deadlines) == len(deadlines) == 1
