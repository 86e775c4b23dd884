"""Waits, sessions, passwords, one-time codes: decided without a database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from centre.accounts import rules, totp
from centre.accounts.roles import FILE, RolesError, read_roles
from centre.app import RIGHTS

NOW = 1_796_000_000_000_000
S = 1_000_000


@pytest.mark.parametrize(
    ("failures", "wait_s"), [(0, 0), (3, 0), (4, 1), (5, 2), (8, 16), (20, 900), (10**9, 900)]
)
def test_the_wait_doubles_up_to_a_quarter_of_an_hour(failures, wait_s):
    assert rules.wait_us(failures, NOW, NOW, rules.FREE_TRIES) == wait_s * S


def test_a_wait_passes_and_a_day_forgets():
    assert rules.wait_us(5, NOW, NOW + 2 * S, 4) == 0
    assert rules.wait_us(100, NOW, NOW + 24 * 3600 * S, 4) == 0


@given(st.integers(0, 10**6), st.integers(-(10**14), 10**14))
def test_no_wait_is_longer_than_the_longest_whatever_the_clock_does(failures, step):
    assert 0 <= rules.wait_us(failures, NOW, NOW + step, 4) <= rules.LONGEST_WAIT_US


@pytest.mark.parametrize(
    ("began_min", "seen_min", "why"),
    [(0, 0, ""), (29, 29, ""), (30, 30, "idle"), (12 * 60, 1, ""), (13 * 60, 1, "tooLong")],
)
def test_when_a_session_ends(began_min, seen_min, why):
    assert rules.ended_why(NOW - began_min * 60 * S, NOW - seen_min * 60 * S, NOW) == why


@pytest.mark.parametrize(
    "new", ["short", "aaaaaaaaaaaaaaaa", "my-8001-secret", "ILikeLiLei2026", "Password-2026"]
)
def test_a_password_that_is_guessed_first(new):
    assert rules.password_fault(new, "8001", "LiLei").startswith("must")


@pytest.mark.parametrize("new", ["tian-di-xuan-huang", "白日依山尽黄河入海流", "7f$kQ!aa0Z"])
def test_a_password_that_will_do(new):
    assert rules.password_fault(new, "8001", "李") == ""


@pytest.mark.parametrize(
    ("at_s", "code"), [(59, "287082"), (1111111109, "081804"), (20000000000, "353130")]
)
def test_codes_are_those_of_rfc_6238(at_s, code):
    """Appendix B, the last six digits of the eight."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # "12345678901234567890"
    assert totp.used_step(secret, code, at_s * S, 0) == at_s // 30


def test_a_code_is_good_beside_its_step_and_once():
    secret = totp.new_secret()
    step = NOW // totp.STEP_US
    code = totp.code_at(secret, step)
    assert totp.used_step(secret, code, NOW + totp.STEP_US, 0) == step
    assert totp.used_step(secret, code, NOW + 2 * totp.STEP_US, 0) == 0
    assert totp.used_step(secret, code, NOW, step) == 0
    assert totp.used_step(secret, "", NOW, 0) == 0


def test_the_roles_that_we_ship_hold_only_rights_that_there_are():
    roles = read_roles(RIGHTS)
    assert {"agent", "leader", "administrator", "security", "auditor"} == set(roles.roles)
    used = set().union(*(each.rights for each in roles.roles.values()))
    assert used == set(RIGHTS)  # and no right is left that nobody could be given
    assert all(zh and en for zh, en in RIGHTS.values())


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('rights = ["people.read"]', 'rights = ["people.fly"]', "roles.agent: there is no right"),
        ('"sessions.read", "history.read"]', '"people.write", "history.read"]', "auditor: has"),
        ('"history.read", "people.write"]', '"history.read", "x"]', "there is no right x"),
        ('zh = "座席"', "zh = 1", r"roles: .*zh"),
        ('zh = "座席"', 'zh = "座席"\nright = []', r"roles: .*right"),
    ],
)  # fmt: skip
def test_a_file_of_roles_that_is_wrong_is_named(old, new, says):
    text = FILE.read_text(encoding="utf-8")
    assert old in text
    with pytest.raises(RolesError, match=says):
        read_roles(RIGHTS, text.replace(old, new, 1))
