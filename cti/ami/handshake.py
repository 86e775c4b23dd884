"""Logging in: two questions over a connection that has greeted; `login` says why these two."""

from collections.abc import Callable
from typing import Final

from cti.ami.errors import AmiFailure
from cti.ami.exchange import Exchange
from cti.ami.login import LoginTrigger, login_action, refusal_of
from cti.ami.messages import AmiResponse, action

_CHALLENGE: Final = action("Challenge", AuthType="MD5")


def log_in(
    exchange: Exchange,
    username: str,
    secret: str,
    *,
    on_accepted: Callable[[], None],
    on_refused: Callable[[str, LoginTrigger], None],
) -> None:
    """
    Ask; one of the two is called later, unless the connection goes first.

    `on_refused` gets a reason with Asterisk's sentence, and REFUSED, or LOST: it passes by itself.
    """

    def refused(answer: AmiResponse) -> None:
        on_refused(f"login refused: {answer.message}", refusal_of(answer.message))

    def challenged(answer: AmiResponse | AmiFailure) -> None:
        if isinstance(answer, AmiFailure):
            return  # the link is gone, or is about to be given up
        if not answer.success and refusal_of(answer.message) is LoginTrigger.LOST:
            refused(answer)
            return
        challenge = answer.headers.get("Challenge") if answer.success else ""
        exchange.ask(login_action(username, secret, challenge), answered)

    def answered(answer: AmiResponse | AmiFailure) -> None:
        if isinstance(answer, AmiFailure):
            return
        if answer.success:
            on_accepted()
        else:
            refused(answer)

    exchange.ask(_CHALLENGE, challenged)
