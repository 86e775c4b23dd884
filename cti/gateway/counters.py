"""What is counted of one Asterisk."""

from dataclasses import dataclass


@dataclass(slots=True)
class PbxCounters:
    """Plain numbers for the metrics to read."""

    orders: int = 0
    orders_refused: int = 0
    orders_unanswered: int = 0
    held: int = 0  # orders that waited for the question after a failed Dial
    held_sent: int = 0  # … which did not come
    looks: int = 0  # at the list of channels, in between
    lookups: int = 0  # of one caller of whom too little was heard
    repairs: int = 0  # commands and orders that a comparison with Asterisk led to
    restarts: int = 0
    came_back: int = 0  # orders that the dialplan did not carry out, for want of our epoch
    elsewhere: bool = False  # another router has it
    withheld: int = 0  # orders that were not given, since it may obey another router by now
    replaced: int = 0  # how often another router has taken it from us
    reclaimed: int = 0  # how often our epoch had to be set again
    failsafes: int = 0  # callers whom the dialplan serves by itself
    last_look_us: int = 0  # how long the last comparison took
