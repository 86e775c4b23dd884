from simulators.virtual_clock import START_US, VirtualClock


def test_callbacks_run_in_the_order_of_their_times():
    clock, ran = VirtualClock(), []
    clock.at(START_US + 20, lambda: ran.append(("b", clock.now_us() - START_US)))
    clock.at(START_US + 10, lambda: ran.append(("a", clock.now_us() - START_US)))
    clock.advance(30)
    assert ran == [("a", 10), ("b", 20)]
    assert clock.now_us() == START_US + 30


def test_ties_run_in_the_order_of_asking():
    clock, ran = VirtualClock(), []
    for number in range(50):
        clock.at(START_US + 10, lambda number=number: ran.append(number))
    clock.advance(10)
    assert ran == list(range(50))


def test_what_is_due_in_the_past_runs_now_and_not_within_the_asking():
    clock, ran = VirtualClock(), []
    clock.at(START_US - 5, lambda: ran.append(clock.now_us()))
    assert ran == []
    clock.step()
    assert ran == [START_US]


def test_a_cancelled_callback_does_not_run_and_is_not_waited_for():
    clock, ran = VirtualClock(), []
    clock.at(START_US + 10, lambda: ran.append("no")).cancel()
    assert clock.next_due_us() is None
    assert not clock.step()
    clock.advance(20)
    assert ran == []


def test_a_callback_may_ask_for_more_of_the_same_moment():
    clock, ran = VirtualClock(), []
    clock.at(START_US + 10, lambda: clock.at(START_US + 10, lambda: ran.append("second")))
    clock.advance(10)
    assert ran == ["second"]


def test_run_ends_when_nothing_is_left_or_enough_has_run():
    clock = VirtualClock()
    for number in range(5):
        clock.at(START_US + number, lambda: None)
    assert clock.run(3) == 3
    assert clock.run(10) == 2
    assert clock.run(10) == 0


def test_time_never_goes_back():
    clock = VirtualClock()
    clock.advance(100)
    clock.advance_to(START_US + 50)
    assert clock.now_us() == START_US + 100
