"""Commands about call-backs: `routing.verbs.callbacks` says what one is."""

from typing import Final

from routing.call import CallState
from routing.commands import BookCallback, CancelCallback
from routing.core import Core
from routing.events import CallbackBooked, CallOutcome
from routing.refusals import Refusal
from routing.verbs.callbacks import end_callback

MAX_NUMBER: Final = 32
"""Digits, `*`, `#` and `+` of a number to dial; E.164 has 15, prefixes and extensions the rest."""

IN_LINE: Final = (CallState.WAITING, CallState.OUT_OF_SIGHT)


def book_callback(core: Core, command: BookCallback) -> None:
    """The waiting caller hangs up with a promise."""
    call = core.calls.get(command.call_id)
    number = command.number
    if call is None:
        core.refuse(command, command.call_id, Refusal.UNKNOWN_CALL)
    elif not 0 < len(number) <= MAX_NUMBER or number.strip("0123456789*#+"):
        core.refuse(command, command.call_id, Refusal.BAD_VALUE)
    elif call.state not in IN_LINE or call.callback or call.transfer_id:
        core.refuse(command, command.call_id, Refusal.CALL_STATE)
    else:
        call.callback = number
        core.emit(CallbackBooked(call.call_id, call.request_no, call.queue_id, number))


def cancel_callback(core: Core, command: CancelCallback) -> None:
    """The customer does not want it any more."""
    call = core.calls.get(command.call_id)
    if call is None:
        core.refuse(command, command.call_id, Refusal.UNKNOWN_CALL)
    elif not call.callback or call.state not in IN_LINE:
        core.refuse(command, command.call_id, Refusal.CALL_STATE)
    else:
        end_callback(core, call, CallOutcome.CALLBACK_CANCELLED)
