"""Call data: what is known about one contact, as plain text under names that the operator lists.

Values come in with the arrival and by `AssociateData`; they stay with the customer's call, so they
survive offers that fail, overflow, transfers and call-backs. A consultation has none of its own: it
is told with its customer's. The class of a name is that of the configuration in force; a name that
it does not list (any more) is secret.

Everything is bounded by the configuration: so many names, so many bytes each.
"""

import re
from typing import Final

from routing.config import DataClass, DataField
from routing.core import Core
from routing.ids import CallId

Data = tuple[tuple[str, str], ...]
"""(name, value) in the order of the configuration; no name twice, no empty value."""

is_unfit: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]|\$[{\[]").search
"""What no value may hold: control characters and line ends, halves of a surrogate pair, and what
Asterisk's dialplan would take for an expression.
"""


def fits(field: DataField, value: str) -> bool:
    """May this be the value of this field? An empty one stands for no value."""
    if len(value) > field.max_bytes or is_unfit(value):
        return False
    return len(value.encode()) <= field.max_bytes


def fitting(fields: tuple[DataField, ...], values: Data) -> Data:
    """Those that are listed and fit, each once (the last counts), in the order of the list."""
    given = dict(values)
    return tuple(
        (field.name, given[field.name])
        for field in fields
        if given.get(field.name) and fits(field, given[field.name])
    )


def changed(fields: tuple[DataField, ...], before: Data, values: Data) -> Data:
    """The data after this change: an empty value removes. All `values` are listed and fit."""
    after = dict(before)
    after.update(values)
    listed = [field.name for field in fields]
    others = [name for name, _ in before if name not in listed]
    return tuple((name, after[name]) for name in (*listed, *others) if after.get(name))


def of_class(fields: tuple[DataField, ...], data: Data, given: DataClass) -> Data:
    """The part of the data that has this class."""
    if not data:
        return ()
    classes = {field.name: field.protection for field in fields}
    return tuple(each for each in data if classes.get(each[0], DataClass.SECRET) is given)


def data_of(core: Core, call_id: CallId) -> Data:
    """The data of a live call; of a consultation its customer's."""
    call = core.calls[call_id]
    return core.calls[call.consult_for].data if call.consult_for else call.data
