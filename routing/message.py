"""What commands and events have in common."""

import msgspec


class Message(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Base of commands and events: immutable, cheap to build, tagged by class name in JSON."""
