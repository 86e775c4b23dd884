r"""
Messages to bytes, both roles, and everything that must not get onto the wire. Pure.

Why so strict: AMI has no quoting. A line end in a value starts a header of the sender's choice, and
two of them an action; an Originate with the caller's name ``Eve\r\n\r\nAction: ...`` was carried
out by a real Asterisk. And what Asterisk stores it may later evaluate, ``${SHELL(...)}`` included.
So there is one gate, here, and no switch to open it: whoever has a value with a line end or ``${``
in it has to decide what it should have said.

Errors name the field and never show its value.
"""

import re
from collections.abc import Iterable
from typing import Final

from cti.ami.errors import AmiUsageError
from cti.ami.messages import AmiAction, AmiEvent, AmiResponse

# Asterisk cuts lines at 1,024 bytes (`inbuf[1025]`, main/manager.c) without a word to the sender.
# The round number below leaves room for the line end and keeps the limit the same for every field.
MAX_LINE_BYTES: Final = 1000
# AST_MAX_MANHEADERS is 128 (include/asterisk/manager.h): the rest would be ignored, again without a
# word.
MAX_FIELDS: Final = 120

# Only plain channel variables: ``FILE(/etc/...)`` or ``SHELL(...)`` as a "variable" is a function
# call, which `Originate` carries out even with live_dangerously=no (CVE-2024-42365 and our own
# lab).
_VARIABLE_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,79}")
_FORBIDDEN_IN_LINE: Final = re.compile(r"[\r\n\0]")
_EVALUATED: Final = re.compile(r"\$[{\[]")
# Originate runs any application that is named (CVE-2024-42365): only a place of the dialplan is.
_NOT_TO_ORIGINATE: Final = frozenset({"application", "data"})
_RESERVED_FIELDS: Final = frozenset({"action", "actionid"})


def encode_action(action: AmiAction, action_id: str) -> bytes:
    """
    An order for Asterisk under the given ActionID.

    Raises `AmiUsageError` for a field that could be read as anything but itself.
    """
    if len(action.fields) > MAX_FIELDS:
        raise AmiUsageError(f"{action.name}: more than {MAX_FIELDS} fields")
    lines = [_line("Action", action.name), _line("ActionID", action_id)]
    for name, value in action.fields:
        if name.lower() in _RESERVED_FIELDS:
            raise AmiUsageError(f"{action.name}: {name} is not for the caller to set")
        if _EVALUATED.search(value):
            raise AmiUsageError(f"{name}: Asterisk could evaluate this value")
        lines.append(_line(name, value))
        if action.name.lower() == "originate" and name.lower() in _NOT_TO_ORIGINATE:
            raise AmiUsageError(f"{name}: Originate is given Context, Exten and Priority only")
    _check_variables(action)
    return _join(lines)


def encode_event(event: AmiEvent) -> bytes:
    """An event as Asterisk writes it. Values are data here: nobody evaluates what Asterisk says."""
    return _join([_line("Event", event.name), *_lines(event.headers)])


def encode_response(response: AmiResponse) -> bytes:
    """
    An answer as Asterisk writes it, without its list items, which are events of their own.

    The ActionID is one of the headers, as in `AmiResponse`.
    """
    return _join(
        [_line("Response", "Success" if response.success else "Error"), *_lines(response.headers)]
    )


def encode_greeting(version: str) -> bytes:
    """The first line of a connection; no blank line follows it."""
    return f"Asterisk Call Manager/{version}\r\n".encode()


def _check_variables(action: AmiAction) -> None:
    """`Setvar` names one variable, `Originate` gives ``NAME=value`` in each `Variable` field."""
    kind = action.name.lower()
    if kind not in ("setvar", "originate"):
        return
    for field in action.all("Variable"):
        name, equals, value = field.partition("=")
        if bool(equals) != (kind == "originate") or not _VARIABLE_NAME.fullmatch(name):
            raise AmiUsageError("Variable: not the name of a plain variable")
        if "," in value:
            # man_do_variable_value in main/manager.c splits at commas: the rest would be names.
            raise AmiUsageError("Variable: a comma would begin another variable; repeat the field")


def _lines(pairs: Iterable[tuple[str, str]]) -> list[bytes]:
    return [_line(name, value) for name, value in pairs]


def _line(name: str, value: str) -> bytes:
    """One checked line without its end."""
    if not name or ":" in name or _FORBIDDEN_IN_LINE.search(name):
        raise AmiUsageError(f"{name!r}: not a field name")
    if _FORBIDDEN_IN_LINE.search(value):
        raise AmiUsageError(f"{name}: a value may not hold CR, LF or NUL")
    try:
        line = f"{name}: {value}".encode()
    except UnicodeEncodeError as error:
        raise AmiUsageError(f"{name}: not text") from error
    if len(line) > MAX_LINE_BYTES:
        raise AmiUsageError(f"{name}: longer than {MAX_LINE_BYTES} bytes")
    return line


def _join(lines: list[bytes]) -> bytes:
    return b"\r\n".join(lines) + b"\r\n\r\n"
