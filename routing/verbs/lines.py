"""Life in line: a call enters a queue, hears something, needs less as time goes by, goes elsewhere.

What every way into and out of a line has in common.
"""

from typing import Final

from routing.call import Call
from routing.config import Announcement
from routing.core import Core
from routing.events import (
    AnnouncementDue,
    CallCleared,
    CallDiverted,
    CallOutcome,
    CallRelaxed,
)
from routing.forecast import UNKNOWN
from routing.ids import QueueId
from routing.index.places import by_score, calls_in_front
from routing.index.pool import Band
from routing.index.selection import apply_boosts
from routing.transfers.seeking import next_request, nobody_found
from routing.verbs.matching import check_reserve, line_up, offer_to_best_agent
from routing.verbs.waiting import enter_pool, leave_pool, wait_for_change

MAX_HOPS: Final = 10
"""Changes of queue by overflow; more is a circle in the configuration."""


def enter_queue(core: Core, call: Call, cause: str) -> None:
    """Line up in the call's queue, or go where an overflow of that queue sends it."""
    queue = core.queues[call.queue_id]
    waited_us = core.now_us - call.asked_us
    if not queue.accepting:
        divert(core, call, "calendarOverflow")
    elif 0 < queue.spec.max_wait_us <= waited_us:
        divert(core, call, "queueTimeOverflow")
    elif queue.waiting >= queue.spec.max_waiting:
        divert(core, call, "queueFull")
    elif "noAvailableAgents" in queue.overflows and not queue.is_served():
        divert(core, call, "noAvailableAgents")
    else:
        line_up(core, call, cause)
        offer_to_best_agent(core, call, cause)


def divert(core: Core, call: Call, cause: str) -> None:
    """The call, in no line, leaves its queue: to another one or out of the router."""
    flow = core.queues[call.queue_id].overflows.get(cause)
    to_queue = flow.to_queue if flow else QueueId("")
    if to_queue and call.hops >= MAX_HOPS:
        to_queue, cause = QueueId(""), "maximumHops"
    if call.consult_for and not to_queue:
        nobody_found(core, call)
        return
    core.emit(
        CallDiverted(
            call_id=call.call_id,
            request_no=call.request_no,
            queue_id=call.queue_id,
            pbx=call.pbx,
            to_queue=to_queue,
            cause=cause,
            waited_us=core.now_us - call.asked_us,
            to_extension=flow.to_extension if flow else "",
        )
    )
    if to_queue:
        call.hops += 1
        call.request_no = next_request(core, call)
        queue = core.queues[call.queue_id]
        call.queue_id = to_queue
        apply_boosts(core.config.boosts, call)
        check_reserve(core, queue)
        enter_queue(core, call, cause)
    else:
        forget_call(core, call, CallOutcome.DIVERTED)


def nobody_left(core: Core) -> None:
    """Somebody signed out or serves less: queues that nobody serves send their callers on, if they
    say where to. Who was promised a call-back waits until somebody comes.
    """
    for queue in core.queues.values():
        if not queue.waiting or "noAvailableAgents" not in queue.overflows or queue.is_served():
            continue
        waiting = [entry[2] for band in queue.bands for entry in band]
        moves = [call for call in waiting if not (call.callback or call.wanted)]
        for call in by_score(core.now_us, moves):
            leave_pool(core, call)
            divert(core, call, "noAvailableAgents")


def wait_deadline(core: Core, call: Call) -> None:
    """Something changes for a waiting call: it has waited for as long as it may, it needs less of
    an agent from now on, or it is to hear something.
    """
    queue = core.queues[call.queue_id]
    waited_us = core.now_us - call.asked_us
    if 0 < queue.spec.max_wait_us <= waited_us and not call.callback:
        leave_pool(core, call)
        divert(core, call, "queueTimeOverflow")
        return
    announcement = queue.announcement_at(call.change_us)
    if announcement is not None and not call.callback and not call.consult_for:
        _announce(core, call, announcement)
    if queue.step_at(waited_us, prefers=call.preferred != "") == call.step:
        wait_for_change(core, call)
    else:
        _relax(core, call, waited_us)


def _announce(core: Core, call: Call, announcement: Announcement) -> None:
    queue = core.queues[call.queue_id]
    front = calls_in_front(core.now_us, queue, call)
    wait_us = queue.forecast.say(front, core.now_us)[0] if announcement.kind == "wait" else UNKNOWN
    if announcement.kind == "wait" and wait_us == UNKNOWN:
        return  # silence is more honest than a guess
    core.emit(
        AnnouncementDue(
            call_id=call.call_id,
            request_no=call.request_no,
            queue_id=call.queue_id,
            sound=announcement.sound,
            kind=announcement.kind,
            position=front + 1,
            wait_us=wait_us,
        )
    )


def _relax(core: Core, call: Call, waited_us: int) -> None:
    """From now on another step of the queue says what the call needs; its place is the same."""
    leave_pool(core, call)
    enter_pool(core, call)
    band = call.band
    assert isinstance(band, Band)  # noqa: S101  just entered
    core.emit(
        CallRelaxed(
            call_id=call.call_id,
            request_no=call.request_no,
            queue_id=call.queue_id,
            step=call.step,
            need=band.pool.text,
            waited_us=waited_us,
        )
    )
    offer_to_best_agent(core, call, f"step{call.step}")


def forget_call(core: Core, call: Call, outcome: CallOutcome) -> None:
    """The contact is over: nothing of it remains here."""
    waited_us = call.waited_us if call.established_us else core.now_us - call.first_queued_us
    del core.calls[call.call_id]
    core.outcomes[outcome] = core.outcomes.get(outcome, 0) + 1
    queue = core.queues[call.queue_id]
    core.emit(
        CallCleared(
            call_id=call.call_id,
            request_no=call.request_no,
            queue_id=call.queue_id,
            outcome=outcome,
            waited_us=waited_us,
            talked_us=call.talked_us,
            by=call.released_by,
            cause=call.cause,
        )
    )
    check_reserve(core, queue)
