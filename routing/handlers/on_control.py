"""Commands that order something of a conversation, and the report that it was not done."""

from routing.control import CallControlFailed, CallControlOrdered, ControlCall, ControlFailed
from routing.core import Core
from routing.refusals import Refusal
from routing.verbs.allowed import why_not_control


def control_call(core: Core, command: ControlCall) -> None:
    """Hang up, hold, retrieve, digits. The call changes when Asterisk has done it."""
    call = core.calls.get(command.call_id)
    why_not = why_not_control(core, call, command.agent_id, command.service)
    if call is None or why_not is not None:
        core.refuse(command, command.call_id, why_not or Refusal.UNKNOWN_CALL)
        return
    core.emit(
        CallControlOrdered(
            call_id=call.call_id,
            request_no=call.request_no,
            queue_id=call.queue_id,
            agent_id=command.agent_id,
            service=command.service,
            by=command.by,
            reason=command.reason,
        )
    )


def control_failed(core: Core, command: ControlFailed) -> None:
    """Asterisk has not done it; nothing has changed."""
    call = core.calls.get(command.call_id)
    if call is None:
        core.refuse(command, command.call_id, Refusal.UNKNOWN_CALL)
        return
    core.emit(
        CallControlFailed(
            call_id=call.call_id,
            request_no=call.request_no,
            queue_id=call.queue_id,
            agent_id=command.agent_id,
            service=command.service,
            cause=command.cause,
        )
    )
