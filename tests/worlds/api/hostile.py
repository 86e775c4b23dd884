"""Texts that no field of a request takes: line ends, NUL, dialplan functions, too long."""

HOSTILE = ["8001\r\nX: y", "a\n", "a\0b", "${SHELL(id)}", "a b", "a;b", "x" * 65, "座席"]
