"""One AMI user at one Asterisk: login, rights, event filter. Pure; knows no socket.

Both roads into the simulated Asterisk go through here: `ami_server` for bytes, `link` for messages
in one thread. What comes out is a list of messages in the order of the wire.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from cti.ami.login import login_action
from cti.ami.messages import SHUTTING_DOWN, AmiAction, AmiEvent, AmiResponse, Headers, response
from simulators.pbx.actions import Actions, Answer
from simulators.pbx.announcer import fully_booted_headers

Message = AmiResponse | AmiEvent

ROUTER_EVENTS = frozenset(
    {
        "FullyBooted",
        "Shutdown",
        "Reload",
        "Newchannel",
        "BlindTransfer",
        "AttendedTransfer",
        "DialBegin",
        "DialState",
        "DialEnd",
        "BridgeEnter",
        "BridgeLeave",
        "Hold",
        "Unhold",
        "HangupRequest",
        "SoftHangupRequest",
        "Hangup",
        "ContactStatus",
        "OriginateResponse",
        "UserEvent",
    }
)
"""The event filter of the router's user: docs/call-flow.md, asterisk-config/manager.d."""

_ONLY: dict[str, Callable[[Callable[[str], str]], bool]] = {
    "Newchannel": lambda get: get("ChannelState") == "4",
    "DialState": lambda get: get("DialStatus") == "PROGRESS",
    "BridgeLeave": lambda get: get("Exten") != "" and "*" not in get("Exten"),
    "SoftHangupRequest": lambda get: get("Cause") in ("1", "4", "8", "32"),
    "UserEvent": lambda get: get("UserEvent").startswith("Cti"),
}
"""Which of them, where it is not all."""


@dataclass(frozen=True, slots=True)
class AmiUser:
    """A section of manager.conf. `events` None is a user without an event filter."""

    name: str
    secret: str
    events: frozenset[str] | None = ROUTER_EVENTS
    rights: frozenset[str] = frozenset({"call"})

    def may_hear(self, told: AmiEvent) -> bool:
        """The filter's verdict."""
        if self.events is None:
            return True
        only = _ONLY.get(told.name)
        return told.name in self.events and (only is None or only(told.headers.get))


GOODBYE = "Thanks for all the fish."


class SessionState(StrEnum):
    """Where a session stands."""

    NEW = "new"  # connected, not logged in
    IN = "in"
    OVER = "over"  # logged off, or thrown out: what is queued is sent, then the line is cut


class AmiSession:
    """What one connection may say and hear."""

    def __init__(
        self,
        users: dict[str, AmiUser],
        actions: Actions,
        uptime_s: Callable[[], int | None],
        challenge: str = "1",
    ) -> None:
        self._users = users
        self._challenge = challenge  # what `Challenge` gives; another for each session
        self._actions = actions
        self._uptime_s = uptime_s  # None while Asterisk is booting
        self._events_on = True
        self.user: AmiUser | None = None
        self.state = SessionState.NEW

    def hears(self, told: AmiEvent) -> bool:
        """Whether this event goes to this session."""
        return (
            self.state is SessionState.IN
            and self._events_on
            and self.user is not None
            and self.user.may_hear(told)
        )

    def act(self, action: AmiAction) -> tuple[list[Message], Callable[[], None] | None]:
        """The messages that answer an action, and what Asterisk does about it afterwards."""
        kind = action.name.lower()
        if self.state is SessionState.OVER:
            return [], None
        if self._actions.is_leaving:
            return [_with_id(response(False, SHUTTING_DOWN), action.action_id)], None
        of_session = {"challenge": self._challenged, "login": self._login, "logoff": self._logoff}
        if kind in of_session:
            return of_session[kind](action), None
        if self.user is None:
            return [_with_id(response(False, "Permission denied"), action.action_id)], None
        if kind in ("events", "filter"):
            return [self._set_events(kind, action)], None
        answer = self._actions.carry_out(action, self.user.rights)
        return written(answer, action.action_id), answer.effect

    def _logoff(self, action: AmiAction) -> list[Message]:
        self.state = SessionState.OVER
        return [goodbye(action.action_id)]

    def _challenged(self, action: AmiAction) -> list[Message]:
        answer = response(False, "Must specify AuthType")
        if action.get("AuthType").upper() == "MD5":
            answer = response(True, "", Challenge=self._challenge)
        return [_with_id(answer, action.action_id)]

    def _knows_secret(self, user: AmiUser, action: AmiAction) -> bool:
        if action.get("AuthType").upper() != "MD5":
            return action.get("Secret") == user.secret
        said = login_action(user.name, user.secret, self._challenge)
        return action.get("Key") == said.get("Key")

    def _login(self, action: AmiAction) -> list[Message]:
        user = self._users.get(action.get("Username"))
        if user is None or not self._knows_secret(user, action):
            self.state = SessionState.OVER
            return [_with_id(response(False, "Authentication failed"), action.action_id)]
        self.user, self.state = user, SessionState.IN
        self._events_on = action.get("Events", "on").lower() not in ("off", "no", "false")
        accepted = _with_id(response(True, "Authentication accepted"), action.action_id)
        uptime_s = self._uptime_s()
        if uptime_s is None:
            return [accepted]  # FullyBooted follows when it is so
        booted = AmiEvent(
            "FullyBooted",
            Headers((("Privilege", "system,all"), *fully_booted_headers(uptime_s))),
        )
        return [accepted, booted] if self.hears(booted) else [accepted]

    def _set_events(self, kind: str, action: AmiAction) -> Message:
        """`Filter` adds to the filter of manager.conf in the real one; here it is acknowledged."""
        if kind == "filter":
            return _with_id(response(True, "Success"), action.action_id)
        self._events_on = action.get("EventMask").lower() not in ("off", "no", "false", "0", "")
        return _with_id(
            response(True, "", Events="On" if self._events_on else "Off"), action.action_id
        )


def written(answer: Answer, action_id: str) -> list[Message]:
    """An answer as it crosses the wire: response, items, end of the list; all with the ActionID."""
    messages: list[Message] = [_with_id(answer.response, action_id)]
    mark = (("ActionID", action_id),) if action_id else ()
    messages.extend(
        AmiEvent(item.name, Headers((*item.headers.items(), *mark))) for item in answer.items
    )
    if answer.list_end:
        count = str(len(answer.items))
        end = (*mark, ("EventList", "Complete"), ("ListItems", count))
        messages.append(AmiEvent(answer.list_end, Headers(end)))
    return messages


def goodbye(action_id: str) -> AmiResponse:
    """The answer to Logoff. On the wire it says `Response: Goodbye`; a client reads a success."""
    return _with_id(response(True, GOODBYE), action_id)


def refused(action_id: str) -> AmiResponse:
    """The answer of an Asterisk that cannot do it just now."""
    return _with_id(response(False, "Memory Allocation Failure"), action_id)


def _with_id(answer: AmiResponse, action_id: str) -> AmiResponse:
    if not action_id:
        return answer
    return AmiResponse(answer.success, Headers((("ActionID", action_id), *answer.headers.items())))
