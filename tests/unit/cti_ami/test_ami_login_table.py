"""Every state with every trigger, and the times between attempts."""

import itertools

import pytest

from cti.ami.errors import AmiUsageError
from cti.ami.login import LOGIN_TABLE, LoginState, LoginTrigger, next_state, retry_delay_us

PAIRS = list(itertools.product(LoginState, LoginTrigger))


@pytest.mark.parametrize(("state", "trigger"), PAIRS)
def test_every_state_with_every_trigger(state, trigger):
    if (state, trigger) in LOGIN_TABLE:
        assert next_state(state, trigger) in LoginState
    else:
        with pytest.raises(AmiUsageError, match=trigger.value):
            next_state(state, trigger)


def test_close_stops_from_anywhere():
    assert {next_state(state, LoginTrigger.CLOSE) for state in LoginState} == {LoginState.STOPPED}


def test_nothing_but_start_leads_out_of_stopped():
    ways = {trigger for state, trigger in LOGIN_TABLE if state is LoginState.STOPPED}
    assert ways == {LoginTrigger.START, LoginTrigger.CLOSE}


def test_every_state_can_be_reached():
    reached = {LoginState.STOPPED}
    for _ in LoginState:
        reached |= {after for (before, _), after in LOGIN_TABLE.items() if before in reached}
    assert reached == set(LoginState)


def test_up_is_reached_through_booted_only():
    assert {trigger for (_, trigger), after in LOGIN_TABLE.items() if after is LoginState.UP} == {
        LoginTrigger.BOOTED
    }


def test_back_off_doubles_to_five_seconds():
    delays_ms = [retry_delay_us(LoginState.WAITING, count) // 1000 for count in range(8)]
    assert delays_ms == [200, 400, 800, 1600, 3200, 5000, 5000, 5000]
    assert retry_delay_us(LoginState.WAITING, 10**9) == 5_000_000


def test_a_refused_password_waits_long_from_the_first():
    assert {retry_delay_us(LoginState.REFUSED, count) for count in range(5)} == {30_000_000}
