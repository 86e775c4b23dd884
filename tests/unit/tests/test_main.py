"""Both runs have the same selection, and one that is red makes the whole red."""

import pytest

from tests.__main__ import commands, verdict


def expression_of(command):
    return command[command.index("-m", 3) + 1]  # the first -m is that of Python


def test_what_is_alone_runs_first_and_by_itself():
    alone, side_by_side = commands(["--room", "gateway"])
    assert (expression_of(alone), expression_of(side_by_side)) == ("alone", "not alone")
    assert ("-n" in alone, "-n" in side_by_side) == (False, True)
    assert alone[-2:] == side_by_side[-2:] == ["--room", "gateway"]


def test_a_selection_holds_for_both():
    alone, side_by_side = commands(["-x", "-m", "soak or real", "tests/unit"])
    assert expression_of(alone) == "alone and (soak or real)"
    assert expression_of(side_by_side) == "not alone and (soak or real)"
    assert alone[-2:] == side_by_side[-2:] == ["-x", "tests/unit"]


@pytest.mark.parametrize(
    ("codes", "code"),
    [((0, 0), 0), ((5, 0), 0), ((0, 5), 0), ((1, 0), 1), ((0, 2), 2), ((5, 5), 5)],
)
def test_the_exit_code_is_that_of_what_failed(codes, code):
    assert verdict(codes) == code
