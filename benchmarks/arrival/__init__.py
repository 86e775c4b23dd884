"""`python -m benchmarks arrival`: from a caller's arrival to the ring of a free phone, by step.

The same calls three ways on one real Asterisk: through app_queue; through our dialplan to a server
that decides nothing, which is the least that asking can cost; through the router. Each line of the
dialplan is an event here, which costs all three a little.
"""

from benchmarks.arrival.run import main

__all__ = ["main"]
