import copy
import pickle

import msgspec
import pytest

from cti.config import Secret


def test_only_reveal_shows_it():
    secret = Secret("hunter2")
    assert secret.reveal() == "hunter2"
    for said in (repr(secret), str(secret), f"{secret}", f"{secret!r}", f"{[secret]}"):
        assert "hunter2" not in said


def test_it_cannot_leave_the_process():
    for leave in (pickle.dumps, copy.copy, copy.deepcopy, msgspec.json.encode):
        with pytest.raises(TypeError):
            leave(Secret("hunter2"))


def test_it_says_whether_it_is_there_and_whether_it_is_the_same():
    assert not Secret()
    assert Secret("x") == Secret("x")
    assert Secret("x") != Secret("y")
    assert Secret("x") != "x"
    with pytest.raises(TypeError):
        hash(Secret("x"))
