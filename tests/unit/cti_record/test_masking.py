"""Numbers of callers as people may see them."""

import pytest

from cti.record.masking import masked


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("13812345678", "138****5678"),
        ("+8613812345678", "+86*******5678"),
        ("02088886666", "020****6666"),
        ("1234567890", "123***7890"),
        ("123456789", "*******89"),
        ("95588", "***88"),
        ("8001", "****"),
        ("1", "*"),
        ("", ""),
        ("alice", "a****"),
        ("张三", "张*"),
        ("张", "*"),
        ("138****5678", "138****5678"),
        ("*******89", "*******89"),
        ("a****", "a****"),
        ("12 *34", "1*****"),
        ("138 1234 5678", "1************"),
    ],
)
def test_numbers_of_callers(number, shown):
    assert masked(number) == shown
    assert len(shown) == len(number)
