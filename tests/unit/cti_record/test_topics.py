import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.record.topics import Leaf, Subject, level, text_of, topic


def test_a_topic_reads_like_a_path():
    where = topic("cti/v1", "main", Subject.CALL, "a1-1795262400.63", Leaf.EVENT)
    assert where == "cti/v1/main/call/a1-1795262400.63/event"


@pytest.mark.parametrize(
    "hostile", ["a/b", "+", "#", "a\0b", "../x", "*", ">", "中文", "a b", "%2F"]
)
def test_no_id_breaks_out_of_its_level(hostile):
    where = topic("cti/v1", hostile, Subject.AGENT, hostile, Leaf.STATE)
    levels = where.split("/")
    assert len(levels) == 6
    assert not set(where) & set("+#\0*> ")
    assert where.isascii()
    assert text_of(levels[2]) == text_of(levels[4]) == hostile


@given(st.text())
def test_equal_levels_mean_equal_ids(text):
    if not any("\ud800" <= char <= "\udfff" for char in text):
        assert text_of(level(text)) == text
    assert not set(level(text)) & set("/+#\0")


def test_half_a_surrogate_pair_is_no_reason_to_fail():
    assert level("a\udc80") == "a%3F"
