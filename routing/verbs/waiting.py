"""A call waits in line: in the pool of what it needs, until something changes for it.

Nobody is offered anything here (`routing.verbs.matching`).
"""

from routing.call import CALL_TABLE, Call, CallState, CallTrigger
from routing.core import Core
from routing.deadlines import DeadlineKind
from routing.ids import PbxId
from routing.index.places import pool_of, priority_of
from routing.machine import advance
from routing.queue import STICKY_STEP


def is_in_sight(core: Core, call: Call) -> bool:
    """Can the call be connected now? A call-back needs only an Asterisk to dial from."""
    return call.pbx not in core.pbx_lost and not call.paused_until_us


def hear_nothing_of(core: Core, pbx: PbxId) -> None:
    """The Asterisk is lost from now on; when it stays so for too long, so are its calls."""
    core.pbx_lost[pbx] = "lost"
    core.deadlines.set(DeadlineKind.PBX, pbx, core.now_us + core.limits.telephony_lost_us)


def enter_pool(core: Core, call: Call) -> None:
    """Put the call into the pool of its present need, and wait for the next change of need."""
    queue = core.queues[call.queue_id]
    if call.state is CallState.OUT_OF_SIGHT:
        call.state = advance(CALL_TABLE, call.state, CallTrigger.REGAIN_SIGHT)
    if call.wanted:
        call.step = STICKY_STEP
    else:
        waited_us = core.now_us - call.asked_us
        call.step = queue.step_at(waited_us, prefers=call.preferred != "")
    pool = pool_of(core.pools, call, queue)
    core.pools.enter_line(call, pool, queue, priority_of(queue, call))
    wait_for_change(core, call)


def leave_pool(core: Core, call: Call) -> None:
    """Take the call out of line; nothing happens when it stands in none."""
    core.pools.leave_line(call, core.queues[call.queue_id])
    core.deadlines.cancel(DeadlineKind.CALL, call.call_id)


def wait_for_change(core: Core, call: Call) -> None:
    """Set the deadline of a waiting call: the next step, announcement, or the longest wait."""
    change_us = next_change_us(core, call)
    if change_us is not None:
        call.change_us = change_us
        core.deadlines.set(DeadlineKind.CALL, call.call_id, call.asked_us + change_us)


def next_change_us(core: Core, call: Call) -> int | None:
    """After how much waiting something changes for the call; None for never.

    Nothing does for a call that wants one agent: it waits as its transfer says.
    """
    if call.wanted:
        return None
    return core.queues[call.queue_id].next_change_us(
        core.now_us - call.asked_us,
        prefers=call.preferred != "",
        may_leave=not call.callback,
    )
