"""The life of one link to one Asterisk, as a table. Pure; all that changes the state is here.

The machine sees two kinds of triggers: what *we* ask (start, close), and what *happened*
(connected, greeted, accepted, refused, booted, lost, and the retry timer that came due).

           start           connected         greeted           accepted         booted
    STOPPED ----> CONNECTING ----> GREETING ----> LOGGING_IN ----> BOOTING ----> UP
                   ^   ^  |            |          |        |          |           |
             retry |   |  +------------+----------+- lost -|----------+-----------+
                   |   |               v                   | refused
                   |   +----------- WAITING                v
                   +------------------------------------ REFUSED

and `close` leads from anywhere to STOPPED, where nothing but `start` counts: a timer or a socket
that reports late finds no row that leads out. A client that comes back by itself after `close` is a
defect seen in the field (panoramisk 1.4).

WAITING and REFUSED are two states because they are two faults with two remedies. A lost link is
repaired by trying again soon: 0.2 s, doubling to 5 s, so that a restart of Asterisk (AMI is back
after 0.3 to 0.5 s, measured) costs a fraction of a second and an outage costs two attempts in ten
seconds. A refused password is repaired by a person; trying it every two seconds gets the address
banned by fail2ban. There is no jitter: one router has one link to each Asterisk, there is no herd
to spread.

The pause is short again only after a link that has **proved itself**: it has answered, and lived
longer than the longest pause. A peer that takes every login and hangs up would else be dialled five
times a second for ever.

LOGGING_IN: two questions, Challenge and Login. The secret is proved and not said: MD5 of challenge
and secret (`action_challenge` and `authenticate` in main/manager.c; every Asterisk since 1.0 knows
it, and some managers take nothing else). A peer that does not know Challenge is told the secret.

BOOTING: an Asterisk takes logins before its modules are loaded. Orders given then fail at random,
so `UP` waits for the event FullyBooted, which is sent at once after a login to an Asterisk that has
booted (action_login in main/manager.c), and later to all sessions by one that is booting. It is
sent to users with the `system` read class only.

What is not in the table is a defect of the caller, not of the peer.
"""

import hashlib
from enum import StrEnum
from typing import Final

from cti.ami.errors import AmiUsageError
from cti.ami.messages import SHUTTING_DOWN, AmiAction, action

FIRST_RETRY_US: Final = 200_000
LAST_RETRY_US: Final = 5_000_000
REFUSED_RETRY_US: Final = 30_000_000
PROVEN_US: Final = LAST_RETRY_US

# What passes by itself, in Asterisk's words (22.10.1, measured): a graceful restart is waiting for
# calls to end; `allowmultiplelogin = no`, and our connection before this one is not taken for dead.
_PASSING: Final = frozenset({SHUTTING_DOWN, "Login Already In Use"})


class LoginState(StrEnum):
    """Where the link stands."""

    STOPPED = "stopped"
    CONNECTING = "connecting"  # TCP is under way
    GREETING = "greeting"  # connected; the banner has not come
    LOGGING_IN = "logging in"  # Challenge, then Login is sent
    BOOTING = "booting"  # logged in; FullyBooted has not come
    UP = "up"
    WAITING = "waiting"  # lost; the retry timer runs
    REFUSED = "refused"  # wrong user or password; the slow retry timer runs


class LoginTrigger(StrEnum):
    """What moves it."""

    START = "start"
    CLOSE = "close"
    CONNECTED = "connected"
    GREETED = "greeted"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    BOOTED = "booted"
    LOST = "lost"
    RETRY = "retry"


_S, _T = LoginState, LoginTrigger

LOGIN_TABLE: Final[dict[tuple[LoginState, LoginTrigger], LoginState]] = {
    (_S.STOPPED, _T.START): _S.CONNECTING,
    # on the way up
    (_S.CONNECTING, _T.CONNECTED): _S.GREETING,
    (_S.GREETING, _T.GREETED): _S.LOGGING_IN,
    (_S.LOGGING_IN, _T.ACCEPTED): _S.BOOTING,
    (_S.LOGGING_IN, _T.REFUSED): _S.REFUSED,
    (_S.BOOTING, _T.BOOTED): _S.UP,
    # a module reload announces FullyBooted again
    (_S.UP, _T.BOOTED): _S.UP,
    # on the way down
    (_S.CONNECTING, _T.LOST): _S.WAITING,
    (_S.GREETING, _T.LOST): _S.WAITING,
    (_S.LOGGING_IN, _T.LOST): _S.WAITING,
    (_S.BOOTING, _T.LOST): _S.WAITING,
    (_S.UP, _T.LOST): _S.WAITING,
    # and again
    (_S.WAITING, _T.RETRY): _S.CONNECTING,
    (_S.REFUSED, _T.RETRY): _S.CONNECTING,
    # for good
    (_S.STOPPED, _T.CLOSE): _S.STOPPED,
    (_S.CONNECTING, _T.CLOSE): _S.STOPPED,
    (_S.GREETING, _T.CLOSE): _S.STOPPED,
    (_S.LOGGING_IN, _T.CLOSE): _S.STOPPED,
    (_S.BOOTING, _T.CLOSE): _S.STOPPED,
    (_S.UP, _T.CLOSE): _S.STOPPED,
    (_S.WAITING, _T.CLOSE): _S.STOPPED,
    (_S.REFUSED, _T.CLOSE): _S.STOPPED,
}


def next_state(state: LoginState, trigger: LoginTrigger) -> LoginState:
    """The row of the table; `AmiUsageError` where there is none."""
    try:
        return LOGIN_TABLE[state, trigger]
    except KeyError:
        raise AmiUsageError(f"{trigger.value!r} has no meaning while {state.value!r}") from None


def retry_delay_us(state: LoginState, failure_count: int) -> int:
    """
    Microseconds to wait before RETRY, in WAITING or REFUSED.

    `failure_count` is how many attempts in a row have not led to a link that proved itself: 0 right
    after such a link was lost.
    """
    if state is LoginState.REFUSED:
        return REFUSED_RETRY_US
    # The exponent is bounded too: an outage of a week would make a number of 30,000 digits.
    return min(LAST_RETRY_US, FIRST_RETRY_US << min(failure_count, 16))


def refusal_of(message: str) -> LoginTrigger:
    """What a login that was not accepted is: REFUSED, or LOST where the reason passes by itself."""
    return LoginTrigger.LOST if message in _PASSING else LoginTrigger.REFUSED


def login_action(username: str, secret: str, challenge: str = "") -> AmiAction:
    """The answer to a challenge, or the secret itself where there is none."""
    if not challenge:
        return action("Login", Username=username, Secret=secret)
    # Not a choice but what AMI has; whoever listens needs a preimage of the secret.
    key = hashlib.md5(f"{challenge}{secret}".encode(), usedforsecurity=False).hexdigest()
    return action("Login", AuthType="MD5", Username=username, Key=key)
