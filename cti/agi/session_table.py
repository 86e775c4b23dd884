"""The states of one AGI conversation, seen from the server, as a table. Pure.

        request              command                 reply
    HEADERS -----> READY ---------------> REPLY ----------------> READY
                     |                      |
                     +------- hang-up ------+----> HUNG_UP (reply: HUNG_UP)

Asterisk speaks first (the request), then the two take turns: one command, one reply. The one
exception is the line ``HANGUP``, which comes at any moment, even between a command and its reply;
the reply still comes after it (launch of res/res_agi.c: the channel is "dead", the command is
carried out or answered 511). A server that takes ``HANGUP`` for the reply is one off from then on.

After a hang-up nothing is sent any more: there is nobody left to route.

What is not in the table: a command of ours at the wrong time is our caller's fault, anything of
Asterisk's (a reply to nothing, a second hang-up) is the peer's.
"""

from enum import StrEnum
from typing import Final


class SessionState(StrEnum):
    """Where a conversation stands."""

    HEADERS = "awaiting headers"
    READY = "ready"
    REPLY = "awaiting reply"
    HUNG_UP = "hung up"


class SessionTrigger(StrEnum):
    """What moves it: the first of these is ours, the others are Asterisk's."""

    COMMAND = "command"
    REQUEST = "request"
    REPLY = "reply"
    HANGUP = "hang-up"


_S, _T = SessionState, SessionTrigger

SESSION_TABLE: Final[dict[tuple[SessionState, SessionTrigger], SessionState]] = {
    (_S.HEADERS, _T.REQUEST): _S.READY,
    (_S.READY, _T.COMMAND): _S.REPLY,
    (_S.READY, _T.HANGUP): _S.HUNG_UP,
    (_S.REPLY, _T.REPLY): _S.READY,
    (_S.REPLY, _T.HANGUP): _S.HUNG_UP,
    (_S.HUNG_UP, _T.REPLY): _S.HUNG_UP,
}
