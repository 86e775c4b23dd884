"""Commands about call-backs: a place in line without a channel.

The call stays what it was, in the same line with its original time, so a call-back neither jumps
the queue nor falls behind. It is dialled only when an agent has been reserved for it. A customer
who is not reached is tried again after a pause, as often as the queue says.
"""

from typing import TYPE_CHECKING, Final

from routing.call import Call, CallState
from routing.commands import BookCallback, CancelCallback
from routing.deadlines import DeadlineKind
from routing.events import CallbackBooked, CallOutcome
from routing.lines import forget_call
from routing.matching import (
    check_reserve,
    enter_pool,
    leave_pool,
    line_up,
    offer_to_best_agent,
)
from routing.refusals import Refusal

if TYPE_CHECKING:
    from routing.engine import RoutingEngine

MAX_NUMBER: Final = 32
"""Digits, `*`, `#` and `+` of a number to dial; E.164 has 15, prefixes and extensions the rest."""

IN_LINE: Final = (CallState.WAITING, CallState.OUT_OF_SIGHT)


def book_callback(core: "RoutingEngine", command: BookCallback) -> None:
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


def cancel_callback(core: "RoutingEngine", command: CancelCallback) -> None:
    """The customer no longer wants it."""
    call = core.calls.get(command.call_id)
    if call is None:
        core.refuse(command, command.call_id, Refusal.UNKNOWN_CALL)
    elif not call.callback or call.state not in IN_LINE:
        core.refuse(command, command.call_id, Refusal.CALL_STATE)
    else:
        end_callback(core, call, CallOutcome.CALLBACK_CANCELLED)


def customer_not_reached(core: "RoutingEngine", call: Call) -> None:
    """The customer did not take the call-back: pause and try again, or give up."""
    queue = core.queues[call.queue_id]
    call.attempts += 1
    if call.attempts >= queue.spec.callback_attempts:
        end_callback(core, call, CallOutcome.CALLBACK_FAILED)
        return
    call.paused_until_us = core.now_us + queue.spec.callback_retry_us
    line_up(core, call, "customerUnreachable")
    core.deadlines.set(DeadlineKind.CALLBACK, call.call_id, call.paused_until_us)


def callback_due(core: "RoutingEngine", call: Call) -> None:
    """The pause before the next attempt is over."""
    call.paused_until_us = 0
    if call.pbx not in core.pbx_lost:
        enter_pool(core, call)
        check_reserve(core, core.queues[call.queue_id])
        offer_to_best_agent(core, call, "callbackDue")


def end_callback(core: "RoutingEngine", call: Call, outcome: CallOutcome) -> None:
    """It is over; the place is given up."""
    leave_pool(core, call)
    core.deadlines.cancel(DeadlineKind.CALLBACK, call.call_id)
    forget_call(core, call, outcome)
