"""The table of open actions, without any wire."""

import pytest

from cti.ami.errors import AmiBroken, AmiDown
from cti.ami.messages import event, response
from cti.ami.open_actions import OpenActions


class Deadline:
    is_cancelled = False

    def cancel(self):
        self.is_cancelled = True


@pytest.fixture
def table():
    return OpenActions(max_list_items=2)


@pytest.fixture
def deadline(table):
    deadline = Deadline()
    table.add("1", print, deadline)
    return deadline


def head():
    return response(True, ActionID="1", EventList="Start")


def item(**headers):
    return event("Item", ActionID="1", **headers)


def test_a_response_settles_and_calls_the_deadline_off(table, deadline):
    answer = response(True, ActionID="1")
    assert table.take_response(answer) == (print, answer)
    assert deadline.is_cancelled
    assert len(table) == 0


def test_events_are_nobodys_while_no_list_is_open(table, deadline):
    assert table.take_item(item()) == (False, None)


def test_a_list_settles_when_it_is_complete(table, deadline):
    assert table.take_response(head()) is None
    assert table.take_item(event("Other", ActionID="2")) == (False, None)
    assert table.take_item(event("Other")) == (False, None)
    assert table.take_item(item(N="1")) == (True, None)
    is_item, settled = table.take_item(item(EventList="COMPLETE"))
    assert is_item
    assert settled.answer.events == (item(N="1"),)
    assert settled.answer.headers == head().headers
    assert deadline.is_cancelled
    assert table.take_item(item()) == (False, None)


def test_a_list_that_is_cancelled_or_endless_is_broken(table, deadline):
    table.take_response(head())
    assert isinstance(table.take_item(item(EventList="cancelled"))[1].answer, AmiBroken)
    table.add("1", None, Deadline())
    table.take_response(head())
    table.take_item(item())
    table.take_item(item())
    assert isinstance(table.take_item(item())[1].answer, AmiBroken)
    assert len(table) == 0


def test_a_second_response_ends_a_list_that_was_begun(table, deadline):
    table.take_response(head())
    table.take_item(item())
    error = response(False, "no", ActionID="1")
    assert table.take_response(error).answer == error
    assert table.take_item(item()) == (False, None)


def test_failing_one_and_failing_all(table, deadline):
    table.add("2", None, Deadline())
    assert table.fail("3", AmiDown()) is None
    assert isinstance(table.fail("1", AmiDown()).answer, AmiDown)
    assert deadline.is_cancelled
    table.add("0", None, Deadline())
    table.add("1", None, Deadline())
    table.take_response(head())
    assert len(table.fail_all(AmiDown())) == 3
    assert "2" not in table
    assert table.take_item(item()) == (False, None)
