"""What can go wrong on an AMI link, told apart by whose fault it is.

    AmiError                    never raised itself
        AmiUsageError           our caller: the action cannot be written as it was given
        AmiProtocolError        the peer: what came in is not AMI, or too big
        AmiFailure              an action of ours has no usable answer; never raised, see below
            AmiDown             there was no link, or it broke before the answer
            AmiTimeout          the answer did not come within its deadline
            AmiBusy             too many actions are open, or the peer does not read
            AmiBroken           the answer came, but is cut: a list cancelled or endless

`AmiFailure` says nothing about whether Asterisk carried the action out: it may have. That is why
nothing is ever sent again by this package; the caller looks at the events, or asks, and decides.

No message of these classes holds the value of a field: it could be a password.
"""


class AmiError(Exception):
    """Root of the tree; catches whatever this package raises."""


class AmiUsageError(AmiError):
    """Our caller's fault: a field that cannot be put on the wire, or a call in the wrong state."""


class AmiProtocolError(AmiError):
    """The peer's fault. A decoder hands it out in line with the messages (see `protocol`)."""


class AmiFailure(AmiError):  # noqa: N818  # an outcome, handed over as a value
    """An action was not answered; whether it was carried out is not known."""


class AmiDown(AmiFailure):
    """No link at the time of sending, or it was lost before the answer."""


class AmiTimeout(AmiFailure):
    """No answer within the deadline. A later one is dropped and counted."""


class AmiBusy(AmiFailure):
    """Not sent: as many actions are open as are allowed, or the peer has stopped reading."""


class AmiBroken(AmiFailure):
    """A list answer that was cancelled by Asterisk or grew past its bound: it is not the whole."""
