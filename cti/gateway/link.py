"""The port to one Asterisk: what the gateway needs of a link, and nothing of how it is made.

Two implementations from the first day: `cti.ami.client` (a socket to a real Asterisk, or to the
simulated one) and the simulated world in one thread on a virtual clock. What comes *from* Asterisk
is handed to `cti.gateway.gateway.Pbx` (`link_up`, `link_down`, `heard`); this is the way *to* it.
"""

from collections.abc import Callable
from typing import Protocol

from cti.ami.errors import AmiFailure
from cti.ami.messages import AmiAction, AmiResponse

AmiAnswer = AmiResponse | AmiFailure
"""What becomes of an action: Asterisk's word, or why there is none. Neither is evidence that
anything happened: "Redirect successful" was answered to redirects into the void. The event is."""

OnAnswer = Callable[[AmiAnswer], None]


class AmiLink(Protocol):
    """One Asterisk, as an address for orders."""

    @property
    def name(self) -> str:
        """The Asterisk's name in our configuration; the first part of its calls' ids."""

    @property
    def is_up(self) -> bool:
        """Logged in and booted: orders are carried out."""

    def send(self, order: AmiAction, on_answer: OnAnswer | None = None, /) -> str:
        """Give an order and return its ActionID. Never blocks and never raises for want of a link.

        `on_answer` is called exactly once, never inside this call: with the response (a list answer
        carries its items), or with an `AmiFailure`, in the next turn when the link is down. Nothing
        is ever sent twice. Raises `AmiUsageError` for an action that must not be written (CR, LF,
        `${` in a value).
        """
