"""The people at both ends of a call, as data. Pure.

A phone's behaviour has the name that the SIPp phones of the real lab have, so that one telephony
card can ask for `busy` in both worlds.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from simulators.pbx.channels import Channel


class Behaviour(StrEnum):
    """What a phone does when it is called."""

    ANSWERS = "answers"
    RINGS = "rings"  # for ever
    SOUNDS = "sounds"  # for ever: 183 with a sound of its own, and never 180
    BUSY = "busy"  # 486
    DROPS = "drops"  # answers and hangs up in that moment, before the two have met
    REJECTS = "rejects"  # 603
    FORWARDS = "forwards"  # 302 to somebody else
    UNAVAILABLE = "unavailable"  # 480 at once: "do not disturb" on many phones
    DEAD = "dead"  # registered, but nothing comes back: its machine or its network is off
    UNREGISTERED = "unregistered"  # nobody has registered: there is nothing to call


class Reaction(Protocol):
    """What a phone will do this one time."""

    @property
    def behaviour(self) -> Behaviour:
        """Answer, ring on, refuse."""

    @property
    def answer_after_ms(self) -> int:
        """When it answers or rejects."""

    @property
    def hangs_up_after_ms(self) -> int | None:
        """When it ends the conversation, from the answer on; None: the caller does."""


@dataclass(frozen=True, slots=True)
class Once:
    """A reaction to one call, for phones whose owner decides anew each time."""

    behaviour: Behaviour = Behaviour.ANSWERS
    answer_after_ms: int = 0
    hangs_up_after_ms: int | None = None


@dataclass(slots=True)
class Phone:
    """A phone of an agent, by its PJSIP endpoint.

    `answer_after_ms` is also the time after which it rejects. `hangs_up_after_ms` counts from the
    answer; None leaves the end to the caller. `lines` calls at once, one more is busy. With
    `decide` its owner says anew at each call what it does. `contacts` are the places where it has
    registered; the first is called.
    """

    endpoint: str
    behaviour: Behaviour = Behaviour.ANSWERS
    answer_after_ms: int = 0
    hangs_up_after_ms: int | None = None
    lines: int = 1
    decide: Callable[[], Reaction] | None = None
    legs: list["Channel"] = field(default_factory=list, repr=False)
    contacts: dict[str, None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """It has registered before the simulation begins, or has not."""
        if self.behaviour is not Behaviour.UNREGISTERED:
            self.contacts[self.contact_uri] = None

    def reaction(self) -> Reaction:
        """What it will do now."""
        if self.behaviour is Behaviour.UNREGISTERED or self.decide is None:
            return self
        return self.decide()

    @property
    def is_registered(self) -> bool:
        """Whether there is a contact to call."""
        return bool(self.contacts)

    @property
    def contact_uri(self) -> str:
        """Where its first registration says that it can be reached."""
        return f"sip:{self.endpoint}@127.0.0.1:5080"


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who calls in.

    `gives_up_after_ms` counts from the arrival and ends with the first conversation (None: waits
    for ever). `talk_ms` counts from the conversation's beginning (None: the agent ends it).
    `needs`, `priority` and `tags` are what the operator's dialplan would set.
    """

    number: str
    queue: str
    gives_up_after_ms: int | None = None
    talk_ms: int | None = None
    name: str = ""
    needs: str = ""
    priority: str = ""
    tags: str = ""


class Ending(StrEnum):
    """How a call looked to the one who made it."""

    SERVED = "served"  # talked to somebody
    GAVE_UP = "gaveUp"  # hung up before that
    SENT_AWAY = "sentAway"  # Asterisk hung up before that
    LOST = "lost"  # Asterisk died


@dataclass(frozen=True, slots=True)
class CallReport:
    """What became of one call. `waited_us` until the first conversation, or until the end."""

    uniqueid: str
    caller: Caller
    ending: Ending
    waited_us: int
    talked_us: int
