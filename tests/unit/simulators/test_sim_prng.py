import pytest

from simulators.prng import NEVER, Prng, Ratio

DRAWS = 20_000


def test_the_numbers_are_those_of_the_published_generator():
    # SplitMix64 from 1234567, as in the reference implementation by S. Vigna.
    prng = Prng(1234567)
    assert [prng.bits() for _ in range(3)] == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
    ]


def test_a_fork_depends_on_the_seed_and_its_name_not_on_what_was_drawn():
    fresh, used = Prng(5), Prng(5)
    for _ in range(100):
        used.bits()
    assert fresh.fork("events").bits() == used.fork("events").bits()
    assert Prng(5).fork("events").bits() != Prng(5).fork("actions").bits()
    assert Prng(5).fork("events").bits() != Prng(6).fork("events").bits()


def test_between_includes_both_ends_and_nothing_else():
    prng = Prng(3)
    assert {prng.between(2, 5) for _ in range(200)} == {2, 3, 4, 5}
    assert prng.between(7, 7) == 7


def test_chance_is_as_often_as_its_ratio():
    prng = Prng(9)
    hits = sum(prng.chance(Ratio(3, 10)) for _ in range(DRAWS))
    assert hits == pytest.approx(DRAWS * 3 / 10, rel=0.05)


def test_never_draws_nothing_so_that_the_stream_does_not_shift():
    prng, other = Prng(9), Prng(9)
    assert not any(prng.chance(NEVER) for _ in range(10))
    assert prng.bits() == other.bits()


def test_always_is_always():
    prng = Prng(9)
    assert all(prng.chance(Ratio(1, 1)) for _ in range(100))


def test_the_exponential_has_its_mean_and_its_tail():
    prng = Prng(11)
    draws = [prng.exponential(1000) for _ in range(DRAWS)]
    assert sum(draws) / DRAWS == pytest.approx(1000, rel=0.03)
    assert sum(draw > 3000 for draw in draws) / DRAWS == pytest.approx(0.0498, rel=0.15)  # e^-3
    assert min(draws) >= 0


def test_weighted_gives_each_its_weight():
    prng = Prng(13)
    drawn = [prng.weighted([("a", 1), ("never", 0), ("b", 3)]) for _ in range(DRAWS)]
    assert drawn.count("b") / DRAWS == pytest.approx(0.75, rel=0.05)
    assert "never" not in drawn


def test_pick_gives_every_item_its_turn():
    prng = Prng(17)
    assert {prng.pick("abc") for _ in range(100)} == set("abc")
