"""The proof that the dialplan sent a call."""

import pytest

from cti.agi.tokens import make_token, token_ok


def test_it_is_what_the_dialplan_computes():
    """``${SHA1(hush:1795289234.908)}``, by sha1sum."""
    token = make_token("hush", "1795289234.908")
    assert token == "e442562e603e32c9c93d4b4cf9068e5d57be2dd1"
    assert token_ok("hush", "1795289234.908", token)


@pytest.mark.parametrize(
    "token", ["", "0" * 40, "张" * 40, "\ud800", make_token("hush", "2"), make_token("other", "1")]
)
def test_any_other_is_wrong(token):
    assert not token_ok("hush", "1", token)
