"""Somebody notes something about a call."""

from routing.commands import AssociateData
from routing.core import Core
from routing.data import changed, fits
from routing.refusals import Refusal
from routing.verbs.data import tell_data


def associate_data(core: Core, command: AssociateData) -> None:
    """All the values, or none."""
    call = core.calls.get(command.call_id)
    if call is not None and call.consult_for:
        call = core.calls[call.consult_for]
    if call is None:
        core.refuse(command, command.call_id, Refusal.UNKNOWN_CALL)
        return
    fields = core.config.call_data
    listed = {field.name: field for field in fields}
    if not all(name in listed for name, _ in command.values):
        core.refuse(command, command.call_id, Refusal.UNKNOWN_DATA)
    elif not all(fits(listed[name], value) for name, value in command.values):
        core.refuse(command, command.call_id, Refusal.BAD_VALUE)
    else:
        before = dict(call.data)
        call.data = changed(fields, call.data, command.values)
        after = dict(call.data)
        names = [field.name for field in fields if before.get(field.name) != after.get(field.name)]
        if names:
            tell_data(core, call, tuple(names), command.by)
