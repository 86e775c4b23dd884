"""A call-back: a place in line without a channel.

The call stays what it was, in the same line with its original time, so a call-back neither jumps
the queue nor falls behind. It is dialled only when an agent has been reserved for it. A customer
who is not reached is tried again after a pause, as often as the queue says.
"""

from routing.call import Call
from routing.core import Core
from routing.deadlines import DeadlineKind
from routing.events import CallOutcome
from routing.verbs.lines import forget_call
from routing.verbs.matching import check_reserve, line_up, offer_to_best_agent
from routing.verbs.waiting import enter_pool, leave_pool


def customer_not_reached(core: Core, call: Call) -> None:
    """The customer did not take the call-back: pause and try again, or give up."""
    queue = core.queues[call.queue_id]
    call.attempts += 1
    if call.attempts >= queue.spec.callback_attempts:
        end_callback(core, call, CallOutcome.CALLBACK_FAILED)
        return
    call.paused_until_us = core.now_us + queue.spec.callback_retry_us
    line_up(core, call, "customerUnreachable")
    core.deadlines.set(DeadlineKind.CALLBACK, call.call_id, call.paused_until_us)


def callback_due(core: Core, call: Call) -> None:
    """The pause before the next attempt is over."""
    call.paused_until_us = 0
    if call.pbx not in core.pbx_lost:
        enter_pool(core, call)
        check_reserve(core, core.queues[call.queue_id])
        offer_to_best_agent(core, call, "callbackDue")


def end_callback(core: Core, call: Call, outcome: CallOutcome) -> None:
    """It is over; the place is given up."""
    leave_pool(core, call)
    core.deadlines.cancel(DeadlineKind.CALLBACK, call.call_id)
    forget_call(core, call, outcome)
