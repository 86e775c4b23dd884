"""What can go wrong in an AGI conversation, told apart by whose fault it is.

    AgiError                    never raised itself
        AgiUsageError           our caller: a command that cannot be written, or at the wrong time
        AgiProtocolError        the peer: what came in is not AGI, or too big

Unlike AMI, a conversation is one question of one call, so an error of the peer ends it: it is
raised. No message of these classes holds a value.
"""


class AgiError(Exception):
    """Root of the tree; catches whatever this package raises."""


class AgiUsageError(AgiError):
    """Our caller's fault."""


class AgiProtocolError(AgiError):
    """The peer's fault; the connection is of no further use."""
