"""Signing in, decided without a database: how long to wait, what a password must be, when a session
ends. Times are microseconds.
"""

from typing import Final

SECOND_US: Final = 1_000_000
MINUTE_US: Final = 60 * SECOND_US

FREE_TRIES: Final = 4
"""Wrong passwords of one account from one address before the first wait: caps lock, an old one."""

FREE_TRIES_FROM_ANYWHERE: Final = 20
"""Of one account from all addresses that it has never been used from, together."""

LONGEST_WAIT_US: Final = 15 * MINUTE_US
FORGOTTEN_AFTER_US: Final = 24 * 60 * MINUTE_US

IDLE_US: Final = 30 * MINUTE_US
"""Without a request. A desk that is open asks more often; ASVS 5.0, 7.3.1 wants a limit."""

LONGEST_SESSION_US: Final = 13 * 60 * MINUTE_US
"""A shift of twelve hours and the way there; ASVS 5.0, 7.3.2."""

ONE_TIME_US: Final = 72 * 60 * MINUTE_US
"""A one-time password that nobody has used: a long weekend (ASVS 5.0, 6.4.1 wants an end)."""

SEEN_EVERY_US: Final = MINUTE_US
"""How often a session's last use is written."""

SHORTEST_PASSWORD: Final = 10
LONGEST_PASSWORD: Final = 256


def wait_us(failures: int, last_us: int, now_us: int, free: int) -> int:
    """How long the next try has to wait: nothing for the first `free` failures, then 1 s, doubled
    with each, up to a quarter of an hour; a clock that stepped back does not make it longer.
    """
    if failures < free or now_us - last_us >= FORGOTTEN_AFTER_US:
        return 0
    doubled = min(SECOND_US << min(failures - free, 32), LONGEST_WAIT_US)
    return min(max(last_us + doubled - now_us, 0), doubled)


def ended_why(began_us: int, seen_us: int, now_us: int) -> str:
    """Why a session is over by itself, "" while it is not."""
    if now_us - began_us >= LONGEST_SESSION_US:
        return "tooLong"
    if now_us - seen_us >= IDLE_US:
        return "idle"
    return ""


def password_fault(new: str, agent_id: str, name: str) -> str:
    """What is wrong with a new password, "" when nothing is. Length counts, not signs (NIST SP
    800-63B, 5.1.1.2); what everybody guesses first is refused.
    """
    if len(new) < SHORTEST_PASSWORD:
        return f"must have {SHORTEST_PASSWORD} characters or more"
    small = new.casefold()
    if len(set(small)) < 5:
        return "must have 5 different characters or more"
    known = [each.casefold() for each in (agent_id, name) if len(each) > 2]
    if any(each in small for each in known):
        return "must not hold the agent ID or the name"
    if any(each in small for each in ("password", "12345678", "qwertyui", "paidui")):
        return "must not be among the first that everybody tries"
    return ""
