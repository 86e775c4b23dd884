"""Time, Asterisk and the numbers of events: what concerns many calls and agents at once."""

from routing.call import CALL_TABLE, Call, CallState, CallTrigger
from routing.commands import (
    ContinueEvents,
    DeadlinesReached,
    TelephonyGone,
    TelephonyLost,
    TelephonyRestored,
)
from routing.core import Core
from routing.deadlines import DeadlineKind
from routing.events import CallOutcome, ClearedBy, TelephonyChanged
from routing.ids import AgentId, CallId, OfferId, PbxId, TransferId
from routing.machine import advance
from routing.refusals import Refusal
from routing.transfers.handover import restore_transfer, transfer_deadline
from routing.verbs.agents import gap_over, work_done
from routing.verbs.callbacks import callback_due
from routing.verbs.calls import end_call
from routing.verbs.lines import nobody_left, wait_deadline
from routing.verbs.matching import check_reserves, match_after
from routing.verbs.offers import offer_deadline, restore_deadline
from routing.verbs.own_calls import end_own_calls
from routing.verbs.reach import hear_of_pbx
from routing.verbs.waiting import enter_pool, hear_nothing_of, leave_pool


def deadlines_reached(core: Core, command: DeadlinesReached) -> None:
    """Everything that is due by now happens, in the order in which it is due."""
    del command
    while (due := core.deadlines.pop_due(core.now_us)) is not None:
        kind, subject = due
        match kind:
            case DeadlineKind.CALL:
                wait_deadline(core, core.calls[CallId(str(subject))])
            case DeadlineKind.OFFER:
                offer_deadline(core, core.offers[OfferId(int(subject))])
            case DeadlineKind.WORK:
                work_done(core, core.agents[AgentId(str(subject))])
            case DeadlineKind.GAP:
                gap_over(core, core.agents[AgentId(str(subject))])
            case DeadlineKind.CALLBACK:
                callback_due(core, core.calls[CallId(str(subject))])
            case DeadlineKind.PBX:
                _gone(core, PbxId(str(subject)))
            case _:  # a transfer
                transfer_deadline(core, core.transfers[TransferId(int(subject))])


def continue_events(core: Core, command: ContinueEvents) -> None:
    """The next event has the number after `command.after`."""
    if command.after < core.event_seq:
        core.refuse(command, str(command.after), Refusal.BAD_VALUE)
    else:
        core.event_seq = command.after


# --- Asterisk -----------------------------------------------------------------------------------


def telephony_lost(core: Core, command: TelephonyLost) -> None:
    """We do not hear this Asterisk: its waiting calls are offered to nobody, its offers are not
    timed, until it is back or has been away for too long.
    """
    pbx = command.pbx
    if pbx in core.pbx_lost:
        if command.heard and core.pbx_lost[pbx] == "lost":
            hear_nothing_of(core, pbx)  # the time begins anew
        return
    _lose_sight(core, pbx)
    hear_nothing_of(core, pbx)
    core.emit(TelephonyChanged(pbx, "lost"))
    hear_of_pbx(core)
    check_reserves(core)


def _lose_sight(core: Core, pbx: PbxId) -> None:
    for call in _calls_of(core, pbx):
        if call.state is CallState.WAITING:
            leave_pool(core, call)
            call.state = advance(CALL_TABLE, call.state, CallTrigger.LOSE_SIGHT)
        elif call.state is CallState.OFFERED:
            core.deadlines.cancel(DeadlineKind.OFFER, call.offer_id)
        if call.transfer_id:
            core.deadlines.cancel(DeadlineKind.TRANSFER, call.transfer_id)


def telephony_restored(core: Core, command: TelephonyRestored) -> None:
    """We hear it again, and what changed meanwhile has been told."""
    pbx = command.pbx
    if pbx not in core.pbx_lost:
        return
    del core.pbx_lost[pbx]
    core.deadlines.cancel(DeadlineKind.PBX, pbx)
    core.emit(TelephonyChanged(pbx, "up"))
    hear_of_pbx(core)
    back: list[Call] = []
    for call in _calls_of(core, pbx):
        if call.state is CallState.OUT_OF_SIGHT and not call.paused_until_us:
            back.append(call)
        elif call.state is CallState.OFFERED:
            restore_deadline(core, core.offers[call.offer_id])
        if call.transfer_id and not call.consult_for:
            restore_transfer(core, core.transfers[call.transfer_id])
    for call in back:
        enter_pool(core, call)
    match_after(core, back, "telephonyRestored")
    nobody_left(core)


def telephony_gone(core: Core, command: TelephonyGone) -> None:
    """It has died, and its channels with it."""
    _gone(core, command.pbx)


def _gone(core: Core, pbx: PbxId) -> None:
    if pbx not in core.pbx_lost:
        _lose_sight(core, pbx)
    core.deadlines.cancel(DeadlineKind.PBX, pbx)
    if core.pbx_lost.get(pbx) != "gone":
        core.pbx_lost[pbx] = "gone"
        core.emit(TelephonyChanged(pbx, "gone"))
        hear_of_pbx(core)
    for call in _calls_of(core, pbx):
        if call.consult_for:
            continue  # it ends with the customer's call
        if not (call.callback and call.state is CallState.OUT_OF_SIGHT):
            # who waits without a channel has lost nothing
            end_call(core, call, ClearedBy.SYSTEM, CallOutcome.LOST)
    end_own_calls(core, pbx)
    check_reserves(core)


def _calls_of(core: Core, pbx: PbxId) -> list[Call]:
    return [call for call in core.calls.values() if call.pbx == pbx]
