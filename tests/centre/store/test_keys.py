"""Keys sort by time, as text."""

from concurrent.futures import ThreadPoolExecutor

from centre.store.keys import LENGTH, Keys, new_key


def test_a_later_key_is_the_greater_one():
    made = [new_key() for _ in range(5000)]
    assert made == sorted(set(made))
    assert {len(key) for key in made} == {LENGTH}


def test_also_when_the_clock_steps_back():
    times = iter([1_796_000_000_000, 1_795_000_000_000, 1_795_000_000_000, 1_797_000_000_000])
    keys = Keys(lambda: next(times))
    made = [keys() for _ in range(4)]
    assert made == sorted(set(made))


def test_threads_get_keys_of_their_own():
    keys = Keys()
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: keys(), range(2000)))
    assert len(set(made)) == 2000


def test_the_time_is_in_it():
    keys = Keys(lambda: 1_796_000_000_000)
    assert Keys(lambda: 1_796_000_000_001)() > keys()
    assert keys()[:10] == keys()[:10]
